"""`plaintune steer STUDY "…"`: words in the middle of a search become constraints and preferences.

Code reads first; pieces that it cannot read go to the language model, whose answer is checked. What
nobody understood is an error, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.exits import say
from agent.recording import RecordingModel
from evals.parameters import Float, Int, Parameter
from evals.preferences import Preference, Steering
from evals.steering import constraint_on, literal, narrowed, steered
from evals.task import Task
from prompts.calls import CallRecord
from prompts.chat import LanguageModel
from prompts.errors import InvalidTaskError, LanguageModelError, UserError
from prompts.steering import (
    SaidWish,
    ShownParameter,
    parse_steering,
    steering_messages,
    steering_schema,
)

if TYPE_CHECKING:
    from agent.store import Store
    from agent.talk import Talk

SIGNS = {"at most": "<=", "at least": ">=", "exactly": "=", "only": "=", "avoid": "!="}
SPREAD = 0.5
"""What is preferred around a number: half of it to one and a half times it."""
HINT = 'Say it like: "at most 200 n_estimators", "rather small learning_rate", "avoid dart".'


@dataclass(frozen=True)
class Understood:
    """What words mean for a study, and the calls it took to understand them."""

    steering: Steering
    calls: tuple[CallRecord, ...] = ()


def understand(
    words: str, task: Task, since: int, open_model: Callable[[], LanguageModel | None]
) -> Understood:
    """Return what `words` ask of `task` from trial `since` on.

    The language model is opened only where code cannot read a piece of the words.

    Raises:
        UserError: a piece is not understood, or nothing is said.
        InvalidTaskError: what is asked for cannot be had in this study.
    """
    from agent.intake.steering import read_steering
    from agent.intake.text import Text

    read = read_steering(Text(words), task)
    constraints, preferences = list(read.constraints), list(read.preferences)
    calls: list[CallRecord] = []
    for piece in read.rest:
        _refuse(piece)
        found, call = _asked(piece, task, open_model())
        calls += [replace(c, asked_at=since) for c in call]
        for wish in found:
            _add(task, wish, constraints, preferences)
    if not constraints and not preferences:
        raise UserError(f"{words!r} says nothing about a parameter of this study.", hint=HINT)
    steering = Steering(
        words=words,
        since=since,
        constraints=tuple(dict.fromkeys(constraints)),
        preferences=tuple(preferences),
    )
    steered(task, steering)
    return Understood(steering, tuple(calls))


def _refuse(piece: str) -> None:
    """Raise where a piece is about the budget or the metric, and say where that is changed.

    No parameter stands for either, so that the language model can only misread it.
    """
    from agent.intake.budgets import read_budget
    from agent.intake.metrics import metric_mentions
    from agent.intake.text import Text

    said = f"{piece!r} is about no parameter of this study."
    if {"budget.trials", "budget.seconds"} & read_budget(Text(piece)).claims.keys():
        raise UserError(said, hint="plaintune resume takes a larger budget: --trials or --seconds.")
    if metric_mentions(Text(piece)):
        raise UserError(said, hint="What is optimised stays; begin a new study for another metric.")


def _asked(
    piece: str, task: Task, model: LanguageModel | None
) -> tuple[list[SaidWish], Sequence[CallRecord]]:
    """Ask the language model what a piece of the words means."""
    unread = f"{piece!r} is not understood."
    if model is None:
        raise UserError(unread, hint=f"{HINT} A language model would read more (--llm auto).")
    recorder = RecordingModel(model, "steer")
    try:
        [answer] = recorder.complete(
            steering_messages(piece, shown(task), task.description),
            schema=steering_schema(task.space.names),
            seed=0,
            max_tokens=160,
        )
        found = parse_steering(answer.text, task.space.names)
    except LanguageModelError as error:
        raise UserError(f"{unread} {error.message}", hint=HINT) from error
    if not found:
        raise UserError(unread, hint=HINT)
    return found, recorder.calls


def shown(task: Task) -> list[ShownParameter]:
    """Return the parameters as the prompt shows them."""
    return [ShownParameter(p.name, _range(p)) for p in narrowed(task.space).parameters]


def _range(parameter: Parameter) -> str:
    if isinstance(parameter, Float | Int):
        return f"{parameter.low:g} to {parameter.high:g}"
    return "one of " + ", ".join(f'"{o}"' for o in parameter.options)


def _add(task: Task, wish: SaidWish, constraints: list[str], preferences: list[Preference]) -> None:
    """Turn one wish of the language model into a constraint or a preference.

    Raises:
        InvalidTaskError: its value is none of the parameter's.
    """
    parameter = task.space[wish.parameter]
    number = isinstance(parameter, Float | Int)
    if wish.kind in ("rather low", "rather high"):
        told: dict[str, Any] = {"toward": wish.kind.removeprefix("rather ")}
        preferences.append(Preference.model_validate({"parameter": parameter.name, **told}))
        return
    value = parameter.check(literal(wish.value)) if not number else literal(wish.value)
    if wish.kind != "rather":
        constraints.append(constraint_on(parameter, SIGNS[wish.kind], value))
    elif not number:
        preferences.append(Preference(parameter=parameter.name, values=(value,)))
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidTaskError(f"{wish.value!r} is no number for {parameter.name}.", hint=HINT)
    else:
        ends = sorted((value * (1 - SPREAD), value * (1 + SPREAD)))
        preferences.append(Preference(parameter=parameter.name, low=ends[0], high=ends[1]))


def sentences(steering: Steering) -> list[str]:
    """Return what a steering does, a line each."""
    firm = [f"{c}   (a constraint: every later trial keeps it)" for c in steering.constraints]
    soft = [
        f"{p.sentence}   (a preference: counts less with every trial, and less where results "
        "speak against it)"
        for p in steering.preferences
    ]
    return firm + soft


def steer(study: str, words: str, talk: Talk, storage: str | None, *, yes: bool) -> Steering:
    """Understand, show, ask for confirmation, and record; effective from the next trial.

    Raises:
        StudyError: there is no such study.
        UserError: the words are not understood, or nobody is there to confirm.
    """
    from agent.database import storage_option
    from agent.store import Store

    store = Store.load(study, storage)
    since = len(store.trials())
    found = understand(words, store.task, since, lambda: talk.about(store).language_model())
    say(f"From trial {found.steering.since + 1} on:")
    for sentence in sentences(found.steering):
        say(f"  {sentence}")
    if not yes:
        _confirm(talk)
    record(store, found)
    go_on = f"plaintune resume {study}{storage_option(storage)}"
    say(f"Recorded. A run that is going on takes it up; else: {go_on}")
    return found.steering


def _confirm(talk: Talk) -> None:
    import typer

    if not talk.interactive:
        raise UserError("Nobody is there to confirm this.", hint="Repeat it with --yes.")
    if not typer.confirm("Is that what you mean?", default=True, err=True):
        raise UserError("Nothing was changed.", hint=HINT)


def record(store: Store, found: Understood) -> None:
    """Write a steering into its study."""
    store.save_task(steered(store.task, found.steering))
    for i, call in enumerate(found.calls):
        key = f"steer-{found.steering.since:05d}-{len(store.task.steering)}-{i}"
        store.record_call(replace(call, key=key))

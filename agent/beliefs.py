"""Asks the language model once, before a search, where each parameter's best value may lie, and
then which parameters matter most and which of them depend on each other.

Numbers are offered as a few values to choose one from, as choices are: asked for a range, a small
model says of nearly every one that higher is better (docs/steering.md). What it says of one becomes
a prior that fades (`surrogates.priors`), what matters most a hint to lengthscales
(`surrogates.hints`); all of it is recorded like anything that is said during a study. A parameter
that it cannot say anything about has no prior.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from acquisition.llm_designer import goal, parameter_line, partial_card
from evals.parameters import Float, Int, Ordinal, Parameter
from evals.preferences import Preference, Steering
from evals.task import Task
from prompts.beliefs import (
    SpaceBeliefAnswer,
    belief_messages,
    belief_schema,
    parse_belief,
    parse_space_belief,
    space_belief_messages,
    space_belief_schema,
)
from prompts.calls import CallLog, CallRecord
from prompts.chat import Completion, JsonSchema, LanguageModel, Message, prompt_hash
from prompts.errors import InvalidAnswerError, LanguageModelError, PlaintuneError

ROLE = "belief"
MOST = 24
"""More parameters are not asked about: the first of the space are the ones that matter most."""
WORDS = 80
"""The longest answer about one parameter, in tokens."""
OFFERED = 7
"""So many values stand for the scale of a number."""
NEARLY = 0.02
"""Ends are written in two digits where that moves them by no more of the scale."""


def beliefs(
    task: Task,
    language_model: LanguageModel,
    *,
    log: CallLog,
    notify: Callable[[str], None] = lambda message: None,
    card: Mapping[str, str] | None = None,
) -> Steering:
    """Return what the model believes of `task`'s parameters, one question each and one of all.

    A model that cannot answer is reported once, and what it said before counts.
    """
    about = _About(task, language_model, partial_card(task) if card is None else card)
    shown = task.space.parameters[:MOST]
    found: list[Preference] = []
    for i, parameter in enumerate(shown):
        call = about.parameter(parameter, i)
        if call.error:
            log.record_call(call)
            notify(f"{call.error} Going on with {len(found)} beliefs.")
            return Steering(words="", preferences=tuple(found))
        belief, why = _belief(parameter, call.answers[-1].text)
        found += [belief] if belief else []
        log.record_call(_counted(call, why))
    said = _of_all(about, shown, log, notify) if len(shown) > 1 else SpaceBeliefAnswer()
    return Steering(
        words="", preferences=tuple(found), important=said.most, interactions=said.together
    )


def _of_all(
    about: _About, shown: Sequence[Parameter], log: CallLog, notify: Callable[[str], None]
) -> SpaceBeliefAnswer:
    """Return which parameters matter most, and together; nothing where the model cannot say."""
    call = about.all(shown)
    if call.error:
        log.record_call(call)
        notify(f"{call.error} Going on without knowing what matters most.")
        return SpaceBeliefAnswer()
    try:
        said, why = parse_space_belief(call.answers[-1].text, [p.name for p in shown]), ""
    except InvalidAnswerError as error:
        said, why = SpaceBeliefAnswer(), error.message
    log.record_call(_counted(call, why))
    return said


@dataclass(frozen=True)
class _About:
    """What is asked about, and whom; `card` describes model and data."""

    task: Task
    model: LanguageModel
    card: Mapping[str, str]

    def parameter(self, parameter: Parameter, i: int) -> CallRecord:
        """Ask about the `i`-th parameter."""
        shown = offered(parameter)
        messages = belief_messages(self._told(parameter=parameter_line(shown)))
        call = _asked(self, messages, belief_schema(shown.schema()), WORDS)
        return replace(call, key=f"belief-{i:03d}", details={"parameter": parameter.name})

    def all(self, shown: Sequence[Parameter]) -> CallRecord:
        """Ask about all of them at once."""
        lines = [parameter_line(p) for p in shown]
        schema = space_belief_schema([p.name for p in shown])
        messages = space_belief_messages(self._told(parameters=lines))
        return replace(_asked(self, messages, schema, 4 * WORDS), key="belief-space")

    def _told(self, **more: Any) -> dict[str, Any]:
        told = {"about": self.task.description, "card": self.card, "goal": goal(self.task)}
        return told | more


def _asked(about: _About, messages: list[Message], schema: JsonSchema, words: int) -> CallRecord:
    model, began, error = about.model, time.time(), ""
    answers: tuple[Completion, ...] = ()
    try:
        seed = about.task.seed
        answers = tuple(model.complete(messages, schema=schema, seed=seed, max_tokens=words))
    except LanguageModelError as failure:
        error = failure.message
    return CallRecord(
        role=ROLE,
        asked_at=0,
        model=model.name,
        prompt_hash=prompt_hash(messages),
        messages=tuple(messages),
        answers=answers,
        arrived_at=0,
        error=error,
        started=began,
        seconds=time.time() - began,
    )


def _belief(parameter: Parameter, text: str) -> tuple[Preference | None, str]:
    """Return the belief, or None and why there is none."""
    try:
        told: Any = offered(parameter).check(parse_belief(text))
    except PlaintuneError as error:
        return None, error.message
    name = parameter.name
    if not isinstance(parameter, Float | Int):
        return Preference(parameter=name, values=(told,), origin="LLM"), ""
    low, high = _around(parameter, told)
    return Preference(parameter=name, low=low, high=high, origin="LLM"), ""


def offered(parameter: Parameter) -> Parameter:
    """Return a number as the values in the middle of equal parts of its scale; else itself."""
    if not isinstance(parameter, Float | Int):
        return parameter
    values = _values(parameter)
    default = parameter.default
    if default is not None:
        known = parameter.to_unit(default)
        default = min(values, key=lambda v: abs(parameter.to_unit(v) - known))
    return Ordinal(parameter.name, values, default, parameter.unit, condition=parameter.condition)


def _parts(parameter: Float | Int) -> int:
    return min(OFFERED, parameter.cardinality or OFFERED)


def _values(parameter: Float | Int) -> tuple[int | float, ...]:
    """Return the middles of the parts, written as short as tells them apart."""
    parts = _parts(parameter)
    exact = [parameter.from_unit((i + 0.5) / parts) for i in range(parts)]
    if isinstance(parameter, Int):
        return tuple(dict.fromkeys(exact))
    for digits in range(2, 17):
        short = tuple(float(f"{v:.{digits}g}") for v in exact)
        if len(set(short)) == parts and parameter.low <= short[0] <= short[-1] <= parameter.high:
            return short
    return tuple(dict.fromkeys(exact))


def _around(parameter: Float | Int, value: int | float) -> tuple[float, float]:
    """Return the part of the scale that an offered value stands for, its ends in few digits."""
    place, half = parameter.to_unit(value), 0.5 / _parts(parameter)
    low, high = (_short(parameter, min(1.0, max(0.0, u))) for u in (place - half, place + half))
    return low, high


def _short(parameter: Float | Int, place: float) -> float:
    exact = float(parameter.from_unit(place))
    short = float(f"{exact:.2g}")
    inside = parameter.low <= short <= parameter.high
    return short if inside and abs(parameter.to_unit(short) - place) < NEARLY else exact


def _counted(call: CallRecord, why: str) -> CallRecord:
    return replace(call, accepted=int(not why), rejected=(why,) if why else ())

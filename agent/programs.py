"""From a command line or a function, and a goal in words, to a task that can be shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.argument_wishes import ArgumentWishes, read_argument_wishes
from agent.declared import Declared, marks_in, read_declared
from agent.further_scores import means, within_bounds
from agent.goals import Goal, named, of_scores, part_of_task
from agent.intake.seeds import read_seed
from agent.intake.text import Text
from agent.parameters import Program as About
from agent.parameters import propose_all
from agent.unknown_names import check_known, check_named, said_by_name
from evals.arguments import Argument
from evals.evaluators.command import filled, set_words
from evals.known_parameters import role_of
from evals.parameters import Scalar
from evals.proposals import Proposal, parameter_for, space_of
from evals.signature import function_name, plain_function, read_function
from evals.space import SearchSpace
from evals.task import Objective, Program, Source, Task
from prompts.calls import CallRecord
from prompts.chat import LanguageModel
from prompts.errors import InvalidTaskError


def _silent(message: str) -> None:
    return


@dataclass(frozen=True)
class Proposed:
    """A task, how each parameter came into it (or not), and the calls that took."""

    task: Task
    proposals: tuple[Proposal, ...]
    calls: tuple[CallRecord, ...] = ()
    workers: int | None = None
    """How many trials run at a time, where the goal says so."""


def function_task(
    function: Callable[..., Any],
    goal: Goal,
    description: str,
    *,
    space: SearchSpace | None = None,
    fixed: Mapping[str, Scalar] | None = None,
    language_model: LanguageModel | None = None,
    notify: Callable[[str], None] = _silent,
    **fields: Any,
) -> Proposed:
    """Return the task of tuning a Python function; `fields` are those of the task's program.

    `fixed` arguments have these values in every trial.

    Raises:
        InvalidTaskError: nothing of it can be tuned.
    """
    signature = read_function(function)
    name, within = function_name(function), signature.within
    program = part_of_task(Program, {"function": name, "within": within, **fields})
    about = About((plain_function(function).__doc__ or "").strip()[:300], description)
    given = dict(fixed or {})
    _check_plain(given)
    arguments = [a for a in signature.arguments if a.name not in given]
    if not signature.takes_any:
        check_known(given, signature.arguments)
        check_known(space.names if space else (), arguments)
        check_named(description, signature.arguments, _subjects(goal, name), notify)
    goal = of_scores(goal, description, arguments, unnamed="score")
    wishes = _wishes(goal, description, arguments, space)
    given = {**wishes.values, **given}
    proposed = _task(
        "function",
        arguments,
        about,
        goal,
        description,
        program,
        wishes if space is None else space,
        language_model,
        notify,
    )
    tuned = proposed.task.space.names
    _check_given(arguments, tuned)
    kept = {n: v for n, v in signature.preset.items() if n not in tuned} | given
    return _completed(proposed, kept, goal, signature.arguments, notify)


def _check_plain(fixed: Mapping[str, object]) -> None:
    for name, value in fixed.items():
        if not isinstance(value, bool | int | float | str | None):
            raise InvalidTaskError(
                f"The fixed argument {name} is a {type(value).__name__}, which no task can hold.",
                hint=f"Bind it before: tune(functools.partial(function, {name}=...), ...).",
            )


def _check_given(arguments: Sequence[Argument], tuned: Sequence[str]) -> None:
    """Refuse an argument that would get no value, before a trial fails for it."""
    for argument in arguments:
        if argument.required and argument.name not in tuned and role_of(argument) != "seed":
            raise InvalidTaskError(
                f"The argument {argument.name} has no default and is not tuned.",
                hint="Give it a default value or a range, or a value of its own: fixed={...}, or "
                "functools.partial where it is no plain value.",
            )


def command_task(
    command: Sequence[str],
    goal: Goal,
    description: str,
    *,
    directory: Path,
    space: SearchSpace | None = None,
    language_model: LanguageModel | None = None,
    notify: Callable[[str], None] = _silent,
    **fields: Any,
) -> Proposed:
    """Return the task of tuning a command line; `fields` are those of the task's program.

    Raises:
        InvalidTaskError: the command is empty, or nothing of it can be tuned.
    """
    if not command:
        raise InvalidTaskError("There is no command after --.", hint="Put what to run there.")
    declared = read_declared(command, directory)
    arguments = declared.arguments
    wished = named(description, arguments)
    free = [a for a in arguments if _is_free(a, command[1:]) or a.name in wished]
    check_known(space.names if space else (), free)
    check_named(description, arguments, _subjects(goal, *command), notify)
    goal = of_scores(goal, description, arguments)
    wishes = _wishes(goal, description, free, space)
    proposed = _task(
        "command",
        free,
        About(declared.about, description),
        goal,
        description,
        _program_of(command, declared, free, wishes.values, fields),
        wishes if space is None else space,
        language_model,
        notify,
        declared.hint,
    )
    if space is None:
        assert proposed.task.program is not None
        _check_marks(proposed.task.program.command, proposed.task.space.names)
    kept = wishes.values if declared.constants else {}
    return _completed(proposed, kept, goal, arguments, notify)


def _program_of(
    command: Sequence[str],
    declared: Declared,
    free: Sequence[Argument],
    values: Mapping[str, Scalar],
    fields: Mapping[str, Any],
) -> Program:
    """Return the program that a command line is; constants are no part of it."""
    seed = next((a.written for a in free if role_of(a) == "seed" and a.type == "int"), "")
    content = {
        "command": _with_values(command, {} if declared.constants else values, free),
        "written": {a.name: a.written for a in free if a.written},
        "off": {a.name: a.off for a in free if a.off},
        "seed": "" if declared.constants else seed,
        "constants": declared.constants,
        **fields,
    }
    return part_of_task(Program, content)


def _completed(
    proposed: Proposed,
    fixed: Mapping[str, Any],
    goal: Goal,
    arguments: Sequence[Argument],
    notify: Callable[[str], None],
) -> Proposed:
    """Return what is proposed with the values that stay, and how many trials run at a time."""
    task = proposed.task.model_copy(update={"fixed": dict(fixed)})
    return replace(proposed, task=task, workers=_at_a_time(goal, arguments, notify))


def _task(
    evaluator: str,
    arguments: Sequence[Argument],
    about: About,
    goal: Goal,
    description: str,
    program: Program,
    space: SearchSpace | ArgumentWishes,
    language_model: LanguageModel | None,
    notify: Callable[[str], None],
    hint: str = "",
) -> Proposed:
    kept: list[Proposal] = []
    if isinstance(space, SearchSpace):
        own = {a.name: a for a in arguments}
        proposals = tuple(
            Proposal(own.get(p.name, Argument(p.name, "unknown")), "tune", "you", p.reason, p)
            for p in space.parameters
        )
        calls: tuple[CallRecord, ...] = ()
        proposals = within_bounds(proposals, goal.bounds)
        space = replace(space, parameters=space_of(proposals).parameters)
    else:
        chosen, kept = _chosen(description, arguments, space), space.kept(arguments)
        asked = propose_all(chosen, about, language_model, notify)
        by_name = said_by_name(description, chosen)
        said = [space.applied(_as_said(p, by_name)) for p in asked.proposals]
        proposals, calls = within_bounds(said, goal.bounds), asked.calls
        if unsaid := [p.argument for p in proposals if p.role == "tune" and not p.parameter]:
            raise _unsaid(unsaid[0])
        if hint and all(p.parameter is None for p in proposals):
            raise InvalidTaskError("Nothing of what it can be given is worth tuning.", hint=hint)
        space = space_of(proposals)
    written = {n: w for n, w in program.written.items() if n in space.names}
    off = {n: w for n, w in program.off.items() if n in space.names}
    content = {
        "description": description,
        "evaluator": evaluator,
        "space": space,
        "objectives": _scores(goal, arguments),
        "budget": goal.budget,
        "program": program.model_copy(update={"written": written, "off": off}),
        "seed": seed.value if (seed := read_seed(Text(description))) else 0,
        "sources": goal.sources | {f"space.{p.argument.name}": _source(p) for p in proposals},
    }
    return Proposed(Task.checked(content), (*proposals, *kept), calls)


def _at_a_time(
    goal: Goal, arguments: Sequence[Argument], notify: Callable[[str], None]
) -> int | None:
    if goal.workers is not None and goal.workers.count is None:
        notify("How many trials run at a time is not said: one does. Say '2 at a time'.")
    return goal.at_a_time(arguments)


def _as_said(proposal: Proposal, by_name: set[str]) -> Proposal:
    """Tune what is asked for by name, whatever its name says of its role; seeds stay the trials'.

    Raises:
        InvalidTaskError: nothing says what values it may have.
    """
    argument = proposal.argument
    if argument.name not in by_name or proposal.parameter or proposal.role == "seed":
        return proposal
    parameter, origin = parameter_for(argument)
    return Proposal(argument, "tune", origin, parameter.reason if parameter else "", parameter)


def _unsaid(argument: Argument) -> InvalidTaskError:
    if argument.type == "object":
        return InvalidTaskError(
            f"{argument.name} is to be tuned, and no single value can stand for it.",
            hint="Make arguments of its own of what is to be tuned in it.",
        )
    way = "a, b or c" if argument.type == "text" else "between 1 and 8"
    return InvalidTaskError(
        f"Nothing says what values {argument.name} may have, which is to be tuned.",
        hint=f"Say it in the goal, such as '{argument.name} {way}', or in a file: --space FILE, "
        "in Python space={...}.",
    )


def _wishes(
    goal: Goal, description: str, arguments: Sequence[Argument], space: SearchSpace | None
) -> ArgumentWishes:
    """Return what the words say of arguments; a space that is given wins over them."""
    if space is not None:
        return ArgumentWishes()
    return read_argument_wishes(description, arguments, goal)


def _subjects(goal: Goal, *words: str) -> list[str]:
    """Return what may be tuned beside parameters: the program by its own words, the scores."""
    return [*(o.metric for o in goal.objectives), *words, *(Path(w).stem for w in words)]


def _chosen(
    description: str, arguments: Sequence[Argument], wishes: ArgumentWishes
) -> list[Argument]:
    """Return what may be tuned: what is named where anything is, and nothing that has a value."""
    wished = named(description, arguments)
    free = [a for a in arguments if a.name not in wishes.values and a.name not in wishes.left]
    return [a for a in free if not wished or a.name in wished or a.name in wishes.named]


def _is_free(argument: Argument, words: Sequence[str]) -> bool:
    """Return whether the command leaves an argument open: a mark in it does, "lr={lr}" too."""
    return argument.name in marks_in(words) or not argument.is_given(words)


def _with_values(
    command: Sequence[str], values: Mapping[str, Scalar], arguments: Sequence[Argument]
) -> tuple[str, ...]:
    """Return the command with the values that the goal gives some of its arguments.

    Raises:
        InvalidTaskError: an argument is no flag, so the command cannot set it.
    """
    marked = {n: v for n, v in values.items() if n in marks_in(command)}
    words = [filled(w, marked) for w in command]
    for argument in [a for a in arguments if a.name in values.keys() - marked.keys()]:
        if not argument.written and not argument.off:
            raise InvalidTaskError(
                f"The goal sets {argument.name} to {values[argument.name]}, which is no flag.",
                hint="Set it where it stands: in the script, or in the command.",
            )
        words += set_words(argument.written, argument.off, values[argument.name])
    return tuple(words)


def _check_marks(command: Sequence[str], tuned: Sequence[str]) -> None:
    """Refuse a mark that would reach the program as it is."""
    if left := [m for m in marks_in(command) if m not in tuned]:
        raise InvalidTaskError(
            f"Nothing says what values {{{left[0]}}} in the command may have.",
            hint=f"Say it in the goal, such as '{left[0]} between 1 and 8' or "
            f"'{left[0]} 16, 32 or 64', or in a file: --space FILE.",
        )


def _scores(goal: Goal, arguments: Sequence[Argument]) -> tuple[Objective, ...]:
    """Return the objectives: what has the name of an argument is bounded, and no score."""
    first, *others = goal.objectives
    return (first, *(o for o in others if not any(means(a, o.metric) for a in arguments)))


def _source(proposal: Proposal) -> Source:
    origins = {"LLM": "LLM", "you": "your words", "your program": "your data"}
    origin = origins.get(proposal.origin, "default")
    return Source.model_validate({"origin": origin, "quote": proposal.reason[:200]})


def read_space(path: Path) -> SearchSpace:
    """Read a space from YAML: a list of parameters, or the space of a task file.

    Raises:
        InvalidTaskError: there is no such file, or it holds no space.
    """
    import yaml
    from pydantic import TypeAdapter, ValidationError

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidTaskError(f"The file {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidTaskError(f"{path} is not valid YAML: {error}.") from error
    if isinstance(content, dict) and "space" in content:
        content = content["space"]
    if isinstance(content, list):
        content = {"parameters": content}
    try:
        return TypeAdapter(SearchSpace).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidTaskError(f"{path} holds no valid space: {where}: {first['msg']}.") from error

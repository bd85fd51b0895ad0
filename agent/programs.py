"""From a command line or a function, and a goal in words, to a task that can be shown.

A Python script is read, not run; other programs, and Hydra's, are asked for their `--help`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.argument_wishes import ArgumentWishes, read_argument_wishes
from agent.further_scores import means, within_bounds
from agent.goals import Goal, named, part_of_task
from agent.intake.seeds import read_seed
from agent.intake.text import Text
from agent.parameters import Program as About
from agent.parameters import propose_all
from agent.unknown_names import check_known, check_named
from evals.arguments import Argument
from evals.evaluators.command import MARK, filled, set_words
from evals.flags import read_help
from evals.known_parameters import role_of
from evals.parameters import Scalar
from evals.proposals import Proposal, space_of
from evals.signature import function_name, plain_function, read_function
from evals.sources import read_constants, read_source
from evals.space import SearchSpace
from evals.task import Objective, Program, Source, Task
from prompts.calls import CallRecord
from prompts.chat import LanguageModel
from prompts.errors import InvalidTaskError

HELP_SECONDS = 30.0


def _silent(message: str) -> None:
    return


@dataclass(frozen=True)
class Proposed:
    """A task, how each parameter came into it (or not), and the calls that took."""

    task: Task
    proposals: tuple[Proposal, ...]
    calls: tuple[CallRecord, ...] = ()


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
    return replace(proposed, task=proposed.task.model_copy(update={"fixed": kept}))


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
    arguments, about, constants = _declared(command, directory)
    arguments = _of_subcommand(arguments, command)
    wished = named(description, arguments)
    free = [a for a in arguments if _is_free(a, command[1:]) or a.name in wished]
    check_known(space.names if space else (), free)
    check_named(description, arguments, _subjects(goal, *command), notify)
    wishes = _wishes(goal, description, free, space)
    seed = next((a.written for a in free if role_of(a) == "seed" and a.type == "int"), "")
    content = {
        "command": _with_values(command, wishes.values, free),
        "written": {a.name: a.written for a in free if a.written},
        "off": {a.name: a.off for a in free if a.off},
        "seed": "" if constants else seed,
        "constants": constants,
        **fields,
    }
    proposed = _task(
        "command",
        free,
        About(about, description),
        goal,
        description,
        part_of_task(Program, content),
        wishes if space is None else space,
        language_model,
        notify,
    )
    if space is None:
        assert proposed.task.program is not None
        _check_marks(proposed.task.program.command, proposed.task.space.names)
    return proposed


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
        said = [space.applied(p) for p in asked.proposals]
        proposals, calls = within_bounds(said, goal.bounds), asked.calls
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


def _of_subcommand(arguments: list[Argument], command: Sequence[str]) -> list[Argument]:
    """Return the arguments of the subcommand that is named, where the program has several.

    Those of the program itself stand before the subcommand, where nothing is added.

    Raises:
        InvalidTaskError: none is named.
    """
    names = list(dict.fromkeys(a.command for a in arguments if a.command))
    named = next((w for w in command if w in names), "")
    if len(names) > 1 and not named:
        raise InvalidTaskError(
            f"The program has the commands {', '.join(names)}, and none of them is named.",
            hint=f"Write it behind the program: {' '.join(command)} {names[0]}.",
        )
    return [a for a in arguments if a.command == named] if named else arguments


def _is_free(argument: Argument, words: Sequence[str]) -> bool:
    """Return whether the command leaves an argument open: a mark in it does, "lr={lr}" too."""
    return argument.name in _marks(words) or not argument.is_given(words)


def _marks(words: Sequence[str]) -> list[str]:
    return [name for word in words for name in MARK.findall(word)]


def _with_values(
    command: Sequence[str], values: Mapping[str, Scalar], arguments: Sequence[Argument]
) -> tuple[str, ...]:
    """Return the command with the values that the goal gives some of its arguments.

    Raises:
        InvalidTaskError: an argument is no flag, so the command cannot set it.
    """
    marked = {n: v for n, v in values.items() if n in _marks(command)}
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
    if left := [m for m in _marks(command) if m not in tuned]:
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


def _declared(command: Sequence[str], directory: Path) -> tuple[list[Argument], str, str]:
    """Return a command's arguments, what it says of itself, and the script with its constants."""
    if marks := _marks(command):
        return [Argument(m, "unknown") for m in dict.fromkeys(marks)], "", ""
    script = next((w for w in command if w.endswith(".py") and (directory / w).is_file()), "")
    text = (directory / script).read_text("utf-8", "replace") if script else ""
    about = _about(text)
    if found := read_source(text):
        return found, about, ""
    if (not script or "hydra" in text) and (found := read_help(help_of(command, directory))):
        return found, about, ""
    if found := read_constants(text):
        return found, about, script
    _check_there(command, directory)
    raise InvalidTaskError(
        f"Nothing says which parameters {' '.join(command)!r} has.",
        hint="Mark them in the command, such as --lr {lr}, and give their ranges with --space.",
    )


def _check_there(command: Sequence[str], directory: Path) -> None:
    """Refuse a program or a script that is not there, whose trials would all fail."""
    if command and shutil.which(command[0]) is None and not (directory / command[0]).is_file():
        raise InvalidTaskError(
            f"There is no program {command[0]!r}.", hint="Write its path, or correct its name."
        )
    script = next((w for w in command if w.endswith(".py")), "")
    if script and not (directory / script).is_file():
        raise InvalidTaskError(
            f"There is no file {script!r} in {directory}.", hint="Write its path, or go there."
        )


def _about(text: str) -> str:
    found = re.match(r"\s*(?:#!.*\n)?(?:\"\"\"|''')(.+?)(?:\"\"\"|'''|\n)", text, re.S)
    return " ".join(found.group(1).split())[:300] if found else ""


def help_of(command: Sequence[str], directory: Path) -> str:
    """Return what a program prints when asked for `--help`; "" where it prints nothing in time."""
    end = next((i for i, w in enumerate(command) if w.endswith(".py")), 0)
    try:
        done = subprocess.run(
            [*command[: end + 1], "--help"],
            cwd=directory,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=HELP_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout or done.stderr


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

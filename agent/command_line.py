"""`plaintune run "..." -- python train.py`: from the words on both sides of -- to a task."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.exits import say
from agent.goals import read_goal
from agent.named_programs import command_in
from agent.programs import Proposed, command_task, read_space
from evals.parameters import Float, Int, Parameter
from evals.proposals import Proposal
from prompts.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from agent.clock import Clock
    from agent.commands import Understood, Wishes
    from agent.talk import Talk

MEBIBYTE = 2**20
_FLAGS = {"pattern": "score"}
"""Options by another name on the command line."""


@dataclass(frozen=True)
class CommandLine:
    """What stands after --, and where its parameters and score are found; `memory` in MiB."""

    words: tuple[str, ...]
    space: str | None = None
    metric: str | None = None
    pattern: str = ""
    score_file: str = ""
    memory: int | None = None
    cpu_seconds: int | None = None

    @classmethod
    def checked(
        cls,
        words: Sequence[str] | None,
        description: str,
        notify: Callable[[str], None] = say,
        **options: object,
    ) -> CommandLine | None:
        """Return the command line after -- or in the description, or None where there is none.

        Raises:
            UserError: there is none, and an option is about one.
        """
        given = {k: v for k, v in options.items() if v is not None}
        if not words and (words := command_in(description, Path.cwd())):
            notify(
                f"Tuned is the program `{shlex.join(words)}`. (Any other command line is given "
                "behind the words, after --, or in Python as command=[...].)"
            )
        if words:
            return cls(tuple(words), **given)  # type: ignore[arg-type]
        if given:
            flags = ", ".join("--" + _FLAGS.get(k, k.replace("_", "-")) for k in given)
            raise UserError(
                f"{flags} says how a command is run, and no command is given.",
                hint="Put it after --: `plaintune run … -- python train.py`. "
                "For a table, say the metric in the description.",
            )
        return None


def understand_command(
    description: str, line: CommandLine, wishes: Wishes, talk: Talk, clock: Clock
) -> Understood:
    """Return the task of tuning a command, having shown its parameters and, on a terminal, asked.

    Raises:
        UserError: nothing can be tuned, or the user said no.
    """
    from agent.commands import Understood

    goal = read_goal(description, metric=line.metric, trials=wishes.trials, seconds=wishes.seconds)
    model = talk.language_model()
    with clock("understanding"):
        talk.say("Reading what the program can be given …")
        proposed = command_task(
            line.words,
            goal,
            description,
            directory=Path.cwd(),
            space=read_space(Path(line.space)) if line.space else None,
            language_model=model,
            notify=talk.say,
            pattern=line.pattern,
            score_file=line.score_file,
            memory=None if line.memory is None else line.memory * MEBIBYTE,
            cpu_seconds=line.cpu_seconds,
        )
    task = wishes.applied(proposed.task)
    if not talk.quiet:
        show_space(replace(proposed, task=task))
    if talk.interactive:
        _ask_to_go_on()
    return Understood(task, proposed.calls, model, proposed.workers)


def _ask_to_go_on() -> None:
    import typer

    if not typer.confirm("Go on with these?", default=True, err=True):
        raise UserError(
            "Nothing was run.",
            hint="Write the ranges you want with `plaintune plan ... > task.yaml`, edit them, and "
            "give them back with --space task.yaml.",
        )


def show_space(proposed: Proposed) -> None:
    """Print, to stderr, which parameters are tuned over what range and why, and which are not."""
    from rich.console import Console

    say(f"Goal: {', then '.join(o.words for o in proposed.task.objectives)}.")
    Console(file=sys.stderr, highlight=False).print(space_table(proposed.proposals))
    if proposed.workers is not None:
        say(f"At a time: {proposed.workers} trials, as you said (of a task file: --workers).")
    for constraint in proposed.task.space.constraints:
        say(f"Tried only where: {constraint.meaning}.")
    if left := [p for p in proposed.proposals if p.parameter is None]:
        said = ", ".join(f"{p.argument.name} ({_why_left(p)})" for p in left)
        say(f"Left as they are: {said}.")


def _why_left(proposal: Proposal) -> str:
    return proposal.reason if proposal.origin == "you" else proposal.role or "unknown"


def space_table(proposals: Sequence[Proposal]) -> Table:
    """Return a table of the tuned parameters: range, default, and where the range comes from."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title="What is tuned", title_justify="left")
    for heading in ("parameter", "range", "default", "from", "because"):
        table.add_column(heading, overflow="fold")
    for proposal in proposals:
        if (parameter := proposal.parameter) is not None:
            default = "–" if parameter.default is None else f"{parameter.default}"
            reason = proposal.reason or parameter.reason or "the range it declares"
            cells = (parameter.name, range_text(parameter), default, proposal.origin, reason)
            table.add_row(*map(Text, cells))  # A program's own words are no markup.
    return table


def range_text(parameter: Parameter) -> str:
    """Return a parameter's values in words."""
    if isinstance(parameter, Float | Int):
        return f"{parameter.low:g} to {parameter.high:g}{', log' if parameter.log else ''}"
    return ", ".join(map(str, parameter.options))

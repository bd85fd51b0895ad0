"""What a command line can be given.

A Python script is read, not run. Other programs are asked for their `--help`, and so are scripts
of Hydra and those whose flags cannot be read.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.unread import how_to_reach
from evals.arguments import Argument
from evals.constants import read_constants
from evals.evaluators.command import MARK
from evals.flags import read_help
from evals.sources import read_source
from prompts.errors import InvalidTaskError

HELP_SECONDS = 30.0
ASKED = re.compile(r"\bhydra\b|\bargparse\b|ArgumentParser|\bdocopt\b|\bsimple_parsing\b|\babsl\b")
"""Scripts that use one of these print their flags for `--help`, and run nothing else."""


@dataclass(frozen=True)
class Declared:
    """The arguments of a command, what it says of itself, and the script with its constants.

    `hint` says how to tune what it reads elsewhere, where it does.
    """

    arguments: tuple[Argument, ...]
    about: str = ""
    constants: str = ""
    hint: str = ""


def read_declared(command: Sequence[str], directory: Path) -> Declared:
    """Return what a command line can be given.

    Raises:
        InvalidTaskError: nothing says what, or one of several subcommands has to be named.
    """
    if marks := marks_in(command):
        return Declared(tuple(Argument(m, "unknown") for m in dict.fromkeys(marks)))
    script = next((w for w in command if w.endswith(".py") and (directory / w).is_file()), "")
    text = (directory / script).read_text("utf-8", "replace") if script else ""
    about, hint = _about(text), how_to_reach(text, command, directory)
    found = read_source(text)
    if not found and (not script or ASKED.search(text)):
        found = read_help(help_of(command, directory))
    if found:
        return Declared(tuple(_of_subcommand(found, command)), about, hint=hint)
    if found := read_constants(text):
        return Declared(tuple(found), about, script, hint)
    _check_there(command, directory)
    _check_python(text, script)
    raise InvalidTaskError(
        f"Nothing says which parameters {' '.join(command)!r} has.",
        hint=hint
        or "Mark them in the command, such as --lr {lr}, and give their ranges with --space.",
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


def _check_python(text: str, script: str) -> None:
    """Refuse a script that is no Python, whose trials would all fail."""
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise InvalidTaskError(
            f"{script} cannot be read as Python: {error.msg}, line {error.lineno}.",
            hint="Mend it, or mark its parameters in the command, such as --lr {lr}.",
        ) from error
    except (ValueError, RecursionError):
        return


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


def marks_in(words: Sequence[str]) -> list[str]:
    """Return the names of the marks in a command: "--lr {lr}" has lr."""
    return [name for word in words for name in MARK.findall(word)]

"""Where a study's files go, and what a study is called."""

from __future__ import annotations

import re
from collections.abc import Container
from itertools import count
from pathlib import Path

from evals.task import Task
from prompts.errors import StudyError

RUNS = "plaintune-runs"
NAME = re.compile(r"[\w][\w.-]{0,99}")


def checked_name(name: str) -> str:
    """Return `name`; a study's name is also a folder's.

    Raises:
        StudyError: it holds anything but letters, digits, `_`, `.` and `-`.
    """
    if not NAME.fullmatch(name):
        raise StudyError(
            f"{name[:60]!r} cannot be a study's name.",
            hint="Use up to 100 letters, digits, '_', '.' and '-'.",
        )
    return name


def fresh_name(task: Task, taken: Container[str]) -> str:
    """Return a name that tells what is tuned, such as `churn-lightgbm`, numbered where taken."""
    about = Path(task.data.path).stem if task.data else _program(task)
    model = task.models[0] if len(task.models) == 1 else "models"
    base = re.sub(r"[^\w.-]+", "-", f"{about}-{model}" if task.models else about).strip("-.")
    names = (base or "study" if i == 1 else f"{base or 'study'}-{i}" for i in count(1))
    return next(name for name in names if name not in taken)


def _program(task: Task) -> str:
    """Return the name of the script, the program or the function that is tuned."""
    program = task.program
    if program is None:
        return task.evaluator
    script = next((w for w in program.command if w.endswith(".py")), "")
    return (
        Path(script or "".join(program.command[:1])).stem or re.split(r"[.:]", program.function)[-1]
    )


def study_directory(study: str, out: str | None = None) -> Path:
    """Return, made if need be, the directory of a study's files.

    Raises:
        StudyError: it cannot be made or written to.
    """
    directory = Path(out).expanduser() if out else Path(RUNS) / study
    probe = directory / ".writable"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StudyError(
            f"The directory {directory} cannot be written: {error.strerror}.",
            hint="Choose another with --out.",
        ) from error
    return directory

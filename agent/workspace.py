"""Where a study's files go, and what a study is called."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from evals.task import Task
from prompts.errors import DataError, InvalidTaskError, StudyError

if TYPE_CHECKING:
    from pandas import DataFrame

RUNS = "plaintune-runs"
DATA_FILE = "data.parquet"
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


def fresh_study(task: Task, taken: Container[str], out: str | None = None) -> tuple[str, Path]:
    """Return a name that tells what is tuned, such as `churn-lightgbm`, and its directory.

    The name is numbered where it is taken, be it by another database's study whose files lie here,
    or by another process that begins at the same moment.

    Raises:
        StudyError: the directory cannot be made or written to.
    """
    free = (name for name in _names(task) if name not in taken)
    name = next(n for n in free if out is not None or _claimed(Path(RUNS) / n))
    return name, study_directory(name, out)


def _claimed(directory: Path) -> bool:
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        return False
    except OSError:
        return True  # `study_directory` says what is wrong.
    return True


def _names(task: Task) -> Iterator[str]:
    about = Path(task.data.path).stem if task.data else _program(task)
    model = task.models[0] if len(task.models) == 1 else "models"
    base = re.sub(r"[^\w.-]+", "-", f"{about}-{model}" if task.models else about).strip("-.")
    yield base or "study"
    yield from (f"{base or 'study'}-{i}" for i in count(2))


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


@contextmanager
def kept(frame: DataFrame | None, task: Task, directory: Path) -> Iterator[Task]:
    """Keep `frame` beside the run's files, and give a task that points there: for `resume`.

    It takes the place of an earlier one only where the block succeeds: the name may be taken.

    Raises:
        InvalidTaskError: `task` uses no table.
        DataError: a column of `frame` cannot be kept.
    """
    if frame is None:
        yield task
        return
    if task.data is None:
        raise InvalidTaskError("This task uses no table, so `data` has no place in it.")
    new = directory / f".{DATA_FILE}"
    try:
        _write(frame, new)
        data = task.data.model_copy(update={"path": str(directory / DATA_FILE)})
        yield task.model_copy(update={"data": data})
        new.replace(directory / DATA_FILE)
    finally:
        new.unlink(missing_ok=True)


def _write(frame: DataFrame, path: Path) -> None:
    from pyarrow import ArrowException

    plain = frame.copy(deep=False)
    plain.attrs = {}  # Parquet takes none but what JSON can say.
    try:
        plain.to_parquet(path, index=False)
    except (ArrowException, TypeError, ValueError) as error:
        reason = "; ".join(map(str, error.args))[:200]
        raise DataError(
            f"A column of data cannot be kept as Parquet: {reason}.",
            hint="Make it numbers, text or dates, such as frame[name].astype(str), or drop it.",
        ) from error

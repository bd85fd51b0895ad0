"""Scores in TensorBoard event files, read by TensorBoard's own reader where it is installed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from prompts.errors import EvaluationError

MARK = "tfevents"
"""What stands in the name of every event file; the rest (time, host, process) differs."""
WILD = re.compile(r"[*?\[]")


def event_files(path: Path) -> list[Path]:
    """Return the event files meant by `path`: a file, a directory, or a pattern with * in it."""
    if path.is_dir():
        return sorted(path.rglob(f"*{MARK}*"))
    if not WILD.search(str(path)):
        return [path] if MARK in path.name and path.is_file() else []
    first = next(i for i, part in enumerate(path.parts) if WILD.search(part))
    found = Path(*path.parts[:first]).glob("/".join(path.parts[first:]))
    return sorted(p for p in found if MARK in p.name)


def read_events(paths: Sequence[Path], metrics: Sequence[str]) -> dict[str, float]:
    """Return the value that was written last for each metric that the files hold.

    A tag is a metric's where they differ in case and separators alone: "val/loss", val_loss.

    Raises:
        EvaluationError: the reader is not installed, or a file is no event file.
    """
    wanted = {_words(m): m for m in metrics}
    last: dict[str, tuple[float, float]] = {}
    for path in paths:
        for tag, time, value in _scalars(path):
            metric = wanted.get(_words(tag))
            if metric is not None and (metric not in last or time >= last[metric][0]):
                last[metric] = (time, value)
    return {metric: value for metric, (_, value) in last.items()}


def _words(name: str) -> str:
    return " ".join(w for w in re.split(r"[\s_/.-]+", name.lower()) if w)


def _scalars(path: Path) -> Iterator[tuple[str, float, float]]:
    """Yield tag, wall time (POSIX seconds) and value of every number in a file, in order."""
    try:
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
        from tensorboard.util.tensor_util import make_ndarray
    except ImportError as error:
        raise EvaluationError(
            f"{path.name} is a TensorBoard event file, and its reader is not installed.",
            hint="pip install tensorboard",
        ) from error
    try:
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                # The loader turns plain values into tensors of one number, as newer writers do.
                array = make_ndarray(value.tensor) if value.HasField("tensor") else None
                if array is not None and array.size == 1 and array.dtype.kind in "fiu":
                    yield value.tag, event.wall_time, float(array.item())
    except Exception as error:  # The reader has its own errors, and those of what it stands on.
        reason = f"{type(error).__name__}: {error}"
        raise EvaluationError(f"{path.name} is no event file: {reason}") from error

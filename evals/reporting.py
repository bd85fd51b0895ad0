"""`report(step, value)`: what a function says while it runs, and how it learns to stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from evals.evaluator import Report

_current: ContextVar[Report | None] = ContextVar("report", default=None)


class Pruned(BaseException):
    """Raised inside a function that was told to stop; `except Exception` does not catch it."""


def report(step: int, value: float) -> None:
    """Report the objective's running value at `step` (an epoch, a fold, a chunk).

    Inside a trial that has become hopeless it raises `Pruned`, which ends the function. Outside a
    trial it does nothing, so that a function that reports can be called on its own.
    """
    sink = _current.get()
    if sink is not None and sink(int(step), float(value)):
        raise Pruned


@contextmanager
def reporting(sink: Report) -> Iterator[None]:
    """Send what `report` is called with to `sink` while the block runs."""
    token = _current.set(sink)
    try:
        yield
    finally:
        _current.reset(token)

"""`report(step, value)`: what a function says while it runs, and how it learns to stop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock, get_ident

from evals.evaluator import Report
from prompts.errors import EvaluationError


class Pruned(BaseException):
    """Raised inside a function that was told to stop; `except Exception` does not catch it."""


class Ear:
    """What one trial's function reports to, from any of its threads.

    `stopped` says whether it was told to stop: the exception may have ended a thread alone.
    """

    def __init__(self, sink: Report) -> None:
        self._sink, self._lock, self._thread = sink, Lock(), get_ident()
        self.stopped = self._over = False

    def hear(self, step: int, value: float) -> bool:
        """Pass a running value on and return whether to stop; after the trial nothing is heard."""
        with self._lock:
            if not self._over:
                self.stopped = self._sink(step, value) or self.stopped
            return self.stopped

    def end(self) -> BaseException:
        """Return what ends the function, or the thread that asks, which then prints nothing."""
        return Pruned() if get_ident() == self._thread else SystemExit()

    def close(self) -> None:
        """End the trial."""
        with self._lock:
            self._over = True


_current: ContextVar[Ear | None] = ContextVar("report", default=None)
_open: list[Ear] = []
"""The trials of this process. Threads begin with an empty context, so they look here."""


def report(step: int, value: float) -> None:
    """Report the objective's running value at `step` (an epoch, a fold, a chunk).

    Inside a trial that has become hopeless it ends the function, or the thread that reports; the
    trial is pruned either way. Outside a trial it does nothing, so that a function that reports can
    be called on its own.

    Raises:
        EvaluationError: a thread reports, and several trials run in this process.
    """
    ear = _current.get() or _only()
    if ear is not None and ear.hear(int(step), float(value)):
        raise ear.end()


def _only() -> Ear | None:
    ears = list(_open)
    if len(ears) > 1:
        raise EvaluationError(
            "A thread reported, and several trials run in this process: it is not known to which "
            "it belongs.",
            hint="Start the thread with contextvars.copy_context().run as its target.",
        )
    return ears[0] if ears else None


@contextmanager
def reporting(sink: Report) -> Iterator[Ear]:
    """Send what `report` is called with to `sink` while the block runs."""
    ear = Ear(sink)
    token = _current.set(ear)
    _open.append(ear)
    try:
        yield ear
    finally:
        _open.remove(ear)
        _current.reset(token)
        ear.close()

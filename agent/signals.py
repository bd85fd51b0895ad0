"""Ctrl-C and SIGTERM end a run cleanly: as one exception that unwinds through the loop."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """The user, or the system, ends the run; `exit_code` is 130 or 143."""

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.exit_code = 128 + signum


def _interrupt(signum: int, _: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, _leave)
    raise Interrupted(signum)


def _leave(signum: int, _: FrameType | None) -> None:
    os._exit(128 + signum)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` in the main thread on the first signal; a second one ends at once."""
    before = {each: signal.signal(each, _interrupt) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)

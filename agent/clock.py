"""How long each part of a run took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Adds up wall time by part; made when the program begins."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.seconds: dict[str, float] = {}

    @property
    def elapsed(self) -> float:
        """Seconds since the clock was made."""
        return time.monotonic() - self._began

    def add(self, part: str, seconds: float) -> None:
        """Count `seconds` towards `part`."""
        self.seconds[part] = self.seconds.get(part, 0.0) + seconds

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Count the time that the `with` block takes towards `part`."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.add(part, time.monotonic() - began)

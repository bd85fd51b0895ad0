"""Who evaluates a trial: an owner that can be found dead.

A lease is written in the transaction that creates the trial, so no moment exists in which a trial
runs and nobody owns it.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from agent.processes import started

logger = logging.getLogger("plaintune")

AWAY = 60.0
"""Seconds after which an owner on another machine counts as dead if it has not renewed."""


@dataclass(frozen=True)
class Lease:
    """The owner: `host`, `pid` and the process's start tell it from any other process.

    `born` counts seconds from the machine's boot (`agent.processes`), `since` and `renewed` are
    POSIX seconds.
    """

    host: str
    pid: int
    born: float
    since: float
    renewed: float

    @classmethod
    def mine(cls) -> Lease:
        """Return a new lease of this process."""
        now = time.time()
        return cls(socket.gethostname(), os.getpid(), _born(os.getpid()), now, now)

    @property
    def is_mine(self) -> bool:
        """Whether this process is the owner."""
        me = (socket.gethostname(), os.getpid(), _born(os.getpid()))
        return (self.host, self.pid, self.born) == me

    @property
    def is_alive(self) -> bool:
        """Whether the owner still lives; a paused process does."""
        if self.host != socket.gethostname():
            return time.time() - self.renewed < AWAY
        return started(self.pid) == self.born

    def to_plain(self) -> dict[str, Any]:
        """Return the lease as JSON values."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Lease:
        """Read what `to_plain` wrote."""
        return cls(**plain)


class Heartbeat:
    """Calls `beat` every few seconds, in a thread, for as long as the `with` block lasts."""

    def __init__(self, beat: Callable[[], None], interval: float = AWAY / 4) -> None:
        self._beat, self._interval = beat, interval
        self._over = threading.Event()

    def __enter__(self) -> None:
        threading.Thread(target=self._run, daemon=True, name="plaintune-heartbeat").start()

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(self._interval):
            try:
                self._beat()
            except Exception as error:
                logger.debug("The lease could not be renewed: %s", error)


@cache
def _born(pid: int) -> float:
    return started(pid) or 0.0

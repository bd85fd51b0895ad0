"""A process stays the one it is when the machine's clock is set or drifts."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from agent.language_models.vllm_state import identity, lives
from agent.lease import Lease
from agent.processes import started


@pytest.fixture
def drift(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return by how many seconds the clock, and so the time of boot, has moved."""
    moved, real = [0.0], psutil._pslinux.boot_time
    monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: real() + moved[0])
    return moved


def test_the_clock_does_not_make_another_process_of_one(drift: list[float]) -> None:
    me, lease = identity(os.getpid()), Lease.mine()
    since = psutil.Process().create_time()
    for seconds in (1.0, -1.0, 3600.0):
        drift[0] = seconds
        assert psutil.Process().create_time() == pytest.approx(since + seconds)
        assert lives(me)
        assert lease.is_alive and lease.is_mine


def test_a_process_that_ended_has_no_start() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    known = identity(child.pid)
    assert known and lives(known) and not lives((child.pid, known[1] - 5))
    child.communicate()
    assert started(child.pid) is None and not lives(known)

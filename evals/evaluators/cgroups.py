"""Control groups (version 2): what one trial uses is counted, and limited, by the kernel itself.

A group can be made only where the system lends us a part of the tree: as root in a container, or
below a systemd user session (Linux, Documentation/admin-guide/cgroup-v2.rst, "Delegation"). Where
it cannot, rlimits and the supervisor's own looks at the memory take its place.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = "/sys/fs/cgroup"
PATIENCE = 2.0
"""Seconds for which the kernel may take to let go of a group's last process."""


class Cgroup:
    """One trial's group; `enter` it before the trial's code runs, `remove` it afterwards."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def make(cls, memory: int | None, root: str = ROOT, own: str | None = None) -> Cgroup | None:
        """Return a new group with at most `memory` bytes, or None where none can be made.

        `root` is where the tree is mounted, `own` this process's place in it (None: as it is).
        """
        place = _own_place() if own is None else own
        if place is None or not (Path(root) / "cgroup.controllers").is_file():
            return None
        for parent in _lent(Path(root), place):
            path = parent / f"plaintune-{os.getpid()}-{time.monotonic_ns()}"
            try:
                path.mkdir()
            except OSError:
                continue
            group = cls(path)
            if group._limit(memory):
                return group
            group.remove()
        return None

    def _limit(self, memory: int | None) -> bool:
        """Write the limits; return whether the kernel took them."""
        try:
            if memory is not None:
                (self.path / "memory.max").write_text(str(memory))
                # All of the trial dies, not the process that happened to ask last.
                (self.path / "memory.oom.group").write_text("1")
        except OSError:
            return False
        with contextlib.suppress(OSError):  # There is none where the kernel knows no swap.
            (self.path / "memory.swap.max").write_text("0")
        return True

    def enter(self) -> bool:
        """Move this process, and with it all that it will start, into the group."""
        try:
            (self.path / "cgroup.procs").write_text(str(os.getpid()))
        except OSError:
            return False
        return True

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel killed something in the group for want of memory."""
        return self._counted("memory.events", "oom_kill") > 0

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all the group's processes together, those that ended included."""
        return self._counted("cpu.stat", "usage_usec") / 1e6

    @property
    def peak(self) -> int:
        """The most bytes of memory used at one time; 0 where the kernel keeps no count."""
        with contextlib.suppress(OSError, ValueError):
            return int((self.path / "memory.peak").read_text())
        return 0

    def _counted(self, file: str, name: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            rows = (line.split() for line in (self.path / file).read_text().splitlines())
            return next((int(row[1]) for row in rows if row[0] == name), 0)
        return 0

    def remove(self) -> None:
        """Kill what is left in the group, and take it away."""
        with contextlib.suppress(OSError):
            (self.path / "cgroup.kill").write_text("1")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.path.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.01)


def _own_place() -> str | None:
    """Return this process's group, such as /user.slice/…; None where version 2 is not in use."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        return next((line[3:] for line in lines if line.startswith("0::/")), None)
    return None


def _lent(root: Path, place: str) -> Iterator[Path]:
    """Yield groups in which we may make others with a limit on memory: our parent's, then ours.

    A group that holds processes cannot hand its controllers on ("no internal process constraint"),
    so ours serves only at the top of a container, and a sibling is what usually works.
    """
    own = root / place.lstrip("/")
    for group in dict.fromkeys((own.parent if own != root else own, own)):
        with contextlib.suppress(OSError):
            handed_on = (group / "cgroup.subtree_control").read_text().split()
            ours = os.access(group, os.W_OK | os.X_OK) and os.access(
                group / "cgroup.procs", os.W_OK
            )
            if ours and {"memory", "cpu"} <= set(handed_on):
                yield group

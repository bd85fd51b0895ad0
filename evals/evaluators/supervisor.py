"""The process above one trial: starts it, reads its output, keeps its limits, leaves nothing."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from evals.evaluators.cgroups import Cgroup
from evals.evaluators.process import ProcessLimits, Work, redact
from evals.scores import COLOUR

if TYPE_CHECKING:
    from psutil import Process

POLL = 0.02
"""Seconds between two looks at the memory."""
LOOK_AROUND = 0.25
"""Seconds between two searches for new processes of the trial."""
TAIL = 65_536
"""Bytes of output that are kept."""
LAST_LINES, LAST_CHARACTERS = 5, 400
CHUNK = 65_536
CHILD_SUBREAPER = 36
"""`PR_SET_CHILD_SUBREAPER` of Linux: orphans become ours instead of init's."""


class Supervisor:
    """Runs one job, whose description is the first message on `connection`."""

    def __init__(self, connection: Connection, work: Work) -> None:
        said = json.loads(connection.recv_bytes())
        self.connection = connection
        self.work = work
        self.job: Mapping[str, Any] = said["job"]
        self.limits = ProcessLimits(**said["limits"])
        self.read_line = work.reader(self.job)
        self.written = 0
        self.tail = b""
        self.line = b""
        self.how = ""
        limits = self.limits
        limited = limits.memory is not None or limits.cpu_seconds is not None
        self.cgroup = (
            Cgroup.make(limits.memory, limits.cgroups, limits.cgroup or None) if limited else None
        )

    def run(self) -> None:
        """Start the worker, watch it to its end, kill what it leaves, and say how it ended."""
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(CHILD_SUBREAPER, 1, 0, 0, 0)
        self.output, written = os.pipe()
        self.channel, theirs = Pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self.channel.close()
            os.close(self.output)
            limits = self._own_limits()
            if self.cgroup is not None and self.cgroup.enter():
                limits = replace(limits, memory=None)  # The kernel counts what is really used.
            _become(self.work, self.job, limits, theirs, written)
        os.close(written)
        theirs.close()
        os.set_blocking(self.output, False)
        status = self._watch()
        kill_all()
        self._drain()
        ending = self._ending(status)
        if self.cgroup is not None:
            self.cgroup.remove()
        self._say({"ending": ending})

    def _own_limits(self) -> ProcessLimits:
        """Return the limits plus what a forked worker brings along; a command starts anew."""
        if self.limits.memory is None or self.read_line is not None:
            return self.limits
        return replace(self.limits, memory=self.limits.memory + _data_now())

    def _watch(self) -> int | None:
        """Return the worker's exit status as `os.waitpid` gives it; None where it was ended."""
        import psutil

        self.memory = _Memory(psutil.Process(self.pid), forked=self.read_line is None)
        began = time.monotonic()
        sources: list[Any] = [self.connection, self.channel, self.output, _exit_of(self.pid)]
        while not self.how:
            ready = wait([s for s in sources if s is not None], POLL)
            self._hear(ready, sources)
            finished, status = os.waitpid(self.pid, os.WNOHANG)
            if finished:
                return status
            self._check(time.monotonic() - began)
        return None

    def _hear(self, ready: list[Any], sources: list[Any]) -> None:
        if self.output in ready and not self._read():
            sources[2] = None
        if self.channel in ready:
            try:
                self.connection.send_bytes(self.channel.recv_bytes())
            except (EOFError, OSError):
                sources[1] = None
        if self.connection in ready:
            self._obey()

    def _obey(self) -> None:
        """Pass on what plaintune answers; end everything where it is gone."""
        try:
            word = self.connection.recv_bytes()
        except (EOFError, OSError):
            self.how = "stopped"
            return
        if self.read_line is None:
            with contextlib.suppress(OSError):
                self.channel.send_bytes(word)
        elif word == b"stop":
            self.how = "stopped"

    def _check(self, seconds: float) -> None:
        if self.limits.seconds is not None and seconds > self.limits.seconds:
            self.how = "time"
        elif self.written > self.limits.output:
            self.how = "output"
        elif self.memory.exceeds(self.limits.memory):
            self.how = "memory"
        elif self.cgroup is not None and self.limits.cpu_seconds is not None:
            self.how = "cpu" if self.cgroup.cpu_seconds > self.limits.cpu_seconds else ""

    def _read(self) -> bool:
        """Read some output; False at its end."""
        try:
            chunk = os.read(self.output, CHUNK)
        except BlockingIOError:
            return True
        self.written += len(chunk)
        self.tail = (self.tail + chunk)[-TAIL:]
        if self.read_line is not None:
            *lines, self.line = (self.line + chunk).split(b"\n")
            self.line = self.line[-TAIL:]
            for line in lines:
                self._report(line)
        return bool(chunk)

    def _report(self, line: bytes) -> None:
        assert self.read_line is not None
        for step, value in self.read_line(line.decode(errors="replace")):
            self._say({"step": step, "value": value})

    def _drain(self) -> None:
        """Read what is left in the pipes after the end."""
        before = -1
        while before != self.written and self.written <= self.limits.output + CHUNK:
            before = self.written
            self._read()
        with contextlib.suppress(EOFError, OSError):
            while self.channel.poll(0):
                self.connection.send_bytes(self.channel.recv_bytes())

    def _say(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self.connection.send_bytes(json.dumps(message).encode())

    def _ending(self, status: int | None) -> dict[str, Any]:
        how, code = self.how or "exit", 0
        if status is not None and os.WIFSIGNALED(status):
            how, code = "signal", os.WTERMSIG(status)
            if code == signal.SIGXCPU:
                how = "cpu"
            elif self.cgroup is not None and self.cgroup.out_of_memory:
                how = "memory"
        elif status is not None:
            how, code = "exit", os.WEXITSTATUS(status)
            if code and b"MemoryError" in self.tail and self.limits.memory:
                how = "memory"
        if self.read_line is not None and self.line:
            self._report(self.line)
        found = self.read_line.found if self.read_line is not None else {}
        tail = last_lines(self.tail)
        peak = self.cgroup.peak if self.cgroup is not None else 0
        peak = max(peak, self.memory.peak)
        return {"how": how, "code": code, "tail": tail, "peak": peak, "found": found}


class _Memory:
    """Resident memory of a process and all its descendants."""

    def __init__(self, top: Process, *, forked: bool) -> None:
        self.top = top
        self.known = [top]
        self.looked = time.monotonic()
        self.start = _sum(self.known, "rss") if forked else 0
        self.peak = 0

    def exceeds(self, limit: int | None) -> bool:
        """Return whether more than `limit` bytes are used now."""
        if time.monotonic() - self.looked > LOOK_AROUND:
            self.looked = time.monotonic()
            self.known = [self.top, *_children(self.top)]
        used = _sum(self.known, "rss") - self.start
        self.peak = max(self.peak, used)
        # Pages that a fork shares count once per process as rss: pss, which is slow, divides them.
        return limit is not None and used > limit and _sum(self.known, "pss") > limit


def _sum(processes: list[Process], kind: str) -> int:
    import psutil

    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            info = process.memory_info() if kind == "rss" else process.memory_full_info()
            total += getattr(info, kind)
    return total


def _children(top: Process) -> list[Process]:
    import psutil

    try:
        found: list[Process] = top.children(recursive=True)
        return found
    except psutil.Error:
        return []


def kill_all(patience: float = 5.0) -> None:
    """Kill and reap every descendant of this process, also those that changed their session."""
    import psutil

    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            if os.waitpid(-1, os.WNOHANG)[0]:
                continue
        except ChildProcessError:
            return
        for process in _children(psutil.Process()):
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.002)


def last_lines(output: bytes) -> str:
    """Return the end of an output as one short text, without secrets."""
    plain = COLOUR.sub("", output.decode(errors="replace"))
    lines = [s for line in plain.splitlines() if (s := line.strip())]
    text = redact(" | ".join(lines[-LAST_LINES:]))
    return "".join(c if c.isprintable() else " " for c in text)[-LAST_CHARACTERS:]


def _exit_of(pid: int) -> int | None:
    """Return a handle that becomes readable when `pid` ends, where the system has such."""
    try:
        return os.pidfd_open(pid)
    except (OSError, AttributeError):
        return None


def _become(
    work: Work, job: Mapping[str, Any], limits: ProcessLimits, channel: Connection, written: int
) -> None:
    """Turn this process into the worker. Never returns."""
    code = 1
    try:
        os.setsid()
        faulthandler.disable()  # It would write into the terminal of the run.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(written, 1)
        os.dup2(written, 2)
        sys.stdout = open(1, "w", buffering=1, errors="replace", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, errors="replace", closefd=False)  # noqa: SIM115
        _limit(limits)
        work.run(job, channel)
        code = 0
    except BaseException as error:
        with contextlib.suppress(Exception):
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(code)


def _limit(limits: ProcessLimits) -> None:
    """Set what the kernel itself enforces; the supervisor watches the rest."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits.cpu_seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 5))
    if limits.memory is not None:
        # Between two looks at the memory gigabytes can be touched; the kernel refuses them at once.
        most = int(1.05 * limits.memory) + 2**25
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _data_now() -> int:
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        for line in status:
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0

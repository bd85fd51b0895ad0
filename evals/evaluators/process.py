"""Run one trial in processes of its own, under limits, so that nothing it does harms the run.

Three kinds of process stand between plaintune and a trial. The *nursery* is forked once, before
threads and number-crunching libraries are busy, and does nothing but fork. Each trial gets a
*supervisor* (`evals.evaluators.supervisor`), which adopts whatever the trial leaves behind, watches
its limits, and kills all of it at the end: also when plaintune itself was killed. The *worker*, in
its own session, calls the function or becomes the command.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import re
import signal
import socket
import sys
import weakref
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Protocol

from evals.evaluator import Report
from evals.evaluators.forked_threads import keep_to_one_thread, lost_pools
from evals.task import Budget

MEBIBYTE = 2**20
PARENT_DEATH_SIGNAL = 1
"""`PR_SET_PDEATHSIG` of Linux."""
SECRET = re.compile(r"key|token|secret|passw|credential|auth|dsn|cookie", re.IGNORECASE)


@dataclass(frozen=True)
class ProcessLimits:
    """What one trial may use, all its processes together; None is no limit.

    `seconds` is wall time, `cpu_seconds` processor time (of any one process where there are no
    control groups), `memory` is in bytes of resident memory, `output` in bytes written to stdout
    and stderr. `cgroups` is where control groups are mounted, `cgroup` our place there ("": as it
    is).
    """

    seconds: float | None = None
    cpu_seconds: int | None = None
    memory: int | None = None
    output: int = 256 * MEBIBYTE
    cgroups: str = "/sys/fs/cgroup"
    cgroup: str = ""


def trial_seconds(budget: Budget) -> float | None:
    """Return how long one trial may take: a hanging one must not outlast the whole time budget."""
    return min((s for s in (budget.seconds_per_trial, budget.seconds) if s), default=None)


@dataclass(frozen=True)
class Ending:
    """How a trial's processes ended.

    `how` is "exit" or "signal" (by itself, with `code`), or what ended it: "time", "cpu", "memory",
    "output", "stopped" (pruned), "lost" (the supervisor itself was killed). `tail` holds the last
    lines of its output, `result` what the worker answered, `found` the scores in its output, `peak`
    the most resident memory seen.
    """

    how: str
    code: int = 0
    tail: str = ""
    peak: int = 0
    result: Mapping[str, Any] | None = None
    found: Mapping[str, float] = field(default_factory=dict)

    def reason(self, limits: ProcessLimits) -> str:
        """Say in words why there is no result, with the last lines of output."""
        said = {
            "time": f"It was stopped after {limits.seconds or 0:g} seconds, its time limit.",
            "cpu": f"It used up its {limits.cpu_seconds or 0} seconds of processor time.",
            "memory": f"It ran out of memory: the limit is {size_text(limits.memory or 0)}.",
            "output": f"It wrote more than {size_text(limits.output)} of output.",
            "stopped": "It was stopped early.",
            "lost": "Its supervising process was killed from outside.",
            "exit": f"It ended with exit code {self.code} and gave no result.",
            "signal": f"It was killed by {_signal(self.code)}.",
        }[self.how]
        return f"{said} Last lines: {self.tail}" if self.tail else said


class LineReader(Protocol):
    """Finds values in output; `found` holds the last one per metric."""

    found: dict[str, float]

    def __call__(self, line: str) -> list[tuple[int, float]]:
        """Return the running values of one line, with their steps."""


class Work(Protocol):
    """What the worker of a trial does; lives in the nursery from its start."""

    def run(self, job: Mapping[str, Any], channel: Connection) -> None:
        """Do `job` in the worker: call a function and answer on `channel`, or exec a command."""

    def reader(self, job: Mapping[str, Any]) -> LineReader | None:
        """Return what finds running values in a line of output; None: do not look for any."""


class Nursery:
    """Forks supervisors for trials; `run` may be called from several threads at a time.

    `one_thread`: OpenMP in trials keeps to one thread (`evals.evaluators.forked_threads`).
    """

    def __init__(self, work: Work) -> None:
        # Loaded here, once, instead of in every trial.
        import psutil  # noqa: F401

        import evals.evaluators.supervisor  # noqa: F401

        lost = lost_pools()
        self.one_thread = bool(lost)
        ours, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            ours.close()
            keep_to_one_thread(lost)
            _nurse(theirs, work)
        theirs.close()
        self._socket = ours
        self._running: set[Connection] = set()
        self._finalizer = weakref.finalize(self, _end, ours, pid)

    def run(self, job: Mapping[str, Any], limits: ProcessLimits, report: Report) -> Ending:
        """Run one trial to its end; `job` is JSON. Whatever interrupts this ends the trial."""
        ours, theirs = Pipe()
        self._running.add(ours)
        try:
            socket.send_fds(self._socket, [b"j"], [theirs.fileno()])
            theirs.close()
            ours.send_bytes(json.dumps({"job": job, "limits": asdict(limits)}).encode())
            return _listen(ours, report)
        except (EOFError, ConnectionError):
            return Ending("lost")
        finally:
            self._running.discard(ours)
            ours.close()

    def close(self) -> None:
        """End the nursery and trials that run in other threads, where `run` returns "lost"."""
        for connection in list(self._running):
            with (
                contextlib.suppress(OSError),
                socket.socket(fileno=os.dup(connection.fileno())) as s,
            ):
                s.shutdown(socket.SHUT_RDWR)
        self._finalizer()


def _listen(connection: Connection, report: Report) -> Ending:
    result: Mapping[str, Any] | None = None
    stopped = False
    while True:
        said = json.loads(connection.recv_bytes())
        if "step" in said:
            stopped = report(said["step"], said["value"]) or stopped
            # The trial may have ended meanwhile; how it ended is still to be heard.
            with contextlib.suppress(OSError):
                connection.send_bytes(b"stop" if stopped else b"go")
        elif "result" in said:
            result = said["result"]
        else:
            return Ending(**said["ending"], result=result)


def _end(ours: socket.socket, pid: int) -> None:
    ours.close()
    # A fork of this process (another nursery) may hold the socket open: do not wait for its end.
    try:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return


def _nurse(requests: socket.socket, work: Work) -> None:
    """Fork supervisors until plaintune is gone, each before it is needed. Never returns."""
    os.setsid()  # Ctrl-C in the terminal is for plaintune, which then ends its trials in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()  # A collection in a child would copy the pages that all of them share.
    try:
        busy = True
        while busy:
            taken, take = os.pipe()
            nurse = os.getpid()
            if os.fork() == 0:
                os.close(taken)
                _await(requests, take, work, nurse)
            os.close(take)
            busy = os.read(taken, 1) == b"y"
            os.close(taken)
        os._exit(0)
    finally:
        os._exit(1)


def _await(requests: socket.socket, take: int, work: Work, nurse: int) -> None:
    """Wait for one request, say that it was taken, and serve it. Never returns."""
    from evals.evaluators.supervisor import Supervisor

    try:
        _end_with_parent(signal.SIGKILL)
        if os.getppid() != nurse:
            return
        word, handles, _, _ = socket.recv_fds(requests, 1, 1)
        requests.close()
        os.write(take, b"y" if word else b"n")
        os.close(take)
        if word:
            _end_with_parent(0)  # From here on there is something to clean up first.
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            Supervisor(Connection(handles[0]), work).run()
    finally:
        os._exit(0)


def _end_with_parent(sent: int) -> None:
    """Have the kernel send this signal (0: none) when the parent ends, where it can."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, sent, 0, 0, 0)


def redact(text: str, environment: Mapping[str, str] | None = None) -> str:
    """Return `text` with the values of environment variables that hold secrets taken out."""
    known = os.environ if environment is None else environment
    for name, value in known.items():
        if SECRET.search(name) and len(value) >= 6:
            text = text.replace(value, f"[{name}]")
    return text


def size_text(count: int) -> str:
    """Return a number of bytes as people say it."""
    return f"{count / 2**30:.3g} GiB" if count >= 2**30 else f"{count / MEBIBYTE:.3g} MiB"


def _signal(number: int) -> str:
    names = {signal.SIGSEGV: "a segmentation fault", signal.SIGABRT: "an abort"}
    names |= {signal.SIGKILL: "SIGKILL from outside, perhaps for want of memory"}
    known = {s.value: names.get(s, s.name) for s in signal.Signals}
    return known.get(number, f"signal {number}")

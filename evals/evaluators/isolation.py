"""A child process that trains, under limits of time and memory, and is replaced when it dies.

The child lives from trial to trial, so that data are sent once. It leads its own process group,
which is killed as a whole; and it ends itself when its parent is gone, even by `kill -9`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from prompts.errors import EvaluationError

POLL_SECONDS = 0.05
START_SECONDS = 120.0


class StoppedError(EvaluationError):
    """The child was killed because it exceeded a limit."""


class CrashedError(EvaluationError):
    """The child died by itself."""


@dataclass(frozen=True)
class Limits:
    """Wall time (seconds) and resident memory (bytes) of one request. None is no limit."""

    seconds: float | None = None
    memory: int | None = None


Progress = Callable[[int, list[float]], bool]
"""Called with folds done and the last fold's scores; returns True to stop."""


def _ignore(done: int, scores: list[float]) -> bool:
    return False


class Worker:
    """One child process at a time, started when first needed."""

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer
        self._child: _Child | None = None

    def start(self) -> None:
        """Have a child ready, with the data loaded."""
        if self._child is None or not self._child.alive:
            self.close()
            self._child = _Child()
            self._exchange("load", self._trainer, Limits(seconds=START_SECONDS), _ignore)

    def ask(self, word: str, content: Any, limits: Limits, progress: Progress = _ignore) -> Any:
        """Return the child's result.

        Raises:
            StoppedError: a limit was exceeded; the child is dead and will be replaced.
            CrashedError: the child died.
            EvaluationError: the child says in words why it failed; it lives on.
        """
        self.start()
        return self._exchange(word, content, limits, progress)

    def close(self) -> None:
        """Kill the child, if there is one, and everything it started."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _exchange(self, word: str, content: Any, limits: Limits, progress: Progress) -> Any:
        assert self._child is not None
        finished = False
        try:
            result = self._child.exchange(word, content, limits, progress)
            finished = True
            return result
        except (StoppedError, CrashedError):
            raise
        except EvaluationError:
            finished = True
            raise
        finally:
            # Also on Ctrl-C: a child in the middle of a request cannot take another one.
            if not finished:
                self.close()


class _Child:
    """A running process and the connection to it."""

    def __init__(self) -> None:
        self.connection, other = Pipe()
        self.words = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = _spawn(other, self.words)
        other.close()
        self._finalizer = weakref.finalize(self, _kill, self.process, self.connection)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self._finalizer()
        self.words.close()

    def exchange(self, word: str, content: Any, limits: Limits, progress: Progress) -> Any:
        started = time.monotonic()
        self._send(word, content)
        while True:
            kind, said = self._receive(started, limits)
            if kind == "done":
                return said
            if kind == "failed":
                raise EvaluationError(said)
            self._send("stop" if progress(*said) else "go", None)

    def _send(self, word: str, content: Any) -> None:
        try:
            self.connection.send((word, content))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise self._crashed() from error

    def _receive(self, started: float, limits: Limits) -> tuple[str, Any]:
        while not self.connection.poll(POLL_SECONDS):
            taken = time.monotonic() - started
            if limits.seconds is not None and taken > limits.seconds:
                raise StoppedError(f"Stopped: it took longer than {limits.seconds:g} s.")
            used = self._memory()
            if limits.memory is not None and used > limits.memory:
                allowed = f"{limits.memory / 2**30:.1f} GiB"
                raise StoppedError(f"Stopped: it used more than {allowed} of memory.")
        try:
            message: tuple[str, Any] = self.connection.recv()
        except (EOFError, ConnectionResetError) as error:
            raise self._crashed() from error
        return message

    def _memory(self) -> int:
        import psutil

        try:
            top = psutil.Process(self.process.pid)
            return sum(p.memory_info().rss for p in [top, *top.children(recursive=True)])
        except psutil.Error:
            return 0

    def _crashed(self) -> CrashedError:
        try:
            code = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return CrashedError("The training process closed its connection.")
        return CrashedError(f"The training process died ({_death(code)}).{self._last_words()}")

    def _last_words(self) -> str:
        self.words.seek(0)
        lines = self.words.read().decode(errors="replace").strip().splitlines()
        return f" Its last words: {lines[-1][:200]}" if lines else ""


def _death(code: int) -> str:
    if code == -signal.SIGKILL:
        return "killed from outside, perhaps for want of memory"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _spawn(other: Connection, words: Any) -> subprocess.Popen[bytes]:
    handle = other.fileno()
    # One thread per fold: folds run side by side. Threads that wait must sleep, not spin: spinning
    # ones and a language model's on the same cores cost a hundred times the training itself.
    limit = {f"{lib}_NUM_THREADS": "1" for lib in ("OMP", "OPENBLAS", "MKL")}
    limit |= {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
    path = os.pathsep.join(p or str(os.getcwd()) for p in sys.path)  # noqa: PTH109
    return subprocess.Popen(
        [sys.executable, "-m", "evals.evaluators.worker", str(handle), str(os.getpid())],
        pass_fds=[handle],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=words,
        stderr=words,
        env={**os.environ, **limit, "PYTHONPATH": path},
    )


def _kill(process: subprocess.Popen[bytes], connection: Connection) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    connection.close()

"""The process that looks after a vLLM server: starts it, restarts it once, stops it when idle.

Run as `python -m agent.language_models.vllm_keeper`; what to run stands in the state file. It has
no terminal and lives until the server is stopped, idle for too long, or beyond help.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from types import FrameType

import httpx

from agent.language_models.vllm_state import (
    ServerState,
    end,
    identity,
    log_path,
    read_state,
    write_state,
)

PERIOD = 0.5
"""Seconds between two looks at the server."""
RESTARTS = 1
REASONS = (
    (r"torchvision::nms|operator torchvision", "torchvision is a CUDA build beside a CPU torch"),
    (r"address already in use", "its port was taken by another program meanwhile"),
    (r"No space left on device", "the disk is full"),
    (r"MemoryError|Cannot allocate memory|out of memory|No available memory", "out of memory"),
    (r"Repository Not Found|not a valid model identifier|Can't load the configuration|does not "
     r"appear to have a file named config", "there is no such model"),
    (r"No module named '?vllm", "vLLM is not installed in its environment"),
)  # fmt: skip


def why(log: str, code: int) -> str:
    """Return in plain words why the server ended, from its output and its exit code."""
    for pattern, reason in REASONS:
        if re.search(pattern, log, re.IGNORECASE):
            return reason
    if code == -signal.SIGKILL:
        return "it was killed, perhaps because the machine ran out of memory"
    errors = [line for line in log.splitlines() if "Error" in line]
    last = errors[-1].split("]")[-1].strip()[:200] if errors else f"exit code {code}"
    return f"it ended by itself: {last}"


class Keeper:
    """One server and what it was last seen doing."""

    def __init__(self, state: ServerState) -> None:
        self._state = write_state(state, keeper=identity(os.getpid()))
        self._process = self._launch()
        self._work = ""
        self._active = time.monotonic()
        self._client = httpx.Client(timeout=5, headers={"Authorization": f"Bearer {state.key}"})

    def _launch(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **dict(self._state.environment)}
        environment.pop("OMP_NUM_THREADS", None)
        self._log_start = log_path().stat().st_size if log_path().exists() else 0
        with log_path().open("ab") as log:
            process = subprocess.Popen(
                self._state.command,
                stdout=log,
                stderr=log,
                env=environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._state = write_state(self._state, server=identity(process.pid))
        return process

    def run(self) -> None:
        """Look after the server until it is not needed or cannot be helped."""
        try:
            while self._look():
                time.sleep(PERIOD)
        finally:
            end(self._state.server)
            if self._state.phase != "failed":
                write_state(self._state, phase="stopped")

    def _look(self) -> bool:
        """Look once; return whether to go on."""
        code = self._process.poll()
        if code is not None:
            return self._ended(code)
        if self._state.phase != "ready":
            if self._answers():
                self._state = write_state(self._state, phase="ready")
                self._active = time.monotonic()
            return True
        return not self._is_idle()

    def _ended(self, code: int) -> bool:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # its engine may have outlived it
        with log_path().open(errors="replace") as log:
            log.seek(self._log_start)
            reason = why(log.read(), code)
        if self._state.phase != "ready" or self._state.restarts >= RESTARTS:
            self._state = write_state(self._state, phase="failed", reason=reason)
            return False
        restarts = self._state.restarts + 1
        self._state = write_state(self._state, phase="restarting", restarts=restarts, reason=reason)
        self._process = self._launch()
        return True

    def _answers(self) -> bool:
        """Return whether our own server is ready: no other one accepts the random key."""
        with contextlib.suppress(httpx.HTTPError):
            return self._client.get(f"{self._state.url}/models").status_code == httpx.codes.OK
        return False

    def _is_idle(self) -> bool:
        """Return whether nothing was asked for the set time, by the server's own counters."""
        with contextlib.suppress(httpx.HTTPError):
            metrics = self._client.get(self._state.url.removesuffix("/v1") + "/metrics").text
            names = ("vllm:prompt_tokens_total", "vllm:generation_tokens_total")
            work = "".join(line for line in metrics.splitlines() if line.startswith(names))
            if work != self._work:
                self._work, self._active = work, time.monotonic()
        return time.monotonic() - self._active > self._state.idle


def main() -> None:
    """Look after the server that the state file describes."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    state = read_state()
    if state is None:
        raise SystemExit("There is no state to work from.")
    Keeper(state).run()


if __name__ == "__main__":
    main()

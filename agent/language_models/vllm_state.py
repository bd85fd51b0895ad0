"""What is known on disk about the managed vLLM server: one JSON file for its owner alone."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from agent.model_cache import cache_home
from agent.processes import started

Phase = Literal["starting", "ready", "restarting", "failed", "stopped"]


def state_home() -> Path:
    """Return plaintune's folder for state (XDG base directory specification)."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "plaintune"


def data_home() -> Path:
    """Return plaintune's folder for data (XDG base directory specification)."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "plaintune"


@dataclass(frozen=True)
class ServerState:
    """The server: who looks after it, where it listens, with which key, and how it is.

    `keeper` and `server` are process ids with the time each was created, since ids are used again.
    `reason` says why it failed, in plain words; `sleeps` whether it gives its GPU memory back.
    """

    model: str
    source: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    port: int
    key: str
    idle: float
    phase: Phase = "starting"
    keeper: tuple[int, float] | None = None
    server: tuple[int, float] | None = None
    restarts: int = 0
    reason: str = ""
    sleeps: bool = False

    @property
    def url(self) -> str:
        """Where the OpenAI protocol is spoken."""
        return f"http://127.0.0.1:{self.port}/v1"


def state_path() -> Path:
    """Return where the state is kept."""
    return state_home() / "vllm.json"


def log_path() -> Path:
    """Return where the server's output goes."""
    return state_home() / "vllm.log"


def checkpoints() -> Path:
    """Return the folder of checkpoints that were made for vLLM."""
    return cache_home() / "vllm"


def read_state() -> ServerState | None:
    """Return the state on disk, None where there is none or it cannot be read."""
    try:
        fields: dict[str, Any] = json.loads(state_path().read_text(encoding="utf-8"))
        for name in ("keeper", "server", "command"):
            fields[name] = tuple(fields[name]) if fields[name] else fields[name]
        fields["environment"] = tuple((k, v) for k, v in fields["environment"])
        return ServerState(**fields)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_state(state: ServerState, **changes: Any) -> ServerState:
    """Write the state with `changes` in one step, and return it."""
    changed = replace(state, **changes)
    path = state_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.touch(mode=0o600)
    part.write_text(json.dumps(asdict(changed)), encoding="utf-8")
    part.replace(path)
    return changed


def identity(pid: int) -> tuple[int, float] | None:
    """Return the process id with its start (`agent.processes`), None where there is none."""
    born = started(pid)
    return None if born is None else (pid, born)


def lives(process: tuple[int, float] | None) -> bool:
    """Return whether this very process still runs."""
    return process is not None and identity(process[0]) == tuple(process)


def end(process: tuple[int, float] | None, wait: float = 10.0) -> None:
    """End `process` and all its children: kindly, and after `wait` seconds for good."""
    import psutil

    if process is None or not lives(process):
        return
    try:
        first = psutil.Process(process[0])
        family = [first, *first.children(recursive=True)]
    except psutil.Error:
        return
    for member in family:
        _send(member, signal.SIGTERM)
    _, alive = psutil.wait_procs(family, timeout=wait)
    for member in alive:
        _send(member, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=wait)


def _send(process: Any, number: signal.Signals) -> None:
    import contextlib

    import psutil

    with contextlib.suppress(psutil.Error):
        process.send_signal(number)

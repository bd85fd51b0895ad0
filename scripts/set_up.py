"""Set up everything that `make demo` and `make test` need: environment, packages, language models.

Runs on a bare Python 3.11 (standard library only). Each step leaves a stamp when it is done, so
that a complete set-up is skipped at once and an interrupted one is taken up where it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = "uv==0.13.9"
LOCK = ROOT / "requirements.lock"
SECONDS: dict[str, float] = {}


def run(*command: str | Path, **env: str) -> None:
    """Run `command`; its failure ends the set-up with the command's own message."""
    done = subprocess.run([str(c) for c in command], cwd=ROOT, env={**os.environ, **env})
    if done.returncode:
        raise SystemExit(
            f"Set-up stopped: `{' '.join(map(str, command))}` failed (see above). "
            "What was done so far is kept; run the same command again to go on."
        )


def step(name: str, fingerprint: str, action: Callable[[], None]) -> None:
    """Do `action` unless its stamp says that it was done for the same `fingerprint`."""
    stamp = VENV / f".{name}-is-set-up"
    if stamp.is_file() and stamp.read_text() == fingerprint:
        return
    print(f"Setting up: {name} …", flush=True)
    start = time.monotonic()
    action()
    SECONDS[name] = time.monotonic() - start
    stamp.write_text(fingerprint)


def make_environment() -> None:
    """Make `.venv`, anew where it is there and does not work, and put uv into it."""
    if not works():
        run(sys.executable, "-m", "venv", "--clear", VENV)
    run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV)


def works() -> bool:
    """Return whether `.venv` was made for this folder and runs pip."""
    config = VENV / "pyvenv.cfg"
    if not config.is_file() or str(VENV) not in config.read_text():
        return False
    command = [str(PYTHON), "-c", "import pip"]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def setting(name: str) -> str:
    """Return what pip is configured with: uv does not read pip's configuration by itself."""
    command = [str(PYTHON), "-m", "pip", "config", "get", f"global.{name}"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return os.environ.get(f"PIP_{name.replace('-', '_').upper()}", found)


def uv_environment(setting: Callable[[str], str]) -> dict[str, str]:
    """Return the environment in which uv looks where pip would."""
    wanted = {
        "UV_FIND_LINKS": ",".join(setting("find-links").split()),
        "UV_DEFAULT_INDEX": setting("index-url"),
        "SSL_CERT_FILE": setting("cert"),
    }
    return {k: v for k, v in wanted.items() if v and k not in os.environ}


def uv_install(*arguments: str | Path) -> None:
    """Install with uv, from where pip would."""
    command = [VENV / "bin" / "uv", "pip", "install", "--quiet", "--python", PYTHON]
    run(*command, *arguments, **uv_environment(setting))


def install_packages() -> None:
    """Install the locked packages, and plaintune itself in editable form.

    torch goes first, since its build decides about triton: a CUDA build pins its own, and beside a
    CPU build it would be a gigabyte that nothing uses (xgrammar asks for it, and works without).
    """
    torch = next(line for line in LOCK.read_text().splitlines() if line.startswith("torch=="))
    uv_install("--no-deps", torch)
    overrides = VENV / "overrides.txt"
    overrides.write_text('triton; sys_platform == "never"\n' if torch_is_for_cpu() else "")
    uv_install("--requirement", LOCK, "--override", overrides)
    uv_install("--no-deps", "--editable", ROOT)


def torch_is_for_cpu() -> bool:
    """Return whether the installed torch has no CUDA, without importing it."""
    (version,) = VENV.glob("lib/python3.*/site-packages/torch/version.py")
    return "cuda: Optional[str] = None" in version.read_text()


def fetch_models(names: list[str]) -> None:
    """Fetch the language models that are not in the user's cache."""
    start = time.monotonic()
    code = (
        "import sys; from agent.model_cache import MODELS; "
        "sys.exit(any(not MODELS[n].is_here for n in sys.argv[1:]))"
    )
    if subprocess.run([PYTHON, "-c", code, *names], cwd=ROOT).returncode:
        run(PYTHON, "-m", "agent.cli_llm", "fetch", *names)
        SECONDS["language models"] = time.monotonic() - start


def main() -> None:
    """Do what is missing and say how long each part took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="*", default=["default"])
    models = parser.parse_args().models
    if sys.version_info < (3, 11):  # noqa: UP036 - this runs before anything checks the version
        raise SystemExit(f"plaintune needs Python 3.11 or newer, this is {sys.version}.")
    if not VENV.is_symlink():  # a link is an environment that its owner looks after
        if VENV.exists() and not VENV.is_dir():
            raise SystemExit(f"{VENV} is in the way: move it and run the same command again.")
        here = f"{sys.version} {ROOT}"
        step("environment", here, make_environment)
        content = LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + UV.encode()
        step("packages", hashlib.sha256(content).hexdigest(), install_packages)
    fetch_models(models)
    if SECONDS:
        parts = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in SECONDS.items())
        print(f"Set-up is complete: {parts}.", flush=True)


if __name__ == "__main__":
    main()

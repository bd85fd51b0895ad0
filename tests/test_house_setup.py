"""What `make` installs fits what the package says it needs, on machines with and without a GPU."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()


def plain(requirement: str) -> str:
    """Return the normalised name of the package that `requirement` names."""
    return re.sub(r"[-_.]+", "-", re.split(r"[=<>!;\[ ~]", requirement)[0]).lower()


def test_every_package_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["project"]["dependencies"]]
    needed += project["project"]["optional-dependencies"]["transformers"]
    for group in project["dependency-groups"].values():
        needed += group
    locked = {plain(line) for line in LOCK}
    assert {plain(n) for n in needed} - locked == set(), "run scripts/lock.sh"


def test_the_lock_fits_any_build_of_torch() -> None:
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in LOCK)
    of_cuda = [n for n in map(plain, LOCK) if n.startswith(("nvidia", "cuda", "triton"))]
    assert of_cuda == []


def test_a_complete_set_up_of_ones_own_environment_is_left_alone(tmp_path: Path) -> None:
    """A `.venv` that is a link belongs to somebody else: nothing is installed into it."""
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "set_up.py"
    script.write_text((ROOT / "scripts" / "set_up.py").read_text(encoding="utf-8"))
    (tmp_path / "own" / "bin").mkdir(parents=True)
    (tmp_path / "own" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".venv").symlink_to(tmp_path / "own")
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "model_cache.py").write_text("MODELS = {}")
    done = subprocess.run(
        [sys.executable, script, "--models"], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert sorted(p.name for p in (tmp_path / "own").iterdir()) == ["bin"]

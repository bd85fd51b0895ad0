"""What can be chosen by name is documented, and what the documentation says to type works."""

from __future__ import annotations

import contextlib
import re
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner

import plaintune
from acquisition.functions import ACQUISITIONS
from acquisition.registry import DESIGNERS
from agent.cli import app
from benchmarks.suites import SUITES
from surrogates.registry import SURROGATES

ROOT = Path(__file__).parent.parent
DOCS = {p.name: p.read_text(encoding="utf-8") for p in (ROOT / "docs").glob("*.md")}
DOCS["README.md"] = (ROOT / "README.md").read_text(encoding="utf-8")
EVERYTHING = "\n".join(DOCS.values())


@pytest.mark.parametrize("name", [*DESIGNERS, *ACQUISITIONS, *SURROGATES])
def test_every_strategy_surrogate_and_acquisition_stands_in_the_tables(name: str) -> None:
    assert re.search(rf"^\|.*`{name}`", DOCS["search.md"], re.M)


@pytest.mark.parametrize("suite", [s for s in SUITES if not s.startswith("development-")])
def test_every_suite_can_be_repeated_by_a_command(suite: str) -> None:
    assert f"--suite {suite}" in EVERYTHING


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m ([\w.]+)", EVERYTHING))))
def test_modules_to_run_are_there(module: str) -> None:
    assert find_spec(module) is not None


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"(?:^ {4}|`)plaintune ([a-z]+)", EVERYTHING, re.M)))
)
def test_commands_are_there(command: str) -> None:
    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


@pytest.mark.parametrize("name", plaintune.__all__)
def test_public_names_resolve(name: str) -> None:
    assert getattr(plaintune, name) is not None


def test_the_search_by_hand_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", DOCS["search.md"], re.S)
    said = StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "search.md", "exec"), {"__name__": "by_hand"})
    assert said.getvalue().startswith("{'lr': ")

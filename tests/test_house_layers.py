"""A room imports only from floors below its own, and light rooms stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ["prompts", "evals", "surrogates", "acquisition", "agent"]
HEAVY = ["torch", "gpytorch", "botorch", "optuna", "transformers", "xllamacpp", "openai", "plotly"]


def imported_rooms(file: Path) -> set[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.append(node.module)
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("room", FLOORS)
def test_imports_go_down(room: str) -> None:
    above = set(FLOORS[FLOORS.index(room) + 1 :]) | {"benchmarks", "tests", "plaintune"}
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    offending = {str(f.relative_to(ROOT)): imported_rooms(f) & above for f in files}
    assert {f: up for f, up in offending.items() if up} == {}


@pytest.mark.parametrize("module", ["prompts.chat", "evals.task", "evals.objectives"])
def test_light_rooms_load_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

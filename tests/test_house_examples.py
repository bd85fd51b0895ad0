"""Every example in `examples/` runs as the documentation shows it, with a smaller budget."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

import plaintune
from agent.cli import app
from evals.trials import TrialState

EXAMPLES = Path(__file__).parent.parent / "examples"
QUIET: dict[str, Any] = {"llm": "none", "quiet": True}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "examples").symlink_to(EXAMPLES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def example(name: str) -> ModuleType:
    spec = spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a_plain_function() -> None:
    run = plaintune.tune(example("function").digits_error, "lowest error, 3 trials", **QUIET)
    assert [t.state for t in run.trials] == [TrialState.COMPLETE] * 3
    assert set(run.trials[0].config) == {"components", "C", "gamma", "whiten", "kernel"}


def test_a_generator_is_pruned() -> None:
    train = example("generator").train
    options = {"fixed": {"epochs": 3}, "strategy": "random", **QUIET}
    run = plaintune.tune(train, "lowest val_loss, 14 trials", **options)
    states = {t.state for t in run.trials}
    assert states == {TrialState.COMPLETE, TrialState.PRUNED}
    assert all("epochs" not in t.config for t in run.trials)


def test_a_dataclass_of_settings() -> None:
    run = example("dataclass_config").profit.tune(
        "highest profit, 3 trials", fixed={"rows": 600}, **QUIET
    )
    assert run.best is not None and run.best.values[0] > 0
    assert "call_above" in run.task.space.names and "rows" not in run.task.space.names


def tuned(sentence: str, *command: str) -> str:
    done = CliRunner().invoke(app, ["run", sentence, "--llm", "none", "-y", "--", *command])
    assert done.exit_code == 0, done.output
    return done.output


def test_an_argparse_script() -> None:
    words = ["python", "examples/train_churn.py", "--epochs", "1"]
    said = tuned("tune lr and the optimizer, lowest val_loss, 2 trials", *words)
    assert "--lr" in said and "--optimizer" in said and "--dropout" not in said


def test_a_tyro_script() -> None:
    said = tuned("lowest mape, 3 trials", "python", "examples/forecast.py")
    assert "--seasonality" in said and "no luck" not in said
    assert "data (path)" in said


def test_a_compiled_program(here: Path) -> None:
    if (compiler := shutil.which("cc")) is None:
        pytest.skip("there is no C compiler")
    subprocess.run([compiler, "-O2", "-o", "pack", EXAMPLES / "pack.c", "-lm"], check=True)
    said = tuned("lowest bits_per_byte, 3 trials", "./pack", "examples/passengers.csv")
    assert "--mixer-rate" in said and "word_context" in said

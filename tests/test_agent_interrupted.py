"""Whatever interrupts a run, the user is told how to go on, before the first trial too."""

from __future__ import annotations

from pathlib import Path

import pytest

import plaintune
from agent import command_line
from agent.cli import app
from agent.exits import run_safely
from agent.signals import Interrupted
from evals.evaluators.function import FunctionEvaluator


def test_ctrl_c_while_the_goal_is_read_says_what_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text("lr = 0.1\nprint('loss:', lr)\n")

    def interrupted(*args: object, **fields: object) -> None:
        raise Interrupted(2)

    monkeypatch.setattr(command_line, "command_task", interrupted)
    words = ["run", "lowest loss", "--llm", "none", "--yes", "--", "python", "train.py"]
    assert run_safely(lambda: app(words, prog_name="plaintune", standalone_mode=False)) == 130
    told = capsys.readouterr().err
    assert "No study was begun" in told and "plaintune plan … > task.yaml" in told


@pytest.mark.parametrize("storage", [None, "s.db"])
def test_ctrl_c_in_the_first_trial_of_a_function_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str | None
) -> None:
    monkeypatch.chdir(tmp_path)

    def interrupted(*args: object, **fields: object) -> None:
        raise KeyboardInterrupt

    def train(lr: float = 0.1) -> float:
        return lr

    options = {"llm": "none", "quiet": True, "storage": storage}
    with monkeypatch.context() as patch:
        patch.setattr(FunctionEvaluator, "evaluate", interrupted)
        with pytest.raises(KeyboardInterrupt) as caught:
            plaintune.tune(train, "lowest loss, 3 trials", **options)
    (note,) = caught.value.__notes__
    where = f", storage={storage!r}" if storage else ""
    assert note == f"Go on with: plaintune.tune(function, name='train'{where})"
    assert len(plaintune.tune(train, name="train", **options).trials) == 3

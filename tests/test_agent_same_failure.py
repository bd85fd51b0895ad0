"""A program that cannot work ends the search after a few trials; a part that fails does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import plaintune
from agent.cli import app
from agent.exits import run_safely
from agent.same_failure import plain_reason, same_failure, telling
from evals.parameters import Float, Int
from evals.space import SearchSpace
from evals.trials import Evaluation, Suggestion, Trial, TrialState

SPACE = SearchSpace((Float("lr", 0, 1), Int("depth", 1, 8)))
MISSING = "ModuleNotFoundError: No module named 'nothere'"


def trials(
    reason: Callable[[int], str], count: int, depth: Callable[[int], int] = lambda i: 1 + i % 8
) -> list[Trial]:
    return [
        Trial(
            i,
            Suggestion({"lr": i / 100, "depth": depth(i)}, "sobol" if i else "default"),
            Evaluation(TrialState.FAILED, reason=reason(i)),
        )
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("reason", "count", "ends"),
    [
        (lambda i: MISSING, 4, False),
        (lambda i: MISSING, 5, True),
        (lambda i: f"There is no 'loss' in its output. Last lines: lr {i} | acc: {i}", 5, True),
        (lambda i: f"usage | error: unrecognized arguments: --lr {i}", 9, False),
        (lambda i: f"usage | error: unrecognized arguments: --lr {i}", 10, True),
        (lambda i: MISSING if i else "ValueError: no", 20, False),
        (lambda i: "RuntimeError: CUDA out of memory", 20, False),
        (lambda i: "It was stopped after 10 seconds, its time limit.", 20, False),
        (lambda i: "loss is nan, which is not a finite number.", 20, False),
        (lambda i: "It was killed by SIGKILL.", 20, False),
    ],
)
def test_one_reason_from_the_beginning_ends_it(
    reason: Callable[[int], str], count: int, ends: bool
) -> None:
    assert bool(same_failure(SPACE, trials(reason, count))) is ends


def test_what_may_be_the_configurations_fault_does_not() -> None:
    assert not same_failure(SPACE, trials(lambda i: MISSING, 9, depth=lambda i: 3))
    good = Trial(9, Suggestion({"lr": 0.5, "depth": 3}, "sobol"), Evaluation(TrialState.PRUNED))
    assert not same_failure(SPACE, [*trials(lambda i: MISSING, 9), good])
    assert not same_failure(SPACE, [])


def test_the_line_that_says_why_is_found() -> None:
    said = (
        "It ended with exit code 1 and gave no result. Last lines: Traceback (most recent call "
        f'last): | File "/x/plaintune-trial-a1/t.py", line 2, in <module> | {MISSING} | bye'
    )
    assert plain_reason(said) == MISSING
    assert plain_reason("It ended with exit code 3 and gave no result.").endswith("no result.")


def test_failures_from_before_the_mending_tell_nothing() -> None:
    failed = trials(lambda i: MISSING, 5)
    again = Suggestion({"lr": 0.0, "depth": 1}, "default")
    good = Trial(5, again, Evaluation(TrialState.COMPLETE, (1.0,)))
    still = Trial(5, again, Evaluation(TrialState.FAILED, reason=MISSING))
    assert telling([*failed, good]) == [good]
    assert len(telling([*failed, still])) == 6


def test_a_program_that_cannot_work_stops_and_goes_on_when_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    script = "lr = 0.1\ndecay = 0.5\nprint('loss:', (lr - 0.01) ** 2 + decay)\n"
    Path("train.py").write_text(f"import nothere\n{script}")
    options = ["--llm", "none", "--storage", "s.db"]
    words = ["run", "lowest loss, 9 trials", *options, "--yes", "--", "python", "train.py"]

    def call(*said: str) -> int:
        return run_safely(lambda: app(list(said), prog_name="plaintune", standalone_mode=False))

    assert call(*words) == 1
    told = capsys.readouterr().err
    assert f"every trial fails for the same reason: {MISSING}." in told
    assert "goes on with `plaintune resume train --storage s.db`" in told
    assert len(plaintune.load("train", storage="s.db").trials) == 5
    Path("train.py").write_text(script)
    assert call("resume", "train", "--storage", "s.db") == 0
    found = plaintune.load("train", storage="s.db")
    assert len(found.trials) == 9 and found.trials[5].origin == "default"
    assert all(t.state is TrialState.COMPLETE for t in found.trials[5:])
    assert "your default 0.5081" in capsys.readouterr().out


@pytest.mark.parametrize("workers", [1, 3])
def test_a_function_that_cannot_work_stops_early(tmp_path: Path, workers: int) -> None:
    def train(x: float = 1.0, y: float = 2.0) -> float:
        raise FileNotFoundError("data/train.csv")

    found = tune(train, tmp_path, workers=workers)
    assert 5 <= len(found.trials) <= 5 + workers
    assert "data/train.csv" in found.outcome.stopped
    assert "plaintune.tune(function, name='broken', storage=" in found.outcome.notes[-1]
    again = tune(train, tmp_path, workers=workers)
    assert 10 <= len(again.trials) <= 2 * (5 + workers)


def test_where_half_of_the_space_fails_the_search_goes_on(tmp_path: Path) -> None:
    def train(x: float = 1.0, y: float = 2.0) -> float:
        if x < 2:
            raise ValueError("x is too small")
        return x + y

    assert len(tune(train, tmp_path, trials=15).trials) == 15


def tune(train: Callable[..., Any], place: Path, *, trials: int = 30, workers: int = 1) -> Any:
    place_ = {"storage": str(place / "s.db"), "out": str(place / "out"), "name": "broken"}
    return plaintune.tune(
        train,
        "lowest loss",
        trials=trials,
        workers=workers,
        llm="none",
        strategy="random",
        quiet=True,
        **place_,
    )

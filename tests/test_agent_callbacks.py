"""Functions that users hang on a search hear of each trial, may end it, and lose none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import plaintune
from plaintune import Progress, Trial
from prompts.errors import InvalidTaskError


def tune(place: Path, callbacks: Any, *, trials: int = 6, workers: int = 1) -> plaintune.Run:
    return plaintune.tune(
        train,
        "lowest loss",
        trials=trials,
        callbacks=callbacks,
        workers=workers,
        llm="none",
        strategy="random",
        storage=str(place / "s.db"),
        out=str(place / "out"),
        name="called",
        quiet=True,
    )


def train(x: float = 1.0, y: float = 2.0) -> float:
    if x > 5:
        raise ValueError("x is too large")
    return x + y


@pytest.mark.parametrize("workers", [1, 2])
def test_a_callback_hears_each_trial_with_the_study_as_it_stands(
    tmp_path: Path, workers: int
) -> None:
    heard: list[tuple[int, int, float | None]] = []

    def watch(study: Progress, trial: Trial) -> None:
        assert any(t.number == trial.number and t.evaluation for t in study.trials)
        best = study.best
        heard.append((trial.number, len(study.frame), best.values[0] if best else None))

    found = tune(tmp_path, [watch], workers=workers)
    assert sorted(number for number, _, _ in heard) == list(range(6))
    assert found.best is not None and heard[-1][2] == min(
        t.values[0] for t in found.trials if t.values
    )
    assert all(rows > number for number, rows, _ in heard)


def test_a_callback_ends_the_search_and_it_goes_on_later(tmp_path: Path) -> None:
    def enough(study: Progress, trial: Trial) -> None:
        if trial.number == 2:
            study.stop()

    found = tune(tmp_path, enough)
    assert len(found.trials) == 3 and found.outcome.stopped == "a callback stopped it"
    assert len(tune(tmp_path, None).trials) == 6


def test_what_a_callback_raises_reaches_the_caller_and_no_trial_is_lost(tmp_path: Path) -> None:
    def wrong(study: Progress, trial: Trial) -> None:
        raise KeyError("nothing")

    with pytest.raises(KeyError, match="nothing") as caught:
        tune(tmp_path, [wrong])
    assert "study called are kept" in caught.value.__notes__[0]
    (kept,) = plaintune.load("called", storage=tmp_path / "s.db").trials
    assert kept.values == (3.0,)
    assert len(tune(tmp_path, ()).trials) == 6


def test_what_cannot_be_called_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidTaskError, match=r"callbacks.*callable"):
        tune(tmp_path, [3])


def test_a_program_has_callbacks_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text("lr = 0.1\nprint('loss:', lr)\n")
    numbers: list[int] = []
    options: dict[str, Any] = {"storage": "s.db", "llm": "none", "quiet": True}

    def watch(study: Progress, trial: Trial) -> None:
        numbers.append(trial.number)
        study.stop()

    command = [sys.executable, "train.py"]
    run = plaintune.run("lowest loss", command=command, callbacks=watch, **options)
    plaintune.resume(run.name, callbacks=watch, **options)
    assert numbers == [0, 1]

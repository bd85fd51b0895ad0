"""Every recorded answer replayed: both readers together understand the development descriptions."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.intake_eval import (
    Score,
    add,
    alternatives,
    ask_all,
    evaluate,
    recorded,
    rows_of,
    same,
    table,
)


@pytest.fixture(scope="module")
def both() -> Score:
    return evaluate(rows_of("development"), recorded(), "both readers")


def test_fields_are_right(both: Score) -> None:
    assert both.counted.total() > 1300
    assert both.share >= 0.97, "\n".join(both.misses)


def test_runs_are_right_or_ask(both: Score) -> None:
    assert both.runs["wrong"] == 0, "\n".join(both.misses)
    assert both.runs["right"] >= 0.97 * both.runs.total(), "\n".join(both.misses)


def test_no_wrong_target_and_no_wrong_direction(both: Score) -> None:
    confident = [m for m in both.misses if "data.target is" in m or "direction" in m]
    assert confident == []


def test_scoring_follows_the_conventions() -> None:
    row: dict[str, Any] = {
        "id": "x",
        "description": "",
        "expected": {"models_any": [["a", "b"], ["c"]], "constraints": ["k <= 3"]},
    }
    assert alternatives(row, "models") == [["a", "b"], ["c"]]
    assert alternatives(row, "fixed") is None
    assert same("models", ("b", "a"), ["a", "b"])
    assert same("constraints", ["k<=3"], ["k <= 3"])
    assert not same("budget.trials", 3, 4)
    score = Score()
    add(score, row, {"models": ["c"], "constraints": []})
    add(score, row, "an error")
    add(score, {**row, "expected": {"ask": ["models"]}}, "an error")
    assert (score.right["models"], score.counted["models"]) == (1, 2)
    assert dict(score.runs) == {"wrong": 1, "asking": 1, "right": 1}
    assert "| models | 1 / 2 |" in table({"code alone": score})


@pytest.mark.llm
def test_the_real_model_still_answers_alike() -> None:
    from agent.language_models.registry import open_language_model

    model = open_language_model(notify=lambda line: None)
    assert model is not None
    chosen = {"nl-a868a2", "pt-edb956", "en-c57de5"}
    rows = [row for row in rows_of("development") if row["id"] in chosen]
    answers: dict[str, str] = {}
    ask_all(model, rows, answers, keep=lambda said: None)
    score = evaluate(rows, answers, "both readers")
    assert score.runs["right"] == len(chosen), score.misses

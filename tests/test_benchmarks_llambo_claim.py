"""What a warmstart is worth is read from kept answers, against exact controls."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import llambo_claim as claim
from benchmarks.tasks.registry import ANONYMOUS, open_task

CAR = "hpobench-car"
HIDDEN = CAR + ANONYMOUS


def row(task: str, seed: int, regrets: str, default: int = -1) -> dict[str, object]:
    said = {"asked": 4, "refused": 0, "default": default, "regrets": regrets}
    return {"task": task, "seed": seed, **said}


def test_an_answer_is_scored_in_the_order_it_was_given() -> None:
    space = open_task(HIDDEN).space
    default = space.default_config()
    other = dict(default or {}, x1=0)
    claimed = {"parameter": "x1", "move": "keep", "reason": "so"}
    said = [claimed | {"config": c} for c in (other, default, other)]
    found = claim.scored(HIDDEN, 2, json.dumps({"proposals": said}))
    assert (found["default"], found["refused"], found["asked"]) == (1, 1, 4)
    first, second = (float(r) for r in found["regrets"].split())
    assert second == pytest.approx(claim.default_regret(CAR), abs=1e-6)
    assert first == pytest.approx(claim.regret(CAR, open_task(HIDDEN).evaluate(other, 0).values[0]))


def test_random_draws_are_counted_exactly() -> None:
    regrets = np.array([0.0, 0.2, 1.0])
    assert claim.expected(regrets, 1) == pytest.approx(0.4)
    pairs = [min(a, b) for a in regrets for b in regrets]
    assert claim.expected(regrets, 2) == pytest.approx(np.mean(pairs))


def test_random_alone_is_what_the_table_says() -> None:
    found = claim.controls(CAR, 5)
    assert found["random"] == pytest.approx(open_task(CAR).random_regret(5), abs=2e-4)
    assert found[claim.CONTROL] < found["random"]
    assert found["default, then portfolio"] <= claim.default_regret(CAR)


def test_the_default_counts_once_and_twelve_take_three_answers() -> None:
    own = claim.default_regret(CAR)
    rows = [row(CAR, s, f"{own} 0.05 0.0{s + 1} 0.8", default=0) for s in range(3)]
    found = {b: claim.warmstarts(CAR, pd.DataFrame(rows), b) for b in claim.BUDGETS}
    assert found[2] == {"default, then LLM": [0.05] * 3, "LLM": [0.05] * 3}
    assert found[5]["default, then LLM"] == [0.01, 0.02, 0.03]
    assert found[12]["default, then LLM"] == [0.01]
    assert claim.warmstarts(CAR, pd.DataFrame(rows[:2]), 12) == {}


def test_only_tasks_answered_in_both_variants_count() -> None:
    rows = [row(CAR, 0, "0.05 0.04"), row(HIDDEN, 0, "0.5"), row("hpobench-kc1", 0, "0.0")]
    found = claim.values(pd.DataFrame(rows), ("", ANONYMOUS))
    assert set(found.task) == {CAR} and set(found.budget) == {2, 5}
    at = found[found.budget == 5].set_index("arm").regret
    assert at["default, then LLM"] == 0.04 and at["LLM, anonymised"] == 0.5


def test_the_report_says_what_it_rests_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(t, s, f"0.{s + 1} 0.05") for t in (CAR, HIDDEN) for s in range(2)]
    pd.DataFrame(rows).to_csv(tmp_path / "llambo_claim.csv", index=False)
    monkeypatch.setattr(claim, "RESULTS", tmp_path)
    monkeypatch.setattr(claim, "TASKS", (CAR,))
    text = claim.report()
    assert "- real names: 2 answers on 1 tasks; 4 of 8 proposals distinct and valid, 0" in text
    assert "anonymised: all (1 tasks at 2, 1 tasks at 5, 0 tasks at 12)" in text
    assert "without a language model: all (1 tasks at 2, 1 tasks at 5, 1 tasks at 12)" in text
    assert "| default, then LLM | 0.128 [0.100, 0.156] |" in text and "| – | – |" in text


def test_the_interval_covers_tasks_as_well_as_answers() -> None:
    mean, low, high = claim.interval([np.array([0.0, 0.0]), np.array([1.0, 1.0])])
    assert (mean, low, high) == (0.5, 0.0, 1.0)
    assert claim.interval([np.array([0.0, 1.0])])[1:] == (0.0, 1.0)


def test_equal_questions_are_not_open_together() -> None:
    other = "hpobench-kc1" + ANONYMOUS
    todo = [(CAR, 0), (HIDDEN, 0), (other, 0), (other, 1), (CAR, 1)]
    assert claim.different(todo, 3) == [(CAR, 0), (HIDDEN, 0), (other, 1)]

"""Every arm starts from the program's own defaults, and regret is on one scale."""

from __future__ import annotations

import math

import pytest

from benchmarks.program_objectives import OBJECTIVES
from benchmarks.programs import ARMS, Searched, regrets


@pytest.mark.parametrize("name", OBJECTIVES)
def test_defaults_have_a_score_and_seeds_repeat_it(name: str) -> None:
    searched = Searched(name)
    first = searched.score({}, 0)
    assert math.isfinite(first) and searched.score({}, 0) == first
    assert set(searched.acceptable) <= searched.names


def test_all_arms_begin_with_the_defaults() -> None:
    searched = Searched("pid_function.py")
    runs = {arm: run(searched, 0, 4) for arm, run in ARMS.items()}
    assert {r[0] for r in runs.values()} == {searched.score({}, 0)}
    assert all(len(r) == 4 for r in runs.values())


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1.0), ("maximize", -1.0)])
def test_regret_is_0_at_the_best_and_1_at_the_default(direction: str, sign: float) -> None:
    runs = {"a": [sign * 4.0, sign * 2.0, sign * 3.0], "b": [sign * 4.0, float("nan"), sign * 3.0]}
    assert regrets(runs, direction) == {"a": [1.0, 0.0, 0.0], "b": [1.0, 1.0, 0.5]}

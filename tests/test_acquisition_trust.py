"""Trust follows what advice came to, whatever the metric's unit, sign and direction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.gate import judge, margin
from acquisition.trust import WORTH_A_TRIAL, dose, plateau, share_for, trust, wants_advice
from evals.parameters import Float
from evals.preferences import Steering
from evals.space import SearchSpace
from evals.steering import steered
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.calls import CallRecord


def task(direction: Any = "maximize") -> Task:
    space = SearchSpace(parameters=(Float(name="x", low=0, high=1),))
    return Task(space=space, objectives=(Objective(metric="score", direction=direction),))


def study(
    rows: Sequence[tuple[str, float, float | None]], scale: float = 1.0, shift: float = 0.0
) -> list[Trial]:
    """Make trials of (origin, value, what the surrogate expected of its own choice)."""
    trials = []
    for i, (origin, value, expected) in enumerate(rows):
        details: dict[str, Any] = {}
        if expected is not None:
            details["shadow"] = {"mean": expected * scale + shift, "sd": 0.1 * abs(scale)}
        suggestion = Suggestion({"x": i / 100}, origin, details=details)
        trials.append(
            Trial(i, suggestion, Evaluation(TrialState.COMPLETE, (value * scale + shift,)))
        )
    return trials


START: list[tuple[str, float, float | None]] = [
    ("default", 0.5, None),
    ("sobol", 0.3, None),
    ("sobol", 0.6, None),
    ("sobol", 0.1, None),
    ("surrogate", 0.7, 0.65),
]
BAD = ("llm", 0.1, 0.7)
GOOD = ("llm", 0.95, 0.7)

PLATEAU: list[tuple[str, float, float | None]] = [("surrogate", 0.5, 0.6)] * 7


def test_a_plateau_doubles_the_dose_but_not_of_one_that_did_harm() -> None:
    unheard = trust(task(), study([*START, *PLATEAU]))
    assert unheard.share == dose(12, stalled=True)
    harmful = trust(task(), study([*START, BAD, BAD, *PLATEAU]))
    assert harmful.plateau >= 6
    assert harmful.share == pytest.approx(dose(14) * math.exp(2 * harmful.advantage))


rows = st.lists(
    st.tuples(st.sampled_from(["llm", "surrogate"]), st.floats(-1, 1), st.floats(-1, 1)),
    min_size=1,
    max_size=12,
)


@given(rows, st.sampled_from([1e-3, 1.0, 1e9]), st.floats(-100, 100))
def test_trust_has_no_unit_no_sign_and_no_direction(
    rows: list[Any], scale: float, shift: float
) -> None:
    rows = [(o, round(v, 3), round(e, 3)) for o, v, e in rows]
    plain = trust(task(), study(rows))
    moved = trust(task(), study(rows, scale, shift * scale))
    turned = trust(task("minimize"), study(rows, -scale, shift * scale))
    assert moved.share == pytest.approx(plain.share, rel=1e-3)
    assert turned.share == pytest.approx(plain.share, rel=1e-3)


def test_trust_falls_with_losses_rises_with_gains_and_fades() -> None:
    new = trust(task(), study(START))
    once = trust(task(), study([*START, BAD]))
    twice = trust(task(), study([*START, BAD, BAD]))
    later = trust(task(), study([*START, BAD, BAD, *[("surrogate", 0.7, 0.7)] * 12]))
    assert twice.share < once.share < new.share < trust(task(), study([*START, GOOD])).share
    assert twice.abstains
    assert later.advantage > twice.advantage


def test_a_turncoat_loses_its_credit_in_two_trials() -> None:
    trusted = trust(task(), study([*START, GOOD, GOOD, GOOD]))
    fooled = trust(task(), study([*START, GOOD, GOOD, GOOD, BAD, BAD]))
    assert trusted.share > 0.3
    assert fooled.share < 0.1


def standing(trials: list[Trial], rank: float) -> list[Trial]:
    told = {"standing": {"asked_at": len(trials) - 1, "rank": rank}}
    last = trials[-1]
    return [*trials[:-1], replace(last, suggestion=replace(last.suggestion, details=told))]


def test_where_candidates_stand_is_evidence_that_costs_no_trial() -> None:
    trials = study(START)
    ranks = (0.05, 0.3, 0.5, WORTH_A_TRIAL, 0.9)
    shares = [trust(task(), standing(trials, rank)).share for rank in ranks]
    assert shares == sorted(set(shares))
    assert shares[3] == pytest.approx(trust(task(), trials).share)


def test_failures_count_against_the_adviser() -> None:
    failed = Trial(5, Suggestion({"x": 0.9}, "llm"), Evaluation(TrialState.FAILED, reason="memory"))
    assert trust(task(), [*study(START), failed]).share < trust(task(), study(START)).share


def test_the_dose_decays_and_rises_on_a_plateau() -> None:
    assert dose(5) > dose(20) > dose(80)
    assert dose(20, stalled=True) == pytest.approx(2 * dose(20))
    trials = study([*START, *[("surrogate", 0.2, 0.2)] * 7])
    assert plateau(task(), trials) == 7
    assert plateau(task(), []) == 0


def test_what_the_user_has_ruled_out_since_is_no_best() -> None:
    configs = [{"x": 0.9}, {"x": 0.1}, {"x": 0.2}]
    trials = [
        Trial(i, Suggestion(c, "surrogate"), Evaluation(TrialState.COMPLETE, (1.0 - i / 10,)))
        for i, c in enumerate(configs)
    ]
    assert plateau(task(), trials) == 2
    wish = Steering(words="below a half", since=3, constraints=("x < 0.5",))
    assert plateau(steered(task(), wish), trials) == 1


def test_the_margin_shrinks_and_an_undefined_value_never_passes() -> None:
    assert margin(5) > margin(20) > margin(200)
    for scale in (1e-3, 1.0, 1e6):
        random = [-3.0 * scale, -2.0 * scale, -scale, float("-inf"), -9.0 * scale]
        assert judge(0.0, -2.4 * scale * margin(10), random, 10).passed
        assert not judge(0.0, -2.6 * scale * margin(10), random, 10).passed
        assert not judge(0.0, float("nan"), random, 10).passed
        assert judge(0.0, 0.1 * scale, random, 10).passed


def call(asked_at: int) -> CallRecord:
    return CallRecord("propose", asked_at, "m", "h")


def test_a_distrusted_adviser_is_probed_seldom() -> None:
    good, bad = study([*START, GOOD]), study([*START, BAD, BAD])
    assert wants_advice(task(), good, [call(len(good) - 3)])
    assert not wants_advice(task(), good, [call(len(good) - 1)])
    assert not wants_advice(task(), bad, [call(len(bad) - 3)])
    assert wants_advice(task(), bad, [call(len(bad) - 8)])
    assert not wants_advice(task(), study(START[:1]), [])


def test_a_probe_gets_its_chance_while_it_is_fresh() -> None:
    trials = study([*START, BAD, BAD])
    now = trust(task(), trials)
    assert share_for(now, trials, len(trials) - 1) > share_for(now, trials, 0) == now.share

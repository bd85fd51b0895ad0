"""The benchmark of simulated advisers asks them, pairs by seed and reads the audit's sign right."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.advised import costs, jobs, paired, signs, true_lead
from benchmarks.advisers import KINDS, SimulatedAdviser
from evals.space import Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState

TASK = Task(
    evaluator="none",
    space=SearchSpace((Float("x", 0, 1),)),
    objectives=(Objective(metric="score", direction="maximize"),),
)


def row(kind: str, seed: int, last: float, lead: dict[str, float] | None = None) -> dict[str, Any]:
    known = {"lead": lead, "advised": [1, 3], "share": [0.3] * 30}
    return {"kind": kind, "task": "t", "seed": seed, "regret": [1.0] * 29 + [last]} | known


ROWS = [
    row("silent", 0, 0.2),
    row("silent", 1, 0.4),
    row("good", 0, 0.1, {"mean": 0.5, "low": 0.1}),
    row("good", 1, 0.4, {"mean": -0.5, "low": -1.0}),
    row("weak", 0, 0.3, {"mean": 0.2, "low": -0.4}),
    row("weak", 2, 0.3, {"mean": 0.2, "low": 0.1}),
]


def test_runs_are_paired_with_the_silent_one_of_their_seed() -> None:
    table = costs(paired(ROWS)).set_index("adviser (simulated)")
    assert table.pairs.to_dict() == {"good": 2, "weak": 1}
    assert table.ratio["good"] == pytest.approx(0.5 / 0.6)
    assert (table.better["good"], table.worse["good"]) == (1, 0)
    assert table.ratio["weak"] == pytest.approx(1.5)


def test_the_audit_is_judged_by_kind_and_by_pair() -> None:
    table = signs(paired(ROWS)).set_index("adviser (simulated)")
    assert table["lead > 0"].to_dict() == {"good": 0.5, "weak": 1.0}
    assert table.right.to_dict() == {"good": 0.5, "weak": 1.0}
    assert table["as the pair"].to_dict() == {"good": 1.0, "weak": 0.0}


def test_the_sign_is_compared_with_the_true_one_where_that_was_kept() -> None:
    known = [r | {"true lead": 1.0 if r["kind"] == "good" else -1.0} for r in ROWS[:5]]
    table = signs(paired([*known, ROWS[5]])).set_index("adviser (simulated)")
    assert table["sign true"].to_dict() == {"good": 0.5, "weak": 0.0}
    assert signs(paired(ROWS))["sign true"].isna().all()


def test_the_true_lead_is_that_over_the_shadow_or_over_the_space() -> None:
    class Known:
        def truth(self, config: dict[str, float]) -> float:
            return config["x"]

    def tried(x: float, origin: str, **details: Any) -> Trial:
        return Trial(0, Suggestion({"x": x}, origin, details=details))

    start = tried(0.2, "default")
    after = tried(0.8, "llm", shadow={"config": {"x": 0.5}})
    lead = true_lead(Known(), TASK, [start, after], 0)  # type: ignore[arg-type]
    assert lead == pytest.approx((0.0 + 0.3) / 2)
    anywhere = true_lead(Known(), TASK, [start, tried(0.8, "llm")], 0)  # type: ignore[arg-type]
    assert anywhere == pytest.approx((0.8 - 0.52) / 2, abs=0.03)


def test_every_kind_is_run() -> None:
    assert {kind for kind, _, _ in jobs()} == set(KINDS)


def test_an_adviser_is_asked_also_where_a_run_begins_with_trials_handed_to_it() -> None:
    done = Evaluation(TrialState.COMPLETE, (0.5,))
    trials = [Trial(i, Suggestion({"x": i / 10}, "user"), done) for i in range(5)]
    adviser = SimulatedAdviser("good", TASK, lambda c: float(c["x"]), 0)  # type: ignore[arg-type]
    assert len(adviser.advice(trials).suggestions) == 3

"""Claims are checked against the surrogate, and so is what the adviser contributed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from acquisition.audit import audit
from acquisition.claims import Verdict, check_claims
from evals.parameters import Categorical, Float
from evals.space import SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState

SPACE = SearchSpace(
    parameters=(
        Float(name="x", low=0, high=1, default=0.3),
        Float(name="idle", low=0, high=1, default=0.5),
        Categorical(name="kind", choices=("a", "b"), default="a"),
    )
)


def task(direction: Any = "maximize") -> Task:
    return Task(space=SPACE, objectives=(Objective(metric="score", direction=direction),))


def score(config: dict[str, Any]) -> float:
    return -((float(config["x"]) - 0.7) ** 2)


def done(number: int, config: Any, origin: str, sign: int = 1, **details: Any) -> Trial:
    suggestion = Suggestion(config, origin, "because", details)
    return Trial(number, suggestion, Evaluation(TrialState.COMPLETE, (sign * score(config),)))


def study(sign: int = 1, count: int = 14) -> list[Trial]:
    configs = SPACE.sample(np.random.default_rng(0), count)
    return [done(i, c, "sobol", sign) for i, c in enumerate(configs)]


def claimed(trials: list[Trial], x: float, parameter: str, move: str, sign: int = 1) -> Trial:
    claim = {"parameter": parameter, "move": move}
    config = {"x": x, "idle": 0.8, "kind": "a"}
    return done(len(trials), config, "llm", sign, claim=claim)


@pytest.mark.parametrize(("direction", "sign"), [("maximize", 1), ("minimize", -1)])
@pytest.mark.parametrize(
    ("x", "parameter", "move", "verdict"),
    [
        (0.7, "x", "higher", Verdict.SUPPORTED),
        (0.05, "x", "lower", Verdict.UNSUPPORTED),
        (0.7, "x", "lower", Verdict.UNSUPPORTED),
        (0.7, "x", "keep", Verdict.SUPPORTED),
        (0.0, "x", "keep", Verdict.UNSUPPORTED),
        (0.7, "idle", "higher", Verdict.UNKNOWN),
        (0.7, "kind", "higher", Verdict.UNKNOWN),
        (0.7, "unheard of", "higher", Verdict.UNKNOWN),
    ],
)
def test_the_surrogate_judges_claims(
    direction: Any, sign: int, x: float, parameter: str, move: str, verdict: Verdict
) -> None:
    trials = study(sign)
    (got,) = check_claims(task(direction), [*trials, claimed(trials, x, parameter, move, sign)])
    assert (got.parameter, got.move, got.verdict) == (parameter, move, verdict)
    assert got.reason == "because"


def test_with_few_trials_everything_is_unknown() -> None:
    trials = study(count=3)
    (got,) = check_claims(task(), [*trials, claimed(trials, 0.7, "x", "higher")])
    assert got.verdict is Verdict.UNKNOWN
    assert check_claims(task(), trials) == []


def advised(x: float, shadow: float, sign: int = 1) -> list[Trial]:
    """A study in which the model's trial stood in for a shadow."""
    trials = [t for t in study(sign) if abs(float(t.config["x"]) - 0.7) > 0.08]  # type: ignore[arg-type]
    told = {"shadow": {"config": {"x": shadow, "idle": 0.5, "kind": "a"}}}
    config = {"x": x, "idle": 0.5, "kind": "a"}
    return [*trials, done(len(trials) + 1, config, "llm", sign, **told)]


@pytest.mark.parametrize(("direction", "sign"), [("maximize", 1), ("minimize", -1)])
def test_the_audit_has_the_right_sign(direction: Any, sign: int) -> None:
    helped = audit(task(direction), advised(0.7, 0.1, sign))
    useless = audit(task(direction), advised(0.05, 0.7, sign))
    assert helped.contribution and helped.contribution.low > 0 and helped.helped
    assert helped.lead and helped.lead.low > 0 and "and they helped" in helped.sentence
    assert useless.contribution is not None and useless.contribution.mean <= 0
    assert "did not help" in useless.sentence


def test_what_was_found_early_counts_though_others_found_it_later() -> None:
    trials = advised(0.7, 0.1)
    late = [t for t in study() if abs(float(t.config["x"]) - 0.7) <= 0.08]  # type: ignore[arg-type]
    order = [trials[-1], *trials[:-1], *late]
    found = audit(task(), [replace(t, number=i) for i, t in enumerate(order)])
    assert found.lead and found.contribution
    assert found.lead.low > found.contribution.high
    assert found.helped and found.contribution.mean == pytest.approx(0, abs=0.02)


def test_the_audit_says_when_it_cannot_tell() -> None:
    assert "contributed nothing" in audit(task(), study()).sentence
    assert "too small" in audit(task(), advised(0.7, 0.1)[-3:]).sentence

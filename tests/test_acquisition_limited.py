"""One objective to improve within limits of the others: constrained expected improvement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.bayesian import BayesianDesigner
from acquisition.belief import Belief, believe
from acquisition.functions import make_acquisition
from acquisition.hypervolume import LogHypervolumeImprovement
from acquisition.limited import LogLimitedImprovement, is_limited
from evals.space import Config, Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState

SPACE = SearchSpace((Float("x", 0, 1), Float("y", 0, 1)))


def task(*thresholds: float | None) -> Task:
    objectives = [
        Objective(metric=f"m{i}", direction="minimize", threshold=t)
        for i, t in enumerate(thresholds)
    ]
    return Task(evaluator="function", space=SPACE, objectives=tuple(objectives))


def values(config: Config) -> tuple[float, float]:
    """Return a loss that falls with x, and a size that grows with it."""
    x, y = float(config["x"]), float(config["y"])  # type: ignore[arg-type]
    return (1 - x) ** 2 + (y - 0.3) ** 2, 10 * x


def trials(count: int, seed: int = 0) -> list[Trial]:
    configs = SPACE.sample(np.random.default_rng(seed), count)
    told = [Evaluation(TrialState.COMPLETE, values(c)) for c in configs]
    pairs = enumerate(zip(configs, told, strict=True))
    return [Trial(i, Suggestion(c, "random"), e) for i, (c, e) in pairs]


def belief(limit: float | None, first: float | None = None) -> Belief:
    return believe(task(first, limit), trials(8), 0)


def test_only_a_single_free_objective_is_improved_within_limits() -> None:
    assert is_limited(belief(4.0))
    assert not is_limited(belief(None))
    assert not is_limited(belief(4.0, first=1.0))
    weighted = make_acquisition("logei", belief(None))
    assert isinstance(weighted._inner, LogHypervolumeImprovement)  # type: ignore[attr-defined]


@given(st.floats(0.02, 0.98), st.floats(0.02, 0.98), st.sampled_from([4.0, 0.01]))
@settings(max_examples=20, deadline=None)
def test_gradients_are_those_of_the_values(x: float, y: float, limit: float) -> None:
    function = LogLimitedImprovement(belief(limit))
    at, step = np.array([[x, y]]), 1e-5
    value, gradient = function.gradients(at)
    assert value == pytest.approx(function(at))
    for i in range(2):
        moved = at + step * np.eye(2)[i]
        assert gradient[0, i] == pytest.approx(
            (function(moved) - value)[0] / step, rel=0.05, abs=0.5
        )


def test_while_nothing_keeps_to_the_limit_the_way_there_is_all_that_counts() -> None:
    function = LogLimitedImprovement(belief(0.01))
    near, far = function(np.array([[0.0, 0.9], [0.9, 0.3]]))
    assert near > far


def test_the_search_goes_to_the_best_point_within_the_limit_and_no_further() -> None:
    wanted, done = task(None, 4.0), trials(5)
    for number in range(5, 15):
        rng = np.random.default_rng(number)
        (new,) = BayesianDesigner().suggest(wanted, done, 1, rng)
        told = Evaluation(TrialState.COMPLETE, values(new.config))
        done.append(Trial(number, replace(new, details={}), told))
    found = [t for t in done if t.values[1] <= 4.0]
    best = min(found, key=lambda t: t.values[0])
    assert best.values[0] == pytest.approx(0.36, abs=0.02)
    # Below the limit there is nothing to be had: the search does not go down there.
    assert np.median([t.values[1] for t in done[8:]]) > 3.0

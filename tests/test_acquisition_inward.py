"""Less of the search goes to the ends of ranges, the fewer trials there are the less."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from acquisition.bayesian import BayesianDesigner, Step
from acquisition.inward import WEIGHT, Inward
from evals.parameters import Categorical, Condition, Float, Int, Ordinal
from evals.space import SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from surrogates.encoding import encoding_of

Array = NDArray[np.float64]


def test_an_end_where_the_default_lies_costs_nothing() -> None:
    space = SearchSpace(
        (
            Float("subsample", 0.5, 1.0, default=1.0),
            Float("alpha", 1e-8, 1.0, log=True, default=1e-8),
            Float("rate", 0.0, 1.0, default=0.3),
        )
    )
    inward = Inward(Flat(), encoding_of(space), 1)
    base = {"subsample": 0.75, "alpha": 1e-4, "rate": 0.5}
    ends = [{"subsample": 1.0}, {"alpha": 1e-8}, {"subsample": 0.5}, {"alpha": 1.0}, {"rate": 0.0}]
    costs = -inward(encoding_of(space).encode([base | end for end in ends]))
    assert costs == pytest.approx([0.0, 0.0, WEIGHT, WEIGHT, WEIGHT], abs=1e-6)


def test_trials_under_way_do_not_open_the_ends() -> None:
    space = SearchSpace((Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)))
    goal = Objective(metric="loss", direction="minimize")
    task = Task(evaluator="function", space=space, objectives=(goal,))
    places = [{"x": x, "y": 0.5} for x in (0.2, 0.4, 0.6, 0.8)]
    ended = [
        Trial(i, Suggestion(c, "sobol"), Evaluation(TrialState.COMPLETE, (c["x"] ** 2,)))
        for i, c in enumerate(places)
    ]
    # The same places once more: their results are known but for the noise.
    running = [Trial(4 + i, t.suggestion) for i, t in enumerate(3 * ended)]
    end, middle = {"x": 0.0, "y": 0.0}, {"x": 0.1, "y": 0.5}

    def lead(trials: list[Trial]) -> float:
        step = Step(task, trials, np.random.default_rng(0))
        first, second = step.score([middle, end])
        return first.acquisition - second.acquisition

    assert lead([*ended, *running]) == pytest.approx(lead(ended), abs=0.5)


def test_what_somebody_believes_something_about_is_left_alone() -> None:
    rows = encoding_of(SPACE).encode(SPACE.sample(np.random.default_rng(1), 8))
    ends = rows.copy()
    ends[:, 0] = 0.0
    inward = Inward(Flat(), encoding_of(SPACE), 2, besides=[0])
    np.testing.assert_allclose(inward(rows), inward(ends))
    assert not inward.gradients(ends)[1][:, 0].any()


def _inside_and_out(gains: list[float]) -> tuple[float, float]:
    """Return what an end costs before and after results at ever outer places came to `gains`."""
    space = SearchSpace((Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)))
    encoding = encoding_of(space)
    seen = np.c_[np.linspace(0.5, 1.0, len(gains)), np.full(len(gains), 0.5)]
    end, inward = np.array([[1.0, 0.5]]), Inward(Flat(), encoding, len(gains))
    return -float(inward(end)[0]), -float(inward.given(seen, np.array(gains))(end)[0])


def test_results_that_grow_better_outwards_open_the_ends() -> None:
    before, after = _inside_and_out([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert after < before / 50


def test_results_that_grow_better_inwards_leave_the_ends_as_they_are() -> None:
    before, after = _inside_and_out([0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    assert after == before


@pytest.mark.parametrize(
    ("gains", "opened"),
    [
        ([0.5, 0.5, 0.5, 0.5], True),  # a plateau: nothing is to be learned of where to go
        ([0.5, 0.5, 0.2, 0.1], True),
        ([0.5, 0.5, 0.3, 0.2, 0.1], False),
        ([0.5, 0.5], False),  # too few to say so
    ],
)
def test_where_half_of_the_results_are_alike_the_ends_cost_nothing(
    gains: list[float], opened: bool
) -> None:
    before, after = _inside_and_out(gains)
    assert after == (0.0 if opened else before)


def test_a_needle_in_the_corner_of_a_plateau_is_found() -> None:
    """As with trees whose leaves must be large: all but a corner of the space is chance."""

    def loss(x: Array) -> float:
        return 0.65 if x.max() > 0.08 else float(x.max())

    _, losses = search(loss, 3, 30)
    assert losses.min() < 0.1


class Flat:
    """An acquisition that is the same everywhere."""

    def __call__(self, X: Array) -> Array:
        return np.zeros(len(X))

    def gradients(self, X: Array) -> tuple[Array, Array]:
        return np.zeros(len(X)), np.zeros_like(X)


SPACE = SearchSpace(
    (
        Float("rate", 1e-4, 1.0, log=True),
        Int("trees", 1, 500),
        Int("depth", 1, 6),
        Ordinal("batch", (16, 32, 64)),
        Categorical("kernel", ("linear", "rbf")),
        Float("gamma", 0.0, 1.0, condition=Condition("kernel", ("rbf",))),
    )
)


def test_its_gradient_is_that_of_its_value() -> None:
    inward = Inward(Flat(), encoding_of(SPACE), 4)
    rows = encoding_of(SPACE).encode(SPACE.sample(np.random.default_rng(0), 20))
    value, gradient = inward.gradients(rows)
    np.testing.assert_allclose(value, inward(rows))
    for j in (0, 1):
        step = np.zeros(len(SPACE.names))
        step[j] = 1e-6
        np.testing.assert_allclose(
            gradient[:, j], (inward(rows + step) - inward(rows - step)) / 2e-6, atol=1e-5
        )
    assert not gradient[:, 2:5].any()


@pytest.mark.parametrize("n", [0, 1, 5, 40])
def test_only_wide_numbers_that_exist_cost_and_ever_less(n: int) -> None:
    inward = Inward(Flat(), encoding_of(SPACE), n)
    base = {"rate": 0.01, "trees": 250, "depth": 3, "batch": 32, "kernel": "rbf", "gamma": 0.5}
    without = {k: v for k, v in base.items() if k != "gamma"} | {"kernel": "linear"}
    ends = [base | {"rate": 1e-4}, base | {"trees": 500}, base | {"gamma": 1.0}]
    middle, few, gone, *far = inward(
        encoding_of(SPACE).encode([base, base | {"depth": 6, "batch": 64}, without, *ends])
    )
    assert abs(middle) < 1e-6 and few == middle and gone == pytest.approx(middle)
    assert far == pytest.approx([-WEIGHT / max(1, n)] * 3)


def search(loss: Callable[[Array], float], d: int, count: int) -> tuple[Array, Array]:
    """Return the places (`count x d`) of a search and what it lost at each."""
    names = [f"x{i}" for i in range(d)]
    task = Task(
        space=SearchSpace(tuple(Float(n, 0.0, 1.0) for n in names)),
        objectives=(Objective(metric="loss", direction="minimize"),),
    )
    trials: list[Trial] = []
    places, losses = np.empty((count, d)), np.empty(count)
    for number in range(count):
        (found,) = BayesianDesigner().suggest(task, trials, 1, np.random.default_rng(number))
        places[number] = [float(str(found.config[n])) for n in names]
        losses[number] = loss(places[number])
        done = Evaluation(TrialState.COMPLETE, (float(losses[number]),))
        trials.append(Trial(number, found, done))
    return places, losses


def test_a_search_does_not_spend_its_first_trials_on_the_ends() -> None:
    places, _ = search(lambda x: float(np.sin(9.0 * x).sum()), d=8, count=15)
    assert (np.minimum(places, 1.0 - places)[5:] < 1e-3).mean() < 0.02


def test_a_best_value_at_an_end_is_found_there() -> None:
    _, losses = search(lambda x: float(x.sum()), d=4, count=20)
    assert losses.min() < 0.05

"""A warp is learned where an objective changes fast at one end, and nothing else is bent."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import approx_fprime

from evals.space import Categorical, Condition, Float, Ordinal, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from surrogates.encoding import encoding_of
from surrogates.gp import GaussianProcess
from surrogates.registry import make_surrogate
from surrogates.warping import FEWEST, WarpedEncoding, warpable

SPACE = SearchSpace(
    (
        Float("x", 0, 1),
        Float("y", 0, 1),
        Categorical("c", ("a", "b", "d")),
        Float("only", 0, 1, condition=Condition("c", ("b",))),
    )
)
TASK = Task(
    evaluator="function", space=SPACE, objectives=(Objective(metric="loss", direction="minimize"),)
)
ENCODING = encoding_of(SPACE)


def loss(place: np.ndarray) -> float:
    """Return what falls steeply near x = 0 and is straight in y."""
    return float(np.log(1e-3 + place[0]) + 0.5 * place[1])


def trials(count: int, seed: int = 0) -> list[Trial]:
    made = []
    for i, config in enumerate(SPACE.sample(np.random.default_rng(seed), count)):
        ended = Evaluation(TrialState.COMPLETE, (loss(SPACE.encode([config])[0]),))
        made.append(Trial(i, Suggestion(config, "user"), ended))
    return made


@pytest.fixture(scope="module")
def model() -> GaussianProcess:
    found = make_surrogate("warped").fit(TASK, trials(32))
    assert isinstance(found, GaussianProcess)
    return found


def test_the_steep_end_is_stretched(model: GaussianProcess) -> None:
    X = np.full((4, 4), 0.5)
    X[:, 0] = [0.0, 0.1, 0.5, 0.6]
    x = model.predictor.encoding.features(X)[:, 0]
    assert x[1] - x[0] > 2 * (x[3] - x[2])


def test_what_was_not_seen_is_predicted_better(model: GaussianProcess) -> None:
    unseen = [t.config for t in trials(200, seed=1)]
    X = ENCODING.encode(unseen)
    truth = np.array([-loss(x) for x in X])
    plain = make_surrogate("gp").fit(TASK, trials(32))
    assert isinstance(plain, GaussianProcess)
    errors = [np.abs(m.native(*m.marginals(X))[0] - truth).mean() for m in (model, plain)]
    assert errors[0] < 0.8 * errors[1]


def test_gradients_and_the_botorch_posterior_pass_through_the_warp(model: GaussianProcess) -> None:
    X = ENCODING.encode([t.config for t in trials(5, seed=3)])
    found = model.predictor.gradients(X)
    for row, gradient in zip(X, found.d_mean, strict=True):
        numeric = approx_fprime(row, lambda x: float(model.predictor.predict(x[None])[0][0]), 1e-7)
        assert gradient[:2] == pytest.approx(numeric[:2], abs=1e-3, rel=1e-2)
    at = torch.from_numpy(X)[:, None].requires_grad_(True)
    mean = model.posterior(at).mean
    assert mean.detach().numpy().ravel() == pytest.approx(found.mean, abs=1e-6)
    (slope,) = torch.autograd.grad(mean.sum(), at)
    assert slope[:, 0, :2].numpy() == pytest.approx(found.d_mean[:, :2], abs=1e-5)


def test_only_numbers_that_always_exist_are_warped(model: GaussianProcess) -> None:
    steps = Ordinal("steps", (1, 2, 3))
    twofold = Ordinal("twofold", (1, 2))
    child = Float("child", 0, 1, condition=Condition("steps", (3,)))
    asked = SearchSpace((steps, twofold, child, Float("z", 0, 1)))
    assert warpable(ENCODING).tolist() == [True, True, False, False]
    assert warpable(encoding_of(asked)).tolist() == [False, False, False, True]
    assert isinstance(model.predictor.encoding, WarpedEncoding)
    assert model.predictor.encoding.moved[2:].tolist() == [False, False]


def test_no_warp_is_the_plain_encoding_and_little_data_warp_nothing() -> None:
    X = ENCODING.encode([t.config for t in trials(6)])
    same = WarpedEncoding(ENCODING, np.ones(4), np.ones(4))
    assert np.array_equal(same.features(X), ENCODING.features(X))
    few = make_surrogate("warped").fit(TASK, trials(FEWEST - 1))
    assert isinstance(few, GaussianProcess)
    assert not isinstance(few.predictor.encoding, WarpedEncoding)

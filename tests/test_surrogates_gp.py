"""The Gaussian process: its numbers agree with BoTorch's, with autograd, and with its promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from botorch.acquisition.analytic import LogExpectedImprovement
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad

from acquisition.improvement import LogImprovement, log_h
from evals.space import Categorical, Condition, Float, Int, Ordinal, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from surrogates.encoding import encoding_of
from surrogates.feasibility import feasibility, margin_after
from surrogates.fitting import checkpoint, likelihood_data
from surrogates.gp import GaussianProcess, fit_first
from surrogates.likelihood import leave_one_out, negative_log_posterior, starts, unpack
from surrogates.output_transforms import TRANSFORMS
from surrogates.predictor import Predictor
from surrogates.selection import rank_score

SPACE = SearchSpace(
    (
        Float("C", 1e-3, 1e3, log=True),
        Categorical("kernel", ("linear", "rbf", "poly")),
        Float("gamma", 1e-4, 10.0, log=True, condition=Condition("kernel", ("rbf", "poly"))),
        Int("degree", 2, 5, condition=Condition("kernel", ("poly",))),
        Ordinal("batch", (16, 32, 64)),
        Int("trees", 10, 2000, log=True),
    )
)
TASK = Task(
    evaluator="function", space=SPACE, objectives=(Objective(metric="loss", direction="minimize"),)
)


def trials(count: int, seed: int = 0, failing: bool = False) -> list[Trial]:
    made = []
    for i, config in enumerate(SPACE.sample(np.random.default_rng(seed), count)):
        x = SPACE.encode([config])[0]
        loss = float((x[0] - 0.4) ** 2 + 0.3 * (config["kernel"] == "poly") + np.sin(4 * x[5]))
        ended = Evaluation(TrialState.COMPLETE, (loss,))
        if failing and x[0] > 0.8:
            ended = Evaluation(TrialState.FAILED)
        made.append(Trial(i, Suggestion(config, "random"), ended))
    return made


def points(count: int, seed: int = 5) -> np.ndarray:
    X = np.random.default_rng(seed).random((count, len(SPACE)))
    encoding = encoding_of(SPACE)
    snapped = encoding.snap(X)
    # Off the grid where the gradient moves: reals and large integers.
    for j in (0, 5):
        snapped[:, j] = X[:, j]
    return snapped


def test_a_level_nobody_tried_is_believed_to_be_like_the_others() -> None:
    space = SearchSpace((Float("x", 0, 1), Categorical("c", ("a", "new"))))
    task = TASK.model_copy(update={"space": space})
    seen = []
    for i, x in enumerate(np.linspace(0.0, 1.0, 12)):
        told = Evaluation(TrialState.COMPLETE, (float((x - 0.3) ** 2),))
        seen.append(Trial(i, Suggestion({"x": float(x), "c": "a"}, "user"), told))
    near, far = {"x": 0.35, "c": "new"}, {"x": 0.95, "c": "new"}
    mean, sd = fit_first(task, seen).marginals(encoding_of(space).encode([near, far]))
    assert mean[0] - mean[1] > 1.5
    assert sd.max() < 0.5


def test_encoding_is_that_of_the_space() -> None:
    configs = SPACE.sample(np.random.default_rng(0), 50)
    encoding, X = encoding_of(SPACE), SPACE.encode(configs)
    assert np.allclose(encoding.encode(configs), X, atol=1e-12)
    assert np.allclose(encoding.snap(X), X, atol=1e-12)
    active = [[p.name in c for p in SPACE.parameters] for c in configs]
    assert np.array_equal(encoding.active(X), np.array(active))
    anywhere = np.random.default_rng(1).random((50, len(SPACE)))
    assert np.allclose(encoding.snap(anywhere), SPACE.encode(SPACE.decode(anywhere)), atol=1e-5)


@given(st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_likelihood_gradient(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = likelihood_data(encoding_of(SPACE), points(12, seed), rng.random(12) + 0.5)
    data.targets[:] = rng.standard_normal(12)
    theta = starts(data)[0] + 0.3 * rng.standard_normal(len(SPACE) + 2)
    error = check_grad(
        lambda t: negative_log_posterior(t, data)[0],
        lambda t: negative_log_posterior(t, data)[1],
        theta,
    )
    assert error < 1e-3


def test_leave_one_out_is_what_leaving_out_gives() -> None:
    rng = np.random.default_rng(0)
    encoding, X, t = encoding_of(SPACE), points(9), rng.standard_normal(9)
    data = likelihood_data(encoding, X, np.ones(9))
    data.targets[:] = t
    theta = starts(data)[1]
    hyper = unpack(theta, True)
    full = Predictor(encoding, X, t, np.ones(9), hyper)
    moments = (full.mean, full.s2)
    mean, sd = leave_one_out(theta, data)
    without = Predictor(encoding, X[1:], t[1:], np.ones(8), hyper, moments)
    expected, latent = without.predict(X[:1])
    assert mean[0] == pytest.approx(expected[0])
    assert sd[0] ** 2 == pytest.approx(latent[0] ** 2 + full.s2 * hyper.noise)


def test_predictions_agree_with_the_botorch_model_and_its_gradients() -> None:
    model = fit_first(TASK, trials(25))
    X = points(8)
    mean, sd = model.marginals(X)
    at = torch.from_numpy(X).unsqueeze(1).requires_grad_(True)
    posterior = model.posterior(at)
    assert np.allclose(posterior.mean.detach()[:, 0, 0].numpy(), mean)
    assert np.allclose(posterior.variance.detach()[:, 0, 0].sqrt().numpy(), sd, atol=1e-6)
    joint = model.posterior(torch.from_numpy(X))
    assert np.allclose(joint.variance[:, 0].sqrt().numpy(), sd, atol=1e-4)
    threshold = float(model.targets.max())
    value = LogExpectedImprovement(model, best_f=threshold)(at)
    (gradient,) = torch.autograd.grad(value.sum(), at)
    ours, slopes = LogImprovement(model.predictor, threshold).gradients(X)
    assert np.allclose(ours, value.detach().numpy(), atol=1e-6)
    assert np.allclose(slopes, gradient[:, 0].numpy(), rtol=1e-4, atol=1e-5)


def test_botorch_can_sample_the_model() -> None:
    model = fit_first(TASK, trials(12))
    baseline = torch.from_numpy(model.inputs)
    acquisition = qLogNoisyExpectedImprovement(model, baseline, cache_root=False)
    value = acquisition(torch.from_numpy(points(6)).reshape(3, 2, -1))
    assert value.shape == (3,) and torch.isfinite(value).all()


def test_feasibility_gradients() -> None:
    found = feasibility(TASK, trials(40, failing=True))
    assert found is not None
    X = points(1)
    for j in (0, 5):
        step = np.zeros_like(X)
        step[0, j] = 1e-6
        numeric = (found.log_weight(X + step) - found.log_weight(X - step)) / 2e-6
        assert found.gradients(X)[1][0, j] == pytest.approx(numeric[0], rel=1e-3, abs=1e-6)
    low, high = points(1), points(1)
    low[0, 0], high[0, 0] = 0.3, 0.95
    assert found.log_probability(low)[0] > found.log_probability(high)[0]


@given(st.floats(-1e7, 1e3))
def test_log_h_is_finite_and_increasing(z: float) -> None:
    here, there = log_h(np.array([z, z + 1e-3 * (1 + abs(z))]))
    assert np.isfinite(here) and there >= here


def test_fantasies_take_away_uncertainty_only() -> None:
    model = fit_first(TASK, trials(15))
    X = points(2)
    believed: GaussianProcess = model.believe(X)
    assert np.allclose(believed.marginals(X)[0], model.marginals(X)[0], atol=1e-6)
    assert (believed.marginals(X)[1] < model.marginals(X)[1]).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.sampled_from(sorted(TRANSFORMS)))
@settings(deadline=None)
def test_output_transforms_keep_order_and_lead_back(scores: list[float], name: str) -> None:
    y = np.sort(np.array(scores))
    transform = TRANSFORMS[name](y)
    t = transform.forward(y)
    assert np.isfinite(t).all()
    assert (np.diff(t) >= -1e-9).all()
    back = transform.inverse(t)
    assert np.allclose(back, y, rtol=1e-3, atol=1e-3 * max(1e-9, float(np.ptp(y))))


def test_the_rank_score_prefers_the_scale_on_which_the_data_are_smooth() -> None:
    space = SearchSpace((Float("x", 0, 1), Float("y", 0, 1)))
    encoding = encoding_of(space)
    X = np.random.default_rng(0).random((40, 2))
    y = -np.exp(12 * ((X[:, 0] - 0.3) ** 2 + (X[:, 1] - 0.6) ** 2))
    data = likelihood_data(encoding, X, np.ones(40))
    scores = {}
    for name in ("standardise", "log_regret"):
        data.targets[:] = TRANSFORMS[name](y).forward(y)
        scores[name] = rank_score(*leave_one_out(starts(data)[0], data), data.targets)
    assert scores["log_regret"] > scores["standardise"]


def test_checkpoints_grow_slowly() -> None:
    for n in range(1, 3000):
        assert n / 1.2 <= checkpoint(n) <= n


def test_failures_widen_the_margin_and_successes_narrow_it() -> None:
    assert margin_after([]) == margin_after([False] * 50) == 0.0
    assert margin_after([True]) > margin_after([True, False]) > margin_after([True] + [False] * 40)
    assert margin_after([True] * 30) == margin_after([True] * 5)


def test_the_weight_falls_off_where_the_margin_is_not_kept() -> None:
    told = trials(40, failing=True)
    wary, bold = feasibility(TASK, told), feasibility(TASK, told)
    assert wary is not None and bold is not None
    wary.margin, bold.margin = 1.0, 0.0
    X = np.repeat(points(1), 40, axis=0)
    X[:, 0] = np.linspace(0.3, 0.95, 40)
    loss = bold.log_weight(X) - wary.log_weight(X)
    assert loss[0] == 0.0 and loss[-1] > 10.0


def test_many_points_are_predicted_as_each_alone() -> None:
    model, X = fit_first(TASK, trials(30)), points(150)
    mean, sd = model.marginals(X)
    for i in (0, 63, 64, 149):
        alone = model.marginals(X[i : i + 1])
        assert mean[i] == pytest.approx(alone[0][0], abs=1e-9)
        assert sd[i] == pytest.approx(alone[1][0], abs=1e-6)

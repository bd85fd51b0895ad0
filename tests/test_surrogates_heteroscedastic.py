"""Noise that differs from place to place is found, and where it does not differ little changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.parameters import Float
from evals.space import SearchSpace
from evals.task import Objective, Task
from evals.trials import REPLICATION, Evaluation, Suggestion, Trial, TrialState
from surrogates.gp import GaussianProcess, GPSurrogate
from surrogates.heteroscedastic import (
    ENOUGH,
    WIDEST,
    HeteroscedasticProcess,
    HeteroscedasticSurrogate,
)
from surrogates.registry import make_surrogate

LOSS = Objective(metric="loss", direction="minimize")
TASK = Task(
    evaluator="none", space=SearchSpace((Float("x", 0.0, 1.0),)), objectives=(LOSS,), seed=1
)


def trials(xs: np.ndarray, noise: np.ndarray, scale: float = 1.0) -> list[Trial]:
    found = []
    for i, (x, e) in enumerate(zip(xs, noise, strict=True)):
        value = scale * float(np.sin(4 * x) + e)
        origin = REPLICATION if x in xs[:i] else "sobol"
        suggestion = Suggestion({"x": float(x)}, origin)
        found.append(Trial(i, suggestion, Evaluation(TrialState.COMPLETE, (value,))))
    return found


def uneven(n: int, repeats: int = 1, seed: int = 0) -> list[Trial]:
    """Ten times the noise in the right half."""
    rng = np.random.default_rng(seed)
    xs = np.repeat((np.arange(n) + 0.5) / n, repeats)
    return trials(xs, rng.standard_normal(len(xs)) * np.where(xs > 0.5, 0.5, 0.05))


def model(data: list[Trial]) -> HeteroscedasticProcess:
    found = HeteroscedasticSurrogate().fit(TASK, data)
    assert isinstance(found, HeteroscedasticProcess)
    return found


@pytest.mark.parametrize("repeats", [1, 3])
def test_where_there_is_more_noise_is_found(repeats: int) -> None:
    found = model(uneven(40 // repeats, repeats))
    left, right = found.multiplier(np.array([[0.2], [0.8]]))
    assert right > 8 * left
    at = torch.tensor([[0.2], [0.8]], dtype=torch.float64)
    noisy = found.posterior(at[:, None], observation_noise=True).variance[:, 0, 0]
    latent = found.posterior(at[:, None]).variance[:, 0, 0]
    assert (noisy - latent)[1] > 8 * (noisy - latent)[0] > 0


def test_predictions_are_better_where_noise_is_uneven() -> None:
    at = np.linspace(0, 1, 60)[:, None]
    errors: dict[str, list[float]] = {"gp": [], "heteroscedastic": []}
    for seed in range(6):
        for name, found in errors.items():
            fitted = make_surrogate(name).fit(TASK, uneven(40, seed=seed))
            assert isinstance(fitted, GaussianProcess)
            mean = -fitted.native(*fitted.marginals(at))[0]
            left = at[:, 0] < 0.5
            found.append(float(np.mean((mean - np.sin(4 * at[:, 0]))[left] ** 2)))
    assert np.mean(errors["heteroscedastic"]) < 0.7 * np.mean(errors["gp"])


def test_with_little_data_it_is_the_default_process() -> None:
    few = uneven(ENOUGH - 1)
    at = np.linspace(0, 1, 9)[:, None]
    ours, plain = HeteroscedasticSurrogate().fit(TASK, few), GPSurrogate().fit(TASK, few)
    assert isinstance(ours, GaussianProcess) and isinstance(plain, GaussianProcess)
    assert np.array_equal(ours.marginals(at), plain.marginals(at))


def test_pending_points_keep_the_noise() -> None:
    found = model(uneven(20))
    pending = found.believe(np.array([[0.33], [0.9]]))
    at = np.array([[0.1], [0.7]])
    assert isinstance(pending, HeteroscedasticProcess)
    assert np.array_equal(pending.multiplier(at), found.multiplier(at))
    assert (pending.marginals(at)[1] <= found.marginals(at)[1] + 1e-9).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 1e-12, 1.0, 1e12]), st.integers(1, 3))
def test_any_scores_give_finite_predictions(seed: int, scale: float, repeats: int) -> None:
    rng = np.random.default_rng(seed)
    xs = np.repeat(rng.random(ENOUGH), repeats)
    found = HeteroscedasticSurrogate().fit(TASK, trials(xs, rng.standard_normal(len(xs)), scale))
    assert isinstance(found, GaussianProcess)
    mean, sd = found.marginals(np.linspace(0, 1, 20)[:, None])
    assert np.isfinite(mean).all() and (sd > 0).all()
    if isinstance(found, HeteroscedasticProcess):
        times = found.multiplier(rng.random((20, 1)))
        assert ((times >= 1 / WIDEST) & (times <= WIDEST)).all()

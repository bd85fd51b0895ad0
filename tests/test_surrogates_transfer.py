"""Earlier studies help as far as they rank this study's trials; what misleads loses its weight."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.registry import make_designer
from acquisition.transfer import ORIGIN, warm_start
from evals.parameters import Categorical, Float
from evals.space import Config, Constraint, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from surrogates.gp import GaussianProcess, GPSurrogate
from surrogates.registry import make_surrogate
from surrogates.transfer import Earlier, TransferModel, TransferSurrogate

SPACE = SearchSpace((Float("x", 0.0, 1.0), Float("y", 0.0, 1.0), Categorical("k", ("a", "b"))))
TASK = Task(
    evaluator="none",
    space=SPACE,
    objectives=(Objective(metric="loss", direction="minimize"),),
    seed=4,
)
Score = Callable[[Config], float]


def bowl(shift: float = 0.0, scale: float = 1.0, sign: float = 1.0) -> Score:
    def score(config: Config) -> float:
        x, y = float(config["x"]), float(config["y"])  # type: ignore[arg-type]
        return scale * (
            sign * ((x - 0.3 - shift) ** 2 + (y - 0.6) ** 2) + 0.1 * (config["k"] == "b")
        )

    return score


def done(score: Score, count: int, seed: int = 0, number: int = 0) -> tuple[Trial, ...]:
    configs = SPACE.sample(np.random.default_rng(seed), count)
    return tuple(
        Trial(i, Suggestion(c, "random"), Evaluation(TrialState.COMPLETE, (score(c),)))
        for i, c in enumerate(configs, number)
    )


def study(name: str, score: Score, count: int = 25, seed: int = 7) -> Earlier:
    return Earlier(name, TASK, done(score, count, seed))


GOOD = study("good", bowl(0.05, scale=30.0))
WRONG = study("wrong", bowl(sign=-1.0))


def fitted(earlier: tuple[Earlier, ...], count: int = 12) -> TransferModel:
    found = TransferSurrogate(earlier).fit(TASK, done(bowl(), count, 1))
    assert isinstance(found, TransferModel)
    return found


def test_a_study_that_ranks_alike_is_believed_and_one_that_misleads_is_not() -> None:
    shares = TransferSurrogate((WRONG, GOOD)).shares(TASK, done(bowl(), 12, 1))
    assert shares["good"] > 0.3
    assert shares["wrong"] == 0.0


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.integers(8, 20))
def test_a_study_turned_upside_down_loses_its_weight(seed: int, count: int) -> None:
    shares = TransferSurrogate((WRONG,)).shares(TASK, done(bowl(), count, seed))
    assert shares["wrong"] <= 0.05


def test_many_poor_studies_do_not_add_up() -> None:
    rng = np.random.default_rng(0)
    noise = [study(f"noise {i}", lambda c: float(rng.normal()), seed=i) for i in range(20)]
    shares = TransferSurrogate(noise).shares(TASK, done(bowl(), 8, 1))
    assert sum(shares.values()) < 0.05  # .21 with all of them in


def test_predictions_are_better_with_a_related_study() -> None:
    at = SPACE.sample(np.random.default_rng(3), 200)
    X, truth = SPACE.encode(at), [bowl()(c) for c in at]
    trials = done(bowl(), 6, 1)
    ours, plain = TransferSurrogate((GOOD,)).fit(TASK, trials), GPSurrogate().fit(TASK, trials)
    errors = []
    for found in (ours, plain):
        assert isinstance(found, TransferModel | GaussianProcess)
        mean = found.native(*found.marginals(np.asarray(X)))[0]
        errors.append(float(np.mean((-mean - truth) ** 2)))
    assert errors[0] < 0.7 * errors[1]


def test_without_earlier_studies_it_is_the_default_process() -> None:
    trials, at = done(bowl(), 9, 1), np.random.default_rng(0).random((20, 3))
    ours, plain = make_surrogate("transfer").fit(TASK, trials), GPSurrogate().fit(TASK, trials)
    assert isinstance(ours, TransferModel) and isinstance(plain, GaussianProcess)
    assert np.allclose(ours.marginals(at), plain.marginals(at), atol=1e-9)


def test_gradients_and_the_joint_posterior_agree_with_the_predictions() -> None:
    model = fitted((GOOD, WRONG), 8)
    X = np.random.default_rng(2).random((6, 3))
    X[:, 2] = 0.0
    at = model.predictor.gradients(X)
    for j in (0, 1):
        step = np.zeros(3)
        step[j] = 1e-5
        up, down = model.marginals(X + step), model.marginals(X - step)
        assert np.allclose((up[0] - down[0]) / 2e-5, at.d_mean[:, j], atol=1e-4)
        assert np.allclose((up[1] - down[1]) / 2e-5, at.d_sd[:, j], atol=1e-4)
    joint = model.posterior(torch.from_numpy(X))
    assert np.allclose(joint.mean[:, 0].numpy(), at.mean)
    assert np.allclose(joint.variance[:, 0].sqrt().numpy(), at.sd, rtol=1e-3, atol=1e-4)


def test_pending_points_take_away_doubt_even_where_an_earlier_study_decides() -> None:
    model = fitted((GOOD,), 5)
    X = np.array([[0.9, 0.1, 0.0]])
    before, after = model.marginals(X), model.believe(X).marginals(X)
    assert after[1][0] < 0.7 * before[1][0]
    assert after[0][0] == pytest.approx(before[0][0], abs=0.2)
    assert model.believe(np.empty((0, 3))) is model


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 4), st.sampled_from([1e-12, 1.0, 1e12]), st.integers(0, 10**6))
def test_few_trials_and_any_unit_give_finite_predictions(n: int, scale: float, seed: int) -> None:
    trials = done(bowl(scale=scale), n, seed)
    found = TransferSurrogate((GOOD, WRONG)).fit(TASK, trials)
    assert isinstance(found, TransferModel)
    mean, sd = found.marginals(np.random.default_rng(seed).random((10, 3)))
    assert np.isfinite(mean).all() and (sd > 0).all()
    assert sum(p.weight for p in found.parts) == pytest.approx(1.0)


def test_the_same_trials_give_the_same_weights() -> None:
    surrogate, trials = TransferSurrogate((GOOD, study("near", bowl(0.1)))), done(bowl(), 7, 1)
    shares = surrogate.shares(TASK, trials)
    assert shares == surrogate.shares(TASK, trials)
    assert 0.05 < shares["near"] < 0.95  # else any draws would give the same


def test_a_search_begins_where_earlier_ones_ended_with_their_names() -> None:
    designer, trials = make_designer("gp", transfer=(GOOD, WRONG)), list[Trial]()
    for k in range(10):
        (found,) = designer.suggest(TASK, trials, 1, np.random.default_rng([4, k]))
        ended = Evaluation(TrialState.COMPLETE, (bowl()(found.config),))
        trials.append(Trial(k, found, ended))
    assert [t.origin for t in trials[:3]] == [ORIGIN, ORIGIN, "sobol"]
    assert trials[0].config == min(GOOD.trials, key=lambda t: t.values[0]).config
    assert trials[0].rationale == "the best of the earlier study good"
    assert {t.origin for t in trials[7:]} == {"surrogate"}
    assert min(t.values[0] for t in trials) < 0.02


def test_a_forbidden_configuration_is_no_beginning() -> None:
    space = SearchSpace(SPACE.parameters, (Constraint("x > 2"),))
    assert not warm_start(TASK.model_copy(update={"space": space}), (GOOD,))

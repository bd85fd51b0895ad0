"""What the surrogate learns from: complete trials, replicates, pruned ones at what they promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evals.space import Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import REPLICATION, Evaluation, Suggestion, Trial, TrialState
from surrogates.encoding import encoding_of
from surrogates.likelihood import Hyperparameters
from surrogates.observations import observed
from surrogates.predictor import Predictor

TASK = Task(
    evaluator="function",
    space=SearchSpace((Float("x", 0, 1),)),
    objectives=(Objective(metric="loss", direction="minimize"),),
)


def trial(x: float, loss: float, state: TrialState = TrialState.COMPLETE) -> Trial:
    values = (loss,) if state is TrialState.COMPLETE else ()
    ended = Evaluation(state, values, intermediate={1: loss + 0.1})
    return Trial(0, Suggestion({"x": x}, "user"), ended)


def test_replicates_are_averaged_and_believed_more() -> None:
    data = observed(TASK, [trial(0.5, 1.0), trial(0.2, 4.0), trial(0.5, 3.0)])
    assert data.X.tolist() == [[0.5], [0.2]]
    assert data.Y.tolist() == [[-2.0], [-4.0]]
    assert data.noise_scale.tolist() == [0.5, 1.0]


def test_repeats_on_purpose_are_rows_and_mean_the_same() -> None:
    losses = ((0.5, 1.0), (0.2, 4.0), (0.5, 3.0), (0.9, 5.0))
    done = [trial(*row) for row in losses]
    again = [*done[:2], replace(done[2], suggestion=Suggestion({"x": 0.5}, REPLICATION)), done[3]]
    data, mean = observed(TASK, again), observed(TASK, done)
    assert data.X[:, 0].tolist() == [0.5, 0.2, 0.5, 0.9] and data.noise_scale.tolist() == [1.0] * 4
    hyper, at = Hyperparameters(np.array([0.4]), 0.3), np.linspace(0, 1, 7)[:, None]
    encoding = encoding_of(TASK.space)
    rows, means = (
        Predictor(encoding, d.X, d.Y[:, 0], d.noise_scale, hyper, (-3.0, 2.0)).predict(at)
        for d in (data, mean)
    )
    assert np.allclose(rows, means, atol=1e-9)


def test_pruned_trials_count_as_what_they_promise() -> None:
    done = [trial(x, x) for x in (0.1, 0.2, 0.3)]
    data = observed(TASK, [*done, trial(0.9, 7.0, TrialState.PRUNED)])
    assert data.Y[-1, 0] == pytest.approx(-7.0)  # running value 7.1, and 0.1 is still to come
    assert data.noise_scale[-1] == pytest.approx(1.0)
    assert len(observed(TASK, [*done[:2], trial(0.9, 7.0, TrialState.PRUNED)])) == 2


@pytest.mark.parametrize("state", [TrialState.FAILED, TrialState.INFEASIBLE, TrialState.RUNNING])
def test_what_has_no_score_gets_none(state: TrialState) -> None:
    assert len(observed(TASK, [trial(0.1, 1.0), trial(0.4, 2.0, state)])) == 1


def test_scores_that_are_no_numbers_are_left_out() -> None:
    data = observed(TASK, [trial(0.1, np.nan), trial(0.2, np.inf), trial(0.3, 1e308)])
    assert data.X.tolist() == [[0.3]]
    assert np.isfinite(data.Y**2).all()

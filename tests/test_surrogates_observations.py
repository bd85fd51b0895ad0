"""What the surrogate learns from: complete trials, replicates, pruned ones at what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from evals.space import Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from surrogates.observations import observed

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

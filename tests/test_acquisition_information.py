"""Knowledge gradient and max-value entropy measure what a trial would teach."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import ndtri

from acquisition.belief import Belief, believe
from acquisition.information import NODES, knowledge_gradient, max_value_entropy
from evals.space import Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState

SPACE = SearchSpace((Float("x", 0, 1),))
TASK = Task(
    evaluator="function", space=SPACE, objectives=(Objective(metric="loss", direction="minimize"),)
)
PLACES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.95)


def belief() -> Belief:
    trials = [
        Trial(
            i,
            Suggestion({"x": x}, "user"),
            Evaluation(TrialState.COMPLETE, (float(np.sin(9 * x)),)),
        )
        for i, x in enumerate(PLACES)
    ]
    return believe(TASK, trials, 3)


def at(*places: float) -> torch.Tensor:
    return torch.tensor(places, dtype=torch.float64).reshape(-1, 1, 1)


def test_the_knowledge_gradient_is_the_mean_rise_of_the_best_prediction() -> None:
    now, x = belief(), np.array([[0.57]])
    predictor = now.model.predictor
    mean, sd = predictor.predict(x)
    noise = predictor.s2 * predictor.hyper.noise  # type: ignore[attr-defined]
    known = np.concatenate([now.observed, x])
    before = predictor.predict(now.observed)[0].max()
    rises = [
        predictor.believe(x, mean + np.sqrt(sd**2 + noise) * z).predict(known)[0].max() - before
        for z in ndtri((np.arange(NODES) + 0.5) / NODES)
    ]
    value = float(knowledge_gradient(now)(at(0.57))[0].exp())
    assert value == pytest.approx(np.mean(rises), rel=1e-3)


@pytest.mark.parametrize("kind", [knowledge_gradient, max_value_entropy])
def test_more_is_learned_beside_the_best_than_at_what_is_known_to_be_bad(kind: object) -> None:
    values = kind(belief())(at(0.57, 0.2, 0.35))  # type: ignore[operator]
    assert values[0] > values[1:].max() + 1.0


def test_entropy_is_the_same_for_the_same_belief() -> None:
    first, second = (max_value_entropy(belief())(at(0.57, 0.8)) for _ in range(2))
    assert torch.equal(first, second)

"""The sparse prior finds the few parameters that matter among many."""

from __future__ import annotations

import numpy as np

from evals.space import Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from surrogates.gp import GaussianProcess
from surrogates.registry import make_surrogate

D = 24
SPACE = SearchSpace(tuple(Float(f"x{i}", 0, 1) for i in range(D)))
TASK = Task(
    evaluator="function", space=SPACE, objectives=(Objective(metric="loss", direction="minimize"),)
)


def trials(count: int) -> list[Trial]:
    made = []
    for i, config in enumerate(SPACE.sample(np.random.default_rng(4), count)):
        x = SPACE.encode([config])[0]
        loss = float(np.sin(5 * x[3]) + 2 * (x[17] - 0.4) ** 2)
        made.append(Trial(i, Suggestion(config, "user"), Evaluation(TrialState.COMPLETE, (loss,))))
    return made


def test_only_what_matters_has_a_short_lengthscale() -> None:
    model = make_surrogate("saas").fit(TASK, trials(32))
    assert isinstance(model, GaussianProcess)
    lengthscales = model.predictor.hyper.lengthscales
    order = np.argsort(lengthscales)
    assert set(order[:2]) == {3, 17}
    assert lengthscales[order[2]] > 3 * lengthscales[order[1]]


def test_two_trials_are_enough_to_go_on() -> None:
    model = make_surrogate("saas").fit(TASK, trials(2))
    assert isinstance(model, GaussianProcess)
    assert np.isfinite(model.marginals(np.full((1, D), 0.5))).all()

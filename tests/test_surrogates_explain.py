"""Importances and marginals tell what the objective really depends on."""

from __future__ import annotations

import numpy as np
import pytest

from evals.space import Categorical, Condition, Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from surrogates.explain import importances, marginal

SPACE = SearchSpace(
    (
        Float("rate", 1e-4, 1.0, log=True),
        Float("idle", 0, 1),
        Categorical("kind", ("a", "b")),
        Float("depth", 0, 1, condition=Condition("kind", ("b",))),
    )
)


def task_and_trials(count: int = 40) -> tuple[Task, list[Trial]]:
    objective = Objective(metric="loss", direction="minimize")
    task = Task(evaluator="function", space=SPACE, objectives=(objective,))
    trials = []
    for i, config in enumerate(SPACE.sample(np.random.default_rng(0), count)):
        loss = (np.log10(config["rate"]) + 2) ** 2 + (config["kind"] == "a")  # type: ignore[arg-type]
        ended = Evaluation(TrialState.COMPLETE, (float(loss),))
        trials.append(Trial(i, Suggestion(config, "random"), ended))
    return task, trials


def test_importances_find_what_matters() -> None:
    shares = importances(*task_and_trials())
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) >= 0
    assert shares["rate"] > shares["kind"] > max(shares["idle"], shares["depth"])


def test_importances_are_equal_where_nothing_is_known() -> None:
    task, trials = task_and_trials(1)
    assert importances(task, trials) == dict.fromkeys(SPACE.names, 0.25)


def test_a_marginal_is_read_as_the_user_reads_it() -> None:
    values, mean, sd = marginal(*task_and_trials(), "rate", 9)
    assert values[0] == pytest.approx(1e-4) and values[-1] == pytest.approx(1)
    assert values[int(np.argmin(mean))] == pytest.approx(1e-2, rel=0.01)
    assert mean[0] == pytest.approx(4.5, abs=1)
    assert (sd > 0).all()


def test_marginals_of_choices_and_conditional_parameters() -> None:
    values, mean, _ = marginal(*task_and_trials(), "kind")
    assert values == ["a", "b"] and mean[0] > mean[1]
    assert len(marginal(*task_and_trials(), "depth", 5)[0]) == 5

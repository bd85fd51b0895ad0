"""The Bayesian designer: steps, acquisition functions, several objectives, cost, failures."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.bayesian import BayesianDesigner
from acquisition.functions import ACQUISITIONS, make_acquisition
from evals.space import Categorical, Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.errors import UserError

SPACE = SearchSpace((Float("x", 0, 1), Float("y", 0, 1), Categorical("c", ("a", "b"))))
FOR_ONE = sorted(set(ACQUISITIONS) - {"qlognehvi"})
"""Acquisition functions that one objective is enough for."""
LOSS = Objective(metric="loss", direction="minimize")
SIZE = Objective(metric="size", direction="minimize")


def trial(number: int, config: dict[str, object], objectives: int = 1) -> Trial:
    x, y = float(config["x"]), float(config["y"])  # type: ignore[arg-type]
    loss = (x - 0.7) ** 2 + (y - 0.2) ** 2 + 0.1 * (config["c"] == "a")
    ended = Evaluation(TrialState.COMPLETE, (loss, x + y)[:objectives], cost=1.0 + 20.0 * x)
    return Trial(number, Suggestion(config, "user"), ended)  # type: ignore[arg-type]


def history(count: int, objectives: int = 1) -> tuple[Task, list[Trial]]:
    task = Task(evaluator="function", space=SPACE, objectives=(LOSS, SIZE)[:objectives])
    configs = SPACE.sample(np.random.default_rng(0), count)
    return task, [trial(i, dict(c), objectives) for i, c in enumerate(configs)]


def test_a_step_scores_what_it_proposes_and_reads_as_the_user_reads() -> None:
    task, trials = history(12)
    step = BayesianDesigner().step(task, trials, np.random.default_rng(0))
    first, second = step.optimum(2)
    assert step.optimum(1) == [first]
    again = step.score([first.config, trials[0].config])
    assert again[0].acquisition == pytest.approx(first.acquisition)
    assert again[0].acquisition > again[1].acquisition
    assert again[1].mean == pytest.approx(trials[0].values[0], abs=0.05)
    assert task.space.key(first.config) != task.space.key(second.config)


def test_running_trials_are_worth_less_a_second_time() -> None:
    task, trials = history(12)
    best = BayesianDesigner().step(task, trials, np.random.default_rng(0)).optimum(1)[0]
    running = [*trials, Trial(12, Suggestion(best.config, "surrogate"))]
    then = BayesianDesigner().step(task, running, np.random.default_rng(0))
    assert then.score([best.config])[0].acquisition < best.acquisition - 1


@pytest.mark.parametrize("name", FOR_ONE)
def test_every_acquisition_finds_the_valley(name: str) -> None:
    task, trials = history(8)
    designer = BayesianDesigner(acquisition=name)
    for i in range(8, 16):
        (found,) = designer.suggest(task, trials, 1, np.random.default_rng(i))
        trials.append(trial(i, dict(found.config)))
    assert min(t.values[0] for t in trials) < 0.01


def test_gradients_of_every_acquisition_agree_with_differences() -> None:
    task, trials = history(10)
    step = BayesianDesigner().step(task, trials, np.random.default_rng(0))
    at = np.array([[0.3, 0.6, 1.0]])
    for name in FOR_ONE:
        function = make_acquisition(name, step.belief)
        for j in (0, 1):
            move = np.zeros_like(at)
            move[0, j] = 1e-5
            numeric = (function(at + move) - function(at - move))[0] / 2e-5
            assert function.gradients(at)[1][0, j] == pytest.approx(numeric, rel=2e-2, abs=1e-3)


def test_cost_counts_where_asked() -> None:
    task, trials = history(12)
    dear, cheap = {"x": 0.9, "y": 0.2, "c": "b"}, {"x": 0.1, "y": 0.2, "c": "b"}
    gaps = []
    for name in ("logei", "logei_per_second"):
        designer = BayesianDesigner(acquisition=name)
        step = designer.step(task, trials, np.random.default_rng(0))
        first, second = step.score([dear, cheap])
        gaps.append(second.acquisition - first.acquisition)
    assert gaps[1] - gaps[0] == pytest.approx(np.log(19 / 3), abs=0.3)


def test_two_objectives_spread_over_the_front() -> None:
    task, trials = history(6, objectives=2)
    for i in range(6, 18):
        (found,) = BayesianDesigner().suggest(task, trials, 1, np.random.default_rng(i))
        trials.append(trial(i, dict(found.config), 2))
    values = np.array([t.values for t in trials])
    front = [v for v in values if not ((values <= v).all(1) & (values < v).any(1)).any()]
    assert len(front) >= 6
    assert min(v[0] for v in front) < 0.03 and min(v[1] for v in front) < 0.4


@pytest.mark.parametrize("start", range(1, 3))
def test_the_ends_of_the_front_are_found_from_any_start(start: int) -> None:
    task = history(0, objectives=2)[0]
    configs = SPACE.sample(np.random.default_rng(start), 6)
    trials = [trial(i, dict(c), 2) for i, c in enumerate(configs)]
    for i in range(6, 18):
        (found,) = BayesianDesigner().suggest(task, trials, 1, np.random.default_rng(i))
        trials.append(trial(i, dict(found.config), 2))
    losses, sizes = np.array([t.values for t in trials]).T
    assert losses.min() < 0.02 and sizes.min() < 0.1


def test_unknown_acquisitions_are_named() -> None:
    task, trials = history(6)
    with pytest.raises(UserError, match="no acquisition function called 'eii'"):
        BayesianDesigner(acquisition="eii").step(task, trials, np.random.default_rng(0)).optimum(1)


def test_a_search_along_a_cliff_learns_to_stay_on_it() -> None:
    space = SearchSpace((Float("x", 0, 1), Float("y", 0, 1), Float("z", 0, 1)))
    task = Task(evaluator="function", space=space, objectives=(LOSS,))
    trials = []
    for i in range(40):
        (found,) = BayesianDesigner().suggest(task, trials, 1, np.random.default_rng(i))
        x, y, z = (float(v) for v in found.config.values())  # type: ignore[arg-type]
        value = (x - 0.8) ** 2 + (y - 0.7) ** 2 + (z - 0.4) ** 2
        done = Evaluation(TrialState.COMPLETE, (value,))
        ended = Evaluation(TrialState.FAILED) if x + y > 1.2 else done
        trials.append(Trial(i, found, ended))
    ran = [t.state is TrialState.COMPLETE for t in trials]
    assert np.mean(ran[15:]) >= 0.8
    assert min(t.values[0] for t in trials if t.values) < 0.065

"""Permuted scores tell who listens from who does not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from acquisition.feedback import Ask, feedback, permuted
from acquisition.registry import make_designer
from evals.objectives import gains
from evals.space import Categorical, Config, Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.errors import StudyError
from surrogates.encoding import encoding_of

SPACE = SearchSpace(
    (Float("x", -1, 1), Float("y", 1e-3, 1, log=True), Categorical("c", ("a", "b")))
)
TASK = Task(
    evaluator="none", space=SPACE, objectives=(Objective(metric="loss", direction="minimize"),)
)


def loss(config: Config) -> float:
    far = (float(config["x"]) - 0.4) ** 2 + (np.log10(float(config["y"])) + 1) ** 2 / 4  # type: ignore[arg-type]
    return float(far) + 0.3 * (config["c"] == "b")


def some_trials(count: int) -> list[Trial]:
    configs = SPACE.sample(np.random.default_rng(2), count)
    found = [
        Trial(i, Suggestion(c, "sobol"), Evaluation(TrialState.COMPLETE, (loss(c),)))
        for i, c in enumerate(configs)
    ]
    failed = Trial(count, Suggestion(SPACE.sample(np.random.default_rng(9))[0], "sobol"))
    return [*found, failed]


def gaussian_process(trials: Sequence[Trial], number: int) -> list[Config]:
    rng = np.random.default_rng([number])
    return [s.config for s in make_designer("gp").suggest(TASK, trials, 1, rng)]


def listener(trials: Sequence[Trial], number: int) -> list[Config]:
    """Moves a little away from the best that it is shown."""
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    best = np.argsort(-gains(TASK, complete)[:, 0])[:3]
    encoding = encoding_of(SPACE)
    X = encoding.encode([complete[i].config for i in best])
    moved = X + np.random.default_rng(number).normal(0, 0.1, X.shape)
    return SPACE.decode(encoding.snap(moved))


def knows_the_answer(trials: Sequence[Trial], number: int) -> list[Config]:
    """Proposes good configurations, whatever it is shown."""
    draws = SPACE.sample(np.random.default_rng([number, 1]), 30)
    return sorted(draws, key=loss)[:3]


def stubborn(trials: Sequence[Trial], number: int) -> list[Config]:
    return [{"x": 0.4, "y": 0.1, "c": "a"}]


@pytest.mark.parametrize("ask", [gaussian_process, listener])
def test_who_listens_is_told_apart(ask: Ask) -> None:
    found = feedback(TASK, some_trials(12), ask)
    assert found.listens and found.strength > 0.2
    assert "follows the scores" in found.sentence


@pytest.mark.parametrize("ask", [knows_the_answer, stubborn])
def test_who_does_not_look_is_called_so(ask: Ask) -> None:
    found = feedback(TASK, some_trials(12), ask)
    assert not found.listens
    assert "do not follow" in found.sentence


def test_the_test_is_exact_for_who_does_not_look() -> None:
    chances = []
    for start in range(60):

        def blind(trials: Sequence[Trial], number: int, start: int = start) -> list[Config]:
            return SPACE.sample(np.random.default_rng([start, number]), 3)

        chances.append(feedback(TASK, some_trials(12), blind).chance)
    assert np.mean(np.array(chances) <= 0.05) < 0.12
    assert 0.4 < np.mean(chances) < 0.6


def test_permuted_trials_keep_everything_but_the_scores() -> None:
    trials = some_trials(6)
    swapped = permuted(trials, [5, 4, 3, 2, 1, 0])
    assert [t.config for t in swapped] == [t.config for t in trials]
    assert [t.values for t in swapped[:6]] == [t.values for t in trials[:6]][::-1]
    assert swapped[6].state is TrialState.RUNNING


def test_too_little_to_say_is_said() -> None:
    with pytest.raises(StudyError, match="with 4 completed trials"):
        feedback(TASK, some_trials(4), stubborn)
    with pytest.raises(StudyError, match="proposed nothing"):
        feedback(TASK, some_trials(8), lambda trials, number: [])

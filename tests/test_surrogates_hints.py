"""What is said to matter moves lengthscales while data are few; what is not said moves nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from evals.preferences import Preference, Steering
from evals.space import Config, Float, SearchSpace
from evals.steering import steered
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.errors import InvalidTaskError
from surrogates.gp import GPSurrogate, fit_first
from surrogates.hints import hints, shift

Array = NDArray[np.float64]
NAMES = ("a", "b", "c", "d")
SPACE = SearchSpace(tuple(Float(n, 0, 1) for n in NAMES))
TASK = Task(
    evaluator="none", space=SPACE, objectives=(Objective(metric="score", direction="maximize"),)
)
PROBES = np.random.default_rng(9).random((20, 4))


def told(**said: tuple[str, ...]) -> Task:
    return steered(TASK, Steering.model_validate({"words": "", **said}))


def of_a(config: Config) -> float:
    return float(np.sin(6 * float(config["a"])))  # type: ignore[arg-type]


def trials(count: int, *scores: Callable[[Config], float]) -> list[Trial]:
    found = []
    for i, config in enumerate(SPACE.sample(np.random.default_rng(5), count)):
        result = Evaluation(TrialState.COMPLETE, tuple(score(config) for score in scores))
        found.append(Trial(i, Suggestion(config, "sobol"), result))
    return found


def lengthscales(task: Task, count: int) -> Array:
    return fit_first(task, trials(count, of_a)).predictor.hyper.lengthscales


@pytest.mark.parametrize("count", [3, 12, 23])
def test_without_a_hint_the_fit_is_the_same_to_the_last_bit(count: int) -> None:
    done = trials(count, of_a)
    plain = fit_first(TASK, done)
    believed = Preference(parameter="a", low=0.2, high=0.4, origin="LLM")
    preferred = steered(TASK, Steering(words="", preferences=(believed,)))
    for task in (told(), told(important=NAMES), preferred):
        other = fit_first(task, done)
        assert other.predictor.hyper.noise == plain.predictor.hyper.noise
        assert (other.predictor.hyper.lengthscales == plain.predictor.hyper.lengthscales).all()
        for here, there in zip(other.marginals(PROBES), plain.marginals(PROBES), strict=True):
            assert (here == there).all()


def test_what_is_said_to_matter_gets_a_shorter_lengthscale_and_the_rest_longer_ones() -> None:
    ratio = lengthscales(told(important=("b",)), 3) / lengthscales(TASK, 3)
    assert ratio[1] < 0.9
    assert (ratio[[0, 2, 3]] > 1.1).all()


def test_data_overrule_a_hint() -> None:
    plain, false = lengthscales(TASK, 60), lengthscales(told(important=("b",)), 60)
    assert np.argmin(false) == 0
    early = np.abs(np.log(lengthscales(told(important=("b",)), 3) / lengthscales(TASK, 3)))
    assert (np.abs(np.log(false / plain)) < early / 2).all()


def test_a_hint_fades() -> None:
    given = hints(told(important=("b",)))
    sizes = [np.abs(shift(given, n)).max() for n in (0, 10, 90)]
    assert sizes == pytest.approx([sizes[0], sizes[0] / 2, sizes[0] / 10])
    assert 0.2 < sizes[0] < 1


def test_a_hint_is_about_the_first_objective_only() -> None:
    two = (*TASK.objectives, Objective(metric="size", direction="minimize"))
    done = trials(5, of_a, lambda config: -of_a(config))
    task = TASK.model_copy(update={"objectives": two})
    hinted = steered(task, Steering(words="", important=("b",)))
    models = [GPSurrogate().fit(t, done).models for t in (task, hinted)]
    plain, other = ([m.predictor.hyper.lengthscales for m in pair] for pair in models)
    assert (plain[0] != other[0]).any()
    assert (plain[1] == other[1]).all()


def test_it_must_be_about_what_is_tuned_and_an_old_record_says_nothing() -> None:
    with pytest.raises(InvalidTaskError, match="not tuned"):
        told(important=("width",))
    with pytest.raises(InvalidTaskError, match="not tuned"):
        steered(TASK, Steering(words="", interactions=(("a", "width"),)))
    old = Steering.model_validate({"words": "", "since": 0, "constraints": [], "preferences": []})
    assert (old.important, old.interactions, old.meaning) == ((), (), "")
    task = steered(TASK, Steering(words="", important=("b",), interactions=(("a", "b"),)))
    assert Task.from_yaml(task.to_yaml()) == task
    assert task.steering[0].meaning == "matter most: b; depend on each other: a with b"

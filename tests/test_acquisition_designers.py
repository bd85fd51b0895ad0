"""Every designer keeps the contract: valid, new, distinct, reproducible suggestions."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.registry import make_designer
from evals.space import Categorical, Condition, Constraint, Float, Int, Ordinal, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.errors import UserError

NAMES = ["gp", "random", "sobol"]
MIXED = SearchSpace(
    (
        Float("C", 1e-3, 1e3, log=True, default=1.0),
        Categorical("kernel", ("linear", "rbf", "poly"), default="rbf"),
        Float("gamma", 1e-4, 10.0, log=True, default=0.1, condition=Condition("kernel", ("rbf",))),
        Int("degree", 2, 5, default=3, condition=Condition("kernel", ("poly",))),
        Int("trees", 10, 2000, log=True, default=100),
        Ordinal("batch", (16, 32, 64), default=32),
    ),
    (Constraint("degree * C < 4000"),),
)
SPACES = {
    "mixed": MIXED,
    "one": SearchSpace((Float("x", 0, 1),)),
    "many": SearchSpace(tuple(Float(f"x{i}", -1, 1) for i in range(50))),
    "choices": SearchSpace(tuple(Categorical(f"c{i}", tuple("abcd"[: i + 1])) for i in range(4))),
    "single": SearchSpace((Categorical("only", ("one",)), Float("x", 0, 1))),
    "integers": SearchSpace(tuple(Int(f"n{i}", 1, 10**i) for i in range(1, 5))),
}


def task_of(space: SearchSpace, direction: str = "maximize") -> Task:
    objective = Objective.model_validate({"metric": "score", "direction": direction})
    return Task(evaluator="function", space=space, objectives=(objective,))


def complete(number: int, config: dict[str, object], value: float) -> Trial:
    suggestion = Suggestion(config, "user")  # type: ignore[arg-type]
    return Trial(number, suggestion, Evaluation(TrialState.COMPLETE, (value,)))


def history(space: SearchSpace, scores: list[float], seed: int = 0) -> list[Trial]:
    configs = space.sample(np.random.default_rng(seed), len(scores)) if scores else []
    return [complete(i, dict(c), v) for i, (c, v) in enumerate(zip(configs, scores, strict=True))]


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", NAMES)
def test_suggestions_are_new_valid_distinct_and_reproducible(name: str, space: str) -> None:
    task = task_of(SPACES[space])
    trials = history(task.space, [0.3, 0.7, 0.1, 0.9, 0.4, 0.2, 0.8])
    trials.append(Trial(7, Suggestion(task.space.sample(np.random.default_rng(9))[0], "llm")))
    twice = [
        make_designer(name).suggest(task, trials, 3, np.random.default_rng([1, 8]))
        for _ in range(2)
    ]
    assert twice[0] == twice[1]
    assert len(twice[0]) == 3
    keys = {task.space.key(t.config) for t in trials}
    for suggestion in twice[0]:
        assert task.space.validate(suggestion.config) == suggestion.config
        keys.add(task.space.key(suggestion.config))
    assert len(keys) == len({task.space.key(t.config) for t in trials}) + 3


@pytest.mark.parametrize("name", NAMES)
def test_the_default_comes_first_and_says_so(name: str) -> None:
    task = task_of(MIXED)
    first, second = make_designer(name).suggest(task, [], 2, np.random.default_rng(0))
    assert (first.origin, first.config) == ("default", MIXED.default_config())
    assert second.origin != "default"


@pytest.mark.parametrize("name", NAMES)
def test_a_used_up_space_gives_fewer(name: str) -> None:
    space = SearchSpace((Int("n", 1, 4), Categorical("c", ("a", "b"))), (Constraint("n < 4"),))
    task, trials = task_of(space), []
    for i in range(6):
        (found,) = make_designer(name).suggest(task, trials, 1, np.random.default_rng(i))
        trials.append(complete(i, dict(found.config), float(i % 3)))
    assert make_designer(name).suggest(task, trials, 2, np.random.default_rng(7)) == []
    assert len(make_designer(name).suggest(task, trials[:5], 4, np.random.default_rng(7))) == 1


odd_scores = st.one_of(
    st.just([0.5] * 9),
    st.lists(st.floats(0, 1), min_size=1, max_size=1),
    st.lists(st.floats(-1e-12, 1e-12), min_size=6, max_size=12),
    st.lists(st.floats(-1e12, 1e12), min_size=6, max_size=12),
    st.lists(st.sampled_from([0.0, 1.0, 1e308, -1e308, 1e-320]), min_size=6, max_size=12),
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=6, max_size=12),
)


@given(odd_scores, st.sampled_from(sorted(SPACES)), st.integers(0, 99))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_odd_scores_never_warn_or_crash(scores: list[float], space: str, seed: int) -> None:
    task = task_of(SPACES[space], "minimize")
    trials = history(task.space, scores, seed)
    # Every third configuration once more: replicates must not make the kernel matrix singular.
    trials += [complete(90 + i, dict(t.config), -0.1) for i, t in enumerate(trials[::3])]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = make_designer("gp").suggest(task, trials, 1, np.random.default_rng(seed))
    for suggestion in found:
        task.space.validate(suggestion.config)
        assert task.space.key(suggestion.config) not in {task.space.key(t.config) for t in trials}


@pytest.mark.parametrize("state", [TrialState.FAILED, TrialState.INFEASIBLE, TrialState.PRUNED])
def test_where_nothing_completed_the_search_goes_on(state: TrialState) -> None:
    task = task_of(MIXED)
    trials = [
        Trial(i, Suggestion(c, "random"), Evaluation(state, reason="it broke"))
        for i, c in enumerate(MIXED.sample(np.random.default_rng(0), 12))
    ]
    found = make_designer("gp").suggest(task, trials, 2, np.random.default_rng(1))
    assert len(found) == 2


def test_failures_are_avoided_without_a_penalty() -> None:
    space = SearchSpace((Float("x", 0, 1), Float("y", 0, 1)))
    task, trials = task_of(space), []
    for i in range(35):
        (found,) = make_designer("gp").suggest(task, trials, 1, np.random.default_rng([3, i]))
        x, y = float(found.config["x"]), float(found.config["y"])  # type: ignore[arg-type]
        if x > 0.7:
            ended = Evaluation(TrialState.FAILED, reason="out of memory")
        else:
            ended = Evaluation(TrialState.COMPLETE, (-((x - 0.6) ** 2) - (y - 0.4) ** 2,))
        trials.append(Trial(i, found, ended))
    late = [t.state for t in trials[-15:]]
    assert late.count(TrialState.COMPLETE) >= 13
    assert max(t.values[0] for t in trials if t.values) > -1e-3


def test_unknown_designers_are_named() -> None:
    with pytest.raises(UserError, match="no strategy called 'gpp'"):
        make_designer("gpp")

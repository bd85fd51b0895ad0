"""When a search has little left to gain: a probability under the surrogate, the same every time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.registry import make_designer
from acquisition.stopping import DOUBT, FEWEST, LOOKS, Outlook, outlook
from evals.parameters import Float, Int
from evals.space import Constraint, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState

SPACE = SearchSpace((Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)))


def task(space: SearchSpace = SPACE, direction: str = "minimize") -> Task:
    objective = Objective.model_validate({"metric": "loss", "direction": direction})
    return Task(evaluator="none", space=space, objectives=(objective,), seed=3)


def bowl(x: float, y: float) -> float:
    return (x - 0.3) ** 2 + (y - 0.6) ** 2


def tried(points: Sequence[tuple[float, float]], score: Callable[..., float]) -> list[Trial]:
    return [trial(i, {"x": x, "y": y}, score(x, y)) for i, (x, y) in enumerate(points)]


def trial(number: int, config: dict[str, float], value: float) -> Trial:
    state = TrialState.FAILED if math.isnan(value) else TrialState.COMPLETE
    values = () if math.isnan(value) else (value,)
    return Trial(number, Suggestion(config, "random"), Evaluation(state, values))


def searched(count: int) -> list[Trial]:
    designer, done, own = make_designer("gp"), list[Trial](), task()
    for k in range(count):
        (found,) = designer.suggest(own, done, 1, np.random.default_rng([3, k]))
        done.append(trial(k, dict(found.config), bowl(**found.config)))  # type: ignore[arg-type]
    return done


DONE = searched(24)


def seen(trials: Sequence[Trial], threshold: float, of: Task | None = None) -> Outlook:
    found = outlook(of or task(), trials, threshold)
    assert found is not None
    return found


def test_a_bowl_that_is_searched_has_little_left_and_one_begun_has_much() -> None:
    late, early = seen(DONE, 0.01), seen(DONE[:FEWEST], 1e-5)
    assert late.enough and late.chance <= DOUBT and late.looks == LOOKS
    assert not early.enough and early.chance > DOUBT
    assert late.expected < 0.01
    assert "stop" in late.words and "go on" in early.words


def test_the_rule_must_hold_for_several_trials_in_a_row() -> None:
    first = next(n for n in range(FEWEST, 25) if seen(DONE[:n], 0.01).chance <= DOUBT)
    looks = [seen(DONE[:n], 0.01).looks for n in range(first, first + LOOKS)]
    assert looks == list(range(1, LOOKS + 1))


def test_too_little_known_is_no_reason_to_stop() -> None:
    assert outlook(task(), DONE[: FEWEST - 1], 1e6) is None
    assert not seen(DONE[:FEWEST], 1e6).enough


def test_running_trials_change_nothing() -> None:
    running = Trial(24, Suggestion({"x": 0.9, "y": 0.9}, "surrogate"))
    assert seen([*DONE, running], 1e-3) == seen(DONE, 1e-3)


@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 10**6),
    st.floats(1e-6, 10.0),
    st.floats(1.0, 10.0),
)
def test_larger_thresholds_are_passed_less_often(seed: int, threshold: float, times: float) -> None:
    rng = np.random.default_rng(seed)
    trials = tried([tuple(p) for p in rng.random((12, 2))], lambda x, y: bowl(x, y) + rng.normal())
    small, large = seen(trials, threshold), seen(trials, threshold * times)
    assert large.chance <= small.chance
    assert large.looks >= small.looks
    assert 0.0 <= small.expected == large.expected
    assert seen(trials, threshold) == small


@settings(max_examples=4, deadline=None)
@given(st.sampled_from([1e-6, 0.5, 64.0, 2.0**40]), st.floats(-5, 5))
def test_the_unit_of_the_objective_does_not_matter(times: float, shift: float) -> None:
    moved = [trial(t.number, dict(t.config), times * (t.values[0] + shift)) for t in DONE[:14]]  # type: ignore[arg-type]
    plain, other = seen(DONE[:14], 1e-3), seen(moved, times * 1e-3)
    assert other.chance == pytest.approx(plain.chance, abs=0.03)
    assert other.expected / times == pytest.approx(plain.expected, rel=0.2, abs=1e-5)


def test_the_direction_does_not_matter() -> None:
    turned = [trial(t.number, dict(t.config), -t.values[0]) for t in DONE[:14]]  # type: ignore[arg-type]
    assert seen(turned, 1e-3, task(direction="maximize")) == seen(DONE[:14], 1e-3)


def test_what_is_forbidden_holds_no_gain() -> None:
    inside = [(x, y) for x in (0.0, 0.25, 0.5) for y in (0.0, 0.3, 0.6, 1.0)]
    trials = tried(inside, lambda x, y: -10 * x)
    free = seen(trials, 1.0)
    held = seen(trials, 1.0, task(SearchSpace(SPACE.parameters, (Constraint("x <= 0.5"),))))
    assert held.chance < free.chance / 3


def test_what_fails_holds_no_gain() -> None:
    points = [(x, y) for x in (0.0, 0.15, 0.3, 0.4, 0.6, 0.7, 0.85, 1.0) for y in (0.0, 0.5, 1.0)]
    runs = tried([p for p in points if p[0] <= 0.4], lambda x, y: -10 * x)
    fails = tried(points, lambda x, y: math.nan if x > 0.5 else -10 * x)
    assert seen(fails, 2.0).chance < seen(runs, 2.0).chance / 2


def test_a_small_space_that_is_used_up_has_nothing_left() -> None:
    space = SearchSpace((Int("n", 1, 12),))
    trials = [trial(i, {"n": i + 1}, float((i - 4) ** 2)) for i in range(12)]
    assert seen(trials, 3.0, task(space)).enough

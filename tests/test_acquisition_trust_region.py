"""The region grows with success, shrinks without it, and keeps the proposals inside."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from acquisition.bayesian import Step
from acquisition.registry import make_designer
from acquisition.trust_region import (
    FAILURES,
    LEAST,
    MANY,
    MOST,
    OPENING,
    Phase,
    Region,
    box,
    phase,
    wanted,
)
from evals.space import Categorical, Condition, Config, Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import REPLICATION, Evaluation, Suggestion, Trial, TrialState
from surrogates.encoding import encoding_of

START = [0.0, 0.2, 0.1, 0.3, 0.25]
LASTS = FAILURES * (1 + math.floor(math.log2(MOST / LEAST)))
"""So many failures until a region is given up."""


def space(d: int) -> SearchSpace:
    return SearchSpace(tuple(Float(f"x{i}", 0, 1) for i in range(d)))


def task(d: int) -> Task:
    objective = Objective(metric="loss", direction="minimize")
    return Task(evaluator="function", space=space(d), objectives=(objective,))


def value(config: Config) -> float:
    return sum((float(v) - 0.4) ** 2 for v in config.values())  # type: ignore[arg-type]


def history(d: int, count: int, seed: int = 0) -> list[Trial]:
    configs = space(d).sample(np.random.default_rng(seed), count)
    return [
        Trial(i, Suggestion(c, "user"), Evaluation(TrialState.COMPLETE, (value(c),)))
        for i, c in enumerate(configs)
    ]


def stuck(d: int, count: int) -> list[Trial]:
    """Return `OPENING` trials, then `count` that are worse than the best of these, ever worse."""
    first = history(d, OPENING)
    best = min(value(t.config) for t in first)
    worse = [t for t in history(d, 8 * count, seed=1) if value(t.config) > best + 0.02]
    worse = sorted(worse[:count], key=lambda t: value(t.config))
    assert len(worse) == count
    return [replace(t, number=i) for i, t in enumerate([*first, *worse])]


def test_the_search_begins_everywhere_and_failures_open_the_region_and_halve_it() -> None:
    assert phase(START) == Phase(MOST, 0)
    assert phase([*START, *[0.1] * (FAILURES - 1)]).length == MOST
    assert phase([*START, *[0.1] * FAILURES]).length == MOST / 2
    assert phase([*START, *[math.nan] * FAILURES]).length == MOST / 2
    assert phase([*START, *[0.1] * 2 * FAILURES]).length == MOST / 4
    assert phase([*START, *[0.1] * (FAILURES - 1), 9, 0.1]).length == MOST


def test_successes_in_a_row_double_the_region_up_to_everywhere() -> None:
    small = [*START, *[0.1] * 2 * FAILURES]
    assert phase([*small, 1, 2]).length == MOST / 4
    assert phase([*small, 1, 2, 3]).length == MOST / 2
    assert phase([*small, 1, 2, 0.1, 3]).length == MOST / 4
    assert phase([*small, *range(1, 20)]).length == MOST


def test_an_improvement_by_next_to_nothing_is_none() -> None:
    assert phase([*START, 0.3 + 1e-7, *[0.1] * (FAILURES - 1)]).length == MOST / 2
    assert phase([*START, 0.3 + 1e-2, *[0.1] * (FAILURES - 1)]).length == MOST


def test_the_scale_of_the_scores_does_not_count() -> None:
    gains = np.random.default_rng(1).normal(size=60).cumsum()
    one = [phase(gains[:n].tolist()) for n in range(60)]
    for scale, shift in ((1e9, -1e8), (1e-6, 0.0)):
        assert one == [phase((scale * gains[:n] + shift).tolist()) for n in range(60)]
    assert len({p.length for p in one}) > 2


def test_a_region_shrunk_to_nothing_is_given_up_for_a_new_one() -> None:
    gains = [*START, *[0.1] * LASTS]
    assert phase(gains[:-1]).began == 0
    assert phase(gains) == Phase(MOST, len(gains))
    # What the first region found is nothing to the second: these are successes.
    rising = [0.01 * i for i in range(OPENING + FAILURES)]
    assert phase([*gains, *rising]) == Phase(MOST, len(gains))
    assert phase([*gains, *[0.1] * (OPENING + FAILURES)]) == Phase(MOST / 2, len(gains))


def test_the_box_is_long_where_the_model_is_smooth_and_choices_are_free() -> None:
    mixed = encoding_of(
        SearchSpace((Float("a", 0, 1), Float("b", 0, 1), Categorical("c", ("u", "v"))))
    )
    low, high = box(mixed, np.array([0.5, 0.5, 0.0]), np.array([1.0, 4.0, 9.0]), 0.2)
    assert (high - low)[:2] == pytest.approx([0.1, 0.4])
    assert (low[2], high[2]) == (0.0, 1.0)


def test_other_choices_stay_within_reach_though_they_hide_what_the_box_bounds() -> None:
    hidden = Float("only", 0, 1, condition=Condition("c", ("u",)))
    mixed = encoding_of(SearchSpace((Float("a", 0, 1), Categorical("c", ("u", "v")), hidden)))
    centre = mixed.encode([{"a": 0.5, "c": "u", "only": 0.95}])[0]
    low, high = box(mixed, centre, np.ones(3), 0.2)
    pool = Region(centre, low, high).candidates(mixed, np.random.default_rng(0), 64)
    assert {c["c"] for c in mixed.space.decode(pool)} == {"u", "v"}
    there = pool[mixed.active(pool)[:, 2]]
    assert there[:, 2].min() >= low[2] and np.ptp(pool[:, 0]) <= 0.2 + 1e-9


def test_a_region_is_opened_unasked_in_many_dimensions_only() -> None:
    few, many = encoding_of(space(MANY)), encoding_of(space(MANY + 1))
    assert [wanted(e, "auto") for e in (few, many)] == [False, True]
    assert [wanted(e, "always") for e in (few, many)] == [True, True]
    assert [wanted(e, "never") for e in (few, many)] == [False, False]


def test_proposals_lie_inside_and_are_the_same_again() -> None:
    trials = stuck(MANY + 1, FAILURES)
    step = Step(task(MANY + 1), trials, np.random.default_rng(0), local="auto")
    assert step.region is not None
    found = [s.config for s in step.optimum(3)]
    rows = step.encoding.encode(found)
    assert step.region.holds(step.encoding, rows).all()
    assert len(np.unique(rows, axis=0)) == 3
    again = Step(task(MANY + 1), trials, np.random.default_rng(0), local="auto").optimum(3)
    assert [s.config for s in again] == found


def test_few_dimensions_are_searched_as_before_unless_asked() -> None:
    trials = stuck(4, FAILURES)
    plain, auto, always = (
        make_designer(name, **options).suggest(task(4), trials, 1, np.random.default_rng(2))
        for name, options in (("gp", {}), ("gp", {"local": "auto"}), ("gp-trust-region", {}))
    )
    assert plain == auto != always


def test_running_the_best_again_is_no_failure() -> None:
    trials = stuck(4, FAILURES - 1)
    again = replace(trials[0], suggestion=Suggestion(trials[0].config, REPLICATION))
    trials += [replace(again, number=len(trials) + i) for i in range(3)]
    assert Step(task(4), trials, np.random.default_rng(0), local="always").region is None


def test_a_search_that_succeeds_is_left_alone() -> None:
    trials = stuck(4, FAILURES - 1)
    plain, always = (
        make_designer(name).suggest(task(4), trials, 1, np.random.default_rng(2))
        for name in ("gp", "gp-trust-region")
    )
    assert plain == always


def test_after_a_new_start_proposals_compete_with_the_new_region_only() -> None:
    trials = stuck(4, LASTS + OPENING + FAILURES)
    step = Step(task(4), trials, np.random.default_rng(0), local="always")
    assert step.region is not None and step.region.threshold is not None
    own = encoding_of(space(4)).encode([t.config for t in trials[OPENING + LASTS :]])
    assert any(np.allclose(step.region.centre, row) for row in own)
    assert step.region.threshold < step.belief.model.marginals(step.belief.observed)[0].max()
    found = step.encoding.encode([step.optimum(1)[0].config])
    assert step.region.holds(step.encoding, found).all()


def test_the_next_region_is_looked_for_everywhere() -> None:
    trials = stuck(4, LASTS + OPENING + FAILURES - 1)
    assert Step(task(4), trials, np.random.default_rng(0), local="always").region is None

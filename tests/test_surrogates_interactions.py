"""Pairs of parameters that depend on each other are told from those that do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from acquisition.claims import Verdict, check_pair
from evals.space import Categorical, Config, Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from surrogates.interactions import joint

SPACE = SearchSpace(
    (Float("a", 0, 1), Float("b", 0, 1), Float("c", 0, 1), Categorical("w", ("x", "y", "z")))
)
TASK = Task(
    evaluator="none", space=SPACE, objectives=(Objective(metric="score", direction="maximize"),)
)


def product(c: Config) -> float:
    return 4 * (float(c["a"]) - 0.5) * (float(c["b"]) - 0.5) + float(c["c"])  # type: ignore[arg-type]


def turned(c: Config) -> float:
    return float(c["a"]) * (1 if c["w"] == "x" else -1) + float(c["b"])  # type: ignore[arg-type]


def trials(score: Callable[[Config], float], count: int) -> list[Trial]:
    configs = SPACE.sample(np.random.default_rng(5), count)
    return [
        Trial(i, Suggestion(c, "sobol"), Evaluation(TrialState.COMPLETE, (score(c),)))
        for i, c in enumerate(configs)
    ]


@pytest.mark.parametrize(
    ("score", "yes", "no"),
    [(product, ("a", "b"), ("b", "c")), (turned, ("a", "w"), ("a", "b"))],
    ids=["numbers", "choices"],
)
def test_a_pair_is_supported_where_it_is_real(
    score: Callable[[Config], float], yes: tuple[str, str], no: tuple[str, str]
) -> None:
    done = trials(score, 40)
    assert check_pair(TASK, done, yes) is Verdict.SUPPORTED
    assert check_pair(TASK, done, no) is Verdict.UNSUPPORTED
    share = joint(TASK, done, yes).share
    assert 0.1 < share <= 1
    assert joint(TASK, done, (yes[1], yes[0])).share == pytest.approx(share)


def test_few_trials_say_nothing() -> None:
    assert check_pair(TASK, trials(product, 5), ("a", "b")) is Verdict.UNKNOWN
    found = joint(TASK, trials(product, 8), ("a", "b"))
    assert found.known < 0.5
    assert check_pair(TASK, trials(product, 8), ("a", "b")) is Verdict.UNKNOWN


def test_a_pair_is_not_denied_before_choices_have_been_seen() -> None:
    assert check_pair(TASK, trials(turned, 15), ("a", "w")) is Verdict.UNKNOWN

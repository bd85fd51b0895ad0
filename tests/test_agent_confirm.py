"""The winner is run again on seeds that had no part in choosing it, and said to be what it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from agent.confirm import confirm, interval, planned
from agent.outcome import Outcome
from agent.study_view import StudyView
from agent.verdicts import verdicts
from benchmarks.winners import TABLES, judged
from evals.evaluator import Report
from evals.space import Config, Float, SearchSpace
from evals.task import Objective, Program, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState

TASK = Task(
    evaluator="function",
    space=SearchSpace((Float("x", 0.0, 1.0, default=0.5),)),
    objectives=(Objective(metric="loss", direction="minimize"),),
    program=Program(function="here:train"),
)
Score = Callable[[float, int], float]


@dataclass
class Scored:
    """Scores by `of(x, seed)`; remembers what it was asked."""

    of: Score
    asked: list[tuple[float, int]] = field(default_factory=list)

    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        x = float(config["x"])  # type: ignore[arg-type]
        self.asked.append((x, seed))
        return Evaluation(TrialState.COMPLETE, (self.of(x, seed),), cost=2.0)


def noisy(x: float, seed: int) -> float:
    return x + 0.1 * float(np.random.default_rng([seed, int(1e6 * x)]).standard_normal())


def searched(of: Score, count: int) -> list[Trial]:
    xs = [0.5, *np.linspace(0.1, 0.9, count - 1)]
    return [
        Trial(
            i,
            Suggestion({"x": float(x)}, "sobol" if i else "default"),
            Evaluation(TrialState.COMPLETE, (of(float(x), TASK.seed),), cost=2.0),
        )
        for i, x in enumerate(xs)
    ]


def said(of: Score, count: int, **options: float) -> list[str]:
    trials = searched(of, count)
    again = confirm(TASK, trials, Scored(of), **options)
    outcome = Outcome(best=again.winner, judged=count, confirmation=again)
    return verdicts(StudyView("s", TASK, trials, outcome=outcome))


@pytest.mark.parametrize(
    ("trials", "runs"), [(2, 0), (3, 1), (12, 4), (25, 8), (45, 15), (500, 23)]
)
def test_a_third_of_the_search_is_the_most_that_is_run_again(trials: int, runs: int) -> None:
    assert planned(trials).runs == runs <= trials / 3


def test_the_seeds_of_search_choice_and_report_are_apart() -> None:
    trials, evaluator = searched(noisy, 30), Scored(noisy)
    again = confirm(TASK, trials, evaluator)
    seeds = {
        p: {r.seed for r in again.repeats if r.purpose == p} for p in ("choosing", "reporting")
    }
    assert not seeds["choosing"] & seeds["reporting"]
    assert TASK.seed not in seeds["choosing"] | seeds["reporting"]
    assert [s for _, s in evaluator.asked] == [r.seed for r in again.repeats]
    more = confirm(TASK, searched(noisy, 33), Scored(noisy))
    assert not {r.seed for r in more.repeats} & {r.seed for r in again.repeats}


def test_who_was_only_lucky_loses_the_crown() -> None:
    lucky = 0.9

    def of(x: float, seed: int) -> float:
        return -5.0 if x == lucky and seed == TASK.seed else noisy(x, seed) + 9 * (x == lucky)

    trials = searched(of, 30)
    again = confirm(TASK, trials, Scored(of))
    assert again.winner is not None and trials[again.winner].config["x"] != lucky
    outcome = Outcome(best=again.winner, judged=30, confirmation=again)
    best = StudyView("s", TASK, trials, outcome=outcome).best
    assert best is not None and best.number == again.winner
    longer = StudyView("s", TASK, [*trials, trials[1]], outcome=outcome).best
    assert longer is not None and longer.config["x"] == lucky


def test_the_gain_over_the_default_has_an_interval_of_its_own() -> None:
    again = confirm(TASK, searched(noisy, 45), Scored(noisy))
    assert again.gain is not None and again.score is not None and again.gain.low is not None
    assert again.gain.low < 0.4 < again.gain.high  # type: ignore[operator]
    sentences = " ".join(said(noisy, 45))
    assert "your default" in sentences and "90 % interval" in sentences and "too good" in sentences


def test_without_luck_nothing_is_corrected() -> None:
    trials, evaluator = searched(lambda x, seed: x, 30), Scored(lambda x, seed: x)
    assert confirm(TASK, trials, evaluator).steady and len(evaluator.asked) == 4
    assert "no luck" in said(lambda x, seed: x, 30)[-1]


def test_what_the_budget_does_not_allow_is_said() -> None:
    assert "leave no room" in said(noisy, 2)[-1]
    assert "No time was left" in said(noisy, 30, seconds_left=10.0)[-1]
    assert "an interval needs more runs" in said(noisy, 6)[1]


def test_runs_that_fail_are_counted_and_said() -> None:
    def of(x: float, seed: int) -> float:
        return noisy(x, seed) if seed == TASK.seed or seed % 2 else math.nan

    assert any("runs failed" in s or "gave no score" in s for s in said(of, 60))


def test_runs_that_agree_by_chance_do_not_make_an_interval_of_no_width() -> None:
    narrow, wide = interval("loss", [1.0, 1.0]), interval("loss", [1.0, 1.0], [1.0, 2.0])
    assert narrow.low == 1.0 and wide.low is not None and wide.low < 0.5


def test_the_reported_score_is_unbiased_where_the_search_is_not() -> None:
    studies = [judged(t, True, seed, 30, "random") for t in TABLES[:2] for seed in range(25)]
    shown, reported = ([getattr(s, n) for s in studies] for n in ("shown", "reported"))
    assert np.mean(shown) > 0.5
    assert abs(np.mean(reported)) < 3 * np.std(reported) / len(studies) ** 0.5
    assert 0.8 <= np.mean([bool(s.covered) for s in studies]) <= 1.0

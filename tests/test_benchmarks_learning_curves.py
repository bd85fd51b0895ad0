"""Curves end in the table's values, budgets count epochs, and no arm sees further than it paid."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import report, results, statistics
from benchmarks.arms import plaintune_gp
from benchmarks.arms.base import BaseSession, Problem
from benchmarks.arms.optuna_arms import OptunaSession
from benchmarks.arms.plaintune_gp import PruningSession
from benchmarks.arms.random_search import RandomSession
from benchmarks.arms.registry import open_arm
from benchmarks.protocol import Job, Run, key_of, noise_seed, run, start_configs, to_json
from benchmarks.suites import SUITES
from benchmarks.tasks.base import PeekError
from benchmarks.tasks.learning_curves import EPOCHS, SyntheticCurveTask, curve_tasks
from benchmarks.tasks.registry import open_task
from evals.space import Config
from evals.trials import Evaluation, Suggestion, TrialState

ACCURACY, LOSS = "hpobench-car-synthetic-curve", "hpolib-slice_localization-synthetic-curve"
SUITE = SUITES["learning-curves"]
PRUNING = ["plaintune-gp-pruning", "optuna-tpe-median", "optuna-tpe-hyperband"]
WHOLE = ["plaintune-gp", "optuna-tpe", "default+random"]
TIMES = {"suggest_s", "suggest_cpu_s", "evaluate_s"}


def task_of(name: str) -> SyntheticCurveTask:
    task = open_task(name)
    assert isinstance(task, SyntheticCurveTask)
    return task


def done(arm: str, name: str = ACCURACY, seed: int = 0, trials: int = 8) -> Run:
    outcome = run(Job(arm, name, seed, trials), warm=True)
    assert outcome.error == ""
    return outcome


def same(first: Run, again: Run) -> bool:
    """Return whether two runs are equal but for times; NaN equals itself."""
    plain = [{k: v for k, v in to_json(r).items() if k not in TIMES} for r in (first, again)]
    return json.dumps(plain[0]) == json.dumps(plain[1])


def epochs_of(evaluation: Evaluation) -> int:
    """Return what a trial cost."""
    return EPOCHS if evaluation.state is TrialState.COMPLETE else len(evaluation.intermediate)


@pytest.mark.parametrize("name", [ACCURACY, LOSS])
def test_same_seed_same_curve_which_ends_in_the_value_of_the_table(name: str) -> None:
    task, differ = task_of(name), 0
    for seed, config in enumerate(task.space.sample(np.random.default_rng(0), 20)):
        curve, other = task.curve(config, seed), task.curve(config, seed + 1)
        assert (curve == task.curve(config, seed)).all() and len(curve) == EPOCHS
        assert curve[-1] == other[-1] == task.table.truth(config)
        assert np.isfinite(curve).all() and (curve >= 0).all()
        differ += bool((curve != other).any())
    assert differ > 10  # The table knows configurations that never learn: all seeds are alike.


@pytest.mark.parametrize("name", [ACCURACY, LOSS])
def test_the_optimum_is_the_tables_and_regret_is_never_negative(name: str) -> None:
    task = task_of(name)
    best = task.table.best_config()
    assert task.regrets([best], [task.evaluate(best, 0)]) == [0.0]
    configs = task.space.sample(np.random.default_rng(1), 30)
    assert min(task.regrets(configs, [task.evaluate(c, 0) for c in configs])) >= 0


@pytest.mark.parametrize("name", [ACCURACY, LOSS])
def test_curves_improve_and_cross(name: str) -> None:
    task = task_of(name)
    configs = task.space.sample(np.random.default_rng(2), 300)
    curves = task.task.objective.sign * np.array([task.curve(c, 0) for c in configs])
    good = curves[np.argsort(-curves[:, -1])[:150]]
    assert (np.median(np.diff(np.median(good, axis=0))) > 0) and good[:, -1].min() > good[
        :, 0
    ].min()
    early, final = good[:, 2], good[:, -1]
    overtaken = (early[:, None] > early) & (final[:, None] < final)
    assert 0.1 < overtaken.sum() / (len(good) * (len(good) - 1) / 2) < 0.6


def test_a_training_ends_where_it_is_told_to_and_says_no_more() -> None:
    task = task_of(ACCURACY)
    config = task.space.sample(np.random.default_rng(3), 1)[0]
    said: list[tuple[int, float]] = []

    def report_(epoch: int, value: float) -> bool:
        said.append((epoch, value))
        return epoch == 4

    result = task.train(config, 5, report_)
    assert result.state is TrialState.PRUNED and result.values == ()
    assert (
        list(result.intermediate.items()) == said == list(enumerate(task.curve(config, 5)[:4], 1))
    )
    whole = task.train(config, 5, lambda epoch, value: False)
    assert whole == task.evaluate(config, 5) and whole.values == (task.truth(config),)
    assert list(whole.intermediate) == list(range(1, EPOCHS))


@pytest.mark.parametrize("name", [ACCURACY, LOSS])
@pytest.mark.parametrize("arm", [*PRUNING, *WHOLE])
def test_an_arm_keeps_its_contract_and_a_row_is_a_full_trainings_worth(arm: str, name: str) -> None:
    outcome = done(arm, name, trials=10)
    assert len(outcome.regret) == len(outcome.observed) == len(outcome.suggest_s) == 10
    assert min(outcome.regret) >= 0
    assert all(later <= earlier for earlier, later in pairwise(outcome.regret))
    assert (outcome.started, outcome.stopped) == (10, 0) if arm in WHOLE else outcome.stopped > 0
    assert same(outcome, done(arm, name, trials=10))


class Recording(BaseSession):
    """Random search that stops every other trial after `at` epochs, and writes all down."""

    at = 5

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self._random = RandomSession(problem)
        self.heard: list[list[tuple[int, float]]] = [[]]

    def ask(self) -> Config:
        return self._random.ask()

    def should_stop(self, config: Config, epoch: int, value: float) -> bool:
        self.heard[-1].append((epoch, value))
        return epoch == self.at and len(self.heard) % 2 == 0

    def tell(self, config: Config, result: Evaluation) -> None:
        super().tell(config, result)
        self._random.tell(config, result)
        self.heard.append([])


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Recording]:
    """Return the sessions that "default+random" opens, which stop trials."""
    opened: list[Recording] = []

    def open_(problem: Problem) -> Recording:
        opened.append(Recording(problem))
        return opened[-1]

    monkeypatch.setattr(open_arm("default+random"), "open", open_)
    return opened


@pytest.mark.parametrize("trials", [1, 6, 7])
def test_the_budget_is_epochs_and_is_never_exceeded(recorded: list[Recording], trials: int) -> None:
    outcome = done("default+random", trials=trials)
    spent = [epochs_of(e) for _, e in recorded[0].history]
    assert sum(spent) == trials * EPOCHS and len(outcome.regret) == trials
    assert outcome.started == len(spent) and (outcome.started > trials or trials == 1)
    assert outcome.stopped == sum(s < EPOCHS for s in spent)


def test_a_row_tells_the_incumbent_of_its_epoch_and_only_whole_trials_are_incumbents(
    recorded: list[Recording],
) -> None:
    outcome, task = done("default+random", trials=6), task_of(ACCURACY)
    history = recorded[0].history
    ends = np.cumsum([epochs_of(e) for _, e in history])
    for row, regret in enumerate(outcome.regret, 1):
        whole = [
            task.scale.regret(task.truth(c))
            for (c, e), end in zip(history, ends, strict=True)
            if end <= row * EPOCHS and e.state is TrialState.COMPLETE
        ]
        assert regret == min(whole, default=math.inf)


def test_a_stopped_trial_is_told_with_what_was_heard(recorded: list[Recording]) -> None:
    done("default+random", trials=6)
    (session,) = recorded
    for (_, result), heard in zip(session.history, session.heard, strict=False):
        assert list(result.intermediate.items()) == heard
        assert [epoch for epoch, _ in heard] == list(range(1, len(heard) + 1))
    assert {len(h) for h in session.heard[1:-2:2]} == {Recording.at}


@pytest.mark.parametrize("arm", WHOLE)
def test_an_arm_that_never_stops_gives_the_same_as_without_the_hook(arm: str) -> None:
    outcome, task = done(arm), task_of(ACCURACY)
    session = open_arm(arm).open(Problem(task.sealed(), 0, 8))
    configs, results_ = start_configs(task, 0, "paired"), []
    for t in range(8):
        configs += [session.ask()] if t >= len(configs) else []
        results_.append(task.evaluate(configs[t], noise_seed(0, t)))
        session.tell(configs[t], results_[t])
    assert outcome.observed == [r.values[0] for r in results_]
    assert outcome.regret == task.regrets(configs, results_)


def test_pruning_sees_no_further_than_the_last_report(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    ours, theirs = PruningSession.should_stop, OptunaSession.should_stop

    def our_view(self: PruningSession, config: Config, epoch: int, value: float) -> bool:
        answer = ours(self, config, epoch, value)
        assert list(self._running) == list(range(1, epoch + 1)) and self._running[epoch] == value
        assert all(t.evaluation is not None for t in self._trials)
        looked.append(epoch)
        return answer

    def their_view(self: OptunaSession, config: Config, epoch: int, value: float) -> bool:
        answer = theirs(self, config, epoch, value)
        seen = self._study.trials[-1].intermediate_values
        assert list(seen) == list(range(1, epoch + 1)) and seen[epoch] == value
        looked.append(epoch)
        return answer

    monkeypatch.setattr(PruningSession, "should_stop", our_view)
    monkeypatch.setattr(OptunaSession, "should_stop", their_view)
    for arm in PRUNING:
        looked.clear()
        done(arm, trials=8)
        assert max(looked) == EPOCHS - 1


def test_ours_stops_by_the_rule_of_the_loop_and_lets_repeats_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plaintune_gp, "hopeless", lambda task, trials, running: "hopeless")
    session = open_arm("plaintune-gp-pruning").open(Problem(task_of(LOSS).sealed(), 0, 8))
    assert isinstance(session, PruningSession)
    config = session.space.sample(np.random.default_rng(0), 1)[0]
    assert session.should_stop(config, 1, 0.5)
    session._next = Suggestion(config, "replication")
    assert not session.should_stop(config, 2, 0.5)
    monkeypatch.setattr(plaintune_gp, "hopeless", lambda task, trials, running: "")
    session._next = None
    assert not session.should_stop(config, 3, 0.5)


def test_optuna_is_told_what_was_pruned_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    from optuna.trial import TrialState as State

    opened: list[OptunaSession] = []
    arm = open_arm("optuna-tpe-median")
    original = arm.open

    def open_(problem: Problem) -> OptunaSession:
        session = original(problem)
        assert isinstance(session, OptunaSession)
        opened.append(session)
        return session

    monkeypatch.setattr(arm, "open", open_)
    outcome = done("optuna-tpe-median", trials=8)
    trials = opened[0]._study.trials
    assert len(trials) == outcome.started
    assert sum(t.state is State.PRUNED for t in trials) == outcome.stopped > 0
    for trial, (_, result) in zip(trials, opened[0].history, strict=True):
        assert trial.intermediate_values == result.intermediate


def test_an_arm_cannot_read_the_curve() -> None:
    sealed = task_of(ACCURACY).sealed()
    for attribute in ("curve", "train", "table", "truth"):
        with pytest.raises(PeekError, match="may not read"):
            getattr(sealed, attribute)


def test_the_anonymous_variant_can_be_stopped_too() -> None:
    outcome = done("optuna-tpe-median", f"{LOSS}-anonymous")
    assert outcome.stopped > 0 and len(outcome.regret) == 8


def test_the_suite_says_that_its_curves_are_synthetic_and_has_every_table_with_a_rate() -> None:
    assert len(SUITE.tasks) == 12 and set(SUITE.tasks) == set(curve_tasks())
    assert all(t.endswith("-synthetic-curve") for t in SUITE.tasks)
    assert {open_task(t).group for t in SUITE.tasks} == {"synthetic-curves"}
    assert set(SUITE.arms) == {*PRUNING, *WHOLE}


def test_the_report_counts_trials_and_names_whom_it_compares(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLAINTUNE_BENCHMARKS", str(tmp_path))
    arms = ("optuna-tpe-median", "default+random")
    for arm in arms:
        for seed in range(2):
            results.note("tiny", done(arm, seed=seed, trials=10))
    frame = results.pack("tiny", tmp_path)
    (found,) = statistics.blocks(frame, arms, arms[0])
    assert found.regret.shape == (2, 2, 10)
    text = report.write("tiny", arms, arms[0], tmp_path).read_text()
    assert "| default+random | " in text and " | 10 / 0 |" in text
    assert "trials / stopped a run" in text and "a full training's worth of epochs here" in text
    assert f"report tiny --ours {arms[0]}`" in text


def test_results_from_before_trials_were_counted_stay_readable() -> None:
    frame = results.as_rows(done("default+random", trials=6)).drop(columns=["started", "stopped"])
    assert not report.stopped(frame)
    assert not report.stopped(pd.concat([frame, results.as_rows(done("random", trials=6))]))


def test_the_keys_of_earlier_results_have_not_changed() -> None:
    """Computed before there was a hook: by arms whose version does not depend on our source."""
    assert key_of(Job("default+random", "hpobench-car", 0, 30)) == "23ace0bbd8c0930a6770"
    assert key_of(Job("random", "hpolib-slice_localization", 7, 30)) == "870009824d4a2c525863"
    assert key_of(Job("default+random", "conditional-pipeline", 0, 30)) == "d20a9501f6a724715c63"

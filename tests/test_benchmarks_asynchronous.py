"""Simulated workers get what the loop's would get, and are compared at equal evaluations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import results
from benchmarks.asynchronous import Simulation, arm_of, as_one_after, ratio, simulated
from benchmarks.protocol import N_START, Job, run
from benchmarks.statistics import curves
from benchmarks.tasks.registry import open_task
from evals.task import Task
from evals.trials import Suggestion, Trial, TrialState

TASK = "dev-linearslope"


class Watching:
    """Proposes at random and notes how many trials were running, and which had ended."""

    def __init__(self) -> None:
        self.running: list[int] = []

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        assert [t.number for t in trials] == list(range(len(trials)))
        self.running.append(sum(t.state is TrialState.RUNNING for t in trials))
        return [Suggestion(c, "random") for c in task.space.sample(rng, count)]


def test_one_worker_is_the_sequential_run() -> None:
    alone = simulated(open_task(TASK), 3, 1, 8)
    assert alone.regret == run(Job("plaintune-gp", TASK, 3, 8), warm=True).regret


def test_simulated_runs_can_be_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAINTUNE_BENCHMARKS", str(tmp_path))
    results.note("made-up", simulated(open_task(TASK), 0, 2, 7))
    frame = results.pack("made-up", tmp_path)
    assert len(frame) == 7 and frame.held_out.isna().all()


def test_every_worker_asks_while_all_others_run() -> None:
    designer = Watching()
    study = Simulation(open_task(TASK), designer, 0, 4, 20)
    study.run()
    assert designer.running == [3] * (20 - N_START)
    assert sorted(study.ended) == list(range(20)) != study.ended
    assert all(t.state is TrialState.COMPLETE for t in study.trials)


def test_eight_workers_repeat_nothing() -> None:
    found = simulated(open_task(TASK), 0, 8, 16)
    assert found.arm == arm_of(8)
    assert len(found.regret) == 16 == len(found.repeat)
    assert not any(found.repeat)


def test_the_delay_is_read_off_the_curve_of_one_worker() -> None:
    rows = [
        {"arm": arm_of(w), "task": "a", "seed": s, "trial": n, "regret": 1 / m, "error": ""}
        for w in (1, 8)
        for s in range(2)
        for n in range(1, 51)
        if (m := n if w == 1 else max(1, n - 7))
    ]
    assert as_one_after(curves(pd.DataFrame(rows), [arm_of(1), arm_of(8)], 50), 30) == 23


def test_the_ratio_is_that_of_the_means_over_tasks() -> None:
    rows = [
        {"arm": arm_of(w), "task": t, "seed": s, "trial": 1, "regret": r * w**0.5, "error": ""}
        for w in (1, 4)
        for t, r in (("a", 0.1), ("b", 0.3))
        for s in range(5)
    ]
    found = curves(pd.DataFrame(rows), [arm_of(1), arm_of(4)], 1)
    assert ratio(found, 1) == pytest.approx((2.0, 2.0, 2.0))

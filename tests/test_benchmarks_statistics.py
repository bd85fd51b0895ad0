"""The numbers in the reports are what they are called, on cases with a known answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import report, results, runner, statistics
from benchmarks.protocol import Job, Run, run
from benchmarks.suites import SUITES, Suite
from benchmarks.tasks.registry import NO_DEFAULT, TASKS


def rows(arm: str, regret: float, seeds: int, trials: int = 10, error: str = "") -> pd.DataFrame:
    """Return runs on one table whose regret falls by 1 % per seed."""
    pairs = [(seed, t) for seed in range(seeds) for t in range(1, trials + 1)]
    return pd.DataFrame(
        {
            "arm": arm,
            "task": "hpobench-car",
            "group": "tables",
            "seed": [s for s, _ in pairs],
            "trial": [t for _, t in pairs],
            "regret": [regret * (1 - 0.01 * s) for s, _ in pairs],
            "error": error,
        }
    )


def test_only_pairs_that_every_arm_finished_are_compared() -> None:
    frame = pd.concat([rows("a", 0.1, seeds=6), rows("b", 0.2, seeds=4)])
    found = statistics.curves(frame, ["a", "b"], 10)
    assert found.regret.shape == (2, 4, 10)
    (duel,) = statistics.duels(found, "a", 10)
    assert (duel.wins, duel.ties, duel.losses) == (4, 0, 0)
    assert duel.difference == pytest.approx(-0.1 * np.mean([1, 0.99, 0.98, 0.97]))


def test_regret_is_clipped_where_nothing_completed() -> None:
    frame = pd.concat([rows("a", np.inf, seeds=2), rows("b", 0.2, seeds=2)])
    assert statistics.curves(frame, ["a", "b"], 10).regret[0].tolist() == [[1.0] * 10] * 2


def test_every_task_counts_alike_whatever_its_number_of_seeds() -> None:
    tasks = np.array(["x", "x", "x", "y"])
    assert statistics.mean_of(np.array([1.0, 1.0, 1.0, 0.0]), tasks) == 0.5


def test_the_interval_covers_the_mean_about_95_times_in_100() -> None:
    rng = np.random.default_rng(1)
    tasks = np.repeat(["x", "y"], 25)
    covered = 0
    for _ in range(100):
        low, high = statistics.interval(rng.normal(size=50), tasks)
        covered += low <= 0.0 <= high
    assert 85 <= covered <= 99


def test_holm_is_the_step_down_correction() -> None:
    assert statistics.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert statistics.holm([0.9, 0.8]) == [1.0, 1.0]


def test_ranks_share_ties() -> None:
    assert statistics.ranks(np.array([[0.0], [0.5], [0.5]])).tolist() == [1.0, 2.5, 2.5]


def test_suites_name_tasks_and_arms_that_exist() -> None:
    from benchmarks.arms.registry import ARMS

    for suite in SUITES.values():
        originals = {task.removesuffix(NO_DEFAULT) for task in suite.tasks}
        assert originals <= set(TASKS) and set(suite.arms) <= set(ARMS)


def test_a_suite_resumes_and_reports_failures_as_plainly_as_results(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLAINTUNE_BENCHMARKS", str(tmp_path / "cache"))
    monkeypatch.setattr(results, "ROOT", tmp_path)
    names = ["random", "default+random"]
    tasks = ["hpobench-car", "bbob-sphere-5d"]
    jobs = [Job(arm, task, seed, 12) for arm in names for task in tasks for seed in range(3)]
    runner.run_all("tiny", jobs[:5], workers=1)
    assert runner.missing("tiny", jobs) == jobs[5:]
    runner.run_all("tiny", jobs[5:], workers=1)
    broken = Run("k", "broken", "1", "hpobench-car", "tables", 0, error="ValueError: no luck")
    results.note("tiny", broken)
    frame = results.pack("tiny", tmp_path)
    assert runner.missing("tiny", jobs) == []
    assert len(frame) == 12 * 12 + 1
    text = report.write("tiny", root=tmp_path).read_text()
    assert "**broken failed** in 1 of 1 runs: ValueError: no luck" in text
    assert "regret @10" in text and "| default+random |" in text
    assert (tmp_path / "tiny" / "regret.png").stat().st_size > 10_000


def test_a_suite_gives_what_is_slow_fewer_seeds_and_trials() -> None:
    suite = Suite(
        "s", ("bbob-a", "sklearn-b"), ("x", "slow"), 5, 50, (("slow", 5, 30), ("sk", 2, 40))
    )
    jobs = runner.jobs_of(suite, suite.arms)
    sizes = {
        (arm, task): {(j.seed, j.trials) for j in jobs if (j.arm, j.task) == (arm, task)}
        for arm in suite.arms
        for task in suite.tasks
    }
    assert sizes["x", "bbob-a"] == {(s, 50) for s in range(5)}
    assert sizes["slow", "bbob-a"] == {(s, 30) for s in range(5)}
    assert sizes["x", "sklearn-b"] == {(0, 40), (1, 40)}
    assert sizes["slow", "sklearn-b"] == {(0, 30), (1, 30)}
    asked = runner.jobs_of(suite, ["slow"], seeds=3, trials=7)
    assert {(j.seed, j.trials) for j in asked} == {(0, 7), (1, 7), (2, 7)} and len(asked) == 6


def test_a_newer_version_of_an_arm_replaces_the_old(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLAINTUNE_BENCHMARKS", str(tmp_path / "cache"))
    outcome = run(Job("random", "bbob-sphere-5d", 0, 6), warm=True)
    results.note("tiny", outcome)
    results.pack("tiny", tmp_path)
    outcome.version, outcome.key = "2", "another"
    monkeypatch.setattr(results, "now", lambda: "2999-01-01T00:00:00+00:00")
    results.note("tiny", outcome)
    frame = results.pack("tiny", tmp_path)
    assert frame.version.unique().tolist() == ["2"] and len(frame) == 6


def test_the_speed_table_has_a_row_per_space_and_size() -> None:
    from benchmarks.speed import table

    columns = ["arm", "space", "n", "cpu_s"]
    values = [[a, "6 real", n, s] for a in ("a", "b") for n in (10, 100) for s in (0.1, 0.2, 0.3)]
    text = table(pd.DataFrame(values, columns=columns))
    assert text.splitlines()[2] == "| 6 real | 10 | 0.200 (0.290) | 0.200 (0.290) |"
    assert len(text.splitlines()) == 4


def test_speeds_measured_anew_replace_only_their_own_rows() -> None:
    from benchmarks.speed import merged, table

    old = pd.DataFrame(
        [["a", "6 real", 10, 1.0], ["b", "6 real", 10, 2.0]], columns=["arm", "space", "n", "cpu_s"]
    )
    fresh = pd.DataFrame([["a", "6 real", 10, 3.0], ["a", "6 real", 99, 4.0]], columns=old.columns)
    frame = merged(old, fresh)
    assert sorted(frame.cpu_s) == [2.0, 3.0, 4.0]
    assert "| 6 real | 99 | 4.000 (4.000) | – |" in table(frame)


def test_a_run_that_another_suite_has_is_not_done_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLAINTUNE_BENCHMARKS", str(tmp_path / "cache"))
    monkeypatch.setattr(results, "ROOT", tmp_path)
    jobs = [Job("default+random", "hpobench-car", seed, 8) for seed in range(3)]
    runner.run_all("long", jobs[:2], 1)
    results.pack("long")
    short = [replace(job, trials=6) for job in jobs]
    assert runner.missing("short", short) == short[2:]
    kept = results.load("short")
    assert set(kept.seed) == {0, 1} and kept.trial.max() == 6
    assert runner.missing("short", jobs) == jobs[2:]  # longer ones are taken whole
    assert results.load("short").trial.max() == 8

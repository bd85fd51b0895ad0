"""Real trainings: tables nobody has seen, a test part that no search sees, scores remembered."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import figures, held_out, report, results, statistics
from benchmarks.meta_sources import SOURCES
from benchmarks.protocol import Job, run, to_json
from benchmarks.suites import SUITES
from benchmarks.tasks import referenced, trainings
from benchmarks.tasks.anonymous import AnonymousTask
from benchmarks.tasks.base import PeekError, incumbents
from benchmarks.tasks.referenced import ReferencedTask
from benchmarks.tasks.registry import TASKS, open_task
from benchmarks.tasks.training_tables import TABLES, frame
from evals.space import Config
from evals.trials import Evaluation, TrialState

NAME = "training-svm-alzheimer"
TASK_NAMES = [n for n in TASKS if n.startswith("training-")]


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("PLAINTUNE_BENCHMARKS", str(tmp_path))
    yield
    open_task.cache_clear()


def test_no_table_is_one_that_the_portfolio_or_the_tests_have_seen() -> None:
    known = {(s.package, s.item) for s in SOURCES}
    makers = (Path(__file__).parents[1] / "examples" / "make_tables.py").read_text()
    for table in TABLES.values():
        assert table.source not in known
        package, item = table.source
        assert f'"{package}", "{item}"' not in makers
        assert not [s for s in SOURCES if s.item == item]


def test_five_families_on_at_least_ten_tables_with_every_kind_of_target() -> None:
    assert set(SUITES["trainings"].tasks) == set(TASK_NAMES)
    tasks = [open_task(n).task for n in TASK_NAMES]
    assert len({t.models for t in tasks}) == 5 and len(tasks) == 15
    assert len({t.data.path for t in tasks if t.data}) >= 10
    assert {t.data.kind for t in tasks if t.data} == {"binary", "multiclass", "regression"}


def test_every_task_is_what_a_user_of_plaintune_would_search() -> None:
    from acquisition.portfolio import portfolio

    for name in TASK_NAMES:
        task = open_task(name).task
        assert task.space.default_config() is not None and task.evaluator == "tabular"
        assert all(p.reason for p in task.space.parameters)
        assert portfolio(task).suggestions or task.models[0] not in ("lightgbm", "xgboost")


def test_one_training_keeps_the_contract_of_a_task() -> None:
    task = open_task(NAME)
    assert isinstance(task, ReferencedTask)
    configs = [task.space.default_config() or {}, *task.space.sample(np.random.default_rng(0), 3)]
    found = [task.evaluate(c, seed) for seed, c in enumerate(configs)]
    trainings.trainer_of.cache_clear()
    assert found[0] == task.evaluate(configs[0], 9) and found[0].state is TrialState.COMPLETE
    assert found[0].std is not None and 0 < found[0].std[0] < 0.2
    curve = task.regrets(configs, found)
    assert curve[0] == pytest.approx(1 - found[0].values[0]) and min(curve) >= 0
    tested = task.held_out(configs[0])
    assert 0.5 < tested <= 1 and tested != found[0].values[0]
    hidden = open_task(f"{NAME}-anonymous")
    assert isinstance(hidden, AnonymousTask)
    [config] = hidden.space.sample(np.random.default_rng(0), 1)
    assert hidden.held_out(config) == task.held_out(hidden.reveal(config)) != tested
    for attribute in ("held_out", "known", "truth", "scale"):
        with pytest.raises(PeekError):
            getattr(task.sealed(), attribute)


def test_search_and_test_part_share_no_row() -> None:
    data = trainings.trainer_of("svm", "alzheimer").data
    table = TABLES["alzheimer"]
    assert abs(len(data.X) - table.tuned) <= 1 and abs(len(data.X_test) - table.tested) <= 1
    tuned = set(map(tuple, data.X.astype(str).to_numpy()))
    assert not [r for r in map(tuple, data.X_test.astype(str).to_numpy()) if r in tuned]


def test_the_sample_is_the_same_each_time_and_lacks_what_gives_the_target_away() -> None:
    first = frame("chemistry")
    frame.cache_clear()
    assert first.equals(frame("chemistry"))
    assert set(first.columns) == {"score", "gender", "age", "gcsescore"}
    assert len(first) == TABLES["chemistry"].tuned + TABLES["chemistry"].tested


def test_a_training_that_fails_is_a_failed_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def cross_validate(self, *given: object) -> None:
            raise ValueError("no convergence")

    monkeypatch.setattr(trainings, "trainer_of", lambda *given: Broken())
    task = trainings.TrainingTask("svm", "alzheimer")
    config = task.space.default_config() or {}
    result = task.evaluate(config, 0)
    assert result.state is TrialState.FAILED and result.reason
    assert task.regrets([config], [result]) == [math.inf]


class Counted(ReferencedTask):
    """A made-up task whose held-out scores are counted."""

    name, group = "counted", "trainings"

    def __init__(self) -> None:
        self._task = open_task("hpobench-car").task
        self.asked: list[Config] = []

    @property
    def task(self):  # type: ignore[no-untyped-def]
        return self._task

    def evaluate(self, config: Config, seed: int) -> Evaluation:
        return Evaluation(TrialState.COMPLETE, (self.truth(config),))

    def truth(self, config: Config) -> float:
        return float(sum(abs(float(v)) for v in config.values()))  # type: ignore[arg-type]

    def held_out(self, config: Config) -> float:
        self.asked.append(config)
        return 2 * self.truth(config)


def test_a_run_scores_each_incumbent_once_on_the_test_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from benchmarks import protocol

    task = Counted()
    monkeypatch.setattr(protocol, "open_task", lambda name: task)
    outcome = run(Job("random", "counted", 0, 12), warm=True)
    assert outcome.held_out == [2 * max(outcome.observed[: t + 1]) for t in range(12)]
    assert len(task.asked) == len(set(outcome.held_out))
    monkeypatch.undo()
    without = run(Job("random", "bbob-sphere-5d", 0, 6), warm=True)
    assert len(without.held_out) == 6 and all(map(math.isnan, without.held_out))


def test_of_equals_the_earlier_stays_and_failures_are_no_incumbents() -> None:
    def done(value: float) -> Evaluation:
        return Evaluation(TrialState.COMPLETE, (value,))

    runs = [Evaluation(TrialState.FAILED), done(2.0), done(2.0), done(1.0), done(3.0)]
    assert incumbents(-1, runs) == [None, 1, 1, 3, 3]
    assert incumbents(1, runs) == [None, 1, 1, 1, 4]


def test_results_from_before_there_were_held_out_scores_stay_readable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outcome = run(Job("random", "bbob-sphere-5d", 0, 6), warm=True)
    old = to_json(outcome) | {"machine": "m", "date": "2026-01-01"}
    del old["held_out"]
    results.journal("tiny").write_text(json.dumps(old) + "\n")
    packed = results.pack("tiny", tmp_path)
    assert packed.held_out.isna().all() and len(packed) == 6
    file = tmp_path / "tiny" / "random.parquet"
    pd.read_parquet(file).drop(columns="held_out").to_parquet(file)
    assert results.load("tiny", tmp_path).held_out.isna().all()
    assert results.done("tiny") == {outcome.key: 6}


def reference(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **entries: dict[str, float]) -> None:
    file = tmp_path / "reference.json"
    file.write_text(json.dumps({n.replace("_", "-"): e for n, e in entries.items()}))
    monkeypatch.setattr(referenced, "REFERENCE", file)
    open_task.cache_clear()


def made_up(arm: str, task: str, scores: list[float], tested: float) -> pd.DataFrame:
    """Return one run of two seeds that reaches `scores` and then stays."""
    best = np.maximum.accumulate if task.endswith("alzheimer") else np.minimum.accumulate
    values = [*scores, *[scores[-1]] * (10 - len(scores))]
    sign = 1 if task.endswith("alzheimer") else -1
    error = 1 - best(values) if sign > 0 else best(values)
    parts = [
        pd.DataFrame(
            {
                "arm": arm,
                "task": task,
                "group": "trainings",
                "seed": seed,
                "trial": range(1, 11),
                "observed": values,
                "regret": error,
                "held_out": tested,
                "suggest_s": 0.1,
                "suggest_cpu_s": 0.1,
                "repeat": False,
                "version": "1",
                "machine": "m",
                "date": "d",
                "key": f"{arm}{task}{seed}",
                "protocol": 2,
                "error": "",
            }
        )
        for seed in range(2)
    ]
    return pd.concat(parts)


@pytest.fixture
def two_arms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pd.DataFrame:
    """Return two arms on two tasks, one maximised and one minimised."""
    entry = {"training_svm_alzheimer": {"best": 0.8, "median": 0.6, "held_out": 0.7}}
    entry |= {"training_svm_wages": {"best": 6.0, "median": 8.0, "held_out": 7.0}}
    reference(monkeypatch, tmp_path, **entry)
    frames = [
        made_up("a", "training-svm-alzheimer", [0.6, 0.9], 0.76),
        made_up("b", "training-svm-alzheimer", [0.75], 0.7),
        made_up("a", "training-svm-wages", [8.0, 7.0], 7.0),
        made_up("b", "training-svm-wages", [6.0], 6.3),
    ]
    return pd.concat(frames)


def test_regret_counts_from_the_best_of_all_arms_whichever_way_is_better(
    two_arms: pd.DataFrame,
) -> None:
    found = statistics.normalised(two_arms)
    regret = found.groupby(["task", "arm", "trial"]).regret.mean()
    assert regret["training-svm-alzheimer", "a"].tolist()[:2] == pytest.approx([1.0, 0.0])
    assert regret["training-svm-alzheimer", "b", 10] == pytest.approx(0.5)
    assert regret["training-svm-wages", "a", 10] == pytest.approx(0.5)
    assert regret["training-svm-wages", "b", 10] == pytest.approx(0.0)


@pytest.mark.parametrize("ending", ["-no-default", "-anonymous", "-anonymous-no-default"])
def test_variants_of_a_task_stand_on_its_scale(two_arms: pd.DataFrame, ending: str) -> None:
    one = statistics.normalised(two_arms)
    two_arms["task"] = two_arms["task"] + ending
    np.testing.assert_array_equal(statistics.normalised(two_arms).regret, one.regret)


def test_the_report_says_what_was_gained_on_the_test_parts(
    two_arms: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(figures, "draw", lambda *given: None)
    (tmp_path / "tiny").mkdir()
    two_arms.to_parquet(tmp_path / "tiny" / "both.parquet")
    text = report.write("tiny", root=tmp_path).read_text()
    assert "## Held-out test parts (2 arms, 2 tasks, 4 pairs)" in text
    assert "| a | -10.0 % [-10.0, -10.0] |" in text  # 0.24 against 0.3; 7.0 against 7.0
    assert "| training-svm-wages | 7 | 7 | 6.3 |" in text
    assert held_out.by_budget(two_arms, ["a", "b", "nobody"]) == {}


def test_a_reference_is_measured_once_and_goes_on_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reference(monkeypatch, tmp_path)
    task = Counted()
    referenced.make_reference([task], draws=9)
    entry = json.loads(referenced.REFERENCE.read_text())["counted"]
    assert entry["best"] > entry["median"] > 0 and entry["held_out"] > 0
    monkeypatch.setattr(Counted, "truth", lambda self, config: 1 / 0)
    referenced.make_reference([task], draws=9)


def test_every_reference_is_of_a_task_and_makes_a_scale() -> None:
    for name in json.loads(referenced.REFERENCE.read_text(encoding="utf-8")):
        task = open_task(name)
        assert isinstance(task, ReferencedTask)
        assert 0 <= task.error(task.scale.optimum) < task.error(task.scale.median)
        assert task.error(task.known["held_out"]) >= 0


def test_a_task_that_was_never_measured_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reference(monkeypatch, tmp_path)
    with pytest.raises(KeyError, match="python -m benchmarks reference"):
        _ = trainings.TrainingTask("svm", "wages").scale

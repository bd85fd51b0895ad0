"""Every task keeps its contract: regret never negative, same seed same value, optimum attained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.protocol import start_configs
from benchmarks.suites import NO_DEFAULT_TASKS
from benchmarks.tasks.anonymous import AnonymousTask
from benchmarks.tasks.base import PeekError, SingleObjectiveTask
from benchmarks.tasks.bbob import FUNCTIONS, bbob
from benchmarks.tasks.function import FunctionTask
from benchmarks.tasks.multi_objective import hypervolume
from benchmarks.tasks.registry import TASKS, open_task
from benchmarks.tasks.table import TableTask
from evals.trials import TrialState

ONE_OF_EACH = [
    "hpobench-car",
    "hpobench-car-noisy",
    "hpolib-protein_structure",
    "nasbench201-cifar10",
    "sklearn-decisiontree-iris",
    "bbob-gallagher101-10d",
    "bbob-sphere-5d-noisy",
    "mixed-kernel",
    "conditional-pipeline",
    "failing-memory",
    "mo-zdt3",
    "mo-c2dtlz2",
    "mo-hpolib-protein_structure",
    "mo-hpolib-protein_structure-size",
    "conditional-pipeline-anonymous",
    "sklearn-decisiontree-iris-no-default",
]


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLAINTUNE_BENCHMARKS", str(tmp_path))


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_same_seed_same_value_and_regret_never_negative(name: str) -> None:
    task = open_task(name)
    configs = task.space.sample(np.random.default_rng(0), 20)
    results = [task.evaluate(c, seed) for seed, c in enumerate(configs)]
    assert results[0].values == task.evaluate(configs[0], 0).values
    curve = task.regrets(configs, results)
    assert len(curve) == 20 and min(curve) >= -1e-9


def test_all_tasks_are_named_after_themselves_and_can_be_opened() -> None:
    cheap = [n for n in TASKS if not n.startswith("mo-")]
    assert [open_task(n).name for n in cheap] == cheap


@pytest.mark.parametrize("name", ["hpobench-car", "hpolib-protein_structure"])
def test_the_best_row_of_a_table_has_regret_zero(name: str) -> None:
    task = open_task(name)
    assert isinstance(task, TableTask)
    best = task.best_config()
    assert task.regrets([best], [task.evaluate(best, 0)]) == [0.0]
    default = task.space.default_config()
    assert default is not None and task.scale.regret(task.truth(default)) > 0


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_optimum_of_a_bbob_function_is_attained_and_is_no_round_number(function: str) -> None:
    import ioh

    task = bbob(function, 5)
    problem = ioh.get_problem(FUNCTIONS[function], 7, 5, ioh.ProblemClass.BBOB)
    best = {f"x{i + 1}": float(x) for i, x in enumerate(problem.optimum.x)}
    assert task.scale.regret(task.truth(best)) == pytest.approx(0, abs=1e-6)
    middle = dict.fromkeys(best, 0.0)
    assert task.scale.regret(task.truth(middle)) > 1e-4


def test_about_thirty_percent_of_the_failing_space_fails_and_the_optimum_does_not() -> None:
    task = open_task("failing-memory")
    assert isinstance(task, FunctionTask)
    draws = task.space.sample(np.random.default_rng(1), 2000)
    failed = np.mean([task.evaluate(c, 0).state is TrialState.FAILED for c in draws])
    assert 0.25 < failed < 0.35
    best = dict(zip(task.space.names, (0.71, 0.17, 0.43, 0.88, 0.31, 0.59), strict=True))
    assert task.regrets([best], [task.evaluate(best, 0)])[0] == pytest.approx(0, abs=1e-9)


def test_noise_makes_repetitions_differ_and_regret_counts_the_truth() -> None:
    task = open_task("hpobench-car-noisy")
    assert isinstance(task, TableTask)
    config = task.space.default_config()
    assert config is not None
    values = {task.evaluate(config, seed).values for seed in range(20)}
    assert len(values) > 1
    curve = task.regrets([config], [task.evaluate(config, 3)])
    assert curve == [task.scale.regret(task.truth(config))]


def test_an_arm_cannot_read_the_table() -> None:
    sealed = open_task("hpobench-car").sealed()
    assert sealed.space.names
    for attribute in ("scale", "truth", "evaluate", "best_config", "means", "_table"):
        with pytest.raises(PeekError, match="may not read"):
            getattr(sealed, attribute)


@pytest.mark.parametrize("name", ["mixed-kernel", "conditional-pipeline", "sklearn-mlp_sgd-iris"])
def test_the_anonymous_variant_hides_names_and_is_the_same_task(name: str) -> None:
    original, hidden = open_task(name), open_task(f"{name}-anonymous")
    assert isinstance(hidden, AnonymousTask) and isinstance(original, SingleObjectiveTask)
    words = hidden.task.model_dump_json(include={"description", "space", "objectives"})
    assert not [n for n in original.space.names if n in words]
    for config in hidden.space.sample(np.random.default_rng(2), 20):
        assert original.space.is_valid(hidden.reveal(config))
    default = hidden.space.default_config()
    assert (default is None) == (original.space.default_config() is None)
    if default is not None:
        seen = hidden.reveal(default)
        assert seen == pytest.approx(original.space.default_config(), rel=0.05)


def test_the_start_is_paired_and_begins_with_the_default() -> None:
    task = open_task("hpobench-car")
    first = start_configs(task, 3, "paired")
    assert first == start_configs(task, 3, "paired") != start_configs(task, 4, "paired")
    assert first[0] == task.space.default_config() and len(first) == 5
    assert start_configs(task, 3, "own") == first[:1]
    assert start_configs(task, 3, "nothing") == []


@pytest.mark.parametrize("name", NO_DEFAULT_TASKS)
def test_the_variant_without_a_default_is_the_same_task_begun_by_chance(name: str) -> None:
    bare = open_task(name)
    original = open_task(name.removesuffix("-no-default"))
    known = original.space.default_config()
    assert known is not None and bare.space.default_config() is None
    assert bare.evaluate(known, 1).values == original.evaluate(known, 1).values
    first = start_configs(bare, 3, "paired")
    assert len(first) == 5 and known not in first
    assert start_configs(bare, 3, "own") == []


def test_hypervolume_is_the_dominated_area() -> None:
    points = np.array([[1.0, 2.0], [2.0, 1.0], [2.5, 2.5], [9.0, 0.0]])
    assert hypervolume(points, (3.0, 3.0)) == pytest.approx(3.0)
    assert hypervolume(points[:0], (3.0, 3.0)) == 0.0


def test_hypervolume_of_three_objectives_is_the_dominated_volume() -> None:
    import torch
    from botorch.utils.multi_objective.hypervolume import Hypervolume
    from botorch.utils.multi_objective.pareto import is_non_dominated

    points = np.random.default_rng(0).random((60, 3))
    gains = -torch.from_numpy(points)
    front = gains[is_non_dominated(gains)]
    exact = Hypervolume(-torch.full((3,), 1.1, dtype=torch.float64)).compute(front)
    assert hypervolume(points, (1.1, 1.1, 1.1)) == pytest.approx(exact)


def test_the_whole_constrained_front_leaves_no_regret_and_what_breaks_it_no_values() -> None:
    task = open_task("mo-c2dtlz2")
    on_front = [{f"x{i + 1}": (j / 2000 if i == 0 else 0.5) for i in range(6)} for j in range(2001)]
    results = [task.evaluate(c, 0) for c in on_front]
    states = {r.state for r in results}
    assert states == {TrialState.COMPLETE, TrialState.INFEASIBLE}
    assert all(len(r.values) == 2 * (r.state is TrialState.COMPLETE) for r in results)
    assert task.regrets(on_front, results)[-1] == pytest.approx(0.0, abs=2e-3)

"""Every arm keeps its contract, and the arms whose outcome is known behave as known."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.arms.base import ArmUnavailableError, Problem
from benchmarks.arms.registry import ARMS, open_arm
from benchmarks.protocol import Job, key_of, run
from benchmarks.tasks.registry import open_task
from benchmarks.tasks.table import TableTask
from evals.trials import TrialState

CHEAP = ["random", "default+random", "optuna-tpe", "optuna-cmaes", "plaintune-gp"]
SLOWER = ["optuna-gp", "botorch", "plaintune-hybrid-simulated-good"]
TASKS = ["hpobench-car", "conditional-pipeline", "failing-memory"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("arm", CHEAP)
def test_an_arm_asks_within_the_space_and_copes_with_failures(arm: str, task: str) -> None:
    outcome = run(Job(arm, task, 0, 9), warm=True)
    assert outcome.error == ""
    assert len(outcome.regret) == len(outcome.observed) == len(outcome.suggest_s) == 9
    assert all(later <= earlier for earlier, later in pairwise(outcome.regret))


@pytest.mark.parametrize("arm", SLOWER)
def test_a_slow_arm_asks_within_the_space(arm: str) -> None:
    outcome = run(Job(arm, "hpobench-car", 0, 7), warm=True)
    assert outcome.error == "" and len(outcome.regret) == 7


@pytest.mark.parametrize("arm", ["optuna-tpe", "random", "plaintune-gp"])
def test_an_arm_is_reproducible_and_paired(arm: str) -> None:
    first, again = (run(Job(arm, "hpobench-vehicle", 5, 8), warm=True) for _ in range(2))
    assert first.observed == again.observed and first.key == again.key
    other = run(Job("default+random", "hpobench-vehicle", 5, 8), warm=True)
    assert (first.observed[:5] == other.observed[:5]) == (arm != "random")


def test_oracle_has_no_regret_and_repeating_one_point_is_flat() -> None:
    oracle = run(Job("oracle", "hpobench-car", 0, 6), warm=True)
    assert oracle.regret == [0.0] * 6
    repeat = run(Job("repeat", "hpobench-car", 0, 12), warm=True)
    assert len(set(repeat.regret[4:])) == 1 and all(repeat.repeat[5:])


@pytest.mark.parametrize("name", ["hpobench-credit_g", "nasbench201-cifar10"])
def test_random_is_random(name: str) -> None:
    """Its expected regret, computed exactly from the table, lies inside the measured interval."""
    task = open_task(name)
    assert isinstance(task, TableTask)
    for draws in (5, 20):
        final = [
            min(1.0, run(Job("random", name, seed, draws), warm=True).regret[-1])
            for seed in range(150)
        ]
        margin = 2.6 * np.std(final) / np.sqrt(len(final))
        assert abs(np.mean(final) - task.random_regret(draws)) < margin


def test_results_are_kept_by_what_they_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job("optuna-tpe", "hpobench-car", 0, 9)
    key = key_of(job)
    assert key == key_of(replace(job, trials=20))
    assert key != key_of(replace(job, seed=1))
    monkeypatch.setattr(type(ARMS["optuna-tpe"]), "version", "another")
    assert key != key_of(job)


LOOK = """
import sys
from benchmarks.arms.base import Problem
from benchmarks.arms.plaintune_gp import PlaintuneGP
from benchmarks.arms.source import SEARCH
from benchmarks.tasks.registry import open_task

for name in ("mixed-kernel", "failing-memory", "mo-c2dtlz2"):
    task = open_task(name)
    session = PlaintuneGP().open(Problem(task.sealed(), 0, 8))
    for seed in range(7):
        config = session.ask()
        session.tell(config, task.evaluate(config, seed))
used = {m.split(".")[1] for m in sys.modules if m.startswith("acquisition.")}
print(*sorted(used - set(SEARCH)))
"""


def test_our_version_is_a_hash_of_all_that_the_search_loads() -> None:
    ran = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["designer", "registry"]  # an interface and names


def test_a_peer_that_is_not_there_is_shown_as_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("PLAINTUNE_PEERS", str(tmp_path))
    outcome = run(Job("ax", "hpobench-car", 0, 6), warm=True)
    assert outcome.error == "unavailable: ax is not installed: `make peers` does it."
    assert open_arm("ax").version == "not installed"


def test_an_arm_that_breaks_ends_its_run_and_keeps_what_it_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from benchmarks.arms.random_search import RandomSession

    monkeypatch.setattr(RandomSession, "ask", lambda self: {"nonsense": 1})
    outcome = run(Job("default+random", "hpobench-car", 0, 9), warm=True)
    assert outcome.error.startswith("InvalidConfigError") and len(outcome.regret) == 5


def test_an_arm_for_one_objective_refuses_two() -> None:
    outcome = run(Job("optuna-cmaes", "mo-zdt1", 0, 6), warm=True)
    assert "one objective" in outcome.error


def test_the_oracle_refuses_what_is_no_table() -> None:
    task = open_task("mixed-kernel")
    with pytest.raises(ArmUnavailableError, match="table"):
        open_arm("oracle").open(Problem(task.sealed(), 0, 5))


@pytest.mark.parametrize("name", ["optuna-tpe", "optuna-tpe-penalty"])
def test_a_failure_is_told_as_one_or_as_the_worst_value_so_far(name: str) -> None:
    task = open_task("failing-memory")
    session = open_arm(name).open(Problem(task.sealed(), 0, 9))
    told: list[float | None] = []
    for seed, config in enumerate(task.space.sample(np.random.default_rng(1), 14)[2:]):
        session.tell(config, task.evaluate(config, seed))
        told.append(session._study.trials[-1].values and session._study.trials[-1].value)
    states = [r.state is TrialState.COMPLETE for _, r in session.history]
    assert 0 < sum(states) < 12 and states[0]
    for i, done in enumerate(states):
        worst = max(v for v, s in zip(told[: i + 1], states, strict=False) if s and v is not None)
        assert done or told[i] == (worst if name.endswith("penalty") else None)

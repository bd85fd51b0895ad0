"""A trial is put into a control group where one can be made, and the group goes with it.

Kernels with version 1 alone have none to test with, so a folder plays the tree and a thread the
kernel: it lets a group go when the group is told to be killed.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.evaluators.cgroups import Cgroup
from evals.evaluators.function import FunctionEvaluator
from evals.task import Task
from evals.trials import Evaluation

TASK = Task.checked(
    {
        "evaluator": "function",
        "space": {"parameters": [{"type": "float", "name": "x", "low": 0, "high": 1}]},
        "objectives": [{"metric": "loss", "direction": "minimize"}],
        "budget": {"trials": 1, "seconds_per_trial": 20},
    }
)
HERE = "/app/me"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "app" / "me").mkdir(parents=True)
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids")
    for group in ("app", "app/me"):
        (tmp_path / group / "cgroup.procs").touch()
        (tmp_path / group / "cgroup.subtree_control").touch()
    (tmp_path / "app" / "cgroup.subtree_control").write_text("cpu memory pids")
    return tmp_path


@pytest.fixture
def ended(tree: Path) -> Iterator[list[dict[str, str]]]:
    """The files of each group that was killed."""
    found: list[dict[str, str]] = []
    over = threading.Event()

    def kernel() -> None:
        while not over.wait(0.005):
            for told in tree.glob("app/plaintune-*/cgroup.kill"):
                files = {p.name: p.read_text() for p in told.parent.iterdir()}
                if files["cgroup.kill"] == "1":
                    found.append(files)
                    for path in told.parent.iterdir():
                        path.unlink()

    thread = threading.Thread(target=kernel)
    thread.start()
    yield found
    over.set()
    thread.join()


def group(tree: Path) -> Path:
    (found,) = tree.glob("app/plaintune-*")
    return found


def evaluated(tree: Path, function: Callable[..., Any], **limits: Any) -> Evaluation:
    evaluator = FunctionEvaluator(TASK, function, **limits)
    evaluator.limits = replace(evaluator.limits, cgroups=str(tree), cgroup=HERE)
    try:
        return evaluator.evaluate({"x": 0.5}, fidelity=None, seed=0, report=lambda s, v: False)
    finally:
        evaluator.close()


def test_a_trial_runs_in_a_group_of_its_own(tree: Path, ended: list[dict[str, str]]) -> None:
    def function(x: float) -> float:
        files = {p.name: p.read_text() for p in group(tree).iterdir()}
        assert files["cgroup.procs"] == str(os.getpid())
        assert files["memory.max"] == str(2**30) and files["memory.swap.max"] == "0"
        return len(bytearray(2**20)) * x

    assert evaluated(tree, function, memory=2**30).values == (2**19,)
    assert len(ended) == 1 and ended[0]["memory.oom.group"] == "1"
    assert not list(tree.glob("app/plaintune-*"))


def test_what_the_kernel_kills_for_want_of_memory_ran_out_of_it(
    tree: Path, ended: list[dict[str, str]]
) -> None:
    def function(x: float) -> float:
        (group(tree) / "memory.events").write_text("oom 1\noom_kill 1\n")
        os.kill(os.getpid(), signal.SIGKILL)
        return x

    found = evaluated(tree, function, memory=2**30)
    assert found.reason == "It ran out of memory: the limit is 1 GiB."
    assert len(ended) == 1


def test_processor_time_of_all_processes_counts(tree: Path, ended: list[dict[str, str]]) -> None:
    def function(x: float) -> float:
        (group(tree) / "cpu.stat").write_text("usage_usec 5100000\nuser_usec 0\n")
        time.sleep(60)
        return x

    found = evaluated(tree, function, cpu_seconds=5)
    assert found.reason == "It used up its 5 seconds of processor time." and found.cost < 20
    assert len(ended) == 1


def test_where_no_group_can_be_made_rlimits_do(tree: Path) -> None:
    (tree / "app" / "cgroup.subtree_control").write_text("pids")
    assert Cgroup.make(2**30, str(tree), HERE) is None
    (tree / "cgroup.controllers").unlink()
    (tree / "app" / "cgroup.subtree_control").write_text("memory cpu")
    assert Cgroup.make(2**30, str(tree), HERE) is None
    assert not list(tree.glob("app/plaintune-*"))
    found = evaluated(tree, lambda x: len(bytearray(2**30)), memory=2**28)
    assert found.reason == "It ran out of memory: the limit is 256 MiB."


def test_processor_time_is_limited_without_groups_too(tmp_path: Path) -> None:
    def function(x: float) -> float:
        while True:
            x += 1

    found = evaluated(tmp_path, function, cpu_seconds=1)
    assert found.reason == "It used up its 1 seconds of processor time."

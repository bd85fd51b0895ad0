"""Ten trials by two workers, half of which misbehave: all are recorded, the others unharmed."""

from __future__ import annotations

import ctypes
import math
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from acquisition.registry import make_designer
from agent.loop import Agent
from agent.store import Store
from agent.workers import spread
from evals.evaluator import Evaluator
from evals.evaluators.command import CommandEvaluator
from evals.evaluators.function import FunctionEvaluator
from evals.task import Task
from evals.trials import Trial, TrialState

MIB = 2**20
LEFT = "left-behind"


def task(**fields: Any) -> Task:
    return Task.checked(
        {
            "evaluator": "function",
            "space": {"parameters": [{"type": "float", "name": "x", "low": 0, "high": 1}]},
            "objectives": [{"metric": "loss", "direction": "minimize"}],
            "budget": {"trials": 10, "seconds_per_trial": 1.5},
            **fields,
        }
    )


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Check that nothing is left: no process of this test, no trial's directory."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    yield
    # Orphans would be children of init by now: programs are known by their environment.
    left = [p for p in psutil.process_iter() if _environment(p).startswith(str(tmp_path))]
    left += [p for p in psutil.process_iter(["name"]) if p.info["name"] == LEFT]
    own = {p.pid for p in psutil.Process().children(recursive=True)} - before
    assert left == [] and own == set()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("plaintune-trial")] == []


def _environment(process: psutil.Process) -> str:
    try:
        return process.environ().get("TMPDIR", "")
    except psutil.Error:
        return ""


def searched(given: Task, evaluator: Evaluator, folder: Path) -> list[Trial]:
    """Run a study with two workers."""
    store = Store.create(given, "study", str(folder / "study.db"))
    agent = Agent(given, store=store, designer=make_designer("random"), evaluator=evaluator)
    agent.run(workers=spread(evaluator, 2, None))
    close: Callable[[], None] = evaluator.close  # type: ignore[attr-defined]
    close()
    return store.trials()


def check(trials: list[Trial], reason: str) -> None:
    """Ten trials: those below one half failed with this reason, the others are as they should."""
    assert sorted(t.number for t in trials) == list(range(10))
    bad = [t for t in trials if float(t.config["x"]) < 0.5]  # type: ignore[arg-type]
    assert 2 <= len(bad) <= 8
    for trial in trials:
        assert trial.evaluation is not None
        if trial in bad:
            assert trial.state is TrialState.FAILED, trial
            assert re.search(reason, trial.evaluation.reason), trial.evaluation.reason
        else:
            assert trial.values == (trial.config["x"],), trial


def shout(x: float) -> None:
    while True:
        print("all work and no play " * 1000)


def leave_a_child(x: float) -> float:
    if os.fork() == 0:
        os.setsid()
        Path("/proc/self/comm").write_text(LEFT)
        time.sleep(60)
    return math.nan


FUNCTIONS: dict[str, tuple[Callable[[float], Any], str]] = {
    "crash": (lambda x: 1 / 0, "ZeroDivisionError"),
    "hang": (lambda x: time.sleep(60), "stopped after 1.5 seconds"),
    "os._exit": (lambda x: os._exit(0), "exit code 0 and gave no result"),
    "segfault": (lambda x: ctypes.string_at(0), "segmentation fault"),
    "out of memory": (lambda x: len(bytearray(10 * 2**30)), "out of memory: the limit is 1 GiB"),
    "nan": (lambda x: math.nan, "loss is nan"),
    "no score": (lambda x: {"accuracy": 1.0}, "no 'loss', only: accuracy"),
    "output": (shout, "wrote more than 256 MiB of output|stopped after"),
    "orphan": (leave_a_child, "loss is nan"),
    "sys.exit": (lambda x: sys.exit(0), "called sys.exit"),
}


@pytest.mark.parametrize("what", FUNCTIONS)
def test_a_function_that_misbehaves(what: str, tmp_path: Path) -> None:
    misbehave, reason = FUNCTIONS[what]

    def function(x: float) -> Any:
        return misbehave(x) if x < 0.5 else x

    evaluator = FunctionEvaluator(task(), function, memory=2**30)
    check(searched(task(), evaluator, tmp_path), reason)


PROGRAMS = {
    "crash": ("raise ValueError('batch too large')", "exit code 1.*batch too large"),
    "hang": ("time.sleep(60)", "stopped after 1.5 seconds"),
    "killed": ("os.kill(os.getpid(), 9)", "SIGKILL"),
    "out of memory": ("b = bytearray(10 * 2**30)", "out of memory: the limit is 1 GiB"),
    "nan": ("print('loss: nan')", "loss is nan"),
    "no score": ("print('done')", "no 'loss' in its output.*done"),
    "orphan": ("subprocess.Popen(['sleep', '60'], start_new_session=True)", "no 'loss'"),
}


@pytest.mark.parametrize("what", PROGRAMS)
def test_a_program_that_misbehaves(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    misbehave, reason = PROGRAMS[what]
    here = tmp_path / "here"
    here.mkdir()
    (here / "train.py").write_text(
        "import os, subprocess, sys, time\n"
        "x = float(sys.argv[1])\n"
        f"if x < 0.5:\n    {misbehave}\nelse:\n    print('loss:', x)\n"
    )
    command = [sys.executable, "-S", "train.py", "{x}"]
    given = task(evaluator="command", program={"command": command, "memory": 2**30})
    check(searched(given, CommandEvaluator(given, here), tmp_path), reason)


def test_memory_is_refused_within_a_tenth_of_the_limit(tmp_path: Path) -> None:
    limit, seen = 300 * MIB, tmp_path / "seen"

    def grows(x: float) -> float:
        held: list[bytes] = []
        while True:
            held.append(bytes(bytearray(5 * MIB)))
            with seen.open("a") as file:
                file.write(f"{psutil.Process().memory_info().rss}\n")

    evaluator = FunctionEvaluator(task(), grows, memory=limit)
    start = psutil.Process().memory_info().rss
    found = evaluator.evaluate({"x": 0.1}, fidelity=None, seed=0, report=lambda s, v: False)
    evaluator.close()
    assert "out of memory: the limit is 300 MiB" in found.reason
    highest = max(int(n) for n in seen.read_text().split("\n")[:-1])
    assert 0.8 * limit < highest < 1.1 * limit + start

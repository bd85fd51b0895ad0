"""Several trials at a time: each knows of the others, has its own devices, ends with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import plaintune
from acquisition.registry import make_designer
from agent.limits import Limits
from agent.loop import Agent
from agent.store import Store
from agent.workers import environments, found_devices, spread, together
from evals.evaluator import Evaluator, Report
from evals.evaluators.command import CommandEvaluator
from evals.evaluators.tabular import TabularEvaluator
from evals.space import Config
from evals.spaces import space_for
from evals.task import Budget, Data, Objective, Task, Validation
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.errors import InvalidTaskError, UserError

ROOT = Path(__file__).parent.parent


def command_task(command: list[str], trials: int = 6) -> Task:
    return Task.checked(
        {
            "evaluator": "command",
            "space": {"parameters": [{"type": "float", "name": "x", "low": 0, "high": 1}]},
            "objectives": [{"metric": "loss", "direction": "minimize"}],
            "budget": {"trials": trials},
            "program": {"command": command},
        }
    )


def run(task: Task, evaluator: Evaluator, storage: str, count: int = 2) -> Store:
    known = "study" in Store.names(storage)
    store = Store.load("study", storage) if known else Store.create(task, "study", storage)
    agent = Agent(task, store=store, designer=make_designer("random"), evaluator=evaluator)
    agent.run(workers=spread(evaluator, count, None))
    return store


def test_devices_and_cores_are_dealt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(7)))

    def dealt(count: int, devices: Sequence[str]) -> list[str | None]:
        return [e.get("CUDA_VISIBLE_DEVICES") for e in environments(count, devices)]

    assert dealt(3, "01") == ["0", "1", "0"]
    assert dealt(2, "0123") == ["0,2", "1,3"]
    assert dealt(2, "") == [None, None]
    assert environments(2, ["5"])[1] == {"CUDA_VISIBLE_DEVICES": "5", "OMP_NUM_THREADS": "3"}
    assert environments(1, ["5"]) == [{"CUDA_VISIBLE_DEVICES": "5"}]
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert environments(2, []) == [{}, {}]


def test_devices_are_found(tmp_path: Path) -> None:
    for name in ("nvidia10", "nvidia2", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    assert found_devices({}, tmp_path) == ["2", "10"]
    assert found_devices({"CUDA_VISIBLE_DEVICES": "GPU-1, 3"}, tmp_path) == ["GPU-1", "3"]
    assert found_devices({"CUDA_VISIBLE_DEVICES": ""}, tmp_path) == []
    assert found_devices({"CUDA_VISIBLE_DEVICES": "-1"}, tmp_path) == []


def test_trials_of_a_function_run_side_by_side_on_their_devices(tmp_path: Path) -> None:
    def train(x: float = 0.5, low: float = 0.0) -> Mapping[str, float]:
        began = time.time()
        time.sleep(0.3)
        device = float(os.environ["CUDA_VISIBLE_DEVICES"])
        return {"loss": x, "device": device, "began": began, "ended": time.time()}

    found = plaintune.tune(
        train,
        "lowest loss, 6 trials",
        space={"x": plaintune.Float("x", 0, 1, default=0.5)},
        llm="none",
        workers=2,
        gpus=[3, 4],
        quiet=True,
        storage=str(tmp_path / "s.db"),
        out=str(tmp_path / "out"),
        strategy="gp",
    )
    told = [t.evaluation.metrics for t in found.trials if t.evaluation]
    assert len(told) == 6 and {m["device"] for m in told} == {3.0, 4.0}
    overlaps = sum(a["began"] < b["ended"] and b["began"] < a["ended"] for a in told for b in told)
    assert overlaps > len(told)  # each overlaps itself
    assert len({t.config["x"] for t in found.trials}) == 6


def test_each_worker_knows_what_the_others_run(tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=30)
    running: list[int] = []

    class Watching:
        def suggest(
            self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
        ) -> list[Suggestion]:
            running.append(sum(t.state is TrialState.RUNNING for t in trials))
            return [Suggestion(c, "random") for c in task.space.sample(rng, 1)]

    class Meeting:
        def evaluate(
            self, config: Config, *, fidelity: float | None, seed: int, report: Report
        ) -> Evaluation:
            both.wait()  # Passes only while two trials run.
            return Evaluation(TrialState.COMPLETE, (0.0,))

        def for_workers(self, environments: Sequence[Mapping[str, str]]) -> list[Evaluator]:
            return [self for _ in environments]

    task = command_task(["true"], trials=4)
    store = Store.create(task, "study", str(tmp_path / "study.db"))
    agent = Agent(task, store=store, designer=Watching(), evaluator=Meeting())
    assert agent.run(workers=spread(Meeting(), 2, [])) == "all 4 trials are done"
    assert running[:2] == [0, 1] and max(running) == 1
    assert [t.values for t in store.trials()] == [(0.0,)] * 4


def test_what_cannot_run_side_by_side_says_so() -> None:
    class Alone:
        def evaluate(
            self, config: Config, *, fidelity: float | None, seed: int, report: Report
        ) -> Evaluation:
            return Evaluation(TrialState.COMPLETE, (0.0,))

    alone = Alone()
    assert spread(alone, 1, None) == [alone]
    with pytest.raises(UserError, match="Alone runs one trial at a time"):
        spread(alone, 2, None)
    with pytest.raises(UserError, match="at least 1, got 0"):
        spread(alone, 0, None)
    with pytest.raises(InvalidTaskError, match="not isolated run one at a time"):
        plaintune.tune(
            lambda x=0.5: x, "lowest loss", isolated=False, workers=2, llm="none", quiet=True
        )


def test_the_first_error_ends_the_others() -> None:
    over = threading.Event()

    def fail() -> None:
        raise ValueError("the database is gone")

    def wait() -> None:
        assert over.wait(30)

    with pytest.raises(ValueError, match="is gone"):
        together([wait, fail], over.set)
    assert over.is_set()


def test_tables_share_threads_and_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    x = np.random.default_rng(0).normal(size=(90, 2))
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": x[:, 0] > 0})
    task = Task(
        data=Data(path="t.csv", target="y", kind="binary"),
        models=("decision_tree",),
        space=space_for(("decision_tree",), "binary", n_rows=90),
        objectives=(Objective(metric="accuracy", direction="maximize"),),
        validation=Validation(folds=3),
        budget=Budget(trials=4),
    )
    with TabularEvaluator(task, frame) as whole:
        halves = whole.for_workers([{}, {}])
        assert [h.limits.memory for h in halves] == [whole.limits.memory // 2] * 2  # type: ignore[attr-defined]
        assert [h._worker._trainer.threads for h in halves] == [2, 2]  # type: ignore[attr-defined]
        store = run(task, whole, str(tmp_path / "study.db"))
    assert [t.state for t in store.trials()] == [TrialState.COMPLETE] * 4


SCRIPT = """
import sys
sys.path.insert(0, "tests")
from pathlib import Path
from test_agent_workers import command_task, run
from agent.signals import interruptible
from evals.evaluators.command import CommandEvaluator
here = Path(sys.argv[1])
task = command_task(["sh", "-c", "echo $$ >> pids; exec sleep 60"])
with interruptible():
    run(task, CommandEvaluator(task, here), str(here / "study.db"))
"""


def started(folder: Path) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Start a study of two workers whose trials hang, and return the pids of two trials."""
    pids = folder / "pids"
    pids.touch()
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder)], cwd=ROOT)
    end = time.monotonic() + 60
    while len(found := pids.read_text().split()) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    return process, [int(p) for p in found]


def gone(pids: list[int], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while any(Path(f"/proc/{p}").exists() for p in pids) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(Path(f"/proc/{p}").exists() for p in pids)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_end_of_all_loses_nothing(how: signal.Signals, tmp_path: Path) -> None:
    process, pids = started(tmp_path)
    assert len(pids) == 2
    process.send_signal(how)
    assert process.wait(10) != 0
    assert gone(pids)
    left = Store.load("study", str(tmp_path / "study.db"))
    assert left.abandoned() == [0, 1]

    task = command_task(["sh", "-c", "echo loss={x}"])
    evaluator = CommandEvaluator(task, tmp_path)
    trials = run(task, evaluator, str(tmp_path / "study.db")).trials()
    evaluator.close()
    assert [t.number for t in trials] == list(range(6))
    assert all(t.values == (t.config["x"],) for t in trials)
    assert len({t.config["x"] for t in trials}) == 6


def test_time_that_trials_share_counts_once() -> None:
    def trial(number: int, finished: float | None, cost: float) -> Trial:
        evaluation = Evaluation(TrialState.COMPLETE, (0.0,), cost=cost)
        return Trial(number, Suggestion({}, "user"), evaluation, finished=finished)

    def spent(*trials: Trial) -> float:
        return Limits.after(Budget(seconds=100), trials).spent

    assert spent(trial(0, 10.0, 10), trial(1, 10.0, 8), trial(2, 14.0, 5)) == 14
    assert spent(trial(0, 10.0, 4), trial(1, 20.0, 5)) == 9
    assert spent(trial(0, None, 4), trial(1, None, 5)) == 9


def test_closing_ends_the_trials_that_run(tmp_path: Path) -> None:
    evaluator = CommandEvaluator(command_task(["sleep", "60"]), tmp_path)
    found: list[Evaluation] = []

    def evaluate() -> None:
        given = {"fidelity": None, "seed": 0, "report": lambda step, value: False}
        found.append(evaluator.evaluate({"x": 0.5}, **given))  # type: ignore[arg-type]

    thread = threading.Thread(target=evaluate, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not evaluator.nursery._running and time.monotonic() < end:
        time.sleep(0.02)
    evaluator.close()
    thread.join(10)
    assert [e.state for e in found] == [TrialState.FAILED]

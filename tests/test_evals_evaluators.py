"""Real models are trained under limits, and whatever goes wrong becomes a trial with a reason."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from evals.evaluators.isolation import Limits, StoppedError, Worker
from evals.evaluators.registry import build_evaluator
from evals.evaluators.tabular import TabularEvaluator
from evals.evaluators.training import Trainer
from evals.space import Config
from evals.spaces import space_for
from evals.task import Budget, Data, Kind, Objective, Task, Validation
from evals.trials import TrialState
from prompts.errors import EvaluationError, InvalidTaskError

ROOT = Path(__file__).parent.parent


def go_on(step: int, value: float) -> bool:
    return False


def table(rows: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 2))
    frame = pd.DataFrame(x, columns=["a", "b"])
    frame["c"] = rng.choice(["u", "v", None], rows)
    frame["y"] = np.where(x[:, 0] + 0.3 * rng.normal(size=rows) > 0, "yes", "no")
    return frame


def task_for(
    models: tuple[str, ...] = ("decision_tree",),
    metrics: tuple[tuple[str, str], ...] = (("roc_auc", "maximize"),),
    kind: Kind = "binary",
    **options: object,
) -> Task:
    return Task(
        data=Data(path="t.csv", target="y", kind=kind, positive=options.pop("positive", None)),  # type: ignore[arg-type]
        models=models,
        space=space_for(models, kind, n_rows=100),
        objectives=tuple(Objective(metric=m, direction=d) for m, d in metrics),  # type: ignore[arg-type]
        validation=Validation(folds=3),
        **options,  # type: ignore[arg-type]
    )


def default(task: Task) -> Config:
    config = task.space.default_config()
    assert config is not None
    return config


@pytest.fixture(scope="module")
def evaluator() -> Iterator[TabularEvaluator]:
    task = task_for(metrics=(("roc_auc", "maximize"), ("model_size", "minimize")))
    with TabularEvaluator(task, table()) as built:
        yield built


def test_same_configuration_and_seed_give_the_same_value(evaluator: TabularEvaluator) -> None:
    config = default(evaluator.task)
    first, second = (
        evaluator.evaluate(config, fidelity=None, seed=1, report=go_on) for _ in range(2)
    )
    assert first.state is TrialState.COMPLETE
    assert first.values == second.values
    assert 0.7 < first.values[0] <= 1
    assert first.values[1] > 1000
    assert first.std is not None
    assert first.intermediate[3] == pytest.approx(first.values[0])


def test_the_value_is_what_scikit_learn_gives(evaluator: TabularEvaluator) -> None:
    from sklearn.metrics import roc_auc_score

    data, config = evaluator.dataset, default(evaluator.task)
    scores = []
    for train, valid in data.folds:
        part = replace(data, X=data.X.iloc[train], y=data.y[train])
        model = Trainer(part, evaluator.task.models, {}, (), 0, 1).fit(config, 1)
        answers = model.predict_proba(data.X.iloc[valid])[:, 1]
        scores.append(roc_auc_score(data.y[valid] == "yes", answers))
    found = evaluator.evaluate(config, fidelity=None, seed=1, report=go_on)
    assert found.values[0] == pytest.approx(float(np.mean(scores)))
    assert found.std is not None
    assert found.std[0] == pytest.approx(float(np.std(scores, ddof=1) / np.sqrt(3)))


def test_a_hopeless_configuration_is_stopped_early(evaluator: TabularEvaluator) -> None:
    seen: list[int] = []

    def stop(step: int, value: float) -> bool:
        seen.append(step)
        return step == 2

    found = evaluator.evaluate(default(evaluator.task), fidelity=None, seed=0, report=stop)
    assert found.state is TrialState.PRUNED
    assert seen == [1, 2]
    assert found.values == ()
    assert "2 of 3 folds" in found.reason
    again = evaluator.evaluate(default(evaluator.task), fidelity=None, seed=0, report=go_on)
    assert again.state is TrialState.COMPLETE


def test_what_the_estimator_refuses_is_a_failed_trial(evaluator: TabularEvaluator) -> None:
    found = evaluator.evaluate({"max_depth": -3}, fidelity=None, seed=0, report=go_on)
    assert found.state is TrialState.FAILED
    assert "max_depth" in found.reason


def test_the_test_part_is_scored_by_the_model_that_is_handed_out(
    evaluator: TabularEvaluator,
) -> None:
    config = default(evaluator.task)
    found = evaluator.test(config, 1)
    assert found.state is TrialState.COMPLETE
    assert found.std is not None
    assert 0 < found.std[0] < 0.2
    model = evaluator.final_model(config, 1)
    data = evaluator.dataset
    value = evaluator.metrics[0].score(model, data.X_test, data.y_test)
    assert found.values[0] == pytest.approx(value)
    assert len(data.y) + len(data.y_test) == 120


MISBEHAVING = """
import os, signal, subprocess, time
class Trainer:
    def fit(self, config, seed):
        if config == "hang":
            subprocess.Popen(["sleep", "631"]); time.sleep(600)
        if config == "fill":
            held = [bytearray(b"x" * 2**26) for _ in range(10**6)]
        if config == "exit": os._exit(3)
        if config == "segfault": os.kill(os.getpid(), signal.SIGSEGV)
        if config == "speak": os.write(2, b"disk on fire\\n"); os._exit(1)
        if config == "sys.exit": raise SystemExit(2)
        if config == "raise": raise ValueError("first line\\nsecond line")
        return config
"""


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    (tmp_path / "misbehaving_trainer.py").write_text(MISBEHAVING)
    monkeypatch.syspath_prepend(str(tmp_path))
    import misbehaving_trainer  # type: ignore[import-not-found]

    made = Worker(misbehaving_trainer.Trainer())
    yield made
    made.close()
    del sys.modules["misbehaving_trainer"]


def test_whatever_training_does_the_next_request_is_served(worker: Worker) -> None:
    cases = {
        "exit": "died .exit code 3.",
        "segfault": "died .signal SIGSEGV.",
        "speak": "Its last words: disk on fire",
        "raise": "ValueError: first line$",
        "sys.exit": "SystemExit: 2",
    }
    for does, said in cases.items():
        with pytest.raises(EvaluationError, match=said):
            worker.ask("fit", (does, 0), Limits(seconds=60))
        assert worker.ask("fit", ("fine", 0), Limits(seconds=60)) == "fine"


def test_limits_kill_the_whole_process_group(worker: Worker) -> None:
    worker.start()
    started = time.monotonic()
    with pytest.raises(StoppedError, match="longer than 1 s"):
        worker.ask("fit", ("hang", 0), Limits(seconds=1))
    assert time.monotonic() - started < 6
    running = [p.info["cmdline"] for p in psutil.process_iter(["cmdline"])]
    assert ["sleep", "631"] not in running
    with pytest.raises(StoppedError, match=r"more than 0\.5 GiB"):
        worker.ask("fit", ("fill", 0), Limits(memory=2**29))


def test_ctrl_c_leaves_no_child_busy(worker: Worker) -> None:
    worker.start()
    assert worker._child is not None
    pid = worker._child.process.pid

    class Stop(KeyboardInterrupt):
        pass

    def interrupted() -> int:
        raise Stop

    worker._child._memory = interrupted  # type: ignore[method-assign]
    with pytest.raises(Stop):
        worker.ask("fit", ("hang", 0), Limits())
    assert not psutil.pid_exists(pid)


def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    (tmp_path / "misbehaving_trainer.py").write_text(MISBEHAVING)
    code = (
        "import sys, threading, misbehaving_trainer as m\n"
        "from evals.evaluators.isolation import Limits, Worker\n"
        "w = Worker(m.Trainer()); w.start(); print(w._child.process.pid, flush=True)\n"
        "w.ask('fit', ('hang', 0), Limits())\n"
    )
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    child.wait(timeout=10)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (task_for(metrics=(("r2", "maximize"),)), "r2 does not fit a binary target"),
        (task_for().model_copy(update={"models": ()}), "needs data and models"),
        (task_for(positive="maybe"), "has no class 'maybe'. It has no and yes"),
    ],
)
def test_a_task_that_cannot_be_evaluated_is_explained(task: Task, said: str) -> None:
    with pytest.raises(InvalidTaskError, match=said):
        TabularEvaluator(task, table())


def test_the_registry_names_what_it_knows() -> None:
    with pytest.raises(InvalidTaskError, match="Known: tabular"):
        build_evaluator(task_for().model_copy(update={"evaluator": "quantum"}))


def test_limits_come_from_the_budget() -> None:
    task = task_for(budget=Budget(seconds=100, seconds_per_trial=7))
    built = TabularEvaluator(task, table())
    assert built.limits.seconds == 7
    assert built.limits.memory is not None

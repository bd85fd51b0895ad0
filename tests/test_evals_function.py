"""A function under trial may do what it wants: the run goes on and says what happened."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from evals.evaluators.function import FunctionEvaluator
from evals.evaluators.process import redact
from evals.reporting import report, reporting
from evals.task import Task
from evals.trials import Evaluation, TrialState
from prompts.errors import PlaintuneError


def task(**budget: float) -> Task:
    return Task.checked(
        {
            "evaluator": "function",
            "space": {"parameters": [{"type": "float", "name": "x", "low": 0, "high": 1}]},
            "objectives": [{"metric": "loss", "direction": "minimize"}],
            "budget": budget,
        }
    )


def evaluate(
    function: Callable[..., Any],
    *,
    isolated: bool = True,
    prune: Callable[[int, float], bool] = lambda step, value: False,
    memory: int | None = None,
    **budget: float,
) -> Evaluation:
    evaluator = FunctionEvaluator(task(**budget), function, isolated=isolated, memory=memory)
    try:
        return evaluator.evaluate({"x": 0.5}, fidelity=None, seed=7, report=prune)
    finally:
        evaluator.close()


def spawn_and_leave(x: float) -> float:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            Path("/proc/self/comm").write_text("orphan-of-trial")
            time.sleep(60)
        os._exit(0)
    time.sleep(0.3)
    return x


def allocate(x: float) -> float:
    held = []
    while True:
        held.append(bytearray(2**20))


def shout(x: float) -> float:
    while True:
        print("all work and no play " * 1000)


async def waiting(x: float) -> float:
    return x


MISBEHAVIOUR: list[tuple[Callable[[float], Any], str]] = [
    (lambda x: float("nan"), "loss is nan"),
    (lambda x: float("-inf"), "loss is -inf"),
    (lambda x: "0.5", "must be a number, got '0.5' of type str"),
    (lambda x: None, "no loss, but None: perhaps a `return` is missing"),
    (lambda x: np.array([x, x]), "must be a number, got .* of type ndarray"),
    (lambda x: 10**400, "loss is inf"),
    (lambda x: waiting(x), "run it with asyncio.run"),
    (lambda x: complex(1, 1), "must be a number"),
    (lambda x: [1.0, 2.0], "1 value\\(s\\) are due, got 2"),
    (lambda x: {"acc": 1.0}, "no 'loss', only: acc"),
    (lambda x: 1 / 0, "ZeroDivisionError: division by zero \\(line"),
    (lambda x: sys.exit(3), "called sys.exit\\(3\\)"),
    (lambda x: os._exit(4), "exit code 4"),
    (lambda x: ctypes.string_at(0), "segmentation fault"),
    (lambda x: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL"),
    (lambda x: time.sleep(60), "stopped after 0.4 seconds"),
    (shout, "wrote more than 256 MiB.*no play"),
]


@pytest.mark.parametrize(("function", "reason"), MISBEHAVIOUR)
def test_misbehaviour_becomes_a_failed_trial_with_its_reason(
    function: Callable[[float], Any], reason: str
) -> None:
    seconds = 30 if function is shout else 0.4
    found = evaluate(function, seconds_per_trial=seconds)
    assert found.state is TrialState.FAILED and found.values == ()
    assert re.search(reason, found.reason), found.reason


@pytest.mark.parametrize("function", [allocate, lambda x: len(bytearray(10 * 2**30))])
def test_memory_beyond_the_limit_ends_the_trial_alone(function: Callable[[float], Any]) -> None:
    found = evaluate(function, memory=200 * 2**20, seconds_per_trial=30)
    assert found.state is TrialState.FAILED and "out of memory" in found.reason


def test_no_orphan_survives_even_in_a_session_of_its_own() -> None:
    assert evaluate(spawn_and_leave).values == (0.5,)
    assert not [p for p in psutil.process_iter() if p.name() == "orphan-of-trial"]


def test_killing_plaintune_ends_its_trials(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        "import sys, time, pathlib\n"
        f"sys.path[:0] = [{str(Path.cwd())!r}, {str(Path(__file__).parent)!r}]\n"
        "from test_evals_function import evaluate\n"
        "def hang(x):\n"
        "    import os\n"
        f"    pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
        "    time.sleep(60)\n"
        "evaluate(hang)\n"
    )
    run = subprocess.Popen([sys.executable, str(script)])
    pid = _appears(tmp_path / "pid")
    run.kill()
    run.wait()
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)
    assert not psutil.pid_exists(pid)


def _appears(path: Path) -> int:
    for _ in range(600):
        if path.exists() and path.read_text():
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{path} never appeared")


@pytest.mark.parametrize("isolated", [True, False])
def test_values_metrics_and_running_values_come_back(isolated: bool) -> None:
    def train(x: float, seed: int = 0) -> Iterator[float]:
        for epoch in range(3):
            yield x / (epoch + 1)
        return {"loss": x + seed, "acc": 0.9}  # type: ignore[return-value]

    found = evaluate(train, isolated=isolated)
    assert found.values == (7.5,) and found.metrics["acc"] == 0.9
    assert found.intermediate == {0: 0.5, 1: 0.25, 2: pytest.approx(0.5 / 3)}


@pytest.mark.parametrize("isolated", [True, False])
def test_a_hopeless_trial_is_stopped_where_it_reports(isolated: bool) -> None:
    def reporting(x: float) -> float:
        for step in range(100):
            try:
                report(step, x)
            except Exception:
                continue
        return x

    def yielding(x: float) -> Iterator[tuple[int, float]]:
        yield from ((step, x) for step in range(100))

    for function in (reporting, yielding):
        found = evaluate(function, isolated=isolated, prune=lambda step, value: step == 2)
        assert found.state is TrialState.PRUNED and sorted(found.intermediate) == [0, 1, 2]


def in_a_thread(call: Callable[[], None]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("isolated", [True, False])
def test_a_thread_inside_a_trial_reports_and_is_stopped(isolated: bool) -> None:
    def train(x: float) -> float:
        def epochs() -> None:
            for step in range(5):
                report(step, x)

        in_a_thread(epochs)
        return x

    found = evaluate(train, isolated=isolated)
    assert found.values == (0.5,) and sorted(found.intermediate) == [0, 1, 2, 3, 4]
    stopped = evaluate(train, isolated=isolated, prune=lambda step, value: step == 2)
    assert stopped.state is TrialState.PRUNED and sorted(stopped.intermediate) == [0, 1, 2]


def test_several_threads_report_one_after_the_other() -> None:
    def train(x: float) -> float:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda step: report(step, x), range(200)))
        return x

    assert len(evaluate(train).intermediate) == 200


def test_a_thread_that_outlives_its_trial_reports_to_no_other() -> None:
    heard: list[int] = []
    go_on, over = threading.Event(), threading.Event()

    def late() -> None:
        go_on.wait()
        report(9, 0.0)
        over.set()

    def train(x: float) -> float:
        threading.Thread(target=copy_context().run, args=(late,)).start()
        return x

    def hear(step: int, value: float) -> bool:
        heard.append(step)
        return False

    evaluate(train, isolated=False, prune=hear)
    go_on.set()
    assert over.wait(10) and heard == []


def test_a_thread_of_one_of_several_trials_in_this_process_says_that_it_cannot_tell() -> None:
    errors: list[Exception] = []

    def asking() -> None:
        try:
            report(0, 1.0)
        except PlaintuneError as error:
            errors.append(error)

    with reporting(lambda step, value: False), reporting(lambda step, value: False):
        in_a_thread(asking)
    assert "copy_context" in str(errors[0])


@pytest.mark.parametrize("score", [Decimal("0.5"), np.array([[0.5]]), np.float32(0.5)])
def test_what_people_mean_as_a_number_is_one(score: Any) -> None:
    assert evaluate(lambda x: score, isolated=False).values == (0.5,)


def test_report_outside_a_trial_does_nothing() -> None:
    report(0, 1.0)


def test_secrets_of_the_environment_do_not_reach_reasons() -> None:
    environment = {"MY_API_KEY": "hunter2hunter2", "HOME": "/home/somebody"}
    text = redact("failed with hunter2hunter2 in /home/somebody", environment)
    assert text == "failed with [MY_API_KEY] in /home/somebody"


def test_a_hanging_trial_does_not_outlast_the_time_budget() -> None:
    result = evaluate(lambda x: time.sleep(60), seconds=1.0)
    assert result.state is TrialState.FAILED and "1 seconds, its time limit" in result.reason

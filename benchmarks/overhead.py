"""What does a trial cost beyond the function itself?

    python -m benchmarks.overhead [--trials 40] [--seconds 0.5] [--out FILE]

Three ways to call a function that sleeps: isolated, in this process, and as a command. Per trial:
the evaluator's own share (start, supervision, end), and that of the whole loop with random
suggestions (store and events included). Medians and least values, in milliseconds: on a machine
with other work the least comes nearest to what an idle one would show.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from acquisition.registry import make_designer
from agent.events import TrialFinished
from agent.loop import Agent
from agent.store import Store
from evals.evaluator import Evaluator
from evals.evaluators.command import CommandEvaluator
from evals.evaluators.function import FunctionEvaluator
from evals.task import Task


def _task(trials: int, **fields: Any) -> Task:
    content = {
        "evaluator": "function",
        "space": {"parameters": [{"type": "float", "name": "x", "low": 0, "high": 1}]},
        "objectives": [{"metric": "loss", "direction": "minimize"}],
        "budget": {"trials": trials},
        **fields,
    }
    return Task.checked(content)


def _evaluators(task: Task, seconds: float) -> dict[str, Callable[[], Evaluator]]:
    def function(x: float) -> float:
        time.sleep(seconds)
        return x

    return {
        "isolated": lambda: FunctionEvaluator(task, function),
        "in this process": lambda: FunctionEvaluator(task, function, isolated=False),
        "command (sh)": lambda: CommandEvaluator(
            task.model_copy(
                update={
                    "program": _task(
                        1, program={"command": ["sh", "-c", f"sleep {seconds}; echo loss={{x}}"]}
                    ).program
                }
            ),
            Path(tempfile.mkdtemp()),
        ),
    }


def measured(trials: int, seconds: float) -> dict[str, dict[str, float]]:
    """Return per way the median overhead of the evaluator and of the loop, in ms."""
    task = _task(trials)
    rows = {}
    for name, make in _evaluators(task, seconds).items():
        evaluator = make()
        alone = []
        for _ in range(trials):
            began = time.perf_counter()
            evaluator.evaluate({"x": 0.5}, fidelity=None, seed=0, report=lambda s, v: False)
            alone.append(time.perf_counter() - began - seconds)
        with tempfile.TemporaryDirectory() as folder:
            store = Store.create(task, "overhead", f"{folder}/study.db")
            whole = _looped(task, store, evaluator, seconds)
        evaluator.close()  # type: ignore[attr-defined]
        rows[name] = {
            "evaluator": round(1000 * statistics.median(alone), 1),
            "evaluator, least": round(1000 * min(alone), 1),
            "loop": round(1000 * statistics.median(whole), 1),
            "loop, least": round(1000 * min(whole), 1),
        }
    return rows


def _looped(task: Task, store: Store, evaluator: Evaluator, seconds: float) -> list[float]:
    """Return per trial the seconds from one result to the next, less what the function took."""
    ends = [time.perf_counter()]

    def heard(event: object) -> None:
        if isinstance(event, TrialFinished):
            ends.append(time.perf_counter())

    designer = make_designer("random")
    Agent(task, store=store, designer=designer, evaluator=evaluator, listeners=[heard]).run()
    return [after - before - seconds for before, after in pairwise(ends)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    import torch  # noqa: F401  # A real run has it loaded: forking a large process takes longer.

    rows = measured(given.trials, given.seconds)
    for name, row in rows.items():
        print(f"{name:<16}", ", ".join(f"{what} {value:.1f} ms" for what, value in row.items()))
    if given.out:
        given.out.write_text(json.dumps({"python": sys.version, **rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()

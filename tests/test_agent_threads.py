"""The search keeps to one thread, and leaves what is evaluated its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_info

from acquisition.registry import make_designer
from agent.loop import Agent
from agent.store import Store
from evals.evaluators.function import FunctionEvaluator
from evals.space import Float, SearchSpace
from evals.task import Budget, Objective, Task
from evals.trials import Suggestion, Trial

TASK = Task(
    evaluator="function",
    space=SearchSpace((Float("x", 0, 1),)),
    objectives=(Objective(metric="loss", direction="minimize"),),
    budget=Budget(trials=2),
)


def most_threads() -> int:
    return max(int(pool["num_threads"]) for pool in threadpool_info())


class Looking:
    """A designer that notes how many threads it may use."""

    def __init__(self) -> None:
        self.seen = list[int]()

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        self.seen.append(most_threads())
        return list(make_designer("random").suggest(task, trials, count, rng))


def test_a_suggestion_has_one_thread_and_a_trial_what_there_was(tmp_path: object) -> None:
    before, during, designer = most_threads(), list[int](), Looking()

    def train(x: float) -> float:
        during.append(most_threads())
        return x

    store = Store.create(TASK, "threads", f"sqlite:///{tmp_path}/s.db")
    evaluator = FunctionEvaluator(TASK, train, isolated=False)
    Agent(TASK, store=store, designer=designer, evaluator=evaluator).run()
    assert designer.seen == [1, 1]
    assert during == [before, before]
    assert most_threads() == before

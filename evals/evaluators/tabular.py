"""The evaluator of tables: cross-validation on the tuning part, in a child process with limits."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evals.dataset import load_dataset
from evals.evaluator import Evaluator, Report
from evals.evaluators.isolation import Limits, Worker
from evals.families import family
from evals.metrics import Metric, metric
from evals.space import Config
from evals.task import Task
from evals.trials import Evaluation, TrialState
from prompts.errors import EvaluationError, InvalidConfigError, InvalidTaskError

if TYPE_CHECKING:
    from pandas import DataFrame
    from sklearn.pipeline import Pipeline

SECONDS_PER_TRIAL = 1800.0
"""The limit where the user set none: a hanging trial must not hold up a study for ever."""
MEMORY_SHARE = 0.8
"""Share of the memory that is free at the start which one trial may use."""


class TabularEvaluator:
    """Trains the task's models on its table.

    Raises:
        UserError: the table or the task cannot be used (see `load_dataset`), a model is not
            installed, a metric does not fit.
    """

    def __init__(
        self, task: Task, frame: DataFrame | None = None, *, limits: Limits | None = None
    ) -> None:
        if task.data is None or not task.models:
            raise InvalidTaskError("A table needs data and models in the task.")
        for name in task.models:
            family(name, task.data.kind).require()
        self.task = task
        self.metrics = [_checked(o.metric, task) for o in task.objectives]
        self.dataset = load_dataset(task, frame)
        self.limits = limits or default_limits(task)
        self._worker = Worker(_trainer(task, self.dataset, self.metrics, threads()))
        self._others: list[TabularEvaluator] = []

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user: what was left out or had to be changed."""
        return self.dataset.notes

    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        """Cross-validate; after fold k, `report(k, running mean)` may end the trial as PRUNED."""
        running: dict[int, float] = {}
        firsts: list[float] = []

        def progress(done: int, scores: list[float]) -> bool:
            firsts.append(scores[0])
            running[done] = float(np.mean(firsts))
            return report(done, running[done])

        self._worker.start()
        started = time.monotonic()
        try:
            config = self.task.space.validate(config)
            scores = self._worker.ask("evaluate", (config, seed), self.limits, progress)
        except (EvaluationError, InvalidConfigError) as error:
            cost = time.monotonic() - started
            return Evaluation(TrialState.FAILED, (), None, cost, _where(error, running), running)
        cost = time.monotonic() - started
        if scores is None:
            reason = f"stopped after {len(running)} of {len(self.dataset.folds)} folds"
            return Evaluation(TrialState.PRUNED, (), None, cost, reason, running)
        return _complete(scores, cost, running)

    def test(self, config: Config, seed: int) -> Evaluation:
        """Train on the whole tuning part and score on the test part, which no trial has seen.

        `std` is the bootstrap standard error over test rows. Never raises for what training does.
        """
        self._worker.start()
        started = time.monotonic()
        try:
            values, std = self._worker.ask("test", (config, seed), self.limits)
        except EvaluationError as error:
            cost = time.monotonic() - started
            return Evaluation(TrialState.FAILED, cost=cost, reason=str(error))
        cost = time.monotonic() - started
        return Evaluation(TrialState.COMPLETE, _floats(values), _floats(std), cost)

    @property
    def repeats(self) -> int:
        """How often `again` has other folds to offer; 0 where rows stand in order of time."""
        return len(self.dataset.others)

    def again(self, config: Config, seed: int, number: int) -> Evaluation:
        """Cross-validate on other folds of the tuning part, number 0 to `repeats` - 1.

        Never raises for what training does.
        """
        self._worker.start()
        started = time.monotonic()
        try:
            scores = self._worker.ask("again", (config, seed, number), self.limits)
        except EvaluationError as error:
            cost = time.monotonic() - started
            return Evaluation(TrialState.FAILED, cost=cost, reason=str(error))
        return _complete(scores, time.monotonic() - started, {})

    def final_model(self, config: Config, seed: int) -> Pipeline:
        """Return the fitted pipeline (raw rows in, predictions out): the one that `test` scores.

        Raises:
            EvaluationError: it could not be trained.
        """
        return self._worker.ask("fit", (config, seed), self.limits)

    def for_workers(self, environments: Sequence[Mapping[str, str]]) -> list[Evaluator]:
        """Return an evaluator per worker, which share the memory and the threads of this one."""
        count = len(environments)
        memory = self.limits.memory and self.limits.memory // count
        for _ in environments:
            other, at_once = copy.copy(self), max(1, threads() // count)
            other._worker = Worker(_trainer(self.task, self.dataset, self.metrics, at_once))
            other.limits, other._others = replace(self.limits, memory=memory), []
            self._others.append(other)
        return list(self._others[-count:])

    def close(self) -> None:
        """End the child processes."""
        for other in (*self._others, self):
            other._worker.close()

    def __enter__(self) -> TabularEvaluator:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def threads() -> int:
    """Return the threads a model may use: OMP_NUM_THREADS where set, else the usable cores."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdigit() and int(given) else len(os.sched_getaffinity(0))


def default_limits(task: Task) -> Limits:
    """Return the limits of one trial: the user's, else half an hour; most of the free memory."""
    import psutil

    asked = [s for s in (task.budget.seconds_per_trial, task.budget.seconds) if s is not None]
    memory = int(MEMORY_SHARE * psutil.virtual_memory().available)
    return Limits(seconds=min(asked, default=SECONDS_PER_TRIAL), memory=memory)


def _checked(name: str, task: Task) -> Metric:
    assert task.data is not None
    return metric(name, task.data.kind)


def _trainer(task: Task, dataset: Any, metrics: Sequence[Metric], at_once: int) -> Any:
    from evals.evaluators.training import Trainer

    return Trainer(dataset, task.models, task.fixed, tuple(metrics), task.seed, at_once)


def _where(error: Exception, running: dict[int, float]) -> str:
    return f"{error} (after {len(running)} folds)" if running else str(error)


def _complete(scores: NDArray[np.float64], cost: float, running: dict[int, float]) -> Evaluation:
    """Return means over folds (`folds x objectives`), with the standard error of each mean."""
    folds = len(scores)
    std = None if folds == 1 else _floats(scores.std(axis=0, ddof=1) / np.sqrt(folds))
    values = _floats(scores.mean(axis=0))
    if not np.isfinite(values).all():
        return Evaluation(
            TrialState.FAILED, (), None, cost, "The score is no finite number.", running
        )
    return Evaluation(TrialState.COMPLETE, values, std, cost, intermediate=running)


def _floats(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(v) for v in values)

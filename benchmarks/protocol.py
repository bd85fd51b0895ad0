"""One run: an arm, a task, a seed. Paired over arms by the seed: same start, same noise.

A trial that reports running values is stopped where the arm says so; the budget counts epochs. The
start is the task's default configuration, where it has one, and uniform draws up to `N_START`
trials in all, fixed by (seed, task). Repetition k of a configuration at trial t draws its noise
from (seed, t), whoever asked.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

import numpy as np

from benchmarks.arms.base import N_START, Arm, ArmUnavailableError, Problem, Session
from benchmarks.arms.registry import open_arm
from benchmarks.tasks.base import NO_RESULT, BenchmarkTask, incumbents
from benchmarks.tasks.registry import open_task
from evals.space import Config
from evals.trials import Evaluation, TrialState

WARM_UP_TASK = "mixed-kernel"
PROTOCOL = 2
"""Raised when a change here makes older results incomparable."""


@dataclass(frozen=True)
class Job:
    """One run to be done."""

    arm: str
    task: str
    seed: int
    trials: int
    """Full trainings' worth of epochs; where nothing is reported on the way, trials."""


@dataclass
class Run:
    """What came out of a job: one entry per trial in each list.

    On tasks with learning curves it is one per full training's worth of epochs, however many trials
    shared it: times are their sum, `observed` is the last one's. `started` trials were begun in
    all, and `stopped` of them ended early.

    `observed` is the first objective's value (NaN where it did not complete), `regret` the
    incumbent's, `held_out` the score of the incumbent on rows that no search sees (NaN where the
    task has none, or nothing completed yet). `suggest_s` is the wall time of asking and telling;
    `suggest_cpu_s` the processor time, which a busy machine stretches less. `repeat` marks
    configurations that this run had tried before. `error` is empty unless the arm failed.
    `llm_calls`, `llm_tokens` (read and written) and `llm_s` are what a language model cost;
    `suggest_s` lacks its time where answers were kept ones.
    """

    key: str
    arm: str
    version: str
    task: str
    group: str
    seed: int
    observed: list[float] = field(default_factory=list)
    regret: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    suggest_s: list[float] = field(default_factory=list)
    suggest_cpu_s: list[float] = field(default_factory=list)
    evaluate_s: list[float] = field(default_factory=list)
    repeat: list[bool] = field(default_factory=list)
    error: str = ""
    llm_calls: int = 0
    llm_tokens: int = 0
    llm_s: float = 0.0
    started: int = 0
    stopped: int = 0
    protocol: int = PROTOCOL


def key_of(job: Job) -> str:
    """Return the content hash of (arm, version, task, seed, protocol) that results are kept by."""
    arm, task = open_arm(job.arm), open_task(job.task)
    parts: list[Any] = [arm.name, arm.version, arm.start, task.name, task.version]
    parts += [task.task.model_dump(mode="json", include={"space", "objectives"})]
    words = json.dumps([*parts, job.seed, N_START, PROTOCOL], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()[:20]


def start_configs(task: BenchmarkTask, seed: int, start: str) -> list[Config]:
    """Return the trials that the arm is handed."""
    default = task.space.default_config()
    first = [] if default is None or start == "nothing" else [default]
    if start != "paired":
        return first
    rng = np.random.default_rng([seed, zlib.crc32(task.name.encode())])
    known = {task.space.key(c) for c in first}
    for config in task.space.sample(rng, 50):
        if len(first) < N_START and task.space.key(config) not in known:
            known.add(task.space.key(config))
            first.append(config)
    return first


@cache
def warm_up(arm: str) -> None:
    """Load what the arm imports, so that no run's first suggestion pays for it."""
    run(Job(arm, WARM_UP_TASK, 0, N_START + 1), warm=True)


def run(job: Job, warm: bool = False) -> Run:
    """Do a job; what goes wrong in the arm ends the run and is part of the result."""
    if not warm:
        warm_up(job.arm)
    arm, task = open_arm(job.arm), open_task(job.task)
    outcome = Run(key_of(job), arm.name, arm.version, task.name, task.group, job.seed)
    try:
        session = _open(arm, task, job)
    except ArmUnavailableError as error:
        outcome.error = f"unavailable: {error}"
        return outcome
    try:
        _loop(arm, task, session, job, outcome)
    except Exception as error:
        outcome.error = f"{type(error).__name__}: {str(error).strip()[:300]}"
    finally:
        session.close()
    used = session.usage()
    outcome.llm_calls, outcome.llm_tokens = used.calls, used.tokens
    outcome.llm_s = round(used.seconds, 2)
    return outcome


def _open(arm: Arm, task: BenchmarkTask, job: Job) -> Session:
    if len(task.task.objectives) > arm.objectives:
        raise ArmUnavailableError("The arm optimises one objective only.")
    return arm.open(Problem(task.sealed(), job.seed, job.trials))


def _loop(arm: Arm, task: BenchmarkTask, session: Session, job: Job, outcome: Run) -> None:
    handed = start_configs(task, job.seed, arm.start)[: job.trials]
    trials: list[_Done] = []
    spent, budget = 0, job.trials * task.epochs
    try:
        while spent < budget:
            t = len(trials)
            clock = _Clock(session)
            config = handed[t] if t < len(handed) else session.ask()
            clock.stop()
            training = _Training(session, config, clock, budget - spent)
            began = time.perf_counter()
            result = task.train(config, noise_seed(job.seed, t), training)
            evaluate_s = result.cost or time.perf_counter() - began - training.seconds
            clock.go_on()
            session.tell(config, result)
            clock.stop()
            spent += (
                task.epochs if result.state is not TrialState.PRUNED else max(training.epoch, 1)
            )
            asked = (0.0, 0.0) if t < len(handed) else (clock.wall, clock.cpu)
            trials.append(_Done(config, result, spent, *asked, evaluate_s))
    finally:
        _fill(outcome, task, trials)


@dataclass(frozen=True)
class _Done:
    """A trial that ended when `spent` epochs of the run were gone."""

    config: Config
    result: Evaluation
    spent: int
    suggest_s: float
    suggest_cpu_s: float
    evaluate_s: float


class _Training:
    """Hears a trial's running values; ends it where the arm or the budget (`left` epochs) does."""

    def __init__(self, session: Session, config: Config, clock: _Clock, left: int) -> None:
        self._session, self._config, self._clock, self._left = session, config, clock, left
        self.epoch, self.seconds = 0, 0.0

    def __call__(self, epoch: int, value: float) -> bool:
        began = time.perf_counter()
        self._clock.go_on()
        stop = self._session.should_stop(self._config, epoch, value)
        self._clock.stop()
        self.epoch = epoch
        self.seconds += time.perf_counter() - began
        return stop or epoch >= self._left


def _fill(outcome: Run, task: BenchmarkTask, trials: Sequence[_Done]) -> None:
    """Write a row per full training's worth of epochs: the trials that ended in it, and the best.

    Where no trial is stopped, and where nothing is reported on the way, that is a row per trial.
    """
    configs, results = [d.config for d in trials], [d.result for d in trials]
    regrets, held_out = task.regrets(configs, results), _held_out(task, configs, results)
    repeats = _repeats(task, configs)
    outcome.started = len(trials)
    outcome.stopped = sum(r.state is TrialState.PRUNED for r in results)
    rows = [math.ceil(d.spent / task.epochs) for d in trials]
    for row in range(1, trials[-1].spent // task.epochs + 1 if trials else 1):
        first, after = bisect_left(rows, row), bisect_right(rows, row)
        ended = trials[first:after]
        outcome.observed.append(_value(ended[-1].result) if ended else math.nan)
        outcome.regret.append(regrets[after - 1] if after else NO_RESULT)
        outcome.held_out.append(held_out[after - 1] if after else math.nan)
        outcome.suggest_s.append(sum(d.suggest_s for d in ended))
        outcome.suggest_cpu_s.append(sum(d.suggest_cpu_s for d in ended))
        outcome.evaluate_s.append(sum(d.evaluate_s for d in ended))
        outcome.repeat.append(any(repeats[first:after]))


def _value(result: Evaluation) -> float:
    return result.values[0] if result.values else math.nan


def _repeats(task: BenchmarkTask, configs: Sequence[Config]) -> list[bool]:
    """Return which configurations had been tried before."""
    keys = [task.space.key(c) for c in configs]
    first = {key: i for i, key in reversed(list(enumerate(keys)))}
    return [first[key] < i for i, key in enumerate(keys)]


def _held_out(task: BenchmarkTask, configs: list[Config], results: list[Evaluation]) -> list[float]:
    """Return the incumbent's held-out score after each trial; each incumbent is scored once."""
    best = incumbents(task.task.objective.sign, results)
    if len(task.task.objectives) > 1:
        return [math.nan] * len(best)
    scores = {i: task.held_out(configs[i]) for i in set(best) if i is not None}
    return [math.nan if i is None else scores[i] for i in best]


class _Clock:
    """Wall and processor time of a session while it runs."""

    def __init__(self, session: Session) -> None:
        self._session, self.wall, self.cpu = session, 0.0, 0.0
        self.go_on()

    def go_on(self) -> None:
        self._began = time.perf_counter(), self._session.cpu_seconds()

    def stop(self) -> None:
        self.wall += time.perf_counter() - self._began[0]
        self.cpu += self._session.cpu_seconds() - self._began[1]


def noise_seed(seed: int, trial: int) -> int:
    """Return what trial `trial` of a run draws its noise from."""
    return int(np.random.default_rng([seed, trial, 7]).integers(2**31))


def to_json(outcome: Run) -> dict[str, Any]:
    """Return a run as plain values."""
    return asdict(outcome)

"""Evaluate a Python function: call it with a configuration, take what it returns or yields.

A function returns a number, a dict of metrics that holds the objectives, or one number per
objective; or it yields running values (a number, a pair of step and number, or a dict of metrics),
the last of which counts unless it returns something. `plaintune.report` does the same from inside.
"""

from __future__ import annotations

import copy
import inspect
import json
import math
import os
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from multiprocessing.connection import Connection
from numbers import Real
from typing import Any

from evals.evaluator import Evaluator, Report
from evals.evaluators.process import (
    Ending,
    Nursery,
    ProcessLimits,
    redact,
    size_text,
    trial_seconds,
)
from evals.known_parameters import role_of
from evals.reporting import Pruned, reporting
from evals.signature import Signature, read_function
from evals.space import Config
from evals.task import Task
from evals.trials import Evaluation, TrialState
from prompts.errors import EvaluationError, InvalidTaskError, PlaintuneError


class FunctionEvaluator:
    """Calls `function`: in a process of its own per trial, or in this one where not `isolated`.

    An argument that is a seed by its name (`seed`, `random_state`) and is not tuned gets the
    trial's seed. `memory` is in bytes, `cpu_seconds` processor time. `nursery`, from
    `nursery_for(function)`, may be forked long before: best while no library of this process has
    started threads, which a fork cannot inherit.
    """

    def __init__(
        self,
        task: Task,
        function: Callable[..., Any],
        *,
        isolated: bool = True,
        memory: int | None = None,
        cpu_seconds: int | None = None,
        nursery: Nursery | None = None,
    ) -> None:
        self.task = task
        self.work = _Calls(function, read_function(function))
        self.metrics = tuple(o.metric for o in task.objectives)
        self.limits = ProcessLimits(
            seconds=trial_seconds(task.budget), cpu_seconds=cpu_seconds, memory=memory
        )
        self.nursery = (nursery or Nursery(self.work)) if isolated else None
        self.environment: Mapping[str, str] = {}

    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        """Return COMPLETE with values, or PRUNED or FAILED with the reason in words."""
        began = time.monotonic()
        given = {**self.task.fixed, **self._seeds(seed), **config}
        if self.nursery is None:
            result = self.work.evaluate(given, self.metrics, report)
        else:
            job = {"config": given, "metrics": self.metrics, "environment": self.environment}
            ending = self.nursery.run(job, self.limits, report)
            result = evaluation_of(ending, self.limits)
        return replace(result, cost=time.monotonic() - began)

    def _seeds(self, seed: int) -> dict[str, int]:
        arguments = self.work.signature.arguments
        return {a.name: seed for a in arguments if role_of(a) == "seed" and a.type in SEEDS}

    def for_workers(self, environments: Sequence[Mapping[str, str]]) -> list[Evaluator]:
        """Return an evaluator per worker.

        Raises:
            InvalidTaskError: trials are not isolated, so there is one process for all of them.
        """
        if self.nursery is None:
            raise one_at_a_time()
        return [_with_environment(self, e) for e in environments]

    def close(self) -> None:
        """End the processes that wait for trials, and trials that run."""
        if self.nursery is not None:
            self.nursery.close()


SEEDS = ("int", "unknown")


def _with_environment(
    evaluator: FunctionEvaluator, environment: Mapping[str, str]
) -> FunctionEvaluator:
    other = copy.copy(evaluator)
    other.environment = environment
    return other


def one_at_a_time() -> InvalidTaskError:
    """Return the error of trials in this process that shall run side by side, or on GPUs."""
    return InvalidTaskError(
        "Trials that are not isolated run one at a time.",
        hint="Leave isolated=False out, or workers and gpus.",
    )


def nursery_for(function: Callable[..., Any]) -> Nursery:
    """Fork what will start the trials of `function`."""
    return Nursery(_Calls(function, read_function(function)))


def evaluation_of(ending: Ending, limits: ProcessLimits) -> Evaluation:
    """Return what a worker answered, or FAILED with how it ended."""
    if ending.result is None:
        return Evaluation(TrialState.FAILED, reason=ending.reason(limits))
    plain = dict(ending.result)
    steps = {int(k): v for k, v in plain["intermediate"].items()}
    lists = {k: None if plain[k] is None else tuple(plain[k]) for k in ("values", "std")}
    state = TrialState(plain["state"])
    reason = plain["reason"]
    if state is TrialState.FAILED and "MemoryError" in reason and limits.memory:
        reason = f"It ran out of memory: the limit is {size_text(limits.memory)}."
    return Evaluation(**{**plain, **lists, "state": state, "intermediate": steps, "reason": reason})


class _Calls:
    """Calls one function; runs here or in a worker."""

    def __init__(self, function: Callable[..., Any], signature: Signature) -> None:
        self.function = function
        self.signature = signature

    def reader(self, job: Mapping[str, Any]) -> None:
        """Return None: running values are reported by calls, not looked for in the output."""

    def run(self, job: Mapping[str, Any], channel: Connection) -> None:
        """Call the function in the worker, and answer on `channel`."""

        os.environ.update(job.get("environment", {}))

        def report(step: int, value: float) -> bool:
            channel.send_bytes(json.dumps({"step": step, "value": value}).encode())
            return channel.recv_bytes() == b"stop"

        result = self.evaluate(job["config"], job["metrics"], report)
        channel.send_bytes(json.dumps({"result": asdict(result)}).encode())

    def evaluate(
        self, config: Mapping[str, Any], metrics: Sequence[str], report: Report
    ) -> Evaluation:
        """Call the function; whatever it does becomes an evaluation."""
        heard: dict[int, float] = {}

        def listen(step: int, value: float) -> bool:
            heard[step] = value
            return report(step, value)

        with reporting(listen) as ear:
            try:
                result = _complete(self._call(config, metrics, ear.hear), metrics)
            except (Exception, SystemExit, Pruned) as error:
                result = Evaluation(TrialState.FAILED, reason=redact(_in_words(error)))
        if ear.stopped:
            result = Evaluation(TrialState.PRUNED, reason="It was stopped early.")
        return replace(result, intermediate=heard)

    def _call(self, config: Mapping[str, Any], metrics: Sequence[str], report: Report) -> Any:
        result = self.function(**self.signature.call(config))
        if inspect.iscoroutine(result):
            result.close()
            raise EvaluationError("It returned a coroutine: run it with asyncio.run().")
        return _exhaust(result, metrics, report) if inspect.isgenerator(result) else result


def _exhaust(running: Any, metrics: Sequence[str], report: Report) -> Any:
    """Run a generator to its end, or until it is told to stop."""
    last: Any = None
    count = 0
    while True:
        try:
            said = next(running)
        except StopIteration as end:
            return last if end.value is None else end.value
        step, last = said if isinstance(said, tuple) and len(said) == 2 else (count, said)
        count += 1
        if report(int(step), _numbers(last, metrics)[0]):
            running.close()
            raise Pruned


def _complete(result: Any, metrics: Sequence[str]) -> Evaluation:
    values = _numbers(result, metrics)
    others = dict(result) if isinstance(result, Mapping) else {}
    further = {str(k): float(v) for k, v in others.items() if _is_number(v)}
    return Evaluation(TrialState.COMPLETE, tuple(values), metrics=further)


def _numbers(result: Any, metrics: Sequence[str]) -> list[float]:
    """Return one finite number per objective.

    Raises:
        EvaluationError: the result holds something else; says what.
    """
    if isinstance(result, Mapping):
        missing = [m for m in metrics if m not in result]
        if missing:
            known = ", ".join(map(str, result)) or "nothing"
            raise EvaluationError(f"It returned no {missing[0]!r}, only: {known[:200]}.")
        result = [result[m] for m in metrics]
    values = list(result) if isinstance(result, tuple | list) else [result]
    if len(values) != len(metrics):
        raise EvaluationError(f"{len(metrics)} value(s) are due, got {len(values)}.")
    return [_finite(m, v) for m, v in zip(metrics, values, strict=True)]


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(float(value))


def _finite(metric: str, value: Any) -> float:
    if value is None:
        raise EvaluationError(f"It gave no {metric}, but None: perhaps a `return` is missing.")
    # numpy, torch and jax give arrays of one number where people mean that number.
    single = hasattr(value, "item") and math.prod(getattr(value, "shape", ())) == 1
    plain = value.item() if single else value
    if isinstance(plain, bool) or not isinstance(plain, Real | Decimal):
        shown = f"{str(value)[:60]!r} of type {type(value).__name__}"
        raise EvaluationError(f"{metric} must be a number, got {shown}.")
    try:
        number = float(plain)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise EvaluationError(f"{metric} is {number}, which is not a finite number.")
    return number


def _in_words(error: BaseException) -> str:
    if isinstance(error, PlaintuneError):
        return str(error)
    if isinstance(error, SystemExit):
        return f"It called sys.exit({error.code!r})."
    text = str(error).strip()[:300]
    frames = traceback.extract_tb(error.__traceback__)
    where = f" (line {frames[-1].lineno} of {frames[-1].name})" if frames else ""
    return f"{type(error).__name__}: {text}{where}" if text else f"{type(error).__name__}{where}"

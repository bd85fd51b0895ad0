"""The loop asks, evaluates and tells; its state is the store, so a killed run goes on as it was."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.events import Event, RunStarted, TrialFinished, TrialReported, TrialStarted
from agent.language_models.scripted import ScriptedModel
from agent.loop import Agent
from agent.pruning import hopeless
from agent.signals import Interrupted, interruptible
from agent.store import Store
from agent.strategies import open_strategy
from evals.evaluator import Evaluator, Report
from evals.space import Config, Float, Int, SearchSpace
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.chat import Message
from prompts.errors import StudyError

TASK = Task(
    evaluator="none",
    space=SearchSpace((Float("x", -2, 2, default=1.5), Int("n", 1, 4, default=2))),
    objectives=(Objective(metric="loss", direction="minimize"),),
    budget=Budget(trials=12),
    seed=7,
)
COMPLETE = TrialState.COMPLETE


class Learner:
    """A designer whose choices depend on every trial before and on the dice."""

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        if not trials and (config := task.space.default_config()):
            return [Suggestion(config, "default")]
        seen = {task.space.key(t.config) for t in trials}
        shift = sum(t.values[0] for t in trials if t.state is COMPLETE) % 1
        fresh = (c for c in task.space.sample(rng, 50) if task.space.key(c) not in seen)
        moved = (c | {"x": round(float(c["x"]) * (1 - shift / 9), 6)} for c in fresh)  # type: ignore[arg-type]
        return [Suggestion(c, "random") for c in islice(moved, count)]


class Bowl:
    """A fast evaluator: (x - 0.3)^2 + n, told in three steps."""

    def __init__(self, before: Callable[[int], Any] = lambda number: None) -> None:
        self.before, self.count = before, 0

    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        self.before(self.count)
        self.count += 1
        loss = (float(config["x"]) - 0.3) ** 2 + float(config["n"])  # type: ignore[arg-type]
        for step in range(3):
            if report(step, loss):
                return Evaluation(TrialState.PRUNED, intermediate={step: loss})
        return Evaluation(COMPLETE, (loss,), (0.01,), cost=5.0)


class Raw:
    """An evaluator that returns, or raises, whatever it is given."""

    def __init__(self, result: Any) -> None:
        self.result = result

    def evaluate(self, config: Config, **_: Any) -> Evaluation:
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result  # type: ignore[no-any-return]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "study.db")


def agent(path: str, task: Task = TASK, **parts: Any) -> Agent:
    store = Store.load("s", path) if Path(path).exists() else Store.create(task, "s", path)
    return Agent(task, store=store, **({"designer": Learner(), "evaluator": Bowl()} | parts))


def configs(store: Store) -> list[Config]:
    return [t.config for t in store.trials()]


def test_ask_and_tell(path: str) -> None:
    asking = agent(path, evaluator=None)
    with pytest.raises(StudyError, match="No trial has completed"):
        asking.best  # noqa: B018
    first, second = asking.ask(2)
    assert first.origin == "default"
    assert first.config != second.config
    asking.tell(second.number, 0.5)
    asking.tell(first.number, (0.7,))
    assert asking.best.number == 1


def test_a_run_ends_with_its_budget_and_tells_what_happens(path: str) -> None:
    events: list[Event] = []
    running = agent(path, listeners=[events.append])
    assert running.run() == "all 12 trials are done"
    trials = running.trials
    assert [t.number for t in trials] == list(range(12))
    assert not any(t.state is TrialState.RUNNING for t in trials)
    assert len(running.store.abandoned()) == 0
    kinds = [type(e) for e in events if not isinstance(e, TrialReported)]
    assert kinds == [TrialStarted, TrialFinished] * 12
    assert not any(isinstance(e, RunStarted) for e in events)
    last = [e for e in events if isinstance(e, TrialFinished)][-1]
    assert last.best == running.best


def test_what_is_hopeless_is_stopped_with_its_reason(path: str) -> None:
    running = agent(path, TASK.model_copy(update={"budget": Budget(trials=30)}))
    running.run()
    pruned = [t for t in running.trials if t.state is TrialState.PRUNED]
    assert pruned
    middle = np.median([t.values[0] for t in running.trials if t.values])
    assert all(t.evaluation.intermediate[1] > middle for t in pruned)  # type: ignore[union-attr]
    assert "Stopped early" in pruned[0].evaluation.reason  # type: ignore[union-attr]


def test_a_diverged_rival_makes_no_other_trial_hopeless() -> None:
    def trial(number: int, value: float, state: TrialState = COMPLETE) -> Trial:
        values = (value,) if state is COMPLETE else ()
        told = Evaluation(state, values, intermediate={0: value, 1: value})
        return Trial(number, Suggestion({"x": 0.0, "n": 1}, "random"), told)

    trials = [trial(i, float(i)) for i in range(8)]
    diverged = trial(8, float("nan"), TrialState.FAILED)
    assert hopeless(TASK, [*trials, diverged], {0: 2.0, 1: 2.0}) == ""
    assert hopeless(TASK, [*trials, diverged], {0: 9.0, 1: 9.0}) != ""


@pytest.mark.parametrize("k", [0, 1, 5, 11])
def test_a_killed_run_goes_on_with_the_same_sequence(tmp_path: Path, k: int) -> None:
    undisturbed, killed = agent(str(tmp_path / "a.db")), str(tmp_path / "b.db")
    undisturbed.run()

    def die(count: int) -> None:
        if count == k:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        agent(killed, evaluator=Bowl(die)).run()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    resumed = agent(killed)
    kept = [t for t in resumed.trials if t.evaluation]
    assert len(kept) == k
    resumed.run()
    assert configs(resumed.store) == configs(undisturbed.store)
    assert [t.values for t in resumed.trials] == [t.values for t in undisturbed.trials]
    assert resumed.trials[:k] == kept


def proposals(messages: Sequence[Message]) -> dict[str, Any]:
    """Answer as a language model would, differently at each turn of the study."""
    x = round(len(messages[-1]["content"]) % 97 / 50 - 1, 2)
    asked = [{"x": round(x + shift, 2), "n": 1} for shift in (0.0, 0.3, 0.6)]
    claim = {"parameter": "x", "move": "lower", "reason": "the loss falls there"}
    return {"proposals": [claim | {"config": config} for config in asked]}


def advised(path: str, task: Task, evaluator: Evaluator) -> Agent:
    made = agent(path, task, evaluator=evaluator)
    model = ScriptedModel(proposals)
    made.designer, made.adviser = open_strategy("hybrid", task, model, log=made.store)
    return made


def test_a_killed_run_replays_the_advice_it_had(tmp_path: Path) -> None:
    task = TASK.model_copy(update={"budget": Budget(trials=9)})

    def die(count: int) -> None:
        if count == 6:
            os.kill(os.getpid(), signal.SIGKILL)

    killed = str(tmp_path / "killed.db")
    child = os.fork()
    if child == 0:
        advised(killed, task, Bowl(die)).run()
        os._exit(0)
    os.waitpid(child, 0)
    undisturbed = advised(str(tmp_path / "whole.db"), task, Bowl())
    undisturbed.run()
    resumed = advised(killed, task, Bowl())
    assert len([t for t in resumed.trials if t.evaluation]) == 6
    resumed.run()
    assert configs(resumed.store) == configs(undisturbed.store)
    assert [t.origin for t in resumed.trials] == [t.origin for t in undisturbed.trials]
    assert sum(t.origin == "llm" for t in resumed.trials) >= 2


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_running(path: str, signum: signal.Signals) -> None:
    def interrupt(count: int) -> None:
        if count == 3:
            signal.raise_signal(signum)

    stopped = agent(path, evaluator=Bowl(interrupt))
    with pytest.raises(Interrupted) as info, interruptible():
        stopped.run()
    assert info.value.exit_code == 128 + signum
    assert stopped.store.abandoned() == [3]
    agent(path).run()
    assert len(stopped.trials) == 12
    assert all(t.evaluation for t in stopped.trials)


def test_two_processes_share_a_study_without_repeating_anything(path: str) -> None:
    Store.create(TASK, "s", path)
    children = []
    for _ in range(2):
        children.append(os.fork())
        if children[-1] == 0:
            agent(path).run()
            os._exit(0)
    assert [os.waitpid(c, 0)[1] for c in children] == [0, 0]
    trials = Store.load("s", path).trials()
    assert [t.number for t in trials] == list(range(12))
    assert len({TASK.space.key(t.config) for t in trials}) == 12
    assert all(t.evaluation for t in trials)


def test_a_used_up_space_ends_the_run(path: str) -> None:
    small = TASK.model_copy(update={"space": SearchSpace((Int("n", 1, 3, default=2),))})

    class Grid:
        def suggest(
            self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
        ) -> list[Suggestion]:
            left = [n for n in (1, 2, 3) if {"n": n} not in [t.config for t in trials]]
            return [Suggestion({"n": n}, "sobol") for n in left[:count]]

    class Count:
        def evaluate(self, config: Config, **_: Any) -> Evaluation:
            return Evaluation(COMPLETE, (float(config["n"]),))  # type: ignore[arg-type]

    running = agent(path, small, designer=Grid(), evaluator=Count())
    assert running.run() == "every configuration has been tried"
    assert len(running.trials) == 3


def test_a_larger_budget_goes_on(path: str) -> None:
    agent(path).run(4)
    more = agent(path)
    assert more.run(6) == "all 6 trials are done"
    assert len(more.trials) == 6


def test_the_time_budget_is_kept_over_sessions(path: str) -> None:
    task = TASK.model_copy(update={"budget": Budget(seconds=100)})
    told = agent(path, task)
    trial = told.ask()[0]
    told.tell(trial.number, Evaluation(COMPLETE, (1.0,), cost=60))
    assert told.run(elapsed=41) == "the 100 seconds are used up"
    assert len(told.trials) == 1


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (float("nan"), "not a finite number"),
        (Evaluation(COMPLETE, (float("inf"),)), "not a finite number"),
        (Evaluation(COMPLETE, (1.0, 2.0)), r"1 value\(s\) are due, got 2"),
        (None, "must be a number"),
        ("0.5", "must be a number, got '0.5'"),
        ([], "got 0"),
        (1j, "must be a number"),
        (True, "must be a number"),
        (RuntimeError("no luck"), "RuntimeError: no luck"),
        (SystemExit(3), "SystemExit: 3"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_whatever_an_evaluator_does_the_run_goes_on(path: str, result: Any, said: str) -> None:
    running = agent(path, evaluator=Raw(result))
    running.run(2)
    for trial in running.trials:
        assert trial.state is TrialState.FAILED
        assert trial.evaluation is not None
        assert re.search(said, trial.evaluation.reason)


@pytest.mark.parametrize("value", [1e308, -1e308, np.float32(0.5), 3])
def test_unusual_numbers_are_numbers(path: str, value: Any) -> None:
    running = agent(path, evaluator=Raw(value))
    running.run(1)
    assert running.best.values == (float(value),)

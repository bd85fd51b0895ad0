"""The loop: ask for a configuration, evaluate it, tell what came out. Its state is the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from acquisition.advice import Advice, AdviceSource, Advisable, Steerable
from acquisition.designer import Designer
from acquisition.replication import winner
from agent.checks import checked, failed
from agent.events import (
    AdviceArrived,
    Event,
    Listener,
    Note,
    TrialFinished,
    TrialReported,
    TrialStarted,
)
from agent.lease import Heartbeat
from agent.limits import Limits
from agent.prospects import Prospects
from agent.pruning import hopeless
from agent.same_failure import telling
from agent.store import UNLIMITED, Store
from agent.store_rows import NumberTakenError
from agent.threads import one_thread
from agent.workers import together
from evals.evaluator import Evaluator
from evals.objectives import incumbent
from evals.steering import followed
from evals.task import Task
from evals.trials import REPLICATION, Evaluation, Suggestion, Trial, TrialState
from prompts.errors import InvalidTaskError, StudyError


class Agent:
    """Tunes one task. Everything it knows lies in the store, so a new Agent goes on where one died.

    Trial k is chosen with `default_rng([task.seed, k])` from the trials before it and the advice
    that had arrived: the same study always goes on in the same way.
    """

    def __init__(
        self,
        task: Task,
        *,
        store: Store,
        designer: Designer,
        evaluator: Evaluator | None = None,
        adviser: AdviceSource | None = None,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self.task = task
        self.store = store
        self.designer = designer
        self.evaluator = evaluator
        self.adviser = adviser
        self.listeners = tuple(listeners)
        self.waited = 0.0
        """Seconds spent on choosing configurations, advice included."""
        self.prospects = Prospects()
        self._asking = threading.Lock()
        self._telling = threading.RLock()
        self._stopped = False
        self._ended = ""

    @property
    def trials(self) -> list[Trial]:
        """All trials of the study, by number."""
        return self.store.trials()

    @property
    def best(self) -> Trial:
        """The complete trial that is best on the first objective; see `replication.winner`.

        Raises:
            StudyError: no trial is complete.
        """
        if (best := winner(self.task, self.trials)) is None:
            raise StudyError(
                "No trial has completed yet, so there is no best one.",
                hint=f"See why: `plaintune show {self.store.name}`.",
            )
        return best

    def ask(self, count: int = 1) -> list[Trial]:
        """Return up to `count` RUNNING trials that this process is to evaluate and `tell`.

        Trials that nobody evaluates any more come first, under their old numbers. Fewer than
        `count` come back only where the search space is used up, or where no more than the budget's
        `stop_below_gain` is likely to be gained.
        """
        return [t for _ in range(count) if (t := self._ask(UNLIMITED)) is not None]

    def _ask(self, limit: int) -> Trial | None:
        # A worker knows what the others run, and runs something else.
        with self._asking, one_thread():
            return self._ask_alone(limit)

    def _ask_alone(self, limit: int) -> Trial | None:
        began = time.monotonic()
        try:
            while not self._stopped:
                trials = self.store.claim_or_look(limit)
                if isinstance(trials, Trial):
                    return trials
                if len(trials) >= limit or self.prospects.exhausted(self.task, trials):
                    return None
                again = self.prospects.again(self.task, trials)
                if not (found := [again] if again else self._suggest(trials, 1)) or self._stopped:
                    return None
                try:
                    return self.store.start(self.prospects.noted(found[0]), len(trials))
                except NumberTakenError:
                    continue
            return None
        finally:
            self.waited += time.monotonic() - began

    def suggest(self, count: int = 1) -> list[Suggestion]:
        """Return what `ask` would start, without starting it."""
        with one_thread():
            return self._suggest(self.store.trials(), count)

    def _look(self) -> None:
        """Take up what was said in the meantime: the task may be steered from outside."""
        task = followed(self.task, self.store.task_if_changed())
        if task is not self.task:
            self.task = task
            self._emit(Note(f"From now on: {task.steering[-1].meaning}"))
            if isinstance(self.adviser, Steerable):
                self.adviser.follow(task)

    def _suggest(self, trials: Sequence[Trial], count: int) -> list[Suggestion]:
        self._look()
        advice = self.adviser.advice(trials) if self.adviser else Advice()
        for call in advice.calls:
            if call.arrived_at == len(trials):
                self._emit(AdviceArrived(call))
        designer = self.designer
        if self.adviser and isinstance(designer, Advisable):
            designer = designer.advised(advice)
        rng = np.random.default_rng([self.task.seed, len(trials)])
        return designer.suggest(self.task, telling(trials), count, rng)

    def tell(self, number: int, evaluation: Evaluation | float | Sequence[float]) -> Trial:
        """Write what came out of trial `number`; a wrong value makes it FAILED, with the reason."""
        trials = self.store.finish_and_look(number, checked(self.task, evaluation))
        trial = next(t for t in trials if t.number == number)
        self._emit(TrialFinished(trial, incumbent(self.task, trials)))
        return trial

    def run(
        self,
        n_trials: int | None = None,
        *,
        elapsed: float = 0.0,
        workers: Sequence[Evaluator] = (),
    ) -> str:
        """Ask, evaluate and tell until the budget is used up; return why it ended, in words.

        `n_trials` replaces the budget's number of trials, those before included; `elapsed` seconds
        of the time budget are gone already. Where all trials fail for one reason it ends early.
        With two or more `workers` so many trials run at a time, each chosen when the one before it
        ends, the others pending. Whatever interrupts it, no trial stays RUNNING.
        """
        trials = {} if n_trials is None else {"trials": n_trials}
        budget = self.task.budget.model_copy(update=trials)
        limits = Limits.after(budget, self.store.trials(), elapsed)
        self.prospects.begin(self.store.trials())
        self._ended = ""
        most = UNLIMITED if budget.trials is None else budget.trials
        calls = [partial(self._work, e, limits, most) for e in workers or (self.evaluator,)]
        try:
            if len(calls) > 1:
                together(calls, self._stop)
            else:
                calls[0]()
            ended = self.prospects.ended or "every configuration has been tried"
            return self._ended or limits.reached(self.store.taken()) or ended
        except BaseException:
            self.store.release()
            raise

    def _work(self, evaluator: Evaluator | None, limits: Limits, most: int) -> None:
        if evaluator is None:
            raise InvalidTaskError("There is no evaluator to run.", hint="Use ask and tell.")
        while not self._ended and limits.seconds_left > 0 and (trial := self._ask(most)):
            self._evaluate(trial, limits, evaluator)

    def end(self, reason: str) -> None:
        """Begin no new trial in this run, for `reason`; those that run are finished."""
        self._ended = reason

    def _stop(self) -> None:
        """Have all workers end soon; what their trials then say is not told."""
        self._stopped = True
        close: Callable[[], None] = getattr(self.evaluator, "close", lambda: None)
        close()

    def _evaluate(self, trial: Trial, limits: Limits, evaluator: Evaluator) -> None:
        self._emit(TrialStarted(trial))
        if self.adviser:
            with self._asking, one_thread():
                self.adviser.think(self.store.trials())
        watch = _Watch(self, trial, limits)
        began = time.monotonic()
        with Heartbeat(lambda: self.store.renew(trial.number)):
            result = _guarded(
                lambda e: e.evaluate(
                    trial.config, fidelity=None, seed=_seed(self.task, trial), report=watch
                ),
                evaluator,
            )
        if not self._stopped:
            self.tell(trial.number, watch.explained(result, time.monotonic() - began))

    def _emit(self, event: Event) -> None:
        with self._telling:
            for listener in self.listeners:
                listener(event)


class _Watch:
    """Hears a trial's running values, and says when to stop it, and why."""

    def __init__(self, agent: Agent, trial: Trial, limits: Limits) -> None:
        self.agent, self.number, self.limits = agent, trial.number, limits
        # Repeats that only end where they are lucky would say what luck says.
        self.to_the_end = trial.origin == REPLICATION
        self.running: dict[int, float] = {}
        self.reason = ""

    def __call__(self, step: int, value: float) -> bool:
        self.running[step] = value
        self.agent.store.report(self.number, step, value)
        self.agent._emit(TrialReported(self.number, step, value))
        if self.limits.seconds_left <= 0:
            self.reason = "Stopped early: the time budget was used up."
        elif not self.to_the_end:
            self.reason = hopeless(self.agent.task, self.rivals, self.running)
        return bool(self.reason)

    @cached_property
    def rivals(self) -> list[Trial]:
        """The trials there were at the first report."""
        return self.agent.store.trials()

    def explained(self, result: Any, seconds: float) -> Any:
        """Add to an evaluation what only the loop knows."""
        if not isinstance(result, Evaluation):
            return result
        if result.state is TrialState.PRUNED and self.reason:
            result = replace(result, reason=self.reason)
        return replace(
            result,
            cost=result.cost or seconds,
            intermediate={**self.running, **result.intermediate},
        )


def _seed(task: Task, trial: Trial) -> int:
    """Return the trial's seed: the study's, or a repeat's own."""
    return int(trial.suggestion.details.get("seed", task.seed))


def _guarded(evaluate: Callable[[Evaluator], Evaluation], evaluator: Evaluator) -> Evaluation:
    """Return what the evaluator returns; what it raises, `sys.exit` included, becomes FAILED."""
    try:
        return evaluate(evaluator)
    except (Exception, SystemExit) as error:
        return failed(error)

"""Asks the language model while models train, and keeps what it said.

One question is open at a time. It is put from `think`, answered in the background, and looked at
in `advice`, which waits for it within a stated patience. Everything else is read from the call log,
so that a resumed study goes on with the same advice: an answer arrives at its recorded trial.
The search never depends on the model: it may be down, slow or wrong, and the user is told.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from acquisition.advice import Advice
from acquisition.llm_designer import (
    Answer,
    Example,
    Question,
    View,
    propose,
    read,
    so_far,
    warmstart,
)
from acquisition.opening import Opening
from acquisition.trust import wants_advice
from acquisition.view import surrogate_view
from agent import reading
from agent.advice_limits import Limits
from agent.llm_budget import calls_left, seconds_left, used_up
from evals.task import Task
from evals.trials import Suggestion, Trial
from prompts.answers import is_whole, repeats
from prompts.calls import CallLog, CallRecord
from prompts.chat import Completion, LanguageModel, prompt_hash
from prompts.errors import InvalidAnswerError, LanguageModelError

Wants = Callable[[Task, Sequence[Trial], Sequence[CallRecord]], bool]

ROLES = ("warmstart", "propose")
TEMPERATURE = 0.8
GRACE = 0.5
"""Seconds that an answer is waited for in any case, as it may be all but there."""


@dataclass(frozen=True)
class _Open:
    """The question in flight; `ask` builds it, given why the last proposals were refused.

    It may take `seconds` and be asked `attempts` times.
    """

    role: str
    asked_at: int
    started: float
    seconds: float
    attempts: int
    ask: Callable[[Sequence[str]], Question]
    first: Question
    outcome: Future[_Outcome]


@dataclass(frozen=True)
class _Outcome:
    """What became of a question: all completions in order, and why the last is not usable."""

    answers: tuple[Completion, ...]
    error: str
    requests: int
    seconds: float


class Adviser:
    """The language model as an adviser of one study; see `acquisition.advice.AdviceSource`."""

    def __init__(
        self,
        task: Task,
        language_model: LanguageModel,
        *,
        log: CallLog,
        notify: Callable[[str], None] = lambda message: None,
        limits: Limits | None = None,
        card: Mapping[str, str] | None = None,
        examples: Sequence[Example] = (),
        opening: Opening | None = None,
        view: Callable[[Task, Sequence[Trial]], View] = surrogate_view,
        wants: Wants = wants_advice,
        opens: bool = True,
    ) -> None:
        self._task = task
        self._model = language_model
        self._log = log
        self._notify = notify
        self._limits = limits or Limits()
        self._known: dict[str, Any] = {"card": card, "examples": examples}
        self._opening = opening
        self._view = view
        self._wants, self._opens = wants, opens
        self._open: _Open | None = None
        self._reader = reading.Reader(language_model, log)
        self._waited = 0.0
        """Seconds that all trials together have waited for the open question."""
        self._said: set[str] = set()

    def advice(self, trials: Sequence[Trial]) -> Advice:
        """Return what has arrived by the next trial; wait for an open question within patience."""
        number = len(trials)
        if not number:
            self.think(trials)
        if number >= self._first:
            self._collect(trials, number)
        calls = [self._seen(call, number) for call in self._calls()]
        arrived = [c for c in calls if c.arrived_at is not None and c.arrived_at <= number]
        return Advice(tuple(self._suggestions(arrived, trials)), tuple(arrived))

    def think(self, trials: Sequence[Trial]) -> None:
        """Ask the next question in the background, where one is due; return at once."""
        calls = self._calls()
        role = self._due(trials, calls)
        if role is None:
            self._read_ahead(trials, calls)
            return
        try:
            self._open = self._question(role, trials, calls[-1].rejected if calls else ())
        except Exception as failure:  # no question is better than no search
            self._say(f"No question could be put: {type(failure).__name__}: {failure}")
            return
        self._waited = 0.0
        arguments = (self._open, tuple(trials))
        threading.Thread(target=self._answer, args=arguments, daemon=True, name="adviser").start()

    def _read_ahead(self, trials: Sequence[Trial], calls: Sequence[CallRecord]) -> None:
        """Have the trials so far read, where a question is likely to follow that lists them.

        Where a portfolio comes first, that begins before the first trial.
        """
        is_open = self._open is not None
        asked = [c.asked_at for c in calls] + ([self._open.asked_at] if self._open else [])
        asked = asked or ([] if self._opens else [-reading.EVERY])
        if asked and not self._reader.ended and self._room(trials) >= 2 + is_open:
            ahead = partial(so_far, self._task, trials, **self._known)
            self._reader.read(len(trials), asked[-1], ahead, self._task.budget, beside=is_open)

    def _question(self, role: str, trials: Sequence[Trial], rejected: Sequence[str]) -> _Open:
        ask, limits, calls = self._asker(role, trials), self._limits, self._log.calls()
        first = ask(rejected)
        return _Open(
            role,
            len(trials),
            time.time(),
            min(limits.timeout, seconds_left(self._task.budget, calls)),
            int(min(limits.attempts, calls_left(self._task.budget, calls), self._room(trials))),
            ask,
            first,
            Future(),
        )

    def follow(self, task: Task) -> None:
        """Go on with `task`: what is asked, and which answers hold, from now on."""
        self._task = task

    def wait(self) -> None:
        """Return once no question is open to the model; nothing is recorded yet."""
        if self._open:
            self._open.outcome.exception()

    def close(self) -> None:
        """Stop, and record the answer that nobody saw."""
        self._reader.keep(last=True)
        if self._open:
            self._record(self._open, arrived_at=None)
            self._open = None

    # What is due

    def _calls(self) -> list[CallRecord]:
        return [c for c in self._log.calls() if c.role in ROLES]

    def _due(self, trials: Sequence[Trial], calls: Sequence[CallRecord]) -> str | None:
        if self._open or any(c.asked_at == len(trials) for c in calls):
            return None
        if not self._affordable(trials, calls):
            return None
        if self._opens and not calls and len(trials) <= 2:
            return "warmstart"
        return "propose" if self._wants(self._task, trials, calls) else None

    def _affordable(self, trials: Sequence[Trial], calls: Sequence[CallRecord]) -> bool:
        limits = self._limits
        if ended := used_up(self._task.budget, self._log.calls()):
            self._say(f"The language model's budget: {ended}. Going on without it.")
            return False
        if self._room(trials) < 1:
            return False
        last = [c.error for c in calls[-limits.failures :]]
        if len(last) == limits.failures and all(last):
            self._say(f"The language model failed {limits.failures} times in a row: {last[-1]}")
            return len(trials) >= calls[-1].asked_at + limits.pause
        return True

    def _room(self, trials: Sequence[Trial]) -> float:
        """Return how many requests `calls_per_trial` leaves; two in all before the third trial."""
        asked = sum(c.requests for c in self._log.calls() if c.role in (*ROLES, reading.ROLE))
        return self._limits.calls_per_trial * max(2, len(trials)) - asked

    def _asker(self, role: str, trials: Sequence[Trial]) -> Callable[[Sequence[str]], Question]:
        """Fit what the question needs now: the surrogate must not be fitted in two threads."""
        known, count = self._known, self._limits.proposals
        if role == "warmstart":
            return lambda rejected: warmstart(self._task, count, opening=self._opening, **known)
        view = self._seen_view(trials)
        return lambda rejected: propose(
            self._task, trials, count, view=replace(view, rejected=tuple(rejected)), **known
        )

    def _seen_view(self, trials: Sequence[Trial]) -> View:
        """Return the surrogate's view; a question without it is better than no search."""
        try:
            return self._view(self._task, trials)
        except Exception as failure:
            self._say(f"The surrogate has no view to show: {type(failure).__name__}: {failure}")
            return View()

    # In the background

    def _answer(self, asked: _Open, trials: Sequence[Trial]) -> None:
        """Ask, and ask once more, with another seed, where nothing usable came back.

        The first answer of a study is also asked for again where it repeats a configuration: it is
        to spread out.
        """
        answers: list[Completion] = []
        error, requests, usable = "", 0, False
        question = asked.first
        for attempt in range(asked.attempts):
            if attempt and time.time() - asked.started >= asked.seconds:
                break
            try:
                requests += 1
                answers += self._complete(question, asked.asked_at, attempt)
                answer = self._read(answers[-1], trials)
                error = ""
            except LanguageModelError as failure:
                error = str(failure)
                if failure.retryable:
                    continue
                break
            except Exception as failure:  # a backend's fault must not end somebody's search
                error = f"unexpected {type(failure).__name__}: {failure}"
                break
            if answer.suggestions and not (asked.role == ROLES[0] and repeats(answer.rejected)):
                break
            usable = usable or bool(answer.suggestions)
            question = asked.ask(answer.rejected)
        error = "" if usable else error
        took = time.time() - asked.started
        asked.outcome.set_result(_Outcome(tuple(answers), error, requests, took))

    def _complete(self, question: Question, asked_at: int, attempt: int) -> list[Completion]:
        return self._model.complete(
            question.messages,
            schema=question.schema,
            seed=1000 * self._task.seed + 10 * asked_at + attempt,
            temperature=TEMPERATURE,
            max_tokens=question.max_tokens,
        )

    def _read(self, completion: Completion, trials: Sequence[Trial]) -> Answer:
        if completion.finish_reason == "length":
            raise InvalidAnswerError("The answer was cut off.", retryable=True)
        return read(self._task, trials, completion.text)

    # Looking at answers

    def _collect(self, trials: Sequence[Trial], number: int) -> None:
        """Record the open question's answer, waiting for it within patience."""
        if self._open is None:
            return
        began = time.monotonic()
        try:
            self._open.outcome.result(timeout=max(0.0, self._patience(trials) - self._waited))
        except TimeoutError:
            self._waited += time.monotonic() - began
            if time.time() - self._open.started < self._open.seconds:
                self._say("The language model is slower than the trials: going on, it may follow.")
                return
        else:
            self._waited += time.monotonic() - began
        self._record(self._open, arrived_at=number)
        self._open = None

    @property
    def _first(self) -> int:
        """The first trial that advice can be for: the default configuration comes before it."""
        return 0 if self._task.space.default_config() is None else 1

    def _patience(self, trials: Sequence[Trial]) -> float:
        assert self._open
        patience = min(self._limits.patience, self._open.seconds)
        if self._open.role == "warmstart" and len(trials) == self._first:
            return patience
        costs = [t.cost for t in trials if t.evaluation]
        return min(patience, sum(costs) / len(costs), self._unhidden()) if costs else 0.0

    def _unhidden(self) -> float:
        """Return how long all waiting may be so that `hidden` of the time is still hidden."""
        assert self._open
        worked = max(0.0, time.time() - self._open.started - self._waited)
        hidden = self._limits.hidden
        return max(GRACE, worked * (1 - hidden) / hidden) if hidden > 0 else math.inf

    def _record(self, asked: _Open, *, arrived_at: int | None) -> None:
        outcome = asked.outcome.result() if asked.outcome.done() else None
        messages = asked.first.messages
        error = outcome.error if outcome else ""
        if outcome is None and arrived_at is not None:
            error = f"no answer within {asked.seconds:.3g} seconds"
        call = CallRecord(
            role=asked.role,
            asked_at=asked.asked_at,
            model=self._model.name,
            prompt_hash=prompt_hash(messages),
            messages=messages,
            answers=outcome.answers if outcome else (),
            arrived_at=arrived_at,
            error=error,
            started=asked.started,
            seconds=outcome.seconds if outcome else time.time() - asked.started,
            details={
                "waited": round(self._waited, 3),
                "requests": outcome.requests if outcome else 1,
            },
            key=f"advice-{asked.asked_at:05d}",
        )
        if error:
            self._say(f"No advice from the language model ({asked.role}): {error}")
        self._log.record_call(self._counted(call))

    def _counted(self, call: CallRecord) -> CallRecord:
        if call.error or not call.answers:
            return call
        answers = [read(self._task, (), a.text) for a in _readable(call)]
        keys = {self._task.space.key(s.config) for a in answers for s in a.suggestions}
        rejected = tuple(r for a in answers for r in a.rejected)
        return replace(call, accepted=len(keys), rejected=rejected)

    def _seen(self, call: CallRecord, number: int) -> CallRecord:
        """Let an answer that nobody saw arrive now (the run was stopped before)."""
        if call.arrived_at is not None or not call.answers:
            return call
        seen = replace(call, arrived_at=number)
        self._log.record_call(seen)
        return seen

    def _suggestions(
        self, calls: Sequence[CallRecord], trials: Sequence[Trial]
    ) -> list[Suggestion]:
        """Return what the answers suggest and no trial has tried, each configuration once."""
        found: dict[object, Suggestion] = {}
        for call in calls:
            if call.error or not call.answers:
                continue
            told = {"call": call.key, "asked_at": call.asked_at, "prompt_hash": call.prompt_hash}
            for said in _readable(call):
                answer = read(self._task, trials, said.text, **told)
                found |= {self._task.space.key(s.config): s for s in answer.suggestions}
        return list(found.values())

    def _say(self, message: str) -> None:
        if message not in self._said:
            self._said.add(message)
            self._notify(message)


def _readable(call: CallRecord) -> list[Completion]:
    """Return the answers that were not cut off: the last is whole where the call has no error."""
    return [a for a in call.answers if a.finish_reason != "length" and is_whole(a.text)]

"""Has the language model read the trials as they end, so that a question finds them read.

A prompt's prefix that a server knows costs next to nothing, and what is new in it 70 to 150 tokens
a second on two cores. Between two questions a server of our own is idle: it reads the trials that
the next question will list while models train; one that batches also reads while it answers.
Nothing is read again that was read before, so this moves work and adds none, unless no question
follows; so it ends where none has come for a while.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

from agent.llm_budget import used_up
from evals.task import Budget
from prompts.calls import CallLog, CallRecord
from prompts.chat import Completion, LanguageModel, Message, prompt_hash

ROLE = "read"
EVERY = 2
"""Trials that are read at a time: each reading is a request."""
LATEST = 6
"""Trials without a question after which nothing is read any more."""


def reads_ahead(model: LanguageModel) -> bool:
    """Return whether `model` keeps what it has read, and nobody pays for its reading."""
    return bool(getattr(model, "reads_ahead", False))


def reads_beside(model: LanguageModel) -> bool:
    """Return whether `model` reads while it writes an answer, since it batches what it is asked."""
    return bool(getattr(model, "reads_beside", False))


class Reader:
    """Reads for one adviser; one reading is open at a time. A failure ends it for good."""

    def __init__(self, model: LanguageModel, log: CallLog) -> None:
        self._model, self._log = model, log
        self.ended = not reads_ahead(model)
        """Nothing is read any more."""
        self._open: tuple[CallRecord, Future[Completion]] | None = None

    def read(
        self,
        count: int,
        last_question: int,
        messages: Callable[[], tuple[Message, ...]],
        budget: Budget,
        *,
        beside: bool = False,
    ) -> None:
        """Have `messages`, which list `count` trials, read in the background where that is due.

        `beside`: a question is open. Where `budget` limits calls by number none is spent on it.
        """
        self.keep()
        calls = self._log.calls()
        read = max([last_question, *(c.asked_at for c in calls if c.role == ROLE)])
        if self.ended or self._open or (beside and not reads_beside(self._model)):
            return
        if count < read + EVERY or count > last_question + LATEST:
            return
        if budget.llm_calls or used_up(budget, calls):
            return
        asked = messages()
        call = CallRecord(
            ROLE, count, self._model.name, prompt_hash(asked), started=time.time(),
            messages=asked, arrived_at=count, key=f"read-{count:05d}",
        )  # fmt: skip
        self._open = call, Future()
        threading.Thread(target=self._ask, args=self._open, daemon=True, name="reader").start()

    def keep(self, *, last: bool = False) -> None:
        """Record the reading that has ended; with `last` also one that has not."""
        if self._open and (self._open[1].done() or last):
            self._log.record_call(self._recorded(*self._open))
            self._open = None

    def _ask(self, call: CallRecord, outcome: Future[Completion]) -> None:
        try:
            outcome.set_result(self._model.complete(call.messages, max_tokens=1)[0])
        except Exception as error:  # a backend's fault must not end somebody's search
            outcome.set_exception(error)

    def _recorded(self, call: CallRecord, outcome: Future[Completion]) -> CallRecord:
        took = time.time() - call.started
        if not outcome.done():
            return replace(call, seconds=took, details={"requests": 1})
        error = outcome.exception()
        if error is not None:
            self.ended = True
            return replace(call, error=f"reading ahead: {error}", details={"requests": 1})
        answer = outcome.result()
        return replace(call, answers=(answer,), seconds=answer.seconds, details={"requests": 1})

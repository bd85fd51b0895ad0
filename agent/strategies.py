"""From a strategy's name to a designer and, where it takes advice, an adviser."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from acquisition.advice import Advisable
from acquisition.designer import Designer
from acquisition.llm_designer import Question
from agent.adviser import TEMPERATURE, Adviser
from agent.advising import make_adviser
from agent.language_models.replay import StudyReplay
from agent.llm_budget import used_up
from agent.replaying import ReplayedAdviser
from evals.task import Task
from prompts.calls import CallLog, CallRecord
from prompts.chat import Completion, LanguageModel, prompt_hash
from prompts.errors import LanguageModelError, UserError

if TYPE_CHECKING:
    from surrogates.base import Surrogate
    from surrogates.transfer import Earlier

LLAMBO = ("llambo", "llambo-generative")
"""Strategies whose first question can be put in several ways: options `opening` and `card`."""
ASKING = (*LLAMBO, "llm-acquisition")
"""Strategies that ask the language model themselves, and wait for it."""


def open_strategy(
    name: str,
    task: Task,
    language_model: LanguageModel | None,
    *,
    log: CallLog,
    notify: Callable[[str], None] = lambda message: None,
    portfolio: bool = True,
    surrogate: str = "gp",
    acquisition: str = "logei",
    replicate: str = "off",
    transfer: Sequence[Earlier] = (),
    **options: Any,
) -> tuple[Designer, Adviser | None]:
    """Return the designer called `name`, and its adviser where it takes advice.

    `portfolio` lets strategies that can do so begin with what did well on other tables; `surrogate`
    names one of `surrogates.registry`, `acquisition` one of `acquisition.functions`, for strategies
    that let them be chosen; `replicate` is "auto"
    or "off" (`acquisition.replication`); `transfer` holds earlier studies, which replace the
    surrogate by an ensemble with them; `options` are those of `agent.adviser.Adviser`,
    of which those in `LLAMBO` take `opening` and `card`.

    Raises:
        UserError: there is no such strategy, or it needs a language model and there is none.
    """
    from acquisition.registry import (
        WITH_ACQUISITION,
        WITH_PORTFOLIO,
        WITH_SURROGATE,
        make_designer,
    )
    from acquisition.replication import replicating

    known: dict[str, Any] = {"portfolio": portfolio} if name in WITH_PORTFOLIO else {}
    if name in ASKING:
        if language_model is None:
            raise UserError(
                f"The strategy {name!r} needs a language model.", hint="Leave `--llm none` out."
            )
        asker = RecordedAsker(task, language_model, log, notify)
        told = {k: options[k] for k in ("opening", "card") if options.get(k) is not None}
        known |= told if name in LLAMBO else {}
        return replicating(make_designer(name, ask=asker, **known), replicate), None
    known |= {"surrogate": surrogate, "transfer": transfer} if name in WITH_SURROGATE else {}
    known |= {"acquisition": acquisition} if name in WITH_ACQUISITION else {}
    designer = replicating(make_designer(name, **known), replicate, _believed(surrogate, transfer))
    if isinstance(language_model, StudyReplay) and isinstance(designer, Advisable):
        return designer, ReplayedAdviser(task, language_model, log=log, notify=notify, **options)
    adviser = make_adviser(task, designer, language_model, log=log, notify=notify, **options)
    return designer, adviser


def _believed(surrogate: str, transfer: Sequence[Earlier]) -> str | Surrogate:
    if not transfer:
        return surrogate
    from surrogates.transfer import TransferSurrogate

    return TransferSurrogate(transfer)


@dataclass(frozen=True)
class RecordedAsker:
    """Asks the language model at once, and records it; what is recorded is not asked again."""

    task: Task
    language_model: LanguageModel
    log: CallLog
    notify: Callable[[str], None] = lambda message: None
    said: set[str] = field(default_factory=set)

    def __call__(self, role: str, number: int, question: Question) -> str | None:
        """Return the answer to `question`, asked at trial `number`; None where there is none."""
        answer = self.completion(role, number, question)
        return answer.text if answer else None

    def completion(self, role: str, number: int, question: Question) -> Completion | None:
        """Return the whole answer to `question`."""
        digest = prompt_hash(question.messages)
        key = f"{role}-{number:05d}-{digest}"
        calls = self.log.calls()
        known = {c.key: c for c in calls}
        if key not in known and (ended := used_up(self.task.budget, calls)):
            self._say(f"The language model's budget: {ended}. Going on without it.")
            return None
        call = known.get(key) or self._asked(role, number, question, key, digest)
        return call.answers[-1] if call.answers else None

    def _say(self, message: str) -> None:
        if message not in self.said:
            self.said.add(message)
            self.notify(message)

    def _asked(
        self, role: str, number: int, question: Question, key: str, digest: str
    ) -> CallRecord:
        began, answers, error = time.time(), [], ""
        try:
            answers = self.language_model.complete(
                question.messages,
                schema=question.schema,
                seed=1000 * self.task.seed + number,
                temperature=TEMPERATURE,
                max_tokens=question.max_tokens,
            )
        except LanguageModelError as failure:
            error = str(failure)
            self.notify(f"No answer from the language model ({role}): {error}")
        call = CallRecord(
            role=role,
            asked_at=number,
            model=self.language_model.name,
            prompt_hash=digest,
            messages=question.messages,
            answers=tuple(answers),
            arrived_at=number,
            error=error,
            started=began,
            seconds=time.time() - began,
            key=key,
        )
        self.log.record_call(call)
        return call

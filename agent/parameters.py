"""Ask the language model about the parameters that code cannot tell, one small question at a time.

What it says is checked by code (`evals.proposals.checked_range`); where it is refused, the rule
around the default takes its place under its own name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evals.arguments import Argument
from evals.known_parameters import ROLES, Role, role_of
from evals.proposals import Proposal, checked_range, parameter_for, propose
from prompts.calls import CallRecord
from prompts.chat import JsonSchema, LanguageModel, prompt_hash
from prompts.errors import InvalidAnswerError, LanguageModelError
from prompts.parameters import (
    parameter_messages,
    parse_range,
    parse_role,
    range_schema,
    role_schema,
)


@dataclass(frozen=True)
class Program:
    """What the language model is told about the program besides the parameter in question."""

    about: str = ""
    goal: str = ""


@dataclass(frozen=True)
class Asked:
    """Proposals for all arguments, in order, and the calls they took."""

    proposals: tuple[Proposal, ...]
    calls: tuple[CallRecord, ...] = ()


def propose_all(
    arguments: Sequence[Argument],
    program: Program,
    language_model: LanguageModel | None,
    notify: Callable[[str], None] = lambda message: None,
) -> Asked:
    """Return a proposal per argument; without a language model, what code alone says.

    A model that cannot answer is reported once through `notify`, and code goes on alone.
    """
    asker = _Asker(program, language_model, notify)
    proposals = tuple(asker.propose(a) for a in arguments)
    return Asked(proposals, tuple(asker.calls))


class _Asker:
    """Asks about one program; keeps the calls."""

    def __init__(
        self, program: Program, model: LanguageModel | None, notify: Callable[[str], None]
    ) -> None:
        self.program, self.model, self.notify = program, model, notify
        self.calls: list[CallRecord] = []

    def propose(self, argument: Argument) -> Proposal:
        alone = propose(argument)
        if not self._worth_asking(argument):
            return alone
        role = alone.role if role_of(argument) == "tune" else self._role(argument)
        if role is None:
            return alone
        if role != "tune":
            return Proposal(argument, role, "LLM", f"the model says: {role}")
        return self._tuned(argument, alone)

    def _worth_asking(self, argument: Argument) -> bool:
        """Return whether the role or the range is open, and an answer could be used."""
        if self.model is None or argument.required or role_of(argument) not in (None, "tune"):
            return False
        if argument.type in ("bool", "choice"):
            return role_of(argument) is None
        if argument.type not in ("int", "float") or argument.default is None:
            return False
        return role_of(argument) is None or parameter_for(argument)[1] == "rule"

    def _tuned(self, argument: Argument, alone: Proposal) -> Proposal:
        parameter, origin = parameter_for(argument)
        if origin == "rule" and (found := self._range(argument)):
            return replace(found, reason="range proposed by the model, checked")
        if parameter is None:
            return Proposal(argument, None, "rule", "nothing says what values it may have")
        return Proposal(argument, "tune", origin, parameter.reason, parameter)

    def _role(self, argument: Argument) -> Role | None:
        text = self._ask("role", argument, role_schema(ROLES))
        if text is None:
            return None
        try:
            said = parse_role(text, ROLES)
        except InvalidAnswerError as error:
            self._refuse(error.message)
            return None
        return next(r for r in ROLES if r == said)

    def _range(self, argument: Argument) -> Proposal | None:
        default = argument.default
        assert isinstance(default, int | float)
        schema = range_schema(
            float(default) if argument.type == "float" else default,
            argument.type == "int",
            argument.low,
            argument.high,
        )
        if schema is None or (text := self._ask("range", argument, schema)) is None:
            return None
        try:
            low, high = parse_range(text)
        except InvalidAnswerError as error:
            self._refuse(error.message)
            return None
        found = checked_range(argument, low, high, "proposed by the model")
        if isinstance(found, str):
            self._refuse(found)
            return None
        return Proposal(argument, "tune", "LLM", found.reason, found)

    def _refuse(self, why: str) -> None:
        self.calls[-1] = replace(self.calls[-1], accepted=0, rejected=(why,))

    def _ask(self, question: str, argument: Argument, schema: JsonSchema) -> str | None:
        """Return the answer; None, and no more questions, where the model cannot answer."""
        if self.model is None:
            return None
        messages = parameter_messages(question, self._values(argument))
        call = CallRecord(
            f"parameter {question}",
            asked_at=0,
            model=self.model.name,
            prompt_hash=prompt_hash(messages),
            messages=tuple(messages),
            started=time.time(),
            details={"parameter": argument.name},
        )
        try:
            (answer,) = self.model.complete(messages, schema=schema, max_tokens=60)
        except LanguageModelError as error:
            self.calls.append(replace(call, error=error.message))
            self.notify(f"{error.message} The parameters are proposed without it.")
            self.model = None
            return None
        self.calls.append(replace(call, answers=(answer,), seconds=answer.seconds, accepted=1))
        return answer.text

    def _values(self, argument: Argument) -> dict[str, Any]:
        return {
            "about": self.program.about,
            "goal": self.program.goal,
            "name": argument.name,
            "type": argument.type,
            "default": argument.default,
            "choices": argument.choices,
            "help": argument.help,
        }

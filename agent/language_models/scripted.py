"""A language model that says what it was told to: for tests, with no model at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from prompts.chat import Completion, JsonSchema, Message
from prompts.errors import LanguageModelError

Answer = str | dict[str, Any] | list[Any] | Exception
Script = Iterable[Answer] | Callable[[Sequence[Message]], Answer]


class ScriptedModel:
    """Gives `answers` in order, or what a function of the messages returns.

    A dict or list is sent as JSON; an exception is raised. Each call is kept in `calls`.
    """

    def __init__(self, answers: Script, *, name: str = "scripted") -> None:
        self.name = name
        self.calls: list[list[Message]] = []
        self._answer = answers if callable(answers) else None
        self._left = iter(()) if callable(answers) else iter(answers)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        count: int = 1,
        schema: JsonSchema | None = None,
        seed: int | None = None,
        temperature: float = 0.0,
        max_tokens: int = 512,
    ) -> list[Completion]:
        """Return the next `count` answers.

        Raises:
            LanguageModelError: the script has ended.
        """
        self.calls.append(list(messages))
        return [self._next(messages) for _ in range(count)]

    def _next(self, messages: Sequence[Message]) -> Completion:
        try:
            answer = self._answer(messages) if self._answer else next(self._left)
        except StopIteration:
            raise LanguageModelError("The script has no further answer.") from None
        if isinstance(answer, Exception):
            raise answer
        text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        return Completion(text=text, model=self.name, completion_tokens=len(text) // 4)

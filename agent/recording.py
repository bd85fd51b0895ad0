"""A language model whose calls are kept, for those made before the study's store exists."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from prompts.calls import CallRecord
from prompts.chat import Completion, LanguageModel, Message, prompt_hash
from prompts.errors import LanguageModelError


class RecordingModel:
    """Passes everything on to `inner` and keeps a record of each call."""

    def __init__(self, inner: LanguageModel, role: str) -> None:
        self._inner, self._role = inner, role
        self.calls: list[CallRecord] = []

    @property
    def name(self) -> str:
        """The model's own name."""
        return self._inner.name

    def complete(self, messages: Sequence[Message], **options: Any) -> list[Completion]:
        """Answer as the model does, and remember it."""
        began = time.time()
        try:
            answers = self._inner.complete(messages, **options)
        except LanguageModelError as error:
            self._keep(messages, (), began, str(error))
            raise
        self._keep(messages, answers, began)
        return answers

    def _keep(
        self,
        messages: Sequence[Message],
        answers: Sequence[Completion],
        began: float,
        error: str = "",
    ) -> None:
        call = CallRecord(
            role=self._role,
            asked_at=0,
            model=self.name,
            prompt_hash=prompt_hash(messages),
            messages=tuple(messages),
            answers=tuple(answers),
            arrived_at=0,
            error=error,
            started=began,
            seconds=time.time() - began,
        )
        self.calls.append(call)

"""The one seam between plaintune and any language model.

A backend is one file in `agent/language_models/` that implements `LanguageModel`, plus one line in
its registry. Backends raise `LanguageModelError` (and nothing else) when they cannot answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypedDict, runtime_checkable

JsonSchema = Mapping[str, Any]


class Message(TypedDict):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Completion:
    """One answer of a language model, with what it cost.

    `prompt_tokens` counts the whole prompt, `cached_tokens` the part of it that was not computed
    again. `seconds` is wall time. `finish_reason` is "stop" or "length" (cut off).
    `top_logprobs[i]` maps candidate tokens at position i to log-probabilities (natural log), where
    they were asked for (`prompts.odds`) and the backend gives them; `tokens` are those of `text`.
    """

    text: str
    model: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    finish_reason: str = "stop"
    top_logprobs: tuple[Mapping[str, float], ...] = ()
    tokens: tuple[str, ...] = ()


@runtime_checkable
class LanguageModel(Protocol):
    """Answers conversations, bound to a JSON schema where one is given."""

    @property
    def name(self) -> str:
        """The model's name as shown to the user and recorded with each answer."""

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
        """Return `count` answers to `messages`.

        With `schema`, decoding is constrained so that an answer outside it cannot be produced,
        number ranges included. Objects list their properties in the schema's order.

        All messages but the last are taken as the stable prefix of the conversation: a backend
        that can keeps what it computed for them, so put there what does not change (role,
        examples, space, history so far), and in the last message what does.

        Raises:
            ModelUnavailableError: the model cannot be reached or loaded.
            LanguageModelError: anything else that keeps it from answering.
        """


def prompt_hash(messages: Sequence[Message]) -> str:
    """Return the first 16 hex digits of the SHA-256 of a conversation."""
    text = json.dumps([dict(m) for m in messages], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

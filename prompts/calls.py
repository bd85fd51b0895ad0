"""What is kept of every call to the language model, so that a study can be replayed and audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class CallRecord:
    """One question to the language model and what became of it.

    `asked_at` is the number of trials that existed when it was asked, `arrived_at` the number of
    the trial whose `ask` first saw the answer (None: never, the run ended before). On replay an
    answer arrives exactly at its recorded trial. `answer` is the text as the model gave it, empty
    where `error` says why there is none. `rejected` holds one reason per configuration that was
    refused. Tokens count the whole call, failed attempts included; `seconds` is wall time.
    """

    number: int
    role: str
    model: str
    prompt_hash: str
    asked_at: int
    arrived_at: int | None = None
    answer: str = ""
    error: str = ""
    accepted: int = 0
    rejected: tuple[str, ...] = ()
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """What the call counts against a budget of tokens."""
        return self.prompt_tokens - self.cached_tokens + self.completion_tokens

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` reads back unchanged."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> CallRecord:
        """Read what `to_json` wrote."""
        return cls(**content | {"rejected": tuple(content.get("rejected", ()))})


class CallLog(Protocol):
    """Where calls are kept: the study store, or a list in a test."""

    def record_call(self, call: CallRecord) -> None:
        """Keep `call`; one with the same `number` is replaced."""

    def calls(self) -> Sequence[CallRecord]:
        """Return all calls of the study by number."""

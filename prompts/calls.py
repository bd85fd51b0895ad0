"""What was asked of the language model during a study, and what came back of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from prompts.chat import Completion, Message


@dataclass(frozen=True)
class CallRecord:
    """One request to the language model; recording it again under the same `key` replaces it.

    `role` is what was asked for ("understand", "warmstart", "propose", ...). `asked_at` is the
    number of trials that existed when it was asked, `arrived_at` the number of the trial whose
    `ask` first saw the answer (None: no `ask` has seen it); on replay an answer arrives exactly
    there. `started` is in POSIX seconds, `seconds` is wall time. `error` says why there is no
    usable answer. `accepted` counts the configurations taken from the answer, `rejected` holds one
    reason per configuration refused. `details` may hold "requests" (see `requests`) and "waited",
    the seconds that the search did nothing but wait for this answer.
    """

    role: str
    asked_at: int
    model: str
    prompt_hash: str
    messages: tuple[Message, ...] = ()
    answers: tuple[Completion, ...] = ()
    arrived_at: int | None = None
    error: str = ""
    started: float = 0.0
    seconds: float = 0.0
    accepted: int = 0
    rejected: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    key: str = field(default_factory=lambda: uuid4().hex)

    @property
    def tokens(self) -> int:
        """Tokens computed: prompt tokens that were not cached, and all that were generated."""
        return sum(a.prompt_tokens - a.cached_tokens + a.completion_tokens for a in self.answers)

    @property
    def requests(self) -> int:
        """How often the model was asked, failed attempts included."""
        return int(self.details.get("requests", max(1, len(self.answers))))

    def to_plain(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> CallRecord:
        """Read what `to_plain` wrote, after a way through JSON."""
        answers = tuple(Completion(**_tuples(a)) for a in plain["answers"])
        messages = tuple(Message(role=m["role"], content=m["content"]) for m in plain["messages"])
        rejected = tuple(plain.get("rejected", ()))
        return cls(**{**plain, "answers": answers, "messages": messages, "rejected": rejected})


class CallLog(Protocol):
    """Where calls are kept: the study store, or a list in a test."""

    def record_call(self, call: CallRecord) -> None:
        """Keep `call`; one with the same `key` is replaced."""

    def calls(self) -> Sequence[CallRecord]:
        """Return all calls of the study in the order they were put."""


def _tuples(answer: Mapping[str, Any]) -> dict[str, Any]:
    listed = ("top_logprobs", "tokens")
    return {**answer, **{name: tuple(answer.get(name, ())) for name in listed}}

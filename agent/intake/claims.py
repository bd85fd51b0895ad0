"""What a reader claims about a task, field by field, and how it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from evals.task import Origin

Ask = Callable[["Question"], str]


@dataclass(frozen=True)
class Claim:
    """The value of one field; `sure` where only a contradiction of the user can overturn it."""

    value: Any
    quote: str = ""
    sure: bool = True
    origin: Origin = "your words"


@dataclass(frozen=True)
class Question:
    """One thing to ask: what was read, the answers to choose from, and the sensible default."""

    field: str
    text: str
    choices: tuple[str, ...] = ()
    default: str = ""


@dataclass
class Reading:
    """Claims by dotted field name, and what is wrong or open in the reader's eyes.

    `rivals` are second claims about a field that may be about something else: the 300 iterations
    of a model beside 50 trials.
    """

    claims: dict[str, Claim] = field(default_factory=dict)
    contradictions: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rivals: dict[str, Claim] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        return iter(self.claims)

    def get(self, name: str) -> Claim | None:
        """Return the claim about a field, if there is one."""
        return self.claims.get(name)

    def add(self, name: str, claim: Claim | None) -> None:
        """Keep `claim`, if there is one."""
        if claim is not None:
            self.claims[name] = claim

    def contradict(self, name: str, sentence: str) -> None:
        """Note that the user's wishes about a field exclude one another."""
        self.contradictions.append((name, sentence))

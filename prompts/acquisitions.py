"""Which acquisition function should go on: the question, and the strict reading of the answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from prompts.chat import JsonSchema, Message
from prompts.errors import InvalidAnswerError
from prompts.render import render

REASON_CHARACTERS = 120


@dataclass(frozen=True)
class SearchState:
    """A search in numbers. Scores are as the user reads them.

    `goal` holds the objective in words, its metric quoted; `left` is None without a limit. `bests`
    holds each new best with the number of trials it took, the newest last, and `since` the trials
    that have ended after it. `uncertainty` (the largest predicted sd), `lead` (of the best
    prediction at a point tried over the best one elsewhere) and `noise` (sd) are in standard
    deviations of the scores; `explained` is the share of their variance that predictions made
    without them explain, None where that would be a guess. `seconds` are the median and the largest
    cost of a trial.
    """

    goal: str
    parameters: int
    finished: int
    left: int | None
    failed: int
    bests: tuple[tuple[int, float], ...]
    since: int
    uncertainty: float
    lead: float
    noise: float
    explained: float | None
    seconds: tuple[float, float]


@dataclass(frozen=True)
class Picked:
    """The name of an acquisition function, and why it was picked."""

    name: str
    reason: str


def acquisition_messages(state: SearchState, names: Sequence[str]) -> tuple[Message, ...]:
    """Return the conversation that asks which of `names` should go on.

    The rules come first and never change, so that a backend computes them once.
    """
    return (
        Message(role="system", content=render("acquisition_rules", names=names)),
        Message(role="user", content=render("acquisition_question", state=state)),
    )


def acquisition_schema(names: Sequence[str]) -> JsonSchema:
    """Return the schema of the answer: a reason, then one of `names`."""
    properties = {
        "reason": {"type": "string", "maxLength": REASON_CHARACTERS},
        "acquisition": {"enum": list(names)},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def parse_acquisition(text: str, names: Sequence[str]) -> Picked:
    """Read the answer.

    Raises:
        InvalidAnswerError: it is not what the schema asked for, or names none of `names`.
    """
    try:
        answer = json.loads(text)
        name, reason = answer["acquisition"], answer["reason"]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidAnswerError(f"it names no function: {text[:80]!r}", retryable=True) from error
    if name not in names or not isinstance(reason, str):
        raise InvalidAnswerError(f"it names what does not exist: {text[:80]!r}", retryable=True)
    return Picked(name, " ".join(reason[: 4 * REASON_CHARACTERS].split()))

"""What the language model believes of one parameter, asked as one small question."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prompts.chat import JsonSchema, Message
from prompts.errors import InvalidAnswerError
from prompts.render import render


@dataclass(frozen=True)
class BeliefAnswer:
    """A range of native values, or one choice."""

    low: float | None = None
    high: float | None = None
    best: Any = None


def belief_messages(values: Mapping[str, Any]) -> list[Message]:
    """Return the conversation about one parameter; `values`: about, card, goal, parameter."""
    return [
        Message(role="system", content=render("belief_rules")),
        Message(role="user", content=render("belief_question", **dict(values))),
    ]


def belief_schema(own: JsonSchema) -> JsonSchema:
    """Return the schema of the answer; `own` is the parameter's, a choice where it has "enum"."""
    names = ("best",) if "enum" in own else ("low", "high")
    return {
        "type": "object",
        "properties": dict.fromkeys(names, own),
        "required": list(names),
        "additionalProperties": False,
    }


def parse_belief(text: str) -> BeliefAnswer:
    """Read an answer; a range whose ends are swapped is turned.

    Raises:
        InvalidAnswerError: it is neither a range nor a choice.
    """
    try:
        content = json.loads(text)
        if "best" in content:
            return BeliefAnswer(best=content["best"])
        low, high = sorted(float(content[k]) for k in ("low", "high"))
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidAnswerError(f"The answer holds no belief: {text[:80]!r}.") from error
    return BeliefAnswer(low, high)

"""What is asked about a remark in the middle of a search, and the strict reading of the answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from prompts.chat import JsonSchema, Message
from prompts.errors import InvalidAnswerError
from prompts.render import render

Kind = Literal[
    "at most", "at least", "exactly", "only", "avoid", "rather low", "rather high", "rather"
]
MOST_WISHES = 4
LONGEST_VALUE = 24


@dataclass(frozen=True)
class ShownParameter:
    """A parameter as the prompt shows it: "n_estimators", "50 to 1000"."""

    name: str
    range: str


@dataclass(frozen=True)
class SaidWish:
    """One thing that the language model read out of the words; `value` is "" for none."""

    parameter: str
    kind: Kind
    value: str


def steering_messages(
    said: str, parameters: Sequence[ShownParameter], about: str = ""
) -> list[Message]:
    """Return the conversation that asks what `said` means for `parameters`."""
    request = render("steer_request", said=said, parameters=parameters, about=about)
    return [
        Message(role="system", content=render("steer_rules")),
        Message(role="user", content=request),
    ]


def steering_schema(names: Sequence[str]) -> JsonSchema:
    """Return the schema of the answer: only parameters that exist."""
    wish = {
        "type": "object",
        "properties": {
            "parameter": {"enum": list(names)},
            "wish": {"enum": list(get_args(Kind))},
            "value": {"type": "string", "maxLength": LONGEST_VALUE},
        },
        "required": ["parameter", "wish", "value"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"wishes": {"type": "array", "items": wish, "maxItems": MOST_WISHES}},
        "required": ["wishes"],
        "additionalProperties": False,
    }


def parse_steering(text: str, names: Sequence[str]) -> list[SaidWish]:
    """Read the answer.

    Raises:
        InvalidAnswerError: it is not what the schema asked for.
    """
    try:
        found = [
            SaidWish(w["parameter"], w["wish"], w["value"]) for w in json.loads(text)["wishes"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidAnswerError(f"The answer is no list of wishes: {text[:80]!r}.") from error
    for wish in found:
        if wish.parameter not in names or wish.kind not in get_args(Kind):
            raise InvalidAnswerError(f"The answer names what does not exist: {wish}.")
    return found

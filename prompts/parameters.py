"""Small questions about one parameter of a program, and the strict reading of the answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from prompts.chat import JsonSchema, Message
from prompts.errors import InvalidAnswerError
from prompts.render import render

WIDEST = 1000.0
"""A proposed bound lies within this factor of the default."""


def parameter_messages(question: str, values: Mapping[str, Any]) -> list[Message]:
    """Return the conversation that asks `question` ("role" or "range") about one parameter.

    `values` are those of the template: about, goal, name, type, default, choices, help. The rules
    come first and never change, so that a backend computes them once.
    """
    return [
        Message(role="system", content=render("parameter_rules")),
        Message(
            role="user", content=render("parameter_question", question=question, **dict(values))
        ),
    ]


def role_schema(roles: Sequence[str]) -> JsonSchema:
    """Return the schema of an answer to "role"."""
    return _object({"role": {"enum": list(roles)}})


def range_schema(
    default: float, whole: bool, low: float | None, high: float | None
) -> JsonSchema | None:
    """Return the schema of an answer to "range", which keeps the default inside.

    `low` and `high` are the program's own bounds. None where no range can be asked for: a default
    that is negative or lies on both bounds.
    """
    if default < 0:
        return None
    least = max(default / WIDEST, low or 0.0) if default else low or 0.0
    most = min(default * WIDEST if default else WIDEST, WIDEST**3 if high is None else high)
    if not least <= default <= most or least == most:
        return None
    if whole:
        kind = {"type": "integer"}
        least, most = round(least), round(most)
    else:
        kind = {"type": "number"}
    logarithmic = {"x-log": True} if least > 0 else {}
    return _object(
        {
            "low": {**kind, "minimum": least, "maximum": default, **logarithmic},
            "high": {**kind, "minimum": default, "maximum": most, **logarithmic},
        }
    )


def parse_role(text: str, roles: Sequence[str]) -> str:
    """Read the answer to "role".

    Raises:
        InvalidAnswerError: it is none of `roles`.
    """
    role = _content(text).get("role")
    if role not in roles:
        raise InvalidAnswerError(f"The answer names no role: {text[:80]!r}.", retryable=True)
    return str(role)


def parse_range(text: str) -> tuple[float, float]:
    """Read the answer to "range".

    Raises:
        InvalidAnswerError: it holds no two numbers.
    """
    content = _content(text)
    low, high = content.get("low"), content.get("high")
    for bound in (low, high):
        if isinstance(bound, bool) or not isinstance(bound, int | float):
            raise InvalidAnswerError(f"The answer is no range: {text[:80]!r}.", retryable=True)
    return float(low or 0), float(high or 0)


def _content(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InvalidAnswerError(f"The answer is not JSON: {text[:80]!r}.") from error
    return content if isinstance(content, dict) else {}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }

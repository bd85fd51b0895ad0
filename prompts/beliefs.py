"""What the language model believes of single parameters, and of which of them matter."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prompts.chat import JsonSchema, Message
from prompts.errors import InvalidAnswerError
from prompts.render import render

MOST = 3
"""So many parameters are named as those that matter most: a longer list tells nothing apart."""
PAIRS = 3


@dataclass(frozen=True)
class SpaceBeliefAnswer:
    """The parameters that matter most, the first the most, and pairs that interact."""

    most: tuple[str, ...] = ()
    together: tuple[tuple[str, str], ...] = ()


def belief_messages(values: Mapping[str, Any]) -> list[Message]:
    """Return the conversation about one parameter; `values`: about, card, goal, parameter."""
    return [
        Message(role="system", content=render("belief_rules")),
        Message(role="user", content=render("belief_question", **dict(values))),
    ]


def belief_schema(own: JsonSchema) -> JsonSchema:
    """Return the schema of the answer; `own` is that of the values to choose from."""
    return _closed({"best": own})


def parse_belief(text: str) -> Any:
    """Return the value that an answer calls the best.

    Raises:
        InvalidAnswerError: it names none.
    """
    try:
        return json.loads(text)["best"]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidAnswerError(f"The answer holds no belief: {text[:80]!r}.") from error


def space_belief_messages(values: Mapping[str, Any]) -> list[Message]:
    """Return the conversation about the whole space; `values`: about, card, goal, parameters."""
    return [
        Message(role="system", content=render("belief_space_rules")),
        Message(role="user", content=render("belief_space_question", **dict(values))),
    ]


def space_belief_schema(names: Sequence[str]) -> JsonSchema:
    """Return the schema of the answer about the parameters `names`, of which there are two."""
    name = {"enum": list(names)}
    most = min(MOST, max(1, len(names) // 2))
    pair = {"type": "array", "items": name, "minItems": 2, "maxItems": 2}
    return _closed(
        {
            "most": {"type": "array", "items": name, "minItems": 1, "maxItems": most},
            "together": {"type": "array", "items": pair, "minItems": 0, "maxItems": PAIRS},
        }
    )


def parse_space_belief(text: str, names: Sequence[str]) -> SpaceBeliefAnswer:
    """Read an answer; what is missing, repeated, or of no parameter in `names` is left out.

    Raises:
        InvalidAnswerError: it is no JSON object, or its lists are none.
    """
    try:
        content = json.loads(text)
        most = [str(n) for n in content.get("most", ()) if n in names]
        pairs = [_pair(pair, names) for pair in content.get("together", ())]
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidAnswerError(f"The answer holds no beliefs: {text[:80]!r}.") from error
    known = dict.fromkeys(p for p in pairs if p is not None)
    return SpaceBeliefAnswer(tuple(dict.fromkeys(most))[:MOST], tuple(known)[:PAIRS])


def _pair(said: Any, names: Sequence[str]) -> tuple[str, str] | None:
    """Return two different parameters in the order of `names`, or None."""
    found = [n for n in names if n in said]
    return (found[0], found[1]) if len(found) == len(said) == 2 else None


def _closed(properties: Mapping[str, JsonSchema]) -> JsonSchema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }

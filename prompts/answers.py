"""The language model's proposals: the schema it is bound to, and the strict reading of its answer.

An answer holds k proposals, each a configuration with one claim (which parameter matters, and where
it moves) and a short reason. What does not fit is rejected with the reason, never repaired.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prompts.chat import JsonSchema
from prompts.errors import InvalidAnswerError, InvalidConfigError

Move = Literal["higher", "lower", "keep"]
MOVES: tuple[Move, ...] = ("higher", "lower", "keep")
REASON_CHARACTERS = 80
TRIED = "It has been tried already."
TWICE = "It occurs twice in the answer."


@dataclass(frozen=True)
class Proposal:
    """One valid configuration with what the model says about it."""

    config: dict[str, Any]
    reason: str
    parameter: str
    move: Move


@dataclass(frozen=True)
class Proposals:
    """What one answer came to: `rejected` holds one reason per configuration refused."""

    accepted: tuple[Proposal, ...]
    rejected: tuple[str, ...]


def repeats(rejected: Sequence[str]) -> bool:
    """Return whether a configuration was refused because it is no new one."""
    return bool({TRIED, TWICE} & set(rejected))


class _Proposal(BaseModel):
    model_config = ConfigDict(extra="forbid")
    parameter: str
    move: Move
    reason: str = Field(max_length=4 * REASON_CHARACTERS)
    config: dict[str, Any]


def proposals_schema(config: JsonSchema, names: Sequence[str], count: int) -> dict[str, Any]:
    """Return the schema of an answer with exactly `count` proposals.

    `config` is the schema of one configuration, `names` the parameters a claim may be about.
    """
    proposal = {
        "type": "object",
        "properties": {
            "parameter": {"enum": list(names)},
            "move": {"enum": list(MOVES)},
            "reason": {"type": "string", "maxLength": REASON_CHARACTERS},
            "config": dict(config),
        },
        "required": ["parameter", "move", "reason", "config"],
        "additionalProperties": False,
    }
    items = {"type": "array", "items": proposal, "minItems": count, "maxItems": count}
    return {
        "type": "object",
        "properties": {"proposals": items},
        "required": ["proposals"],
        "additionalProperties": False,
    }


def parse_proposals(
    text: str,
    validate: Callable[[Mapping[str, Any]], dict[str, Any]],
    is_new: Callable[[Mapping[str, Any]], bool] = lambda config: True,
) -> Proposals:
    """Read an answer to `proposals_schema`.

    `validate` returns a configuration in native types or raises `InvalidConfigError`; `is_new` says
    whether it was not tried before. A configuration that occurs twice in the answer is accepted
    once.

    Raises:
        InvalidAnswerError: the text is not the JSON object that was asked for.
    """
    accepted: list[Proposal] = []
    rejected: list[str] = []
    for item in _items(text):
        try:
            proposal = _checked(item, validate)
        except (InvalidConfigError, ValidationError) as error:
            rejected.append(_in_words(error))
            continue
        if not is_new(proposal.config):
            rejected.append(TRIED)
        elif any(p.config == proposal.config for p in accepted):
            rejected.append(TWICE)
        else:
            accepted.append(proposal)
    return Proposals(tuple(accepted), tuple(rejected))


def is_whole(text: str) -> bool:
    """Return whether `text` is an answer to `proposals_schema`, whatever its configurations."""
    try:
        _items(text)
    except InvalidAnswerError:
        return False
    return True


def _items(text: str) -> list[Any]:
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise InvalidAnswerError(f"The answer is not JSON: {error}.", retryable=True) from error
    if not isinstance(answer, dict) or not isinstance(answer.get("proposals"), list):
        raise InvalidAnswerError("The answer holds no list of proposals.", retryable=True)
    items: list[Any] = answer["proposals"]
    return items


def _checked(item: Any, validate: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Proposal:
    parts = _Proposal.model_validate(item)
    config = validate(parts.config)
    return Proposal(config, parts.reason.strip(), parts.parameter, parts.move)


def _in_words(error: InvalidConfigError | ValidationError) -> str:
    if isinstance(error, InvalidConfigError):
        return error.message
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'The proposal'}: {first['msg']}."


def scores_schema(count: int) -> dict[str, Any]:
    """Return the schema of `count` predicted results, whole numbers from 0 to 100."""
    score = {"type": "integer", "minimum": 0, "maximum": 100}
    scores = {"type": "array", "items": score, "minItems": count, "maxItems": count}
    return {
        "type": "object",
        "properties": {"scores": scores},
        "required": ["scores"],
        "additionalProperties": False,
    }


def parse_scores(text: str, count: int) -> list[float]:
    """Read an answer to `scores_schema`.

    Raises:
        InvalidAnswerError: the text is not what was asked for.
    """
    try:
        scores = json.loads(text)["scores"]
        found = [float(s) for s in scores]
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidAnswerError(f"The answer holds no scores: {error}.", retryable=True) from error
    if len(found) != count or not all(0 <= s <= 100 for s in found):
        raise InvalidAnswerError(f"The answer holds no {count} scores in 0 to 100.", retryable=True)
    return found

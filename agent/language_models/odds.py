"""Token log-probabilities as the OpenAI protocol asks for and gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prompts.chat import JsonSchema
from prompts.odds import ODDS, WIDTH


def asked_odds(schema: JsonSchema, width: int = WIDTH) -> dict[str, Any]:
    """Return the fields of a request that asks for odds where `schema` wants them."""
    return {"logprobs": True, "top_logprobs": width} if schema.get(ODDS) else {}


def told_odds(choice: Mapping[str, Any]) -> dict[str, Any]:
    """Return a completion's fields from a reply's choice: empty where it has no odds."""
    rows = (choice.get("logprobs") or {}).get("content") or []
    return {
        "tokens": tuple(str(row["token"]) for row in rows),
        "top_logprobs": tuple(
            {str(t["token"]): float(t["logprob"]) for t in row["top_logprobs"]} for row in rows
        ),
    }

"""One yes-or-no question, and the probability of yes from the odds of the answer's tokens."""

from __future__ import annotations

import json
import math

from prompts.chat import Completion, JsonSchema

ODDS = "x-odds"
"""A schema that says so asks the backend for the log-probabilities of the likeliest tokens."""
WIDTH = 40
"""So many tokens per place: a small model has other things in mind than the grammar's words."""


def verdict_schema() -> JsonSchema:
    """Return the schema of the answer {"good": "yes"} or {"good": "no"}."""
    return {
        "type": "object",
        "properties": {"good": {"enum": ["yes", "no"]}},
        "required": ["good"],
        "additionalProperties": False,
        ODDS: True,
    }


def probability(answer: Completion) -> float | None:
    """Return P(yes) in [0, 1]; None where the answer is not one to `verdict_schema`.

    P = p(yes) / (p(yes) + p(no)) at the token where the two part. A backend without
    log-probabilities gives 1 or 0.
    """
    try:
        said = json.loads(answer.text)["good"]
    except (ValueError, KeyError, TypeError):
        return None
    if said not in ("yes", "no"):
        return None
    start = answer.text.index(f'"{said}"')
    place = _place(answer, start + 1)
    if place is None:
        return 1.0 if said == "yes" else 0.0
    row, before = place
    yes, no = (_mass(answer, row, before, f'"{word[0]}') for word in ("yes", "no"))
    return yes / (yes + no) if yes + no > 0 else None


def _place(answer: Completion, letter: int) -> tuple[int, str] | None:
    """Return the token that holds the first letter of the verdict, and the text before it."""
    before = ""
    for i, token in enumerate(answer.tokens[: len(answer.top_logprobs)]):
        if len(before) <= letter < len(before) + len(token):
            return i, before
        before += token
    return None


def _mass(answer: Completion, row: int, before: str, start: str) -> float:
    """Return the probability of the tokens that go on with `start`, the least one as a floor."""
    known = answer.top_logprobs[row]
    quote = '"' if before.endswith('"') else ""
    found = [p for token, p in known.items() if (quote + token).lstrip().startswith(start)]
    return sum(math.exp(p) for p in found) if found else math.exp(min(known.values(), default=0.0))

"""What the language model may cost in a whole study, what it has cost, and when that is enough.

The limits are fields of the task's budget. They are hard: once one is reached nobody is asked any
more, in this session or a later one. A call that is under way is not cut short by the limit on
tokens, so that limit can be passed by what one call costs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evals.task import Budget
from prompts.calls import CallRecord
from prompts.errors import UserError

_LIMIT = re.compile(
    r"\s*(?P<number>\d+(?:[.,]\d+)?)\s*(?P<scale>k?)\s*"
    r"(?P<unit>calls?|tokens?|seconds?|sec|s|minutes?|min|hours?|h)\s*",
    re.IGNORECASE,
)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Spent:
    """What calls came to: requests made, tokens computed, seconds of the language model."""

    calls: int
    tokens: int
    seconds: float


def spent(calls: Sequence[CallRecord]) -> Spent:
    """Return what `calls` came to."""
    return Spent(
        calls=sum(c.requests for c in calls),
        tokens=sum(c.tokens for c in calls),
        seconds=sum(c.seconds for c in calls),
    )


def used_up(budget: Budget, calls: Sequence[CallRecord]) -> str:
    """Return in words which limit `calls` have reached, "" where none."""
    so_far = spent(calls)
    if budget.llm_calls is not None and so_far.calls >= budget.llm_calls:
        return f"the {budget.llm_calls} calls are made"
    if budget.tokens is not None and so_far.tokens >= budget.tokens:
        return f"the {budget.tokens} tokens are spent"
    if budget.llm_seconds is not None and so_far.seconds >= budget.llm_seconds:
        return f"the {budget.llm_seconds:g} seconds are used up"
    return ""


def seconds_left(budget: Budget, calls: Sequence[CallRecord]) -> float:
    """Return the seconds that the language model may still take; infinite without a limit."""
    if budget.llm_seconds is None:
        return float("inf")
    return max(0.0, budget.llm_seconds - spent(calls).seconds)


def calls_left(budget: Budget, calls: Sequence[CallRecord]) -> float:
    """Return how many requests may still be made; infinite without a limit."""
    if budget.llm_calls is None:
        return float("inf")
    return max(0, budget.llm_calls - spent(calls).calls)


def limits_in(text: str) -> dict[str, int | float]:
    """Read "20 calls, 5k tokens, 2 min" as fields of `evals.task.Budget`.

    Raises:
        UserError: a part is no limit, or one kind is limited twice.
    """
    found: dict[str, int | float] = {}
    for part in re.split(r",\s+|;|\band\b", text):
        match = _LIMIT.fullmatch(part)
        name, value = _field(match) if match else ("", 0)
        if not name or name in found:
            raise UserError(
                f"{part.strip()!r} in --llm-budget is no limit, or one of its kind is given twice.",
                hint='Write it as in --llm-budget "20 calls, 5k tokens, 2 min"; each part once.',
            )
        found[name] = value
    return found


def _field(match: re.Match[str]) -> tuple[str, int | float]:
    number = float(match["number"].replace(",", ".")) * (1000 if match["scale"] else 1)
    unit = match["unit"].lower()
    if unit.startswith("call"):
        return "llm_calls", int(number)
    if unit.startswith("token"):
        return "tokens", int(number)
    return "llm_seconds", number * _SECONDS[unit[0]]

"""Budgets said roughly, "10-20 trials" or "at least 10 trials": one number is taken, aloud."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from agent.intake.claims import Claim
from agent.intake.numbers import numbers_in
from agent.intake.text import Span, Text, fold

_COUNTED = {"budget.trials": "trials", "budget.seconds": "seconds"}
_UP_TO = re.compile(
    r"\s?(?:-|~|〜|から|到|至|to|or|bis|oder|a|ou|o|tot|of|do|lub|till|eller|до|или)\s?"
)
_AND = re.compile(r"\s(?:and|und|et|y|e|en|i|och|и|ve)\s")
_BETWEEN = re.compile(
    r"(?<!\w)(?:between|zwischen|entre|tra|fra|tussen|miedzy|mellan|между|arasinda)\W{1,3}$"
)
_MORE = re.compile(r"\s(?:or more|minimum|at least|oder mehr|ou plus|o mas|o piu)\b")


def rough_budgets(text: Text, claims: Mapping[str, Claim]) -> Iterator[str]:
    """Yield what is taken of each budget that is said as a range or as the least."""
    for name, unit in _COUNTED.items():
        claim = claims.get(name)
        start = text.raw.find(claim.quote) if claim and claim.quote else -1
        if claim is None or start < 0:
            continue
        span = Span(start, start + len(claim.quote))
        taken = f"{claim.value:,.10g} {unit}"
        if whole := _range(text, span):
            yield f"“{text.quote(whole)}” is read as at most {taken}."
        elif whole := _least(text, span):
            yield (
                f"“{text.quote(whole)}” is read as {taken}: the search ends there, "
                "and a larger number lets it go on."
            )


def _range(text: Text, upper: Span) -> Span | None:
    """Return the whole of a range whose upper end stands at `upper`."""
    for lower in (n.span for n in numbers_in(text) if n.span.end <= upper.start):
        between = text.folded[lower.end : upper.start]
        ahead = _BETWEEN.search(text.folded[: lower.start])
        if _UP_TO.fullmatch(between) or (ahead and _AND.fullmatch(between)):
            return Span(ahead.start() if ahead else lower.start, upper.end)
    return None


def _least(text: Text, span: Span) -> Span | None:
    phrases = "|".join(re.escape(fold(p)) for p in text.phrases("at_least"))
    ahead = re.search(rf"(?<!\w)(?:{phrases})\W{{0,2}}$", text.folded[: span.start])
    if ahead:
        return Span(ahead.start(), span.end)
    behind = _MORE.match(text.folded, span.end)
    return Span(span.start, behind.end()) if behind else None

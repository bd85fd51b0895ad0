"""How many trials run at a time, where the words say so: "4 at a time", "on 2 workers"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.intake.numbers import numbers_in
from agent.intake.text import Span, Text

_WHAT = r"(?:(?:trials?|runs?|jobs?|evaluations?|configurations?|processes|of them)\s+)?"
_JOBS = r"(?:(?:jobs?|processes|of them)\s+)?"
_PARALLEL = re.compile(
    r"(?<![\w-])(?:in\s+parallel|parallel\s+(?:trials|runs|evaluations))(?![\w-])"
)
_AFTER = re.compile(
    rf"[\s-]{{1,2}}(?:{_WHAT}(?:are\s+)?(?:run\s+)?(?:at\s+(?:a|the\s+same|one)\s+time|at\s+once)"
    rf"|{_JOBS}(?:run\s+)?(?:in\s+parallel|simultaneously|concurrently|side\s+by\s+side)"
    r"|(?:parallel|concurrent|simultaneous)\s+(?:jobs|processes)"
    r"|(?:parallel\s+)?workers?)(?![\w-])"
)
_BEFORE = re.compile(r"(?<![\w-])(?:workers|in\s+parallel\s+(?:on|with))\s*[:=]?\s*$")


@dataclass(frozen=True)
class Workers:
    """A number of trials at a time, and where it is said; `called` so: "2 workers".

    `count` is None where more than one are wanted, and not how many: "20 trials in parallel" are
    20 in all.
    """

    count: int | None
    span: Span
    called: bool


def read_workers(text: Text) -> Workers | None:
    """Return how many trials are to run at a time, None where nothing says so."""
    for number in numbers_in(text):
        after = _AFTER.match(text.folded, number.span.end)
        before = _BEFORE.search(text.folded, 0, number.span.start)
        if number.value < 1 or not float(number.value).is_integer() or not (after or before):
            continue
        span = Span(
            before.start() if before else number.span.start,
            after.end() if after else number.span.end,
        )
        return Workers(int(number.value), span, "worker" in text.quote(span).lower())
    found = _PARALLEL.search(text.folded)
    return Workers(None, Span(*found.span()), False) if found else None

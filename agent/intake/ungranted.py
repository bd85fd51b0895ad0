"""Wishes that plaintune cannot grant: none is dropped in silence.

Which there are, and what happens instead, stands in `words/ungranted.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from agent.intake.metric_limits import bounded_shares
from agent.intake.negation import ruled_out
from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import words


def ungranted(
    text: Text, taken: Sequence[Span], settled: Iterable[str], granted: Sequence[str] = ()
) -> list[str]:
    """Return a sentence for each wish that nothing comes of, but those of a kind that is `granted`.

    What stands in `taken` spans is something else; words within the `settled` quotes are granted.
    """
    heard = [fold(q) for q in settled]
    kinds = [entry for name, entry in words("ungranted").items() if name not in granted]
    found = [*_known(text, taken, kinds), *_bounds(text, taken)]
    return [
        f"“{text.quote(span)}” {why}."
        for span, why in found
        if not any(fold(text.quote(span)) in quote for quote in heard)
    ]


def _known(
    text: Text, taken: Sequence[Span], kinds: Sequence[dict[str, Any]]
) -> Iterator[tuple[Span, str]]:
    """Yield the first mention of each kind of wish that is not ruled out."""
    for entry in kinds:
        spans = [s for s in _spans(text, entry) if not any(s.overlaps(t) for t in taken)]
        out = ruled_out(text, spans)
        for span in [s for s, no in zip(spans, out, strict=True) if not no][:1]:
            yield span, f"changes nothing: {entry['instead']}"


def _spans(text: Text, entry: dict[str, Any]) -> list[Span]:
    found = list(text.find(entry["said"]))
    for pattern in entry.get("patterns", ()):
        found += [Span(*m.span()) for m in re.finditer(pattern, text.folded)]
    return sorted(found)


def _bounds(text: Text, taken: Sequence[Span]) -> Iterator[tuple[Span, str]]:
    """Yield shares that something is to stay within, of what nobody understood."""
    for bound in bounded_shares(text):
        after = _SAID_OF.match(text.folded, bound.span.end)
        whole = Span(bound.span.start, after.end() if after else bound.span.end)
        if not any(whole.overlaps(t) for t in taken):
            yield whole, "sets no limit: what it is about was not understood"


_SAID_OF = re.compile(r"(?:\s(?:of\s)?[^\W\d_]+(?:\s[^\W\d_]+)?(?=\W|$))?")
"""The next words or two, for the quote: "at most 10 % false alarms"."""

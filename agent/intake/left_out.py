"""Columns that the user wants left out: no task can say so, and going on unsaid were a trap."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.intake.columns import ColumnMention
from agent.intake.text import Span, Text, fold

LEAST = 2
"""Strength of a mention that names a column and no word of it by chance."""


def left_out(text: Text, mentions: Sequence[ColumnMention]) -> list[str]:
    """Return the user's words that leave columns out: "without smoker and region"."""
    named = [m for m in mentions if m.strength >= LEAST and m.role != "target"]
    starts = [(s.start, m) for s in text.find_words("left_out") for m in named if _of(text, s, m)]
    return [text.quote(Span(start, _last(text, first, named).span.end)) for start, first in starts]


def _of(text: Text, phrase: Span, mention: ColumnMention) -> bool:
    """Return whether nothing but an article or a noun for columns stands between the two."""
    between = text.folded[phrase.end : max(phrase.end, mention.span.start)]
    return phrase.end < mention.span.start and bool(_GLUE.fullmatch(between))


def _last(text: Text, first: ColumnMention, named: Sequence[ColumnMention]) -> ColumnMention:
    """Return the last column of the list that `first` begins."""
    ands = "|".join(re.escape(fold(p)) for p in text.phrases("and"))
    for other in named:
        between = text.folded[first.span.end : max(first.span.end, other.span.start)]
        if re.fullmatch(rf"[\"']?\s*(?:,|&|{ands})+\s*(?:{ands})?\s*[\"']?", between):
            first = other
    return first


_GLUE = re.compile(
    r"[\s:]+(?:(?:the|a|its|our|der|die|das|den|le|la|les|el|los|las|il|i|o|a|os|as|de|het|columns?"
    r"|variables?|features?|fields?|spalten?|colonnes?|columnas?|colunas?|colonn[ae]|kolom(?:men)?"
    r"|kolumn\w*|столбц?\w*)[\s:]+){0,3}[\"']?"
)

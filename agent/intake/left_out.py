"""Columns that models must not learn from: "without smoker and region", "using only age"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.intake.claims import Claim
from agent.intake.columns import ColumnMention
from agent.intake.text import Span, Text, fold

LEAST = 2
"""Strength of a mention that names a column and no word of it by chance."""


def left_out(
    text: Text, mentions: Sequence[ColumnMention], features: Sequence[str]
) -> Claim | None:
    """Return the `features` that the user wants left out, in the table's order, in their words."""
    named = [m for m in mentions if m.strength >= LEAST and m.column in features]
    dropped, drop_quotes = _listed(text, named, "left_out")
    kept, keep_quotes = _listed(text, named, "only_columns")
    dropped |= {f for f in features if kept and f not in kept}
    if not dropped:
        return None
    return Claim(tuple(f for f in features if f in dropped), ", ".join(drop_quotes + keep_quotes))


def _listed(text: Text, named: Sequence[ColumnMention], key: str) -> tuple[set[str], list[str]]:
    """Return the columns in the lists that a phrase of the vocabulary's `key` begins."""
    columns: set[str] = set()
    quotes: list[str] = []
    for phrase in text.find_words(key):
        for first in (m for m in named if _of(text, phrase, m)):
            whole = Span(phrase.start, _last(text, first, named).span.end)
            columns |= {m.column for m in named if m.span.overlaps(whole)}
            quotes.append(text.quote(whole))
    return columns, quotes


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

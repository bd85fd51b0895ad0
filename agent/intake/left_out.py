"""Columns that models must not learn from: "without smoker and region", "using only age"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agent.intake.claims import Claim
from agent.intake.columns import ColumnMention
from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import stopwords

LEAST = 2
"""Strength of a mention that names a column and no word of it by chance; it begins a list.

Further on in a list a word of a name will do: "only tenure, plan and calls" for support_calls.
"""


def left_out(
    text: Text, mentions: Sequence[ColumnMention], features: Sequence[str]
) -> Claim | None:
    """Return the `features` that the user wants left out, in the table's order, in their words."""
    named = [m for m in mentions if m.strength >= 1 and m.column in features]
    dropped, drop_quotes = _listed(text, named, "left_out")
    kept, keep_quotes = _listed(text, named, "only_columns")
    dropped |= {f for f in features if kept and f not in kept}
    if not dropped:
        return None
    return Claim(tuple(f for f in features if f in dropped), ", ".join(drop_quotes + keep_quotes))


def unknown(
    text: Text, mentions: Sequence[ColumnMention], busy: Sequence[Span] = ()
) -> tuple[str, str] | None:
    """Return a name that is listed as a column's and is none, and the user's words around it.

    Names are known as such by a noun before them, and stand alone: "without the columns region, id
    and age", not "drop columns with gaps". What stands in a `busy` span (a model, a metric)
    is none.
    """
    for phrase in (s for key in ("left_out", "only_columns") for s in text.find_words(key)):
        for span in _names(text, phrase.end):
            name = text.raw[span.start : span.end].strip("\"'")
            if any(fold(name) in stopwords(language) for language in text.languages):
                break
            if not any(s.overlaps(span) for s in (*busy, *(m.span for m in mentions))):
                return name, text.quote(Span(phrase.start, span.end))
    return None


def _names(text: Text, place: int) -> Iterator[Span]:
    """Yield where single words are listed as names of columns: the first, and all up to an "and".

    Without one all count where the list ends its sentence; elsewhere it may have gone over to
    something else: "columns region, lightgbm, 20 trials".
    """
    found = _NAMES.match(text.folded, place)
    if not found:
        return
    ands = "|".join(rf"\s+{re.escape(fold(p))}\s+" for p in text.phrases("and"))
    part = re.compile(rf"([\"']?[\w-]+[\"']?)(\s*,\s*|\s*&\s*|{ands}|\s*$|\s*[.;!?\n])")
    spans, last, at = list[Span](), 1, found.end()
    while name := part.match(text.folded, at):
        spans.append(Span(*name.span(1)))
        mark, at = name[2].strip(), name.end()
        if mark in ("", ".", ";", "!", "?"):
            last = last if found["one"] else len(spans)
            break
        if mark != "," and last == 1 and not found["one"]:
            last = len(spans) + 1
    yield from spans[:last]


def _listed(text: Text, named: Sequence[ColumnMention], key: str) -> tuple[set[str], list[str]]:
    """Return the columns in the lists that a phrase of the vocabulary's `key` begins."""
    columns: set[str] = set()
    quotes: list[str] = []
    for phrase in text.find_words(key):
        for first in (m for m in named if m.strength >= LEAST and _of(text, phrase, m)):
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
_NAMES = re.compile(
    r"[\s:]+(?:(?P<one>the column|die spalte|la colonne|la columna|a coluna)"
    r"|(?:(?:the|die|les|las|as|le|de) )?"
    r"(?:columns|variables|features|fields|spalten|colonnes|columnas|colunas|colonne|kolommen))[\s:]+"
)

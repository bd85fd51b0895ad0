"""A target that the user names outright, whether it exists or not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from agent.intake.claims import Claim, Reading
from agent.intake.columns import spoken
from agent.intake.mentions import normal
from agent.intake.text import Span, Text


def named_target(text: Text, columns: Sequence[str], taken: Iterable[Span] = ()) -> Reading:
    """Note a target that the user names outright and that does not exist."""
    busy = list(taken)
    known = {n for c in columns for n in (normal(c), spoken(c))}
    reading = Reading()
    for pattern in _OUTRIGHT:
        for match in pattern.finditer(text.folded):
            said = text.raw[match.start(1) : match.end(1)]
            if any(Span(*match.span(1)).overlaps(b) for b in busy):
                continue
            if normal(said) not in known:
                reading.add("data.target", Claim(said, text.quote(Span(*match.span(1)))))
                return reading
    for span in text.find_words("predict"):
        code = _CODE.match(text.raw, span.end)
        if code is None or any(Span(*code.span(1)).overlaps(b) for b in busy):
            continue
        if normal(code[1]) not in known and spoken(code[1]) not in known:
            reading.add("data.target", Claim(code[1], code[1]))
            return reading
    return reading


_CODE = re.compile(
    r"[\s:=]+(?:the\s|der\s|die\s|das\s|la\s|le\s|el\s|il\s|o\s|a\s)?[\"'`]?"
    r"([A-Za-z]+(?:\d|_\w|\.\w)(?:\w|\.\w)*+)(?!/\w)"
)
"""What looks like a column's name and like no word: V10, total_sales."""


def nearest_column(said: str, columns: Sequence[str]) -> str:
    """Return the column whose name is nearest to `said`."""
    from rapidfuzz import process

    return str(process.extract(said, columns, processor=spoken, limit=1)[0][0])


def spelt_so(claim: Claim | None, said: str) -> bool:
    """Return whether the column claimed is what `said` spells, a slip or two forgiven."""
    from rapidfuzz import fuzz

    if claim is None or normal(said) not in normal(claim.quote):
        return False
    own = spoken(str(claim.value))
    if re.findall(r"\d", own) != re.findall(r"\d", said):
        return False  # a slip turns letters around; V10 is no V1
    return fuzz.ratio(own, normal(claim.quote)) >= 75


_NAME = (
    r"[\"'«„“”]?([a-z][\w.]*[a-z0-9])[\"'»“”]?(?=\s*(?:[.,;:!?)]|$|\b(?:from|in|with|using|by)\b))"
)
_OUTRIGHT = (
    re.compile(
        r"\b(?:target|zielspalte|zielvariable|label)\s*(?:column|variable)?\s*"
        rf"(?:is|ist|=|:|called|named)\s*(?:the\s|column\s)*{_NAME}"
    ),
    re.compile(
        r"\b(?:column|spalte|colonne|columna|coluna|colonna|kolom)\s+(?:called\s|named\s)?"
        r"[\"'«„“]([\w. -]+)[\"'»“”]"
    ),
    re.compile(
        r"\b(?:column|spalte|colonne|columna|coluna|colonna|kolom|kolumn[aęe]?)\s+"
        r"([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b"
    ),
    re.compile(r"\bpredict(?:ing)?\s+(?:the\s+)?(?:column\s+)?([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b"),
)

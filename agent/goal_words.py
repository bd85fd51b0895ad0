"""Which way a program's score is better, in other languages than English.

"minimiere val_loss", "val_loss minimieren", "le plus petit val_loss".
"""

from __future__ import annotations

import re
from functools import cache

from agent.further_scores import NAME, NO_METRIC
from agent.intake.vocabulary import words

_MORE = {
    "minimize": (
        *(r"kleinste\w*", r"niedrigste\w*", r"geringste\w*", r"kürzeste\w*", r"laagste", r"lägsta"),
        *(r"plus (?:petite?|faible|basse?|courte?)", r"menor", r"más baj[oa]", r"mínim[oa]"),
        *(r"più bass[oa]", r"minor[e]?", r"minim[oa]", r"mais baix[oa]", r"najniższ\w+", r"minsta"),
    ),
    "maximize": (
        *(
            r"höchste\w*",
            r"größte\w*",
            r"groesste\w*",
            r"hoogste",
            r"grootste",
            r"högsta",
            r"största",
        ),
        *(r"plus (?:haute?|grande?|élevée?)", r"mayor", r"más alt[oa]", r"máxim[oa]", r"maior"),
        *(r"più alt[oa]", r"maggior[e]?", r"massim[oa]", r"mais alt[oa]", r"najwyższ\w+"),
    ),
}
_ARTICLES = (
    *("der", "die", "das", "den", "dem", "de", "la", "le", "les", "el", "los", "las", "il", "lo"),
    *("gli", "i", "o", "a", "os", "as", "het", "det"),
)
_BEFORE = rf"(?:(?:{'|'.join(_ARTICLES)}|wert von|valeur de|valor de|valore di)\s+|l['’]\s?)?"


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    found = []
    for way, more in _MORE.items():
        said = [re.escape(p) for p in words("metrics")[way]]
        ways = "|".join(sorted((*said, *more), key=len, reverse=True))
        first = rf"(?<!\w)(?P<way>{ways})\s+{_BEFORE}(?P<name>{NAME})"
        last = rf"(?<!\w)(?P<name>{NAME})\s+(?:auf\s+)?(?P<way>{ways})(?!\w)"
        found += [(way, re.compile(p, re.I)) for p in (first, last)]
    return tuple(found)


def said_elsewhere(text: str) -> re.Match[str] | None:
    """Return where a score and its direction are said; its groups are `way` and `name`."""
    matches = [m for _, pattern in _patterns() for m in pattern.finditer(text)]
    named = [m for m in matches if m["name"].lower() not in NO_METRIC.union(_ARTICLES)]
    return min(named, key=lambda m: m.start(), default=None)


def way_of(match: re.Match[str]) -> str:
    """Return the direction of what `said_elsewhere` found."""
    return next(way for way, pattern in _patterns() if pattern is match.re)

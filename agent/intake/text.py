"""A description as code reads it: folded, so that case, accents and typography do not matter.

Folding keeps every character at its place, so that a span found in the folded text quotes the
user's own words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby

from agent.intake.vocabulary import languages_of, words

_ALIKE = {"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "ł": "l"}
_ALIKE |= {"\u00a0": " ", "\u202f": " ", "，": ",", "。": ".", "；": ";", "：": ":", "、": ","}
_ALIKE |= {"（": "(", "）": ")", "ø": "o", "ı": "i"}


def fold(text: str) -> str:
    """Return `text` in lower case without accents, of the same length."""
    return "".join(_fold_one(c) for c in text)


@lru_cache(maxsize=4096)
def _fold_one(char: str) -> str:
    if char in _ALIKE:
        return _ALIKE[char]
    low = unicodedata.normalize("NFKD", char.lower())
    base = "".join(c for c in low if not unicodedata.combining(c))
    return base if len(base) == 1 else char


@dataclass(frozen=True, order=True)
class Span:
    """A piece of the text, from `start` up to `end`."""

    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        """Return whether the two share a character."""
        return self.start < other.end and other.start < self.end


@lru_cache(maxsize=2048)
def pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds any of `phrases` as whole words in folded text, the longest first."""
    parts = sorted({fold(p) for p in phrases if p}, key=len, reverse=True)
    runs = [_run(edges, group) for edges, group in groupby(parts, key=_edges)]
    return re.compile("|".join(runs) or r"(?!)")


def _run(edges: tuple[str, str], phrases: Iterable[str]) -> str:
    """Return an alternative for phrases of the same edges.

    The edges are written once, not once a phrase: `re` takes a millisecond to compile each.
    """
    bodies = (r"[\s_-]+".join(re.escape(w) for w in re.split(r"[\s_]+", p)) for p in phrases)
    return f"{edges[0]}(?:{'|'.join(bodies)}){edges[1]}"


def _edges(phrase: str) -> tuple[str, str]:
    """Return what must not stand before and after `phrase`, as lookarounds."""
    if not phrase[0].isascii() and not _spaced(phrase):
        return "", ""
    before = rf"(?<!{_LETTER})" if phrase[0].isalnum() else ""
    after = rf"(?!{_LETTER})" if phrase[-1].isalnum() and _spaced(phrase[-1]) else ""
    return before, after


_LETTER = r"[^\W_\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]"
"""A letter or digit of a script with blanks: in "或XGBoost" a word begins at the X."""


def _spaced(phrase: str) -> bool:
    """Return whether the script of `phrase` puts blanks between words."""
    return not re.search(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]", phrase)


@dataclass(frozen=True)
class Text:
    """A description: as written, folded, and in which languages it may be."""

    raw: str

    @cached_property
    def folded(self) -> str:
        """The folded text, of the same length."""
        return fold(self.raw)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages whose words it uses, the likeliest first."""
        return languages_of(self.folded)

    def quote(self, span: Span) -> str:
        """Return the user's own words at `span`."""
        return self.raw[span.start : span.end].strip()

    def find(self, phrases: Iterable[str]) -> Iterator[Span]:
        """Yield where one of `phrases` stands, in order."""
        for match in pattern(tuple(phrases)).finditer(self.folded):
            yield Span(*match.span())

    def find_words(self, key: str) -> Iterator[Span]:
        """Yield where one of the phrases listed under `key` in its languages stands."""
        return self.find(self.phrases(key))

    def phrases(self, key: str) -> tuple[str, ...]:
        """Return the phrases listed under `key` in its languages."""
        return tuple(p for language in self.languages for p in words(language).get(key, ()))

    def clause(self, span: Span) -> Span:
        """Return the clause around `span`: up to the next full stop, semicolon or line break."""
        start = max((m.end() for m in _STOPS.finditer(self.folded, 0, span.start)), default=0)
        stop = _STOPS.search(self.folded, span.end)
        return Span(start, stop.start() if stop else len(self.folded))


_STOPS = re.compile(
    r"(?<!\bmax)(?<!\bmin)(?<!\bmaks)[.;!?:](?=\s|$|[^\x00-\x7f])|[!?;]|\n|(?<=[\u3040-\u9fff])[.;]"
)

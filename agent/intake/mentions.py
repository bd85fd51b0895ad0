"""Find known names in a description, misspelt ones included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from agent.intake.text import Span, Text, fold, pattern
from agent.intake.vocabulary import stopwords, words


@dataclass(frozen=True)
class Alias:
    """One way to say `key`."""

    key: tuple[str, str]
    name: str


@dataclass(frozen=True)
class Hit:
    """A name found: what it stands for, where, and whether it was spelt exactly so."""

    key: tuple[str, str]
    span: Span
    exact: bool = True


def mentions_of(text: Text, aliases: Sequence[Alias], taken: Iterable[Span] = ()) -> list[Hit]:
    """Return the names found outside `taken` spans in order; longer ones win over shorter ones."""
    busy = list(taken)
    keys = {normal(a.name): a.key for a in reversed(aliases)}
    hits: list[Hit] = []
    for match in pattern(tuple(a.name for a in aliases)).finditer(text.folded):
        span = Span(*match.span())
        if not any(span.overlaps(b) for b in busy):
            hits.append(Hit(keys[normal(match[0])], span))
    busy += [h.span for h in hits]
    hits += _misspelt(text, keys, busy)
    return sorted(hits, key=lambda h: h.span)


def normal(name: str) -> str:
    """Return a name folded, with blanks for hyphens and underscores."""
    return re.sub(r"[\s_-]+", " ", fold(name)).strip()


def _misspelt(text: Text, keys: dict[str, tuple[str, str]], busy: Sequence[Span]) -> list[Hit]:
    """Find near misses of long names: "lighgbm", "random forrest", "suport vektor maschine"."""
    from rapidfuzz import process
    from rapidfuzz.distance import DamerauLevenshtein as Distance

    hits: list[Hit] = []
    tokens = list(re.finditer(r"[^\W_]+(?:[-_][^\W_]+)*", text.folded))
    long = [n for n in keys if len(n) >= 5 and not re.search(r"\d", n)]
    for size in (4, 3, 2, 1):
        for i in range(len(tokens) - size + 1):
            span = Span(tokens[i].start(), tokens[i + size - 1].end())
            said = normal(re.sub(r"(?<=\w)\.(?=\w)", " ", text.folded[span.start : span.end]))
            names = [n for n in long if n.count(" ") == said.count(" ")]
            if len(said) < 5 or any(span.overlaps(b) for b in (*busy, *(h.span for h in hits))):
                continue
            hit = process.extractOne(
                said, names, scorer=Distance.normalized_similarity, score_cutoff=_cutoff(said)
            )
            if hit and said[0] == hit[0][0] and not _common(text, said, hit[0]):
                hits.append(Hit(keys[hit[0]], span, exact=False))
    return hits


def _cutoff(said: str) -> float:
    """Allow one slip in a short name, two or three in a long one."""
    return 1 - (1 if len(said) <= 7 else 2 if len(said) <= 12 else 3) / len(said) - 1e-3


def _common(text: Text, said: str, name: str) -> bool:
    """Return whether a near miss is another word: "the model" is no "tree model", "F2" no "F1"."""
    odd = set(said.split()) - set(name.split())
    if re.findall(r"\d", said) != re.findall(r"\d", name) or said in _vague():
        return True
    return any(word in _known_words(language) for word in odd for language in text.languages)


@cache
def _known_words(language: str) -> frozenset[str]:
    """Return words of a language that are no slips: "forecast" is no "forest"."""
    keys = ("predict", "trials", "target_after", "negators", "positive", "past")
    said = {w for k in keys for p in words(language).get(k, ()) for w in fold(str(p)).split()}
    return stopwords(language) | said | {fold(w) for w in words("wishes")["taken_back"]}


@cache
def _vague() -> frozenset[str]:
    """Return words so near to a metric that they would pass for its misspelling: "accurate"."""
    return frozenset(normal(w) for w in words("metrics")["vague"]["quality"])


STEM = 5
"""Letters that two words must share to be forms of one: survival, survived."""


def alike(one: str, other: str) -> bool:
    """Return whether two words are forms of one, or one with a slip."""
    from rapidfuzz.distance import DamerauLevenshtein as Distance

    if one == other or min(len(one), len(other)) < 4:
        return one == other
    stem = min(len(one), len(other), STEM)
    if one[:stem] == other[:stem] and stem >= 4:
        return True
    return one[0] == other[0] and Distance.normalized_similarity(one, other) >= 0.8

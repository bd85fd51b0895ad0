"""What the user takes back: "30 trials, no, make that 40", "age, sorry, I meant income"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise

from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import words

LONGEST_GAP = 48
"""Characters between what is taken back and what takes its place."""
LAST_WORDS = 3
"""How near "only" or "instead" stands to what it singles out."""
MOST_UNITS = 2
"""Words that may still belong to what is taken back: the "trials" of "30 trials, no, 40"."""


@cache
def _listed(key: str) -> frozenset[str]:
    return frozenset(fold(w) for w in words("wishes")[key])


_MADE = re.compile(
    r"(?:\s?\w+){0,2},\s(?:let's\s)?(?:say|sagen wir|disons|digamos|diciamo|zeg|powiedzmy|скажем)\s"
    r"|(?:\s?\w+){0,2}\s?(?:\.{2,}|…|—|–|-)+\s*(?:or\s|no,?\s)?(?:let's\s)?(?:make|say)\s(?:it|that|them)\s"
)
"""What puts a number in place of the one before without a no: "40 trials... make it 60"."""


def takes_back(text: Text, first: Span, second: Span) -> bool:
    """Return whether the words between two mentions put the second in place of the first."""
    if not 0 < second.start - first.end <= LONGEST_GAP:
        return False
    between = text.folded[first.end : second.start]
    said = re.findall(r"[^\W\d_]+|\d+", between)
    if _MADE.fullmatch(between):
        return True
    cues, fillers = _listed("taken_back"), _listed("taken_back_fillers")
    for units in range(min(MOST_UNITS, len(said)) + 1):
        rest = said[units:]
        if rest and set(rest) <= cues | fillers and cues & set(rest):
            return bool(re.search(r"[^\w\s]", between)) or len(cues & set(rest)) > 1
    return False


def settles(text: Text, first: Span, second: Span) -> bool:
    """Return whether the second mention is the last word: taken back, or after "… no, only"."""
    if takes_back(text, first, second):
        return True
    between = text.folded[first.end : second.start]
    said = re.findall(r"[^\W\d_]+", between)
    last = said[-LAST_WORDS:]
    breaks = re.search(r"\.{2,}|…|[-—,;.!?]", between)
    singled = _listed("only") & set(last) or _then(text, second)
    return bool(breaks and _listed("taken_back") & set(said) and singled)


def _then(text: Text, span: Span) -> bool:
    """Return whether "then" or "instead" follows: "wait, that was too slow, LightGBM then"."""
    after = re.compile(r"\s(?:" + "|".join(_listed("then")) + r")(?!\w)")
    return bool(after.match(text.folded, span.end))


def last_word(
    text: Text, mentions: Sequence[Span], instead: Callable[[Span], bool] = lambda span: False
) -> int:
    """Return the place of the first mention that still holds: those before it were dropped.

    `instead` says whether the words after a mention put it in place of the one before.
    """
    for i in range(len(mentions) - 1, 0, -1):
        if settles(text, mentions[i - 1], mentions[i]) or instead(mentions[i]):
            return i
    return 0


def taken_back(text: Text, mentions: Sequence[Span]) -> list[bool]:
    """Return for each mention, in order, whether the next one takes its place."""
    out = [takes_back(text, a, b) for a, b in pairwise(mentions)]
    return [*out, False][: len(mentions)]

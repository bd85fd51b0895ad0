"""Ranges and lists of numbers that stand behind an argument's name, however they are written.

"lr on a log scale between 1e-4 and 1", "lr=1e-4..1e-1", "depth in (2, 8)", "depth 3, 5 or 7".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.intake.text import Span

NUMBER = r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?"
_LOG_WORD = r"\(?(?:on\s+)?(?:an?\s+)?(?:in\s+)?log\w*(?:[\s-]*(?:scale|space|uniform(?:ly)?))?\)?"
_WORDS = (
    rf"(?:{_LOG_WORD}|uniform(?:ly)?|should|may|can|could|must|shall|is|be|are|lies?|with|its|the|an?"
    r"|values?|rang(?:e|es|ing)|search(?:ed)?|tun(?:e|ed)|in|of|over|within|between|from|either"
    r"|one\s+of|among|set|to|at)"
)
_FILLER = rf"(?P<filler>(?:\s*(?:{_WORDS}(?![\w.])|[=:~∈(]))*)\s*"
_BETWEEN = re.compile(r"between|within|rang", re.I)
_LOG = re.compile(r"\W{0,3}(?:(?:on|in)\s+)?(?:an?\s+)?log", re.I)
_ENDS = (
    rf"(?P<open>[\[(]?)\s*(?P<low>{NUMBER})\s*"
    rf"(?P<sep>,|\bup\s+to\b|\bto\b|\bthrough\b|\band\b|&|-|–|\.\.\.?|…|:)\s*(?P<high>{NUMBER})"
    rf"\s*[\])]?(?![\w%]|\s*(?:,|/|\bor\b)\s*{NUMBER}|\.\d)"
)
_MANY = rf"[\[({{]?\s*(?P<all>{NUMBER}(?:\s*(?:,\s*or\b|,|/|\bor\b)\s*{NUMBER})+)(?![\w%]|\.\d)"
_OR = re.compile(r"\bor\b|/", re.I)


@dataclass(frozen=True)
class Range:
    """What an argument may be: from `low` to `high`, and whether on a log scale."""

    name: str
    span: Span
    low: float
    high: float
    log: bool


def read_ranges(text: str, names: str) -> Iterator[Range]:
    """Yield the ranges behind what matches `names`, in order; either end may stand first."""
    for match in re.finditer(rf"(?P<name>{names}){_FILLER}{_ENDS}", text, re.I):
        filler, sign = match["filler"], match["sep"].lower()
        opened = bool(match["open"]) or filler.rstrip().endswith("(")
        if (sign == "," and not opened) or (sign in ("and", "&") and not _BETWEEN.search(filler)):
            continue
        low, high = sorted((float(match["low"]), float(match["high"])))
        log = "log" in filler.lower() or bool(_LOG.match(text, match.end()))
        yield Range(match["name"], Span(*match.span()), low, high, log)


def read_numbers(text: str, names: str) -> Iterator[tuple[str, Span, Sequence[float]]]:
    """Yield the lists behind what matches `names`: three numbers or more, or joined by "or"."""
    for match in re.finditer(rf"(?P<name>{names}){_FILLER}{_MANY}", text, re.I):
        values = [float(n) for n in re.findall(NUMBER, match["all"], re.I)]
        if len(values) > 2 or _OR.search(match["all"]):
            yield match["name"], Span(*match.span()), values

"""Settings whose values are words: "weights fixed to distance", "entropy criterion"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agent.intake.negation import ruled_out
from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import words

_GLUE = (
    r"[\s\"'—–-]*(?:(?:только|nur|solo|function|is|are|be|must|should|fixed|set|kept|stays?|remain|always|only|fest"
    r"|auf|fixee?s?|fijad[oa]s?|fissat[oa]|en|a|to|at|on|as|ist|est|es)\s+){0,4}[=:]?[\s\"']*"
)
"""What may stand between a setting and its value."""


def read_options(text: Text) -> Iterator[tuple[str, str, Span]]:
    """Yield the name, the value and the place of each setting that is given a word for a value."""
    for setting, entry in words("options").items():
        found = [f for f in _given(text, entry) if not ruled_out(text, [f[1]])[0]]
        if len({value for value, _ in found}) == 1:
            yield setting, *found[0]


def _given(text: Text, entry: dict[str, Any]) -> Iterator[tuple[str, Span]]:
    names = _either(entry["names"])
    for value, said in entry["values"].items():
        given = _either(said)
        pattern = rf"(?<!\w)(?:(?:{names}){_GLUE}(?:{given})|(?:{given})[\s-](?:{names}))(?!\w)"
        yield from ((value, Span(*m.span())) for m in re.finditer(pattern, text.folded))
    for value, said in entry.get("outright", {}).items():
        yield from ((value, span) for span in text.find(said))


def _either(phrases: list[str]) -> str:
    return "|".join(re.escape(fold(p)) for p in sorted(phrases, key=len, reverse=True))

"""A part of the rows that is set aside for validation, in place of folds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.intake.text import Span, Text

_SHARE = (
    r"(?:\d{1,2}(?:[.,]\d)?\s?(?:%|percent|per cent|prozent|pour cent|por ciento|per cento|procent)"
    r"|(?:a|one|ein|einen?|un|une|uno|um|een)\s(?:half|third|quarter|fifth|tenth|drittel|viertel"
    r"|funftel|tiers|quart|tercio|terzo|quarto|terco|derde|kwart)|\d{1,2}\s?/\s?\d{1,2})"
)
_ASIDE = (
    r"(?:hold(?:ing)?[\s-]?outs?|held[\s-]?(?:out|back)|leave[\s-]?out|left out|aside"
    r"|(?:leave|keep|hold|put)\b[^.;]{0,24}\b(?:out|aside|back|apart)"
    r"|validation (?:part|set|split|sample)|zuruck(?:halten|gehalten|legen)|beiseite|de cote"
    r"|apart(?:ar|ad[oa]|e)?|reserv\w+|da parte|accantona\w+|de lado|separ\w+|odlozy\w*|undan\w*"
    r"|отлож\w+|ayir\w*|留出|ホールドアウト)"
)
_NAMED = r"(?:held|hold)[\s-]?out\s?(?:[=:]\s?0?[.,]\d+|(?:half|third|quarter|fifth|tenth)\b)"
_AROUND = (
    rf"(?:leave|keep|hold|put|set)\b[^.;\d]{{0,12}}{_SHARE}"
    rf"[^.;\d]{{0,16}}\b(?:out|aside|back|apart)\b"
)
_HELD_OUT = re.compile(
    rf"{_NAMED}|{_AROUND}|{_SHARE}[^.;\n]{{0,24}}?{_ASIDE}|{_ASIDE}[^.;\n\d]{{0,24}}?{_SHARE}"
)
_TEST = re.compile(r"\btest|\bprueba|тест|测试|テスト")


def held_out(text: Text) -> Iterator[Span]:
    """Yield where a part is set aside to validate on: "leave 25% out", "20 % hold-out".

    What is set aside for the test is no validation.
    """
    for match in _HELD_OUT.finditer(text.folded):
        clause = text.clause(Span(*match.span()))
        if not _TEST.search(text.folded, clause.start, clause.end):
            yield Span(*match.span())

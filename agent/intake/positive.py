"""The class that counts as positive: from the words, else the usual one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from agent.intake.claims import Claim
from agent.intake.columns import names_of_value
from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import words
from evals.parameters import Scalar
from evals.tables import native, positive_label

if TYPE_CHECKING:
    from pandas import Series

_USUAL = ("yes", "true", "y", "t", "1", "1.0", "positive", "pos")
_OF_MODEL = (
    r"\s+(?:model|auc|accuracy|score|f1|r2|metric|result|performance|enough|job|at|for|with)"
)


def read_positive(text: Text, target: Series, taken: Iterable[Span] = ()) -> Claim | None:
    """Return the class that the words are after, where exactly one is named."""
    busy = list(taken)
    labels = [native(v) for v in target.dropna().unique()]
    named: dict[Scalar, Span] = {}
    for label in labels:
        for span in text.find(names_of_value(label)):
            after = text.folded[span.end : span.end + 16]
            if not any(span.overlaps(b) for b in busy) and not re.match(_OF_MODEL, after):
                named.setdefault(label, span)
    if not named:
        return _outright(text, labels) or _opposite(text, str(target.name), labels)
    label, span = _last_wanted(text, named)
    if len(named) > 1 and not _marked(text, span):
        return None
    return Claim(label, text.quote(span))


_AFTER = (
    r"\b(?:recall|sensitivity|precision|f1|rappel|spot|find|catch|detect|finde)\W(?:\w+\s){0,3}$"
)
"""What makes the word after it the class that is looked for: "recall for the dead"."""


def _opposite(text: Text, column: str, labels: Sequence[Scalar]) -> Claim | None:
    """Read "find those who died" of a column called survived: the class is "no"."""
    negative = [v for v in labels if str(v).strip().lower() in ("no", "n", "false", "0", "0.0")]
    for name, *said in words("values")["opposites"]:
        if fold(name) not in fold(column) or len(negative) != 1:
            continue
        own = any(True for _ in text.find([name, name.removesuffix("d"), "who survive"]))
        for span in text.find(said):
            before = text.folded[max(0, span.start - 24) : span.start]
            if not own or re.search(_AFTER, before):
                return Claim(negative[0], text.quote(span))
    return None


def _outright(text: Text, labels: Sequence[Scalar]) -> Claim | None:
    """Read "positive class is 0", "no is positive"."""
    for match in re.finditer(
        r"\bpositive?n?(?:\s(?:class|label|klasse))?\s*(?:is|=|:|ist|:)\s*[\"']?(\w+)", text.folded
    ):
        for label in labels:
            if str(label).lower() == match[1] or str(label) == f"{match[1]}.0":
                return Claim(label, text.quote(Span(*match.span())))
    for label in labels:
        said = re.escape(str(label).lower())
        found = re.search(
            rf"(?<!\w)[\"']?{said}[\"']?\s(?:=|is|as|counts as|ist|als|est)\s(?:the\s)?positiv",
            text.folded,
        )
        if found:
            return Claim(label, text.quote(Span(*found.span())))
    return None


def _marked(text: Text, span: Span) -> bool:
    """Return whether the words single a class out: "malignant = positive", "spot the bad ones"."""
    before = text.folded[max(0, span.start - 30) : span.start]
    after = text.folded[span.end : span.end + 24]
    wanted = (
        r"\b(spots?|find|catch|detect|recall for|recall of|identify|recognise|recognize|predict"
        r"|erkennen|which|who)\b(?:\s\w+){0,4}\W*$"
    )
    return bool(
        re.search(wanted, before)
        or re.match(r"\W*(?:is\s|as\s|counts as\s)?(?:the\s)?positiv", after)
    )


def _last_wanted(text: Text, named: dict[Scalar, Span]) -> tuple[Scalar, Span]:
    marked = [(label, span) for label, span in named.items() if _marked(text, span)]
    return (marked or list(named.items()))[-1]


def usual_positive(target: Series) -> Claim:
    """Return yes, true or 1 where there is one, else the rarer class."""
    label = positive_label(target)
    usual = str(label).strip().lower() in _USUAL
    why = f"{label} is the usual positive class" if usual else f"{label} is the rarer class"
    return Claim(label, why, sure=usual, origin="your data")

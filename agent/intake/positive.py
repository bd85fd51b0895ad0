"""The class that counts as positive: from the words, else the usual one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.intake.claims import Claim
from agent.intake.columns import names_of_value, spoken
from agent.intake.mentions import alike
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
    if claim := _outright(text, str(target.name), labels):
        return claim
    named = _named(text, labels, busy)
    if alone := {label for label, _ in _not_paired(text, named)}:
        named = [(label, span) for label, span in named if label in alone]
    if not named:
        column = str(target.name)
        return _opposite(text, column, labels, busy) or _negated(text, column, labels)
    marked = [(label, span) for label, span in named if _marked(text, span)]
    label, span = (marked or named)[-1]
    if len({label for label, _ in named}) > 1 and not marked:
        return None
    return Claim(label, text.quote(span))


def _named(text: Text, labels: Sequence[Scalar], busy: Sequence[Span]) -> list[tuple[Scalar, Span]]:
    """Return where classes are called by a name, in order."""
    found = []
    for label in labels:
        for span in text.find([*_names(label, labels), *_defined(text, label)]):
            after = text.folded[span.end : span.end + 16]
            before = text.folded[max(0, span.start - 16) : span.start]
            if _is_code(label) and _DEFINES.search(before):
                continue
            if not any(span.overlaps(b) for b in busy) and not re.match(_OF_MODEL, after):
                found.append((label, span))
    return sorted(found, key=lambda f: f[1])


def _defined(text: Text, label: Scalar) -> list[str]:
    """Return what the text says a class stands for: "0 for women", "1 = died"."""
    if len(str(label)) > 2:
        return []
    shown = re.escape(fold(str(label)))
    said = rf"(?<![\w.,]){shown}\s?(?:{_STANDS_FOR})\s?[\"']?([^\W\d_]{{3,}})"
    defined = [m[1] for m in re.finditer(said, text.folded)]
    return [*defined, *(n for d in defined for n in names_of_value(d))]


def _is_code(label: Scalar) -> bool:
    """Return whether a class is a letter or two, or such a number, that stands for a word."""
    return re.fullmatch(r"\w{1,2}", str(label)) is not None


_STANDS_FOR = (
    r"=|:|means|is|for|stands for|meaning|heisst|bedeutet|steht fur|fur|signifie|pour|significa"
    r"|para|per|voor|betekent|oznacza|dla|betyder|означает|для"
)
_DEFINES = re.compile(rf"(?<![\w.,])\w{{1,2}}\s?(?:{_STANDS_FOR})\s?[\"']?$")


def _not_paired(text: Text, named: Sequence[tuple[Scalar, Span]]) -> list[tuple[Scalar, Span]]:
    """Return the mentions that are no half of "male or female", which is after neither."""
    ands = "|".join(re.escape(fold(p)) for p in text.phrases("and"))
    paired = set()
    for (i, (one, first)), (j, (other, second)) in pairwise(enumerate(named)):
        between = text.folded[first.end : max(first.end, second.start)]
        joined = re.fullmatch(rf"\W*(?:(?:{ands}|vs|versus|from|von|,)\W+)?(?:\w+\W+)?", between)
        if one != other and joined:
            paired |= {i, j}
    return [mention for i, mention in enumerate(named) if i not in paired]


def _names(label: Scalar, labels: Sequence[Scalar]) -> list[str]:
    """Return what a class is called; of f and m also what the letters stand for."""
    letters = {str(v).lower() for v in labels}
    long = {"m": "male", "f": "female"} if letters <= {"m", "f", "w"} else {}
    return names_of_value(long.get(str(label).lower(), label))


_AFTER = (
    r"\b(?:recall|sensitivity|precision|f1|rappel|spot|find|catch|detect|finde)\W(?:\w+\s){0,3}$"
)
"""What makes the word after it the class that is looked for: "recall for the dead"."""


def _opposite(
    text: Text, column: str, labels: Sequence[Scalar], busy: Sequence[Span]
) -> Claim | None:
    """Read "find those who died" of a column called survived: the class is "no"."""
    negative = [v for v in labels if str(v).strip().lower() in ("no", "n", "false", "0", "0.0")]
    for name, *said in words("values")["opposites"]:
        known = any(w.startswith(fold(name)) for w in spoken(column).split())
        if not known or len(negative) != 1:
            continue
        same = words("values")["same"].get(name, ())
        own = any(True for _ in text.find([name, name.removesuffix("d"), "who survive", *same]))
        for span in text.find(said):
            before = text.folded[max(0, span.start - 24) : span.start]
            if any(span.overlaps(b) for b in busy) or _HAS_TO.search(before):
                continue
            if not own or re.search(_AFTER, before):
                return Claim(negative[0], text.quote(span))
    return None


_HAS_TO = re.compile(
    r"\b(?:should|must|shall|ought to|ha[sv]e? to|needs? to|soll\w*|muss|doit|doivent|debe\w*"
    r"|deve\w*|moet\w*)\s(?:not\s|nicht\s)?$"
)
"""What is asked of a number, not said of people: "precision should stay high"."""

_NO = re.compile(
    r"(?:without|no|not|never|won't|don't|doesn't|didn't|dont|doesnt|wont|ohne|kein\w*|nicht|sans|pas"
    r"|sin|senza|non|sem|nao|zonder|geen|niet|bez|nie|utan|inte|без|не)"
)
_WHO = re.compile(
    r"\b(?:who|those|these|people|ones|find|spot|identify|catch|detect|look\w*|after|recall|which"
    r"|wer|die|welche\w*|finde\w*|erkenne\w*|qui|ceux|trouve\w*|quien\w*|quali|chi|quem|wie|kto"
    r"|vem|кто)\b"
)


def _negated(text: Text, column: str, labels: Sequence[Scalar]) -> Claim | None:
    """Read "who won't tip", "those without insurance" of a yes/no column: the class is "no"."""
    negative = [v for v in labels if str(v).strip().lower() in ("no", "n", "false", "0", "0.0")]
    own = [w for w in spoken(column).split() if len(w) >= 3]
    for match in re.finditer(r"[^\W\d_]{3,}", text.folded):
        if len(negative) != 1 or not any(_form(match[0], w) for w in own):
            continue
        start = max(0, match.start() - 48)
        before = text.folded[start : match.start()]
        denied = re.search(rf"(?<![^\W_]){_NO.pattern}(?:\s[^\W_]+)?\s$", before)
        around = before[: denied.start()] if denied else ""
        if denied and (_WHO.search(around) or _SOUGHT.match(text.folded, match.end())):
            span = Span(start + denied.start(), match.end())
            return Claim(negative[0], text.quote(span))
    return None


def _form(said: str, own: str) -> bool:
    """Return whether a word is a form of a word of the column's name: tips of tip."""
    return said.removesuffix("s") == own.removesuffix("s") or alike(said, own)


_POSITIVE = r"(?:positiv\w*|pozytywn\w*|положительн\w*|正例|正类|正類|正クラス|阳性|陽性)"
_GLUE = (
    r"(?:class|classes|label|klasse|klassen|classe|clase|klass|klasa|класс|klassenwert|outcome"
    r"|value|case|cases|one|ones|is|are|being|be|should|counts?|as|the|my|our|a|ist|sind|soll|sein"
    r"|als|die|der|das|est|sont|la|le|les|comme|es|son|el|los|como|e|sono|il|i|come|sao|o|os|is"
    r"|zijn|de|het|jest|to|sa|ar|som|это|とする|として|は|が|是|为|為|it|means)"
)


_VALUED = r"\b(?:value|wert|valeur|valor|valore|waarde|wartosci\w*|vardet?|значени\w+)"


def _outright(text: Text, column: str, labels: Sequence[Scalar]) -> Claim | None:
    """Read "positive class is 0", "no is positive", "la clase positiva es CH", "churn = no"."""
    said: list[tuple[int, Span, Scalar]] = []
    equal: dict[Scalar, Span] = {}
    joined = rf"(?:[\s:=\"'«»“”()-]|{_GLUE}(?![^\W_]))*?"
    for label in labels:
        names = "|".join(re.escape(fold(n)) for n in _spellings(label, labels))
        value = rf"(?<![^\W_])(?:{names})(?:'?s)?(?![^\W_])"
        after = rf"{value}{joined}(?<![^\W_]){_POSITIVE}(?!\s*(?:rate|predictive))"
        for pattern in (rf"{_POSITIVE}{joined}{value}", after):
            for match in re.finditer(pattern, text.folded):
                said.append((match.end() - match.start(), Span(*match.span()), label))
        name = rf"(?<![^\W_]){re.escape(fold(column))}"
        own = rf"{name}(?:\s?={{1,2}}\s?|\sis\s)[\"']?{value}(?!\s(?:or|and)\s)"
        valued = rf"{_VALUED}\s[\"']?{value}"
        if assigned := re.search(own, text.folded) or re.search(valued, text.folded):
            equal[label] = Span(*assigned.span())
    if said:
        _, span, label = min(said, key=lambda f: f[:2])
        return Claim(label, text.quote(span))
    if len(equal) == 1:
        [(label, span)] = equal.items()
        return Claim(label, text.quote(span))
    return None


def _spellings(label: Scalar, labels: Sequence[Scalar]) -> list[str]:
    plain = [str(label)]
    if isinstance(label, float) and label == int(label):
        plain.append(str(int(label)))
    return plain + _names(label, labels)


def _marked(text: Text, span: Span) -> bool:
    """Return whether the words single a class out: "malignant = positive", "spot the bad ones"."""
    before = text.folded[max(0, span.start - 30) : span.start]
    after = text.folded[span.end : span.end + 24]
    wanted = (
        r"\b(spots?|finds?|catch(?:es)?|detects?|recall for|recall of|identify|recognise|recognize"
        r"|predict|erkennen|which|who)\b(?:\s\w+){0,4}\W*$"
    )
    return bool(re.search(wanted, before) or _SOUGHT.match(after))


_SOUGHT = re.compile(
    r"\W*(?:is|are|sind|sont|son|sono)\s(?:the|die|les|las|los)?\s?"
    r"(?:ones?|people|what|who|those|diejenigen)?,?\s?(?:that\s|die\s)?"
    r"(?:i'?m|i am|we'?re|we are|i|we|ich|wir|matter|count|interest)\s?"
    r"(?:after|looking for|want|need|care about|search|suche|suchen|me|us|most)?"
)
"""What single out the class before it: "the women are the ones I'm looking for"."""


def usual_positive(target: Series) -> Claim:
    """Return yes, true or 1 where there is one, else the rarer class."""
    label = positive_label(target)
    usual = str(label).strip().lower() in _USUAL
    why = f"{label} is the usual positive class" if usual else f"{label} is the rarer class"
    return Claim(label, why, sure=usual, origin="your data")

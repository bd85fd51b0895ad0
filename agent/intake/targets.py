"""Which column is to be predicted, where code and the language model have each read one.

What is measured on the descriptions in `tests/data/intake`: a column's own name beside a word that
asks for a prediction is right; the model's column is right more often than a near miss, a part of
a name or a value that code found; a "?" of the model is nearly always right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.intake.claims import Claim, Reading
from agent.intake.code_reader import CodeReader
from agent.intake.columns import means_another, spoken, telling_values
from agent.intake.files import file_spans
from agent.intake.mentions import alike, normal
from agent.intake.text import Text, fold
from agent.intake.vocabulary import stopwords

Usable = Callable[[str], bool]


@dataclass(frozen=True)
class Merged:
    """A field's likelier claim, and the other reader's where the two differ (`rival`).

    `doubtful` where nothing but the model's word speaks for the claim.
    """

    claim: Claim | None
    rival: Claim | None = None
    doubtful: bool = False


def merge_target(code: CodeReader, model: Reading, usable: Usable = lambda column: True) -> Merged:
    """Return the target; `usable` says whether a column can be predicted as the words ask."""
    said, other = code.target.get("data.target"), model.get("data.target")
    if other and not other.quote:
        alone = _alone(code, said)
        return alone if alone.claim else Merged(other, doubtful=True)
    if other and only_jargon(code, other.quote) and not _named(code, other):
        other = None
    if said is None or other is None:
        return _alone(code, said) if other is None else _models(code, other)
    if said.value == other.value:
        return Merged(said)
    if usable(str(said.value)) != usable(str(other.value)):
        return Merged(said) if usable(str(said.value)) else Merged(other)
    if said.sure or _stands_against(code, said, other):
        return Merged(said, None if said.sure else other)
    return _models(code, other, said)


def _named(code: CodeReader, claim: Claim) -> bool:
    """Return whether the claim's column is named in the text, and not as one to leave alone."""
    named = (m for m in code.mentions if m.strength >= 3 and m.role != "not target")
    return any(m.column == claim.value for m in named)


def _alone(code: CodeReader, said: Claim | None) -> Merged:
    """Return a claim that can stand without the model: a column's name, or a role for a part."""
    if said is None:
        return Merged(None)
    told = _strength(code, said) >= 2 or "target" in _roles(code, said)
    return Merged(said if told or _both_values(code, said) else None)


def _models(code: CodeReader, other: Claim, said: Claim | None = None) -> Merged:
    """Return the model's claim, doubtful where no word of the user leads to the column."""
    bare = not _borne_out(code, other)
    if bare and means_another(other.quote, str(other.value)):
        return _alone(code, said)
    return Merged(other, said, doubtful=bare)


def _stands_against(code: CodeReader, said: Claim, other: Claim) -> bool:
    """Return whether code's column outweighs the model's: its own name, or telling words."""
    mine, theirs = _content(code, said.quote), _content(code, other.quote)
    longer = spoken(str(said.value)) in spoken(str(other.value)) and _strength(code, said) >= 3
    if longer and not _shared(theirs - mine, str(other.value)):
        return True  # who writes wage means no lwage
    if mine < theirs:
        return False  # the model read "birth weight" where code read "weight"
    if _values_named(code, said) >= 2 and not _borne_out(code, other):
        return True
    exact = [m for m in code.mentions if m.column == said.value and m.strength >= 2 and m.exact]
    if not exact:
        return False
    strong = max(m.strength for m in exact) >= 3 or "target" in _roles(code, said)
    return strong or len(mine) >= 2 or not _borne_out(code, other)


def _content(code: CodeReader, quote: str) -> set[str]:
    everyday = {w for k in code.text.languages for w in stopwords(k)}
    return {w for w in re.findall(r"[^\W_]+", fold(quote)) if w not in everyday}


def _borne_out(code: CodeReader, claim: Claim) -> bool:
    """Return whether a word of the claim's quote is a form of a word of the column's name."""
    if any(m.column == claim.value and m.strength >= 1 for m in code.mentions):
        return True
    quote = _without_files(claim.quote)  # churn.csv says nothing of a column churn
    joined, own = _joined(quote), _joined(str(claim.value))
    if len(own) >= 4 and own in joined:
        return True  # "lot size" is lotsize
    if len(own) >= 3 and own == _initials(quote):
        return True  # "miles per gallon" is mpg
    return bool(_shared(_content(code, quote), str(claim.value)))


def _without_files(quote: str) -> str:
    parts, end = [], 0
    for span in file_spans(Text(quote)):
        parts.append(quote[end : span.start])
        end = span.end
    return "".join([*parts, quote[end:]])


def _joined(said: str) -> str:
    return re.sub(r"[\W_]", "", fold(said))


def _initials(said: str) -> str:
    return "".join(w[0] for w in re.findall(r"[^\W_]+", fold(said)))


def _shared(said: set[str], column: str) -> set[str]:
    own = spoken(column).split()
    return {w for w in said if any(alike(w, o) for o in own)}


def same_words(code: CodeReader, claim: Claim, columns: Sequence[str]) -> list[str]:
    """Return the columns that the claim's words lead to as well as to its own.

    "the minutes" leads to day_minutes and to night_minutes, "day minutes" does not.
    """
    said = _content(code, claim.quote)
    own = _shared(said, str(claim.value))
    if not own or spoken(str(claim.value)) in (normal(claim.quote), " ".join(sorted(own))):
        return []
    rivals = [c for c in columns if c != claim.value and own <= _shared(said, c)]
    least = _covered(claim.quote, str(claim.value))
    equals = [c for c in rivals if _covered(claim.quote, c) >= least]
    return _not_told_apart(code.text, claim, equals)


def _covered(quote: str, column: str) -> float:
    """Return the share of a column's words that a quote has: all of recurrence, a third of
    time to recurrence."""
    said, own = set(re.findall(r"[^\W_]+", fold(quote))), spoken(column).split()
    return sum(any(alike(w, o) for w in said) for o in own) / max(1, len(own))


def _both_values(code: CodeReader, claim: Claim) -> bool:
    """Return whether values of one column are named, two or a telling one, and no other column."""
    said = {normal(code.text.quote(m.span)) for m in code.mentions}
    telling = said & telling_values(code.values)
    one = {m.column for m in code.mentions} == {claim.value}
    return one and (len(said) >= 2 or bool(telling))


def _values_named(code: CodeReader, claim: Claim) -> int:
    """Return how many values are named that only the claim's column has: "hurricane, typhoon"."""
    return len({normal(code.text.quote(m.span)) for m in code.mentions if m.column == claim.value})


def siblings(text: Text, claim: Claim, columns: Sequence[str]) -> list[str]:
    """Return the columns that the user may mean as well: MPG.highway where MPG.city is read.

    Their names differ from the claim's in one word.
    """
    own = spoken(str(claim.value)).split()
    found = []
    for column in columns:
        other = spoken(column).split()
        same = sum(a == b for a, b in zip(own, other, strict=False))
        if column != claim.value and len(own) == len(other) >= 2 and same == len(own) - 1:
            found.append(column)
    return _not_told_apart(text, claim, found)


def _not_told_apart(text: Text, claim: Claim, others: Sequence[str]) -> list[str]:
    return [o for o in others if not _told_apart(text, claim, o)]


def _told_apart(text: Text, claim: Claim, other: str) -> bool:
    """Return whether the user's words hold what is only in the claim's name: 1997 means Deer97."""
    mine, theirs = _pieces(str(claim.value)), _pieces(other)
    said = re.findall(r"\d+|[^\W\d_]+", text.folded)
    return _any_said(mine - theirs, said) and not _any_said(theirs - mine, said)


def _pieces(column: str) -> set[str]:
    return set(re.findall(r"\d+|[^\W\d_]+", spoken(column)))


def _any_said(pieces: set[str], said: Sequence[str]) -> bool:
    return any(
        w.endswith(p) if p.isdigit() else alike(w, p) for p in pieces for w in said if len(p) > 1
    )


def _strength(code: CodeReader, claim: Claim) -> int:
    return max((m.strength for m in code.mentions if m.column == claim.value), default=0)


def _roles(code: CodeReader, claim: Claim) -> set[str]:
    return {m.role for m in code.mentions if m.column == claim.value}


def only_jargon(code: CodeReader, quote: str) -> bool:
    """Return whether quoted words are nothing but file, model, metric and everyday words."""
    if re.search(r"モデル|模型", quote):
        return True  # words without blanks between them, about the model
    folded, said = code.text.folded, fold(quote).strip()
    start = folded.find(said)
    if start < 0:
        return False
    left = list(said)
    for span in code.spoken_for():
        for i in range(max(span.start, start), min(span.end, start + len(said))):
            left[i - start] = " "
    everyday = {w for k in code.text.languages for w in stopwords(k)}
    everyday |= {w for p in code.text.phrases("predict") for w in fold(p).split()} | _EMPTY
    return all(w in everyday for w in re.findall(r"[^\W\d_]+", "".join(left)))


_EMPTY = {"model", "something", "trials", "data", "file", "table", "optimise", "optimize", "tune"}
_EMPTY |= {"modell", "modele", "modelo", "modello", "optimiere", "useful", "optimiser", "etwas"}

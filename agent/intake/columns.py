"""Which columns a description names, and which of them it wants predicted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.intake.claims import Claim, Reading
from agent.intake.mentions import Alias, Hit, mentions_of, normal
from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import stopwords, words

_UNITS = frozenset(
    {
        "g",
        "kg",
        "mg",
        "cm",
        "mm",
        "m",
        "km",
        "in",
        "ft",
        "lb",
        "lbs",
        "usd",
        "eur",
        "pct",
        "percent",
    }
    | {"years", "yrs", "days", "hours", "mins"}
)


@dataclass(frozen=True)
class ColumnMention:
    """A column named at a place.

    `strength`: 3 for its name, 2 for a near miss or its name without a unit, 1 for one telling
    word of it. `role`: "target", "not target" or "" by the words around it.
    """

    column: str
    span: Span
    strength: int
    role: str = ""


def spoken(column: str) -> str:
    """Return a column's name as people say it: MonthlyIncome → monthly income."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", column)
    return normal(parted.replace(".", " "))


def column_mentions(
    text: Text, columns: Sequence[str], taken: Iterable[Span] = ()
) -> list[ColumnMention]:
    """Return the columns mentioned outside `taken` spans, in order."""
    busy = list(taken)
    found: list[ColumnMention] = []
    kinds = ((3, _names), (2, _shortened), (2, concept_aliases), (1, _parts))
    for strength, aliases in kinds:
        for hit in _hits(text, aliases(columns), busy, least=_LEAST[strength]):
            busy.append(hit.span)
            sure = strength if hit.exact else min(strength, 2)
            found.append(ColumnMention(hit.key[0], hit.span, sure))
    found.sort(key=lambda m: m.span)
    return [_with_role(text, m, found) for m in found]


_LEAST = {3: 5, 2: 7, 1: 7}
"""Letters of a word that may be misspelt, by strength."""


def _hits(text: Text, aliases: Sequence[Alias], busy: list[Span], least: int) -> list[Hit]:
    hits = mentions_of(text, aliases, busy) if aliases else []
    return [h for h in hits if h.exact or h.span.end - h.span.start >= least]


def _names(columns: Sequence[str]) -> list[Alias]:
    """Return each column's own name and its spoken form; one that two columns share goes out."""
    said: dict[str, list[str]] = {}
    for column in columns:
        for name in {normal(column), spoken(column), normal(column.replace("_", ""))}:
            said.setdefault(name, []).append(column)
    return [Alias((c[0], ""), n) for n, c in said.items() if len(set(c)) == 1 and n]


def _shortened(columns: Sequence[str]) -> list[Alias]:
    """Return names without a trailing unit, and plurals: body mass, prices."""
    found: dict[str, list[str]] = {}
    for column in columns:
        tokens = spoken(column).split()
        if len(tokens) > 1 and tokens[-1] in _UNITS:
            found.setdefault(" ".join(tokens[:-1]), []).append(column)
        if len(spoken(column)) >= 4:
            for plural in _plurals(spoken(column)):
                found.setdefault(plural, []).append(column)
    return [Alias((c[0], ""), n) for n, c in found.items() if len(set(c)) == 1]


def _plurals(name: str) -> list[str]:
    stem = re.sub(r"y$", "ie", name)
    singular = re.sub(r"s$", "", name)
    return (
        [f"{stem}s", f"{name}s", f"{name}es", singular]
        if singular != name
        else [f"{stem}s", f"{name}s"]
    )


def _parts(columns: Sequence[str]) -> list[Alias]:
    """Return words that occur in the name of one column only: strength, survived."""
    owners: dict[str, list[str]] = {}
    for column in columns:
        for word in set(spoken(column).split()):
            if len(word) >= 4 and word not in _UNITS and not word.isdigit():
                owners.setdefault(word, []).append(column)
    return [Alias((c[0], ""), w) for w, c in owners.items() if len(c) == 1 and w != spoken(c[0])]


def concept_aliases(columns: Sequence[str]) -> list[Alias]:
    """Return what else a column may be called, in any language: Sale_Price is a "Verkaufspreis"."""
    found: list[Alias] = []
    own = {normal(c) for c in columns} | {spoken(c) for c in columns}
    for said in words("columns")["concepts"].values():
        meant = [c for c in columns if set(spoken(c).split()) & set(map(fold, said))]
        exact = [c for c in meant if spoken(c) in map(fold, said)]
        owner = exact if len(exact) == 1 else meant
        if len(owner) == 1:
            found += [Alias((owner[0], ""), word) for word in said if normal(word) not in own]
    return found


def _with_role(text: Text, mention: ColumnMention, found: Sequence[ColumnMention]) -> ColumnMention:
    if mention.strength == 1 and _part_of_more(text, mention.span):
        return ColumnMention(mention.column, mention.span, 0)
    return ColumnMention(
        mention.column, mention.span, mention.strength, _role(text, mention, found)
    )


def _part_of_more(text: Text, span: Span) -> bool:
    """Return whether a telling word goes on to tell of something else: "credit score"."""
    after = re.compile(r"[\s-]+([^\W\d_]{3,})").match(text.folded, span.end)
    return bool(after) and not any(
        after and after[1] in stopwords(language) for language in text.languages
    )


def _role(text: Text, mention: ColumnMention, found: Sequence[ColumnMention]) -> str:
    """Return what the words around a mention make of it."""
    clause = text.clause(mention.span)
    last_other = max((m.span.end for m in found if m.span.end <= mention.span.start), default=0)
    start = max(clause.start, mention.span.start - 40, last_other)
    before = Text(text.folded[start : mention.span.start])
    target = max((s.end for s in before.find(text.phrases("predict"))), default=-1)
    other = max((s.end for s in before.find(text.phrases("not_target"))), default=-1)
    after = text.folded[mention.span.end : min(clause.end, mention.span.end + 24)]
    if other > target and len(before.folded[other:].split()) <= 3:
        return "not target"
    if target >= 0 and len(re.findall(r"[^\W\d_]+", before.folded[target:])) <= 5:
        return "target"
    noun = r"(?:(?:column|spalte|colonne|columna|coluna|kolom|kolumna|列|の列)\s+)?"
    glue = rf"[\s\"')(=]*{noun}[\s\"')(]*"
    said = "|".join(re.escape(fold(p)) for p in sorted(text.phrases("target_after"), key=len)[::-1])
    return "target" if re.match(rf"{glue}(?:{said})(?![^\W_])", after) else ""


def read_target(text: Text, columns: Sequence[str], taken: Iterable[Span] = ()) -> Reading:
    """Claim `data.target`: sure where a column is named and nothing else could be meant."""
    reading = Reading()
    mentions = [m for m in column_mentions(text, columns, taken) if m.role != "not target"]
    for strength, role, sure in (
        (3, "target", True),
        (2, "target", True),
        (3, "", False),
        (1, "target", False),
        (2, "", False),
        (1, "", False),
    ):
        fitting = [m for m in mentions if m.strength == strength and (m.role == role)]
        names = list(dict.fromkeys(m.column for m in fitting))
        if not names:
            continue
        alone = len(names) == 1
        claim = Claim(names[0], text.quote(fitting[0].span), sure=sure and alone)
        if alone or role == "target":
            reading.add("data.target", claim)
        reading.notes += names
        break
    return reading


def named_target(text: Text, columns: Sequence[str]) -> Reading:
    """Note a target that the user names outright and that does not exist."""
    reading = Reading()
    for pattern in _OUTRIGHT:
        for match in pattern.finditer(text.folded):
            said = text.raw[match.start(1) : match.end(1)]
            if normal(said) not in {n for c in columns for n in (normal(c), spoken(c))}:
                reading.add("data.target", Claim(said, text.quote(Span(*match.span()))))
                return reading
    return reading


_NAME = r"[\"'«„“”]?([a-z][\w.]*(?:_[\w.]+)*)[\"'»“”]?"
_OUTRIGHT = (
    re.compile(
        rf"\b(?:target|zielspalte|zielvariable|label)\s*(?:column|variable)?\s*(?:is|ist|=|:|called|named)\s*(?:the\s|column\s)*{_NAME}"
    ),
    re.compile(
        r"\b(?:column|spalte|colonne|columna|coluna|colonna|kolom)\s+(?:called\s|named\s)?"
        r"[\"'«„“]([\w. -]+)[\"'»“”]"
    ),
    re.compile(r"\bpredict(?:ing)?\s+(?:the\s+)?(?:column\s+)?([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b"),
)

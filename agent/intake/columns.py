"""Which columns a description names, and which of them it wants predicted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.intake.claims import Claim, Reading
from agent.intake.corrections import taken_back
from agent.intake.mentions import Alias, Hit, mentions_of, normal
from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import stopwords, words
from evals.columns import hashable

if TYPE_CHECKING:
    from pandas import DataFrame

_WEIGHTS_AND_LENGTHS = ("g", "kg", "mg", "cm", "mm", "m", "km", "in", "ft", "lb", "lbs")
_MONEY_SHARES_AND_TIMES = ("usd", "eur", "pct", "percent", "years", "yrs", "days", "hours", "mins")
_UNITS = frozenset((*_WEIGHTS_AND_LENGTHS, *_MONEY_SHARES_AND_TIMES))


@dataclass(frozen=True)
class ColumnMention:
    """A column named at a place.

    `strength`: 3 for its name, 2 for a near miss or its name without a unit, 1 for one telling
    word of it. `role`: "target", "not target" or "" by the words around it. `exact`: spelt without
    a slip.
    """

    column: str
    span: Span
    strength: int
    role: str = ""
    exact: bool = True


def spoken(column: str) -> str:
    """Return a column's name as people say it: MonthlyIncome → monthly income."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", column)
    return normal(parted.replace(".", " "))


def column_mentions(
    text: Text,
    columns: Sequence[str],
    taken: Iterable[Span] = (),
    values: Sequence[Alias] = (),
) -> list[ColumnMention]:
    """Return the columns mentioned outside `taken` spans, in order.

    `values` are names of values that only one column has ("malignant").
    """
    busy = list(taken)
    found: list[ColumnMention] = []
    kinds = (
        *((3, _names(columns)), (2, _shortened(columns)), (2, concept_aliases(columns))),
        *((1, [*values]), (1, _parts(columns))),
    )
    for strength, aliases in kinds:
        for hit in _hits(text, aliases, busy, least=_LEAST[strength]):
            busy.append(hit.span)
            sure = strength if hit.exact else min(strength, 2)
            found.append(ColumnMention(hit.key[0], hit.span, sure, exact=hit.exact))
    found += _by_place(text, columns)
    found += [m for m in _by_initials(text, columns) if not any(m.span.overlaps(b) for b in busy)]
    found.sort(key=lambda m: m.span)
    telling = telling_values(values)
    named = [_with_role(text, m, found, telling) for m in found]
    return _listed(text, _spelled_out(text, _corrected(text, named)))


def _by_place(text: Text, columns: Sequence[str]) -> Iterator[ColumnMention]:
    """Yield what is named by where it stands: "the last column"."""
    for key, column in (("last_column", columns[-1]), ("first_column", columns[0])):
        for span in text.find(words("wishes")[key]):
            yield ColumnMention(column, span, 2)


LEAST_INITIALS = 3
"""Letters that make an abbreviation: lbm is "lean body mass", but nothing follows from two."""


def _by_initials(text: Text, columns: Sequence[str]) -> Iterator[ColumnMention]:
    """Yield columns whose names are the initials of words that follow each other."""
    short = {fold(c): c for c in columns if LEAST_INITIALS <= len(c) <= 5 and c.isalpha()}
    tokens = list(re.finditer(r"[^\W\d_]+", text.folded))
    for name, column in short.items():
        for i in range(len(tokens) - len(name) + 1):
            run = tokens[i : i + len(name)]
            span = Span(run[0].start(), run[-1].end())
            apart = re.search(r"[.,;:!?\n]", text.folded[span.start : span.end])
            if "".join(t[0][0] for t in run) == name and not apart and _telling(text, run):
                yield ColumnMention(column, span, 2)


def _telling(text: Text, run: Sequence[re.Match[str]]) -> bool:
    """Return whether all words but a middle one say something: "miles per gallon"."""
    everyday = {w for k in text.languages for w in stopwords(k)}
    ends = (run[0][0], run[-1][0])
    return all(len(w) >= 3 and w not in everyday for w in ends) and all(len(t[0]) >= 3 for t in run)


def _corrected(text: Text, found: Sequence[ColumnMention]) -> list[ColumnMention]:
    """Let a column take the place of the one it corrects: "age, no sorry, I meant income"."""
    said = list(found)
    for i, out in enumerate(taken_back(text, [m.span for m in found])):
        if out:
            said[i + 1] = replace(said[i + 1], role=said[i].role or "target")
            said[i] = replace(said[i], role="not target")
    return said


def telling_values(values: Sequence[Alias]) -> set[str]:
    """Return names of values that are long enough to tell on their own: malignant, not good."""
    return {normal(a.name) for a in values if len(a.name) >= 7}


def _listed(text: Text, found: list[ColumnMention]) -> list[ColumnMention]:
    """Carry "not target" along a list: "from age and sex"."""
    ands = "|".join(re.escape(fold(p)) for p in text.phrases("and"))
    for i in range(1, len(found)):
        last, mention = found[i - 1], found[i]
        between = text.folded[last.span.end : mention.span.start]
        if last.role == "not target" and re.fullmatch(rf"\s*(?:,|&|{ands})\s*", between):
            found[i] = replace(mention, role="not target")
    return found


def _spelled_out(text: Text, found: list[ColumnMention]) -> list[ColumnMention]:
    """Let a column's own name in brackets take the place of the words that it explains."""
    kept: list[ColumnMention] = []
    for mention in found:
        last = kept[-1] if kept else None
        between = text.folded[last.span.end : mention.span.start] if last else ""
        closed = last and last.role == "target" and text.folded[mention.span.end :].startswith(")")
        stronger = last and (mention.strength > last.strength or closed)
        if last and mention.strength == 3 and stronger and _EXPLAINS.fullmatch(between):
            span = Span(last.span.start, mention.span.end)
            kept[-1] = replace(mention, span=span, role=last.role or mention.role)
        else:
            kept.append(mention)
    return kept


_EXPLAINS = re.compile(
    r"\s?(?:[(\[]|=|:|i\.?e\.?,?|namely|,?\scalled)\s?(?:the\s|die\s|la\s)?"
    r"(?:(?:column|spalte|colonne|columna|coluna|colonna|kolom|kolumna|kolumn|列)\s?)?[\"'=:]?\s?"
)


MOST_VALUES = 8
"""Values of a column that may stand for it; more are not worth knowing by name."""
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
            short = " ".join(tokens[:-1])
            found.setdefault(short, []).extend(c for c in columns if spoken(c).startswith(short))
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


def means_another(quote: str, column: str) -> bool:
    """Return whether quoted words are about something that `column` is not: age, and not price."""
    said, own = Text(quote), set(spoken(column).split())
    concepts = words("columns")["concepts"].values()
    about = [
        {w for name in names for w in normal(name).split()}
        for names in concepts
        if any(True for _ in said.find(names))
    ]
    known = any(own & set(map(fold, names)) for names in concepts)
    if own & _NAMELESS or not known:
        return False
    return bool(about) and not any(own & concept for concept in about)


_NAMELESS = {"type", "class", "status", "label", "target", "outcome", "result", "y", "group"}
"""Names that do not tell what a column is about: any word may mean such a column."""


def value_aliases(frame: DataFrame) -> list[Alias]:
    """Return what the values of columns with few of them are called, where one column has them."""
    owners: dict[str, set[str]] = {}
    for i, column in enumerate(map(str, frame.columns)):
        series = frame.iloc[:, i]
        if series.dtype.kind in "fiub" or not hashable(series) or series.nunique() > MOST_VALUES:
            continue
        for value in series.dropna().unique():
            for name in names_of_value(value):
                owners.setdefault(name, set()).add(column)
    return [Alias((min(c), ""), n) for n, c in owners.items() if len(c) == 1 and len(n) >= 2]


def names_of_value(value: object) -> list[str]:
    """Return what a class may be called, in any language; yes and no are no names."""
    word = str(value).strip().replace("_", " ")
    if len(word) < 3 or word.lower() in ("yes", "no", "true", "false"):
        return []
    alike = [v for v in words("values")["values"] if fold(word) in map(fold, v)]
    return [word, *(w for line in alike for w in line)]


def _with_role(
    text: Text, mention: ColumnMention, found: Sequence[ColumnMention], telling: set[str]
) -> ColumnMention:
    """Return the mention with its role; `telling` are values that tell on their own."""
    said = normal(text.folded[mention.span.start : mention.span.end])
    if mention.strength == 1 and said not in telling and _part_of_more(text, mention.span):
        return replace(mention, strength=0)
    role = _role(text, mention, found)
    if role != "target" and _COUNTED.search(text.folded[: mention.span.start][-12:]):
        return replace(mention, role="not target")
    if not role and said in words("wishes")["everyday"]:
        return replace(mention, strength=min(mention.strength, 1))
    return replace(mention, role=role)


_COUNTED = re.compile(r"(?<![\w.])\d[\d.,]*\s(?:[a-z]{1,3}\s(?:of\s)?)?$")
"""What makes of the word after it something counted: "has 3 bedrooms"."""


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
    if 0 <= other < target and _DENIED.search(before.folded[:target]):
        return "not target"
    if target >= 0 and len(re.findall(r"[^\W\d_]+", before.folded[target:])) <= 5:
        return "target"
    if _GIVEN_VALUE.match(after) and not _FILTER.search(before.folded):
        return "target"
    if _called_column(text, mention):
        return "target"
    noun = r"(?:(?:column|spalte|colonne|columna|coluna|kolom|kolumna|列|の列)\s+)?"
    glue = rf"[\s\"')(=]*{noun}[\s\"')(]*"
    said = "|".join(re.escape(fold(p)) for p in sorted(text.phrases("target_after"), key=len)[::-1])
    return "target" if re.match(rf"{glue}(?:{said})(?![^\W_])", after) else ""


_GIVEN_VALUE = re.compile(r"\s?==?\s?[\"']?(?:yes|no|true|false|[01yn])\b(?![.\d])")
"""What tells which class of a column is wanted: "women who do not work (participation = no)"."""
_FILTER = re.compile(
    r"\b(?:where|only rows|rows with|filter\w*|if|wo|nur zeilen|ou|donde|dove)\W*$"
)
_DENIED = re.compile(
    r"\b(?:not|nicht|pas|non|niet|nie|inte)(?:\s(?:the|an?|our|die|der|das|den|la|le|el|il|de))?\s\w+$"
)
"""What makes of the words after it no target: "not the estimate estperf"."""


def _called_column(text: Text, mention: ColumnMention) -> bool:
    """Return whether the words call it a column: "the pulse after exercise, column active"."""
    return bool(_COLUMN.search(text.folded[max(0, mention.span.start - 14) : mention.span.start]))


_COLUMN = re.compile(
    r"(?:column|spalte|colonne|columna|coluna|colonna|kolom|kolumn[aęe]?|столбец|колонка|列)"
    r"[\s:\"'(=]*$"
)


def read_target(
    text: Text,
    columns: Sequence[str],
    taken: Iterable[Span] = (),
    values: Sequence[Alias] = (),
) -> Reading:
    """Claim `data.target`: sure where a column is named and nothing else could be meant."""
    reading = Reading()
    found = column_mentions(text, columns, taken, values)
    mentions = [m for m in found if m.role != "not target" and not _of_rows(text, m)]
    for strength, role, sure in _ORDER:
        fitting = [m for m in mentions if m.strength == strength and m.role == role]
        names = list(dict.fromkeys(m.column for m in fitting))
        if not names:
            continue
        best = max(fitting, key=lambda m: m.span.end - m.span.start)
        alone = len(names) == 1
        telling = alone or role == "target" or strength == 2
        first = next((m for m in fitting if _called_column(text, m)), fitting[0])
        chosen = first if alone or role == "target" else best
        if strength == 3 and (second := _second_target(text, chosen, mentions)):
            said = f"{chosen.column} {text.raw[chosen.span.end : second.span.start].strip()}"
            reading.contradict(
                "data.target", f"One column can be predicted, not “{said} {second.column}”."
            )
        if telling:
            claim = Claim(chosen.column, text.quote(chosen.span), sure=sure and alone)
            reading.add("data.target", claim)
        break
    return reading


def _of_rows(text: Text, mention: ColumnMention) -> bool:
    """Return whether "customers" is said of the rows, not of the column customer_id."""
    said = text.folded[mention.span.start : mention.span.end]
    return spoken(mention.column).split()[-1:] == ["id"] and not re.search(r"ids?$", said)


def _second_target(
    text: Text, first: ColumnMention, mentions: Sequence[ColumnMention]
) -> ColumnMention | None:
    """Return the column that is named as outright and joined to the target: "price or age"."""
    ands = "|".join(re.escape(fold(p)) for p in text.phrases("and"))
    for other in mentions:
        between = text.folded[first.span.end : max(first.span.end, other.span.start)]
        joined = other.span.start > first.span.end and re.fullmatch(rf"\s+(?:{ands})\s+", between)
        if first.role == "target" and joined and other.strength == 3:
            return other if other.column != first.column else None
    return None


_ORDER = (
    *((3, "target", True), (2, "target", True), (3, "", False)),
    *((1, "target", False), (2, "", False), (1, "", False)),
)
"""Which mention is the target, likeliest first: its strength, its role, whether that is sure."""

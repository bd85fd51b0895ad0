"""Settings that are fixed and bounds that are wished for: "at most 500 trees", "RBF kernel"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from agent.intake.mentions import normal
from agent.intake.numbers import Number, numbers_in
from agent.intake.options import read_options
from agent.intake.text import Span, Text, fold, pattern
from agent.intake.vocabulary import words
from evals.parameters import Scalar


@dataclass(frozen=True)
class Wish:
    """A bound or a fixed value of one setting: `sign` is "<=", ">=" or "="."""

    setting: str
    sign: str
    value: Scalar
    span: Span

    def name(self, models: Sequence[str]) -> str:
        """Return the setting's name in the first of `models` that has it."""
        entry = words("settings").get(self.setting)
        if entry is None:
            return self.setting
        owner = next((m for m in models if m in entry["families"]), "")
        return str(entry["own"].get(owner, entry["own"]["default"]))


@dataclass
class Wishes:
    """All that the user fixed or bounded, and the spans that say so."""

    wishes: list[Wish] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        """Where they stand."""
        return [w.span for w in self.wishes]

    def fixed(self, models: Sequence[str]) -> dict[str, Scalar]:
        """Return the settings that are not tuned, by the estimators' own names."""
        return {w.name(models): w.value for w in self.wishes if w.sign == "="}

    def constraints(self, models: Sequence[str]) -> list[str]:
        """Return the bounds as expressions, by the estimators' own names."""
        bounds = [w for w in self.wishes if w.sign != "="]
        return list(dict.fromkeys(f"{w.name(models)} {w.sign} {w.value}" for w in bounds))


_KERNEL = re.compile(
    r"\b(rbf|linear|poly|polynomial|sigmoid|gaussian|gauss)[\s-]?(?:kernel|kern|noyau)\b"
    r"|\b(?:kernel|noyau)[\s:=]+(?:(?:is|stays?|fixed|fica|no|at|to|bleibt|fest|auf|reste|en|resta)\s)"
    r"{0,3}(rbf|linear|poly|polynomial|sigmoid|gaussian)\b"
    r"|\b(linear|linjar|linea[ir]\w*|liniow\w+)[\s-]?(?:karna|kern|kernel|nucleo|jadro)\b"
    r"|(?:jadro\s)(liniowe)\b|(линейн)\w+\sядр\w+|(线性)核|(線形)カーネル"
    r"|\b(?:kernel|nucleo|noyau)\s+(rbf|lineal|lineare|lineaire|linear|polinomico|gaussiano)\b"
    r"|\b(rbf|linear|poly|polynomial|sigmoid|gaussian)\w{0,2}[\s-](?=(?:svms?|svc|svr)\b|support[\s-]vec)"
)
_KERNELS = {"polynomial": "poly", "gaussian": "rbf", "gauss": "rbf", "gaussiano": "rbf"}
_KERNELS |= {"linjar": "linear", "liniowe": "linear", "линейн": "linear", "线性": "linear"}
_KERNELS |= {"線形": "linear", "lineaire": "linear", "linearer": "linear"}
_KERNELS |= {"lineal": "linear", "lineare": "linear", "lineaire": "linear", "polinomico": "poly"}
_ASSIGNED = re.compile(
    r"(?<![\w.])([a-z][a-z0-9]*(?:_[a-z0-9]+)+|bootstrap|kernel|criterion|solver|penalty|booster|weights)\s?=\s?['\"]?([\w.+-]+)['\"]?"
)


def read_settings(
    text: Text, taken: Iterable[Span] = (), names: Mapping[str, str] | None = None
) -> Wishes:
    """Return what the text fixes or bounds, outside `taken` spans.

    `names` are further settings, by what they may be called.
    """
    busy = list(taken)
    known = _settings() | {normal(n): s for n, s in (names or {}).items()}
    found = [*_class_weights(text), *_kernels(text), *_assigned(text)]
    found += _leaf_samples(text)
    found += [w for w in _options(text) if w.name(()) not in {f.name(()) for f in found}]
    busy += [w.span for w in found]
    numbers = [n for n in numbers_in(text) if not n.article]
    for number in (n for n in numbers if not any(n.span.overlaps(b) for b in busy)):
        if any(number.span.overlaps(w.span) for w in found):
            continue
        found += _around(text, number, numbers, [w.span for w in found], known)
    return Wishes(found)


def _class_weights(text: Text) -> Iterator[Wish]:
    for span in text.find(words("wishes")["class_weighted"]):
        yield Wish("class_weight", "=", "balanced", span)
        return


def _kernels(text: Text) -> Iterator[Wish]:
    for match in _KERNEL.finditer(text.folded):
        said = next(g for g in match.groups() if g)
        before = text.folded[max(0, match.start() - 12) : match.start()]
        if not re.search(r"\b(no|not|without|kein\w*|ohne|sans|sin)\W+(?:an?\s)?$", before):
            yield Wish("kernel", "=", _KERNELS.get(said, said), Span(*match.span()))
            return


_LEAF = re.compile(
    r"\b(?:leaf|leaves|blatt|blattern|feuille|hoja|foglia|folha|blad|lisc\w*)\b[^.;,\d]{0,24}?"
    r"(?:at least|minimum|min\.?|no fewer than|not fewer than|mindestens|au moins|al menos|almeno"
    r"|pelo menos|minstens|co najmniej|minst)\s(?:of\s)?(\d+)\s(?:samples?|rows?|observa\w*"
    r"|obserwac\w*|examples?|cases?|beobachtung\w*|zeilen|lignes|filas|righe|linhas|rijen)"
    r"|\b(?:at least|no fewer than|minimum of|mindestens)\s(\d+)\s[a-z]+\s"
    r"(?:in|per|at|pro|je)\s(?:each |every |a |the |any )?(?:leaf|blatt)\b"
)


def _leaf_samples(text: Text) -> Iterator[Wish]:
    """Read "every leaf with at least 5 samples"."""
    for match in _LEAF.finditer(text.folded):
        yield Wish("leaf_size", ">=", int(match[1] or match[2]), Span(*match.span()))


def _options(text: Text) -> Iterator[Wish]:
    for setting, value, span in read_options(text):
        yield Wish(setting, "=", _scalar(value), span)


def _assigned(text: Text) -> Iterator[Wish]:
    """Read `name=value` as it would stand in code."""
    known = {n for e in words("settings").values() for n in map(normal, e["names"])}
    for match in _ASSIGNED.finditer(text.folded):
        if normal(match[1]) not in known and match[1] not in _NO_SETTING:
            raw = text.raw[match.start(2) : match.end(2)]
            yield Wish(match[1], "=", _scalar(raw), Span(*match.span()))


_NO_SETTING = {
    "n_trials",
    "n_folds",
    "n_splits",
    "random_state",
    "max_trials",
    "n_iter",
    "test_size",
    "trial_timeout",
    "trial_time_limit",
    "time_limit",
    "time_budget",
    "max_time",
}


def _scalar(said: str) -> Scalar:
    if said.lower() in ("true", "false"):
        return said.lower() == "true"
    if said.lower() == "none":
        return None
    try:
        value = float(said)
    except ValueError:
        return said
    return int(value) if value == int(value) and "." not in said else value


@cache
def _settings() -> dict[str, str]:
    content: dict[str, Any] = words("settings")
    return {normal(n): s for s, entry in content.items() for n in entry["names"]}


def _around(
    text: Text,
    number: Number,
    numbers: Sequence[Number],
    busy: Sequence[Span],
    known: Mapping[str, str],
) -> list[Wish]:
    """Return what `number` says of the setting named right after or before it."""
    names = pattern(tuple(known))
    clause = text.clause(number.span)
    window = Span(max(clause.start, number.span.start - 48), number.span.start)
    before = [m for m in names.finditer(text.folded, window.start, window.end) if _whole(text, m)]
    if before and _adjoins(text, before[-1], number, busy):
        return _after_name(text, before[-1], number, numbers, known)
    after = re.compile(r"[\s-]*(?:" + names.pattern + r")").match(text.folded, number.span.end)
    if after and _whole(text, after) and not _OF_ELSE.match(text.folded, after.end()):
        setting = known[normal(re.sub(r"^[\s-]+", "", after[0]))]
        span = Span(number.span.start, after.end())
        if other := _other_end(text, number, numbers):
            low, high = sorted((_number(other), _number(number)))
            span = Span(other.span.start, after.end())
            return [Wish(setting, ">=", low, span), Wish(setting, "<=", high, span)]
        lead = Span(max(clause.start, number.span.start - 32), number.span.start)
        sign = _sign(text, lead, after.end())
        if fold(after[0]).strip() == "levels" and not sign:
            return []  # of an outcome, as likely as not
        if setting == "iterations" and not sign and not _exactly(text, lead):
            return []  # iterations of the search, as likely as not
        wish = Wish(setting, sign or "=", _number(number), span)
        return [wish, *_other_bound(text, setting, sign, span)]
    return _after_name(text, before[-1], number, numbers, known) if before else []


def _adjoins(text: Text, name: re.Match[str], number: Number, busy: Sequence[Span]) -> bool:
    """Return whether a free name stands right before: the 12 of "depth 12 min samples leaf 3"."""
    between = text.folded[name.end() : number.span.start]
    taken = any(Span(*name.span()).overlaps(b) for b in busy)
    numbered = re.search(r"\d\s?$", text.folded[max(0, name.start() - 3) : name.start()])
    return not taken and not numbered and bool(re.fullmatch(r"\s?[<>≤≥]?[:=]?\s?", between))


def _exactly(text: Text, lead: Span) -> bool:
    said = text.folded[lead.start : lead.end]
    return bool(re.search(r"\b(?:exactly|fix\w*|always|genau|exactement|exactamente)\W*$", said))


_OF_ELSE = re.compile(
    r"\s(?:of|in|on)\s(?!each|every|the tree|a tree|per\b|\S+\.[a-z])(?:the\s|our\s|a\s)?[a-z]{4,}"
    r"(?!\S*\.[a-z])"
)
"""What makes a setting's name mean something else: "3 levels of management"."""


def _other_end(text: Text, number: Number, numbers: Sequence[Number]) -> Number | None:
    """Return the number that opens a range: 100 in "between 100 and 400 trees"."""
    for other in numbers:
        between = text.folded[other.span.end : number.span.start]
        opened = text.folded[max(0, other.span.start - 12) : other.span.start]
        ranged = re.search(
            r"(?:between|from|zwischen|entre|tra|tussen|von|de|od|miedzy)\s$", opened
        )
        bounds = (*text.phrases("at_most"), *text.phrases("at_least"))
        capped = re.fullmatch(
            rf"\s(?:and|und|et|y|e|en|i|но|и|och|but)\s(?:{_any(bounds)})\s", between
        )
        if capped and any(True for _ in Text(opened).find(text.phrases("at_least"))):
            return other
        if re.fullmatch(r"\s?(?:-|to|bis)\s?", between) or (
            ranged and re.fullmatch(r"\s(?:and|und|et|y|e|en|i|to|bis|a|à)\s", between)
        ):
            return other
    return None


def _any(phrases: Sequence[str]) -> str:
    return "|".join(re.escape(fold(p)) for p in sorted(phrases, key=len, reverse=True))


def _after_name(
    text: Text,
    name: re.Match[str],
    number: Number,
    numbers: Sequence[Number],
    known: Mapping[str, str],
) -> list[Wish]:
    setting = known[normal(name[0])]
    between = text.folded[name.end() : number.span.start]
    if setting == "c" and text.raw[name.start() : name.end()] != "C":
        return []
    pair = re.fullmatch(_BETWEEN, between)
    other = next((n for n in numbers if _ranges(text, number, n)), None)
    span = Span(name.start(), number.span.end)
    if pair and other and not _listed_only(text, between, number, other):
        low, high = sorted((number.value, other.value))
        span = Span(name.start(), other.span.end)
        return [Wish(setting, ">=", _short(low), span), Wish(setting, "<=", _short(high), span)]
    if re.search(r"[,;]", between) or not re.fullmatch(_glue(text), between):
        return []
    start = max(text.clause(span).start, name.start() - 32)
    sign = _sign(text, Span(start, number.span.start), number.span.end)
    lead = Span(start, name.start())
    if not _sign(text, lead, number.span.end) and _pinned(text, between, number):
        sign = ""
    elif not sign and _MAXIMAL.search(fold(name[0])):
        sign = "<="
    wish = Wish(setting, sign or "=", _number(number), span)
    return [wish, *_other_bound(text, setting, sign, span)]


def _pinned(text: Text, between: str, number: Number) -> bool:
    """Return whether a setting has just this value: "max depth fixed at 4", "max_depth=4"."""
    said = re.fullmatch(r"\s?=\s?", between) or re.search(_PINNED, between)
    return bool(said or _PINNED_AFTER.match(text.folded, number.span.end))


def _other_bound(text: Text, setting: str, sign: str, span: Span) -> Iterator[Wish]:
    """Yield the other end of "at least 0.1 and at most 100", in either order."""
    key, other = ("at_most", "<=") if sign == ">=" else ("at_least", ">=")
    joined = (
        rf"\s(?:and|but|und|et|y|e|en|i|и|och|,)\s?(?:{_any(text.phrases(key))})"
        r"\s(\d+(?:[.,]\d+)?)(?!\s?[\w%]|[.,]\d)"
    )
    found = re.compile(joined).match(text.folded, span.end) if sign else None
    if found:
        value = float(found[1].replace(",", "."))
        yield Wish(setting, other, _short(value), Span(span.end, found.end()))


_MAXIMAL = re.compile(
    r"\b(?:max\w*|mass?im\w*|maks\w*|hochst\w*|максимальн\w*|azami)\b|最大|en fazla"
)
"""What makes a bound of a setting's name: "max depth 5", "profondità massima 5"."""


def _listed_only(text: Text, between: str, low: Number, high: Number) -> bool:
    """Return whether a comma outside brackets parts two numbers: "max depth 12, 20 trials"."""
    gap = text.folded[low.span.end : high.span.start]
    return "," in gap and not re.search(r"[\[({]", between)


def _ranges(text: Text, low: Number, high: Number) -> bool:
    between = text.folded[low.span.end : max(low.span.end, high.span.start)]
    return low.span.end < high.span.start and bool(_RANGE.fullmatch(between))


_RANGE = re.compile(
    r"\s?(?:到|至|から|[~〜–]|-|\.{2,3}|,|to|bis|and|und|et|y|e|en|i|a|à|do|och|og|и|до|~)\s?"
)
_BETWEEN = (
    r"\s*(?:is\s|of\s|in\s|from\s|search(?:ed)?\s|(?:may |can |should )?(?:range|vary|go)s?\s)?\s*"
    r"(?:between|anywhere from|from|от|od|zwischen|entre|tra|fra|tussen|miedzy|mellan|\[|in|range"
    r"|von)?\s*\[?\s*"
)


def _glue(text: Text) -> str:
    """Return what may stand between a setting and its number: signs, comparisons, "of", "is"."""
    keys = ("at_most", "at_least", "exactly", "upward", "downward", "negators")
    phrases = {fold(p) for k in keys for p in text.phrases(k)} | {
        "should be",
        "must be",
        "go",
        "goes",
    }
    listed = "|".join(re.escape(p) for p in sorted(phrases, key=len, reverse=True))
    return rf"(?:[\s:=(<>≤≥-]|{listed}|von|di|de|del|van|be|than|als|as|al|a|au|should|must)*"


_LESS = (
    r"\s*(or (fewer|less|below|lower|under)|at (the )?most|max\b|maximum|tops|oder weniger|ou moins"
    r"|o menos|o meno|of minder|lub mniej|au maximum|au plus|maxi\b|como (mucho|maximo)|al massimo"
    r"|no maximo|(hochstens|maximal)(?!\w*\s\d)|hooguit|hoogstens|maksymalnie|som mest|hogst"
    r"|максимум|не более|以下|以内|まで)"
)
_MORE = (
    r"\s*(or (more|above)|at least|minimum|oder mehr|ou plus|o mas|o piu|au moins|como minimo|以上)"
)


def _sign(text: Text, before: Span, end: int) -> str:
    """Return "<=", ">=" or "" from the words before a number and right after it."""
    said = text.folded[before.start : before.end]
    said = re.split(r"[,;、](?:\s|(?=[^\x00-\x7f]))|\d\s", said)[-1]
    tail = text.folded[end : end + 16]
    if re.search(_PINNED, said) or _PINNED_AFTER.match(tail):
        return ""
    if re.match(_LESS, tail):
        return "<="
    if re.match(_MORE, tail):
        return ">="
    piece = Text(said)
    last = _last(piece, text.phrases("at_least"))
    upward = _last(piece, text.phrases("upward"))
    plain = set(text.phrases("at_most")) - set(text.phrases("upward"))
    downward = _last(piece, tuple(plain))
    if last >= 0 and last >= downward and not re.search(r"\b(not?|nicht)\s+$", said[:last]):
        return ">="
    if upward >= 0 and upward >= downward:
        negated = _last(piece, text.phrases("negators")) >= 0 or downward >= 0
        return "<=" if negated else ">="
    return "<=" if downward >= 0 else ""


_PINNED = r"\b(?:fixed|pinned|frozen|locked|fest auf|fixiert|fixee?s?|fijad[oa]|fissat[oa])\b"


_PINNED_AFTER = re.compile(r"\s?(?:に?固定|\(?(?:fixed|fest|fixe|fijo|fisso|fixo|vast|fast)\b)")


def _last(piece: Text, phrases: tuple[str, ...]) -> int:
    return max((s.start for s in piece.find(phrases)), default=-1)


def _whole(text: Text, match: re.Match[str]) -> bool:
    end = match.end()
    return end >= len(text.folded) or not re.match(r"[a-z_]", text.folded[end])


def _number(number: Number) -> int | float:
    return _short(number.value)


def _short(value: float) -> int | float:
    return int(value) if value == int(value) else value

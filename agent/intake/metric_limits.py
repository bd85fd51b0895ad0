"""What a metric has to reach: "recall of at least 0.8", "precision above 70 %", "RMSE < 5"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from agent.intake.text import Span, Text, fold
from agent.intake.thresholds import Threshold
from agent.intake.vocabulary import words
from evals.metrics import METRICS, RATES

_SIGNS = {">=": (">=", "=>", ">", "≥"), "<=": ("<=", "=<", "<", "≤")}
_LINKS = (
    r"(?:both|each|all|beide[rn]?|jeweils|chacun|ambos|entrambi|is|are|be|being|to|must|should|has|have|needs?|stay\w*|remain\w*|kept|still|also|always|of"
    r"|at|a|an|the|score|value|ist|sei|sein|soll\w*|muss|bleib\w*|von|bei|einem?r?|est|soit|doit"
    r"|etre|rest\w*|de|d'|d’|un|une|es|sea|debe|ser|qued\w*|sia|deve|essere|di|blijft|van|moet|zijn)"
)
_LINKED = rf"(?:\W{{0,2}}{_LINKS}\b){{0,4}}"
_NUMBER = (
    r"(?P<number>\d{1,3}(?:[,'’ ]\d{3})+(?![\d.,])|\d*[.,]?\d+(?:e[+-]?\d+)?)"
    r"(?P<percent>\s?(?:%|percent\b|prozent\b|pour cent\b))?"
    r"(?P<many>\s?(?:k|thousand|million|mio)\b)?"
)
_MANY = {"k": 1e3, "t": 1e3, "m": 1e6}
_ALSO = ("en", "de", "fr", "es", "it")
"""A short wish seldom shows which language it is in."""
_KEYS = ("at_least", "at_most", "upward", "downward")
_VERBS = ("fall", "drop", "go", "get", "be")
_NEVER = [f"{no} {verb} " for no in ("not", "never") for verb in _VERBS]
_FALLS = [f"{never}{way}" for never in _NEVER for way in ("below", "under")]
_RISES = [f"{never}{way}" for never in _NEVER for way in ("above", "over")]
_AROUND = {
    ">=": (
        re.compile(r"(?<!\w)(?:min|minim(?:um|al\w*|e|o|a)|floor)\.?\s$"),
        re.compile(
            r"\s(?:or|and|oder|ou|o)\s(?:more|better|higher|above|up|mehr|besser|plus|mas)\b"
        ),
    ),
    "<=": (
        re.compile(r"(?<!\w)(?:max|maxim(?:um|al\w*|e|o|a))\.?\s$"),
        re.compile(
            r"\s(?:or|and|oder|ou|o)\s(?:less|better|lower|below|weniger|besser|moins|menos)\b"
        ),
    ),
}
_NOT_THE_END = r"(?!\w|[.,]\d)"


@dataclass(frozen=True)
class Bound:
    """A number with the words for "at least" (`sign` ">=") or "at most" ("<=") at `span`."""

    sign: str
    value: float
    span: Span


def bounded_number(text: Text, end: int) -> Bound | None:
    """Return the bound that follows a name which ends at `end`: "latency_ms must be below 20"."""
    signs, phrase = _bounds(text)
    found = _following(phrase).match(text.folded, end)
    if found is None:
        return None
    return Bound(signs[found["bound"]], _value(found), Span(*found.span()))


def bounded_shares(text: Text) -> Iterator[Bound]:
    """Yield where a share is at least or at most something: "at most 10 %"."""
    signs, phrase = _bounds(text)
    share = re.compile(rf"(?<!\w){phrase}[^\w.,]{{0,2}}{_NUMBER}{_NOT_THE_END}")
    for found in share.finditer(text.folded):
        if found["percent"]:
            yield Bound(signs[found["bound"]], _value(found), Span(*found.span()))


def _value(found: re.Match[str]) -> float:
    digits = found["number"]
    if re.fullmatch(r"\d{1,3}(?:[,'’ ]\d{3})+", digits):
        digits = re.sub(r"\D", "", digits)
    value = float(digits.replace(",", ".")) / (100.0 if found["percent"] else 1.0)
    return value * (_MANY[found["many"].strip()[0]] if found["many"] else 1.0)


@cache
def _following(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"{_LINKED}\W{{0,3}}{phrase}[^\w.,]{{0,2}}{_NUMBER}{_NOT_THE_END}")


def limit_after(text: Text, span: Span, metric: str) -> Threshold | None:
    """Return the limit that stands right behind a metric at `span`, or around it.

    Such as "recall of at least 0.8", "recall of 0.8 or more", "a minimum recall of 0.8".
    """
    signs, phrase = _bounds(text)
    if found := _following(phrase).match(text.folded, span.end):
        return _threshold(text, metric, signs[found["bound"]], found)
    found = re.compile(rf"{_LINKED}[^\w.,]{{1,3}}{_NUMBER}{_NOT_THE_END}").match(
        text.folded, span.end
    )
    if not found:
        return None
    for sign, (ahead, behind) in _AROUND.items():
        if ahead.search(text.folded[: span.start]) or behind.match(text.folded, found.end()):
            return _threshold(text, metric, sign, found)
    fixed = metric in RATES and _fixed_after().search(
        text.folded[: span.start], text.clause(span).start
    )
    return _threshold(text, metric, _good(metric), found) if fixed else None


def limit_before(text: Text, start: int, metric: str) -> Threshold | None:
    """Return the limit that stands right before a metric which begins at `start`."""
    signs, phrase = _bounds(text)
    joined = r"\W{1,2}(?:(?:of|in|points?|von|de|di)\s)?$"
    found = re.compile(rf"(?<!\w){phrase}[^\w.,]{{0,2}}{_NUMBER}{joined}").search(
        text.folded[:start], text.clause(Span(start, start)).start
    )
    if found is None and metric in RATES:
        start_at = text.clause(Span(start, start)).start
        found = _fixed_before().search(text.folded[:start], start_at)
        limit = _threshold(text, metric, _good(metric), found) if found else None
        # The metric ahead of the number is another one's place.
        return replace(limit, span=Span(found.start("number"), start)) if found and limit else None
    return _threshold(text, metric, signs[found["bound"]], found) if found else None


def _good(metric: str) -> str:
    return ">=" if METRICS[metric].direction == "maximize" else "<="


@cache
def _at_a_point() -> str:
    """Return the pattern of a metric with "at": the other one is given, a point of a curve."""
    names = {fold(n) for said in words("metrics")["names"].values() for n in said}
    each = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
    return rf"(?<!\w)(?:{each})\s(?:score\s)?(?:at|bei|@|a|à)\s(?:an?\s|einer?m?\s|une?\s|una\s)?"


@cache
def _fixed_before() -> re.Pattern[str]:
    return re.compile(rf"{_at_a_point()}(?:fixed\s)?{_NUMBER}\s(?:of\s)?$")


@cache
def _fixed_after() -> re.Pattern[str]:
    return re.compile(rf"{_at_a_point()}(?:fixed\s)?$")


def read_metric_limits(text: Text, named: Sequence[tuple[str, Span]]) -> list[Threshold | None]:
    """Return the limit of each of the metrics `named` at their places, None where none is said."""
    ends = [s.end for _, s in named]
    nexts = [*(s.start for _, s in named[1:]), len(text.folded)]
    found: list[Threshold | None] = []
    for (metric, span), following in zip(named, nexts, strict=False):
        after = limit_after(text, span, metric)
        nearer = after if after and after.span.end <= following else None
        before = limit_before(text, span.start, metric)
        free = before and not any(before.span.start <= e < before.span.end for e in ends)
        found.append(nearer or (before if free else None))
    return _shared(text, named, found)


_ALL = re.compile(r"\W{0,2}(?:(?P<two>both|beide[rn]?|ambos|entrambi)|each|all|jeweils|chacun)\b")
_THEY = re.compile(
    r"\s(?:must|should|shall|have to|need to|are|stay|remain|mussen|sollen|sind|doivent|deben)\b"
)
_JOIN = re.compile(r"(?:\s?,)?\s?(?:,|&|and|as well as|und|sowie|et|y|e|en)\s?(?:the\s|a\s)?")
_KEEPING = re.compile(
    r"(?:^|[,;.:(]\s?|(?<!\w)(?:both|keep|keeping|with|while|where|whose|need|require|provided"
    r"|subject to|s\.t\.|such that|as long as|but|mit|bei|wobei|solange|avec|con)\s)"
    r"(?:that\s)?(?:both\s)?(?:the\s|its\s|a\s)?$"
)


def _shared(
    text: Text, named: Sequence[tuple[str, Span]], found: list[Threshold | None]
) -> list[Threshold | None]:
    """Let all metrics of one list have the limit that stands behind its last: "A and B both > .7".

    A list says so by "both" or a plural verb behind it, or by what stands ahead of it ("with A and
    B above .7"); in "maximise A and B above .7" the first is the aim.
    """
    spans = [span for _, span in named]
    for last in range(len(named) - 1, 0, -1):
        limit = found[last]
        if limit is None or limit.span.start < spans[last].start:
            continue
        plural, first = _ALL.match(text.folded, spans[last].end), last
        fewest = last - 1 if plural and plural["two"] else 0
        while (
            first > fewest and not found[first - 1] and _alike(text, named[first - 1], named[first])
        ):
            first -= 1
        if first < last and (plural or _of_all(text, spans[first], spans[last])):
            for at in range(first, last):
                found[at] = replace(limit, metric=named[at][0])
    return found


def _alike(text: Text, first: tuple[str, Span], second: tuple[str, Span]) -> bool:
    """Return whether two metrics stand in one list and are better in the same direction."""
    same = METRICS[first[0]].direction == METRICS[second[0]].direction
    return same and bool(_JOIN.fullmatch(text.folded[first[1].end : second[1].start]))


def _of_all(text: Text, first: Span, last: Span) -> bool:
    ahead = _KEEPING.search(text.folded[max(0, first.start - 40) : first.start])
    if not ahead:
        return False
    return bool(ahead[0].strip(" ,;.:(") or _THEY.match(text.folded, last.end))


def _bounds(text: Text) -> tuple[dict[str, str], str]:
    """Return what the words for "at least" and "at most" mean, and a pattern of all of them."""
    return _patterns(tuple(dict.fromkeys((*text.languages, *_ALSO))))


@cache
def _patterns(languages: tuple[str, ...]) -> tuple[dict[str, str], str]:
    signs = dict.fromkeys(_FALLS, ">=") | dict.fromkeys(_RISES, "<=")
    for language in reversed(languages):
        lists = {key: words(language).get(key, ()) for key in _KEYS}
        # "At most" lists also what means it only after a "not", such as "above".
        most = (set(lists["at_most"]) - set(lists["upward"])) | set(lists["downward"])
        signs |= {fold(p): "<=" for p in most}
        signs |= {fold(p): ">=" for p in (*lists["at_least"], *lists["upward"])}
    signs |= {s: sign for sign, said in _SIGNS.items() for s in said}
    # The longest first: "not below" must be found before "below".
    phrases = sorted(signs, key=len, reverse=True)
    each = [re.escape(p) + (r"\b" if p[-1].isalnum() else "") for p in phrases]
    return signs, f"(?P<bound>{'|'.join(each)})"


def _threshold(text: Text, metric: str, sign: str, found: re.Match[str]) -> Threshold | None:
    """Return the limit where it is one of what the metric's direction allows, in its own units."""
    about, value = METRICS[metric], _value(found)
    if sign != _good(metric):
        return None
    share = about.direction == "maximize" or metric in RATES  # all of these are at most 1
    alone = re.compile(r"\s*(?:$|[,;.)])").match(text.folded, found.end())
    if share and 1.0 < value < 100.0 and alone:
        value /= 100.0
    if share and not 0.0 < value < 1.0:
        return None
    return Threshold(metric, value, Span(*found.span()))


def read_as(quote: str, limit: Threshold) -> str:
    """Return how the words of a limit were understood."""
    about = METRICS[limit.metric]
    most = "at most" if about.direction == "minimize" else "at least"
    return f"“{quote}” is read as: {about.label}, {most} {limit.value:g}."


def one_sided(names: Sequence[str]) -> list[str]:
    """Warn of a single aim that a useless model can have: all, or hardly any, called positive."""
    aims = {n for n in names if not METRICS[n].of_model}
    for name in aims if len(aims) == 1 else ():
        label = name.replace("_", " ")
        if name in ("recall", "false_negative_rate"):
            return [_ONE_SIDED.format(label, "every row", "precision")]
        if name in ("precision", "specificity", "false_positive_rate"):
            return [_ONE_SIDED.format(label, "hardly any row", "recall")]
    return []


_ONE_SIDED = (
    "Best {0} alone may be that of a model which calls {1} positive; "
    "“best {0}, {2} at least 0.5” would keep it from that."
)

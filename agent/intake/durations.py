"""Durations: "half an hour", "1h30", "anderthalb Stunden", "une heure et demie", "90 s"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.intake.numbers import Number
from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import words

SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_CLOCK = re.compile(
    r"(?<![\w:.])(\d{1,2})\s?(?:h|std|u|ч)\s?(\d{1,2})(?:\s?(?:m|min|mins)?)(?![\w%]|\.\d)"
)
_MINUTES = re.compile(r"(?<![\w:.])(\d{1,3})\s?m(?:in)?\s?(\d{1,2})\s?s(?:ec|ek)?(?![\w%.])")
_ASSIGNED = re.compile(
    r"(?<![\w])(?:timeout|time_?limit|time_?budget|max_?time|max_?seconds|walltime|seconds)"
    r"(?:_s|_secs?|_seconds)?\s?[=:]\s?(\d+)(?![\w.,:]|\s?[a-z])"
)
_COLON = re.compile(r"(?<![\w:.])(\d{1,2}):(\d{2})(?::(\d{2}))?\s?(?:h|hours|stunden|std)(?!\w)")


@dataclass(frozen=True)
class Duration:
    """A length of time in seconds and where it stands."""

    seconds: float
    span: Span


def durations_in(text: Text, numbers: Sequence[Number]) -> list[Duration]:
    """Return the durations of a text in order, those joined by "and" added up."""
    found = [*_clock(text), *_phrases(text), *_turned(text, numbers)]
    known = [d.span for d in found]
    found += [d for d in _shares(text, numbers) if not any(_within(d.span, k) for k in known)]
    for number in numbers:
        duration = _counted(text, number)
        if duration and not any(_crosses(d.span, duration.span) for d in found):
            found.append(duration)
    found = [d for d in found if not any(_inside(d.span, o.span) for o in found if o is not d)]
    return _joined(text, sorted(found, key=lambda d: d.span))


def _crosses(one: Span, other: Span) -> bool:
    """Return whether two spans overlap, and the first is not just a part of the other."""
    return one.overlaps(other) and not _inside(one, other)


def _within(inner: Span, outer: Span) -> bool:
    return inner == outer or _inside(inner, outer)


def _inside(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end and inner != outer


def _clock(text: Text) -> list[Duration]:
    found = []
    for match in _CLOCK.finditer(text.folded):
        hours, minutes = int(match[1]), int(match[2])
        found.append(Duration(hours * 3600.0 + minutes * 60, Span(*match.span())))
    for match in _MINUTES.finditer(text.folded):
        found.append(Duration(int(match[1]) * 60.0 + int(match[2]), Span(*match.span())))
    for match in _ASSIGNED.finditer(text.folded):
        found.append(Duration(float(match[1]), Span(*match.span())))
    for match in _COLON.finditer(text.folded):
        hours, minutes, seconds = (int(g or 0) for g in match.groups())
        found.append(Duration(hours * 3600.0 + minutes * 60 + seconds, Span(*match.span())))
    return found


def _phrases(text: Text) -> list[Duration]:
    found = []
    for language in text.languages:
        known = {fold(str(k)): float(v) for k, v in words(language)["durations"].items()}
        for span in text.find(known):
            said = re.sub(r"[\s_-]+", " ", text.folded[span.start : span.end])
            value = next((v for k, v in known.items() if re.sub(r"[\s_-]+", " ", k) == said), None)
            if value is not None:
                found.append(Duration(value, span))
    return found


def _shares(text: Text, numbers: Sequence[Number]) -> list[Duration]:
    """Read "3/4 of an hour": a part of one unit."""
    units, found = _units(text), []
    names = "|".join(sorted(map(re.escape, units), key=len, reverse=True))
    glue = re.compile(
        rf"\s(?:of\s|d'|de\s|di\s|einer\s|van\s)?(?:an?\s|une?\s|uma?\s|unas?\s|een\s)?({names})"
    )
    for number in (n for n in numbers if 0 < n.value < 1):
        if (after := glue.match(text.folded, number.span.end)) and _ends(
            text.folded[number.span.end :], after.end() - number.span.end
        ):
            seconds = number.value * units[after[1]]
            found.append(Duration(seconds, Span(number.span.start, after.end())))
    return found


_TURNED = re.compile(r"(?<!\w)(секунд|минут|час(?:а|ов)?)\s$")
"""A unit before its number means "some" in Russian: "минут сорок"."""


def _turned(text: Text, numbers: Sequence[Number]) -> list[Duration]:
    found = []
    for number in numbers:
        start = max(0, number.span.start - 8)
        before = _TURNED.search(text.folded[start : number.span.start])
        if (
            before
            and not number.article
            and not re.search(r"\d\s?$", text.folded[: start + before.start()])
        ):
            seconds = {"с": 1.0, "м": 60.0, "ч": 3600.0}[before[1][0]]
            whole = Span(start + before.start(), number.span.end)
            found.append(Duration(number.value * seconds, whole))
    return found


def _units(text: Text) -> dict[str, float]:
    """Map every unit word of the text's languages, folded, to seconds; English goes last."""
    units: dict[str, float] = {}
    for language in text.languages:
        for key, seconds in SECONDS.items():
            for word in words(language)[key]:
                units.setdefault(fold(str(word)), seconds)
    return units


def _counted(text: Text, number: Number) -> Duration | None:
    """Return the duration that `number` and a unit right after it make."""
    units = _units(text)
    rest = text.folded[number.span.end :]
    glue = r"[\s'-]{0,2}"
    exact = re.match(
        rf"{glue}({'|'.join(sorted(map(re.escape, units), key=len, reverse=True))})", rest
    )
    if exact and number.article and units[exact[1]] == SECONDS["day"]:
        return None  # "14 stops a day" tells how often, not how long
    if exact and exact[1] == "m" and number.value != int(number.value):
        return None  # 1.98 m are metres
    if exact and number.article and _ORDINAL.match(rest):
        return None  # "a second-year student", "a second opinion"
    if exact and _ends(rest, exact.end()):
        seconds, end = units[exact[1]], exact.end()
    else:
        near = re.match(rf"{glue}([^\W\d_]{{4,}})", rest)
        unit = _near(near[1], units) if near else None
        if near is None or unit is None:
            return None
        seconds, end = unit, near.end()
    total = number.value * seconds
    for key, share in (("and_half", 0.5), ("and_quarter", 0.25)):
        if more := re.match(rf"\s*(?:{_phrases_of(text, key)})", rest[end:]):
            total, end = total + share * seconds, end + more.end()
    return Duration(total, Span(number.span.start, number.span.end + end))


_ORDINAL = re.compile(
    r"\s+second(?:-[a-z]|\s(?:year|term|opinion|look|thought|time|try|attempt|step|stage|question"
    r"|thing|dataset|file|table|column|model|run)\b)"
)


def _ends(rest: str, end: int) -> bool:
    """Return whether a word may end there: always in scripts without blanks."""
    if end >= len(rest) or not rest[end].isalnum():
        return True
    if rest[end] in "割の":
        return False
    return bool(re.match(r"[^\x00-\u04ff]", rest[end - 1])) or bool(
        re.match(r"[\u3040-\u9fff]", rest[end])
    )


def _phrases_of(text: Text, key: str) -> str:
    phrases = sorted({fold(p) for p in text.phrases(key)}, key=len, reverse=True)
    return "|".join(re.escape(p) + r"(?![^\W_])" for p in phrases) or r"(?!)"


def _near(word: str, units: dict[str, float]) -> float | None:
    """Return the unit that a misspelt word means: "mintues"."""
    from rapidfuzz import process
    from rapidfuzz.distance import DamerauLevenshtein

    long = [u for u in units if len(u) > 3]
    hit = process.extractOne(
        word, long, scorer=DamerauLevenshtein.normalized_similarity, score_cutoff=0.8
    )
    return units[hit[0]] if hit else None


def _joined(text: Text, found: list[Duration]) -> list[Duration]:
    """Add up neighbours: "1 h 30 min", "an hour and fifty minutes"."""
    joined: list[Duration] = []
    glue = (
        r"[\s,]*(?:" + "|".join(map(re.escape, (*map(fold, text.phrases("and")), "and"))) + r")?\s*"
    )
    for duration in found:
        last = joined[-1] if joined else None
        between = text.folded[last.span.end : duration.span.start] if last else "x"
        if (
            last
            and re.fullmatch(glue, between)
            and duration.seconds < last.seconds
            and "," not in between
        ):
            span = Span(last.span.start, duration.span.end)
            joined[-1] = Duration(last.seconds + duration.seconds, span)
        else:
            joined.append(duration)
    return joined

"""What a model may weigh and how long it may take: "below 50 KB", "predictions in under 2 ms"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import words

_BYTES = {"b": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
_SECONDS = {"u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "s": 1.0}
ROWS = 1000.0
"""The metric `predict_seconds` is about so many rows."""
_SIZE = re.compile(
    r"(?<![\w.,])(\d+(?:[.,]\d+)?)\s?(?:(k|m|g)i?(?:b|o)(?:ytes?)?"
    r"|(k|m|g)(?:ilo|ega|iga)\s?(?:bytes?|octets?)|(b)(?:ytes?)|(o)ctets?)(?![^\W_])"
)
_TIME = re.compile(
    r"(?<![\w.,])(\d+(?:[.,]\d+)?)\s?(?:(u|µ|μ|m)s(?:ecs?)?|(m)ill?is+e\w+|(m)i[ck]ros+e\w+"
    r"|(s)(?:ecs?|ec?onds?|ekund\w*|egund\w*|econd[eio]\w*)?)(?![^\W_])"
)
_PER_ROWS = re.compile(
    r"\W{0,2}(?:per|for|pro|je|fur|pour|por|para|voor|na|pa)?\s?"
    r"(?:1[.,' ]?000|thousand|tausend|mille|mil)\b"
)
_MEMORY = re.compile(r"\W{0,2}(?:of )?(?:ram|memory|vram|gpu|arbeitsspeicher|memoire|memoria)\b")
_MODEL = (
    r"\b(?:models?|modell\w*|modele\w*|modelo\w*|pickle\w*|artifacts?|artefacts?|on disk"
    r"|file size)\b"
)
_SPEED = (
    r"\b(?:predictions?|predicting|inference\w*|latenc\w*|latenz\w*|scoring|respon[ds]\w*|answers?"
    r"|vorhersagen?|antwort\w*|prediccion\w*|predizion\w*|predykcj\w*|previs\w*|inferen[czt]\w*"
    r"|voorspelling\w*|prognos\w*)\b"
)
"""Not "predict": that is what the whole task is about."""
_BEFORE = re.compile(rf"{_SPEED}[^\d,;]{{0,40}}$")
_TASK = re.compile(r"\bpredicts?\W{1,2}$")
LONG = 10.0
"""So many seconds, or more, are a budget and no prediction's."""
_AFTER = re.compile(rf"\s?(?:\w+\s){{0,2}}?{_SPEED}")
_SIGNS = r"<=?|≤|=<"


@dataclass(frozen=True)
class Threshold:
    """The worst `value` of `metric` that will do, and the words that say so."""

    metric: str
    value: float
    span: Span


def read_thresholds(text: Text, taken: Iterable[Span] = ()) -> list[Threshold]:
    """Return the limits of the model's size (bytes) and speed (seconds per 1,000 rows).

    A number counts where a word for "at most" stands at it, and the clause is about the model, or
    predictions stand beside it. A time that names no number of rows is that of one.
    """
    busy = list(taken)
    found = [*_sizes(text), *_times(text)]
    return [t for t in found if not any(t.span.overlaps(b) for b in busy)]


def _sizes(text: Text) -> Iterator[Threshold]:
    wished = [*text.find(words("wishes")["model_size"])]
    for match in _SIZE.finditer(text.folded):
        span = _bounded(text, Span(*match.span()))
        if span is None or _MEMORY.match(text.folded, match.end()):
            continue
        if _about(text, span, _MODEL) or any(_same_clause(text, span, w) for w in wished):
            unit = next(g for g in match.groups()[1:] if g)
            yield Threshold("model_size", _number(match[1]) * _BYTES.get(unit, 1.0), span)


def _times(text: Text) -> Iterator[Threshold]:
    for match in _TIME.finditer(text.folded):
        span = _bounded(text, Span(*match.span()))
        seconds = _number(match[1]) * _scale(match)
        if span is None or seconds >= LONG:
            continue
        verb = seconds < 1.0 and _TASK.search(text.folded[: span.start])
        if not verb and not _of_predictions(text, span):
            continue
        if many := _PER_ROWS.match(text.folded, match.end()):
            span = Span(span.start, many.end())
        yield Threshold("predict_seconds", seconds if many else ROWS * seconds, span)


def _scale(match: re.Match[str]) -> float:
    if match[4]:
        return _SECONDS["u"]
    return _SECONDS[next(g for g in match.groups()[1:] if g)]


def _number(said: str) -> float:
    return float(said.replace(",", "."))


def _bounded(text: Text, number: Span) -> Span | None:
    """Return `number` with the "at most" before or after it; None where there is none."""
    phrases = "|".join(re.escape(fold(p)) for p in text.phrases("at_most"))
    most = rf"(?<![^\W_])(?:{phrases}|{_SIGNS}|within|in under|smaller than)"
    before = re.search(rf"{most}\W{{0,3}}(?:\w+\s)?$", text.folded[: number.start])
    if before:
        return Span(before.start(), number.end)
    later = re.compile(r"\W{0,2}(?:or (?:less|smaller|faster)|at most|max(?:imum)?|tops)\b")
    after = later.match(text.folded, number.end)
    return Span(number.start, after.end()) if after else None


def _of_predictions(text: Text, span: Span) -> bool:
    before = text.folded[text.clause(span).start : span.start]
    return bool(_BEFORE.search(before) or _AFTER.match(text.folded, span.end))


def _about(text: Text, span: Span, subject: str) -> bool:
    """Return whether a word of `subject` stands in the clause of `span`."""
    clause = text.clause(span)
    return bool(re.search(subject, text.folded[clause.start : clause.end]))


def _same_clause(text: Text, span: Span, other: Span) -> bool:
    clause = text.clause(span)
    return clause.start <= other.start and other.end <= clause.end

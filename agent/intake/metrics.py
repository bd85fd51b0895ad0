"""Metrics by the names people give them, their directions, and what is traded off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import pairwise

from agent.intake.claims import Claim, Reading
from agent.intake.corrections import last_word
from agent.intake.mentions import Alias, Hit, alike, mentions_of
from agent.intake.metric_limits import limit_after, limit_before, read_metric_limits
from agent.intake.negation import ruled_out
from agent.intake.text import Span, Text, fold
from agent.intake.thresholds import Threshold
from agent.intake.vocabulary import stopwords, words
from evals.metrics import METRICS
from evals.task import Kind


@dataclass(frozen=True)
class MetricMention:
    """A metric named at a place; `direction` where the words before it say one."""

    metric: str
    span: Span
    out: bool = False
    shown: bool = False
    direction: str | None = None


@cache
def _aliases() -> tuple[Alias, ...]:
    names: dict[str, list[str]] = words("metrics")["names"]
    return tuple(Alias((m, ""), n) for m, said in names.items() if m in METRICS for n in said)


def metric_mentions(text: Text, taken: Iterable[Span] = ()) -> list[MetricMention]:
    """Return the metrics mentioned outside `taken` spans, in order, each once."""
    hits = [
        h
        for h in mentions_of(text, _aliases(), taken)
        if not _achieved(text, h.key[0], h.span) and not _no_rate(text, h.span)
    ]
    out = ruled_out(text, [h.span for h in hits])
    found: list[MetricMention] = []
    for hit, negated in zip(hits, out, strict=True):
        direction, shown = _direction(text, hit.span), _only_shown(text, hit.span, hits)
        name, span = _balanced(text, hit.key[0], hit.span)
        found.append(MetricMention(name, span, negated, shown, direction))
    return _explained(text, found)


def _no_rate(text: Text, span: Span) -> bool:
    """Return whether words only look like a misspelt rate: "false alarms are what annoys us"."""
    return bool(re.search(r"\bfalse \w+ are$", text.folded[span.start : span.end]))


_BALANCED = re.compile(
    r"balan[cs]|bilan[cs]|balanciert|ausgewogen|ausgeglichen|equilib|zrownowa|zbalans|gebalanc"
    r"|viktad|сбаланс|バランス|均衡|平衡"
)


def _balanced(text: Text, metric: str, span: Span) -> tuple[str, Span]:
    """Read an adjective on either side of "accuracy", in any language and inflection."""
    if metric != "accuracy":
        return metric, span
    before = re.compile(r"[^\W\d_]+[\s-]?$").search(
        text.folded[max(0, span.start - 20) : span.start]
    )
    after = re.compile(r"\s\(?([^\W\d_]+)").match(text.folded, span.end)
    if before and (_BALANCED.match(before[0]) or alike(before[0].strip(" -"), "balanced")):
        return "balanced_accuracy", Span(span.start - len(before[0]), span.end)
    if after and _BALANCED.match(after[1]):
        return "balanced_accuracy", Span(span.start, after.end())
    return metric, span


def _achieved(text: Text, metric: str, span: Span) -> bool:
    """Return whether a metric comes with a score somebody has: "0.85 accuracy", "AUC of 0.9"."""
    before = text.folded[max(0, span.start - 8) : span.start]
    after = text.folded[span.end : span.end + 12]
    if limit_before(text, span.start, metric) or limit_after(text, span, metric):
        return False
    number = r"(?:0?[.,]\d+|\d\d(?:[.,]\d+)?\s?%)"
    return bool(
        re.search(rf"{number}\s(?:of\s)?$", before)
        or re.match(rf"\s(?:of|was|is|von|de)\s{number}", after)
    )


def _explained(text: Text, found: list[MetricMention]) -> list[MetricMention]:
    """Let an abbreviation in brackets say what the words before it mean; drop repetitions."""
    kept: list[MetricMention] = []
    for mention in found:
        between = text.folded[kept[-1].span.end : mention.span.start] if kept else ""
        if kept and re.fullmatch(r"\s?[(\[]\s?(?:i\.?e\.?,?\s)?", between):
            kept[-1] = replace(
                mention,
                span=Span(kept[-1].span.start, mention.span.end),
                direction=kept[-1].direction,
            )
        elif (
            kept
            and re.fullmatch(r"\s*(?:macro|weighted|micro)?\s*", between)
            and _same_idea(kept[-1], mention)
        ):
            kept[-1] = replace(kept[-1], span=Span(kept[-1].span.start, mention.span.end))
        elif (mention.metric, mention.out, mention.direction) not in [
            (k.metric, k.out, k.direction or mention.direction) for k in kept
        ]:
            kept.append(mention)
    return kept


def _same_idea(first: MetricMention, second: MetricMention) -> bool:
    return first.metric == second.metric


def _direction(text: Text, span: Span) -> str | None:
    """Return the direction asked for in the few words before a metric (or right after it)."""
    clause = text.clause(span)
    before = text.folded[max(clause.start, span.start - 30) : span.start]
    before = re.split(r"[,(]", before)[-1]
    piece, found = Text(before), []
    for way in ("maximize", "minimize"):
        found += [(s.end, way) for s in piece.find(words("metrics")[way])]
    if not found:
        return _direction_after(text, span)
    end, way = max(found)
    return way if len(re.findall(r"\w+", before[end:])) <= 4 else None


def _direction_after(text: Text, span: Span) -> str | None:
    """Return the direction that a verb right after a metric asks for: "den MAE maximieren"."""
    after = text.folded[span.end : min(text.clause(span).end, span.end + 40)]
    joins = "|".join(re.escape(fold(p)) for p in (*text.phrases("and"), *text.phrases("but")))
    after = re.split(rf"[,(]|\s(?:{joins})\s", after)[0]
    for way in ("maximize", "minimize"):
        for found in Text(after).find(words("metrics")[way]):
            near = len(re.findall(r"\w+", after[: found.start])) <= 3
            object_follows = re.match(r"\s*[\w]", after[found.end :])
            if near and not object_follows:
                return way
    return None


def _only_shown(text: Text, span: Span, others: Sequence[Hit]) -> bool:
    clause = text.clause(span)
    if denied := _NOT_THOSE.search(text.folded, span.end, clause.end):
        nearer = any(span.end <= h.span.start and h.span.end <= denied.start() for h in others)
        if denied[1] not in ("it", "that", "this") or not nearer:
            return True
    after = Text(_alone(text, span, clause, others))
    if any(True for _ in after.find(words("metrics")["only_shown_after"])):
        return True
    before = text.folded[max(clause.start, span.start - 24) : span.start]
    return any(
        len(before[s.end :].split()) <= 3 for s in Text(before).find(words("metrics")["only_shown"])
    )


def _alone(text: Text, span: Span, clause: Span, others: Sequence[Hit]) -> str:
    """Return the words after a metric up to where another is named that no "and" joins to it."""
    end, last = clause.end, span
    for other in (h.span for h in others if h.span.start >= span.end):
        between = text.folded[last.end : other.start]
        if len(re.findall(r"\w+", between)) > 1:
            end = min(end, other.start)
            break
        last = other
    return text.folded[span.end : min(end, last.end + 40)]


_NOT_THOSE = re.compile(
    r"\b(?:don't|dont|do not|not|never|without|nicht|ohne)\s(?:to\s)?"
    r"(?:optimi[sz]\w+|tun\w+|maximi[sz]\w+)"
    r"\s(?:for\s|on\s)?(those|these|them|that|it|this|either|any of)\b"
)


def _past(text: Text, span: Span) -> bool:
    """Return whether a metric is told of as what was used once, or by others."""
    before = text.folded[max(text.clause(span).start, span.start - 50) : span.start]
    told = [s.end for s in Text(before).find(text.phrases("past"))]
    wished = [s.end for s in Text(before).find((*text.phrases("positive"), *text.phrases("but")))]
    return bool(told) and max(wished, default=-1) < max(told)


def for_kind(metric: str, kind: Kind) -> str:
    """Return what a metric is called for `kind`: F1 over several classes is macro-averaged."""
    if kind == "multiclass":
        several: dict[str, str] = words("metrics")["several_classes"]
        return several.get(metric, metric)
    return metric


def read_metrics(text: Text, kind: Kind, taken: Iterable[Span] = ()) -> Reading:
    """Claim `objectives`, a list of metric names, quality first."""
    reading = Reading()
    strange = unknown_metrics(text, taken)
    busy = [*taken, *strange]
    mentions = metric_mentions(text, busy)
    kept = [m for m in mentions if not m.out]
    named = [m for m in kept if not m.shown] or kept
    wanted = [m for m in named if not _past(text, m.span)] or named
    wanted = wanted[last_word(text, [m.span for m in wanted], partial(_instead, text)) :]
    limited = [m.span for m, _ in limits_of(text, mentions, busy)]
    free = [m for m in wanted if m.span not in limited]
    names = list(dict.fromkeys(for_kind(m.metric, kind) for m in free))
    _check(text, kind, reading, free or wanted[:1])
    _refuse(text, reading, strange, bool(free))
    extras = _tradeoffs(text, [*busy, *(m.span for m in mentions)], bool(wanted))
    vague = _vague(text) if not names else None
    if vague and kind != "regression":
        names = ["accuracy"]
    wanted = free if names else wanted
    names = names or list(dict.fromkeys(for_kind(m.metric, kind) for m in wanted))
    quotes = [text.quote(m.span) for m in wanted] + [text.quote(s) for _, s in extras]
    quotes += [vague] if vague and not wanted else []
    if names or extras:
        value = (*names, *(name for name, _ in extras))
        reading.add("objectives", Claim(value, ", ".join(quotes), sure=bool(wanted)))
    return reading


def unknown_metrics(text: Text, taken: Iterable[Span] = ()) -> list[Span]:
    """Return where metrics are wished for that plaintune does not have."""
    busy = list(taken)
    spans = [s for s in text.find(words("metrics")["unknown"]) if not any(map(s.overlaps, busy))]
    out = ruled_out(text, spans)
    return [s for s, no in zip(spans, out, strict=True) if not no and not _past(text, s)]


def _refuse(text: Text, reading: Reading, unknown: Sequence[Span], others: bool) -> None:
    """Say that a metric is not here; without another one wished for, nothing can be assumed."""
    for span in unknown:
        said = f"“{text.quote(span)}” is none of the metrics that plaintune knows"
        if others:
            reading.notes.append(f"{said}; it is left out.")
        else:
            reading.contradict("objectives", f"{said}.")


def limits_of(
    text: Text, mentions: Sequence[MetricMention], taken: Iterable[Span] = ()
) -> list[tuple[MetricMention, Threshold]]:
    """Return the metrics that have to reach something, with what they have to reach.

    What stands in `taken` is about something else: "AUC, at least 0.5 learning rate".
    """
    found, busy = read_metric_limits(text, [(m.metric, m.span) for m in mentions]), list(taken)
    pairs = zip(mentions, found, strict=True)
    told = [(m, limit) for m, limit in pairs if limit and not (m.out or m.shown)]
    told = [(m, t) for m, t in told if not any(t.span.overlaps(b) for b in busy)]
    return [(m, limit) for m, limit in told if not _past(text, m.span) and not _had(text, m.span)]


_HAD = re.compile(
    r"(?<!to )(?<!must )(?<!should )\b(?:ha[sd]|have|gets?|got|achiev\w+|hits?)\s(?:an?\s)?$"
)


def _had(text: Text, span: Span) -> bool:
    """Return whether a model that there is has the metric: "ours has a recall above 0.7"."""
    return bool(_HAD.search(text.folded[max(0, span.start - 30) : span.start]))


def _instead(text: Text, span: Span) -> bool:
    """Return whether "instead" follows: "RMSE, hmm, so use MAE instead"."""
    return text.folded[span.end : span.end + 24].lstrip().startswith(_INSTEAD)


_INSTEAD = (
    "instead",
    "after all",
    "stattdessen",
    "a la place",
    "en su lugar",
    "invece",
    "i stallet",
)


def _check(text: Text, kind: Kind, reading: Reading, wanted: Sequence[MetricMention]) -> None:
    for mention in wanted:
        metric, said = METRICS[for_kind(mention.metric, kind)], text.quote(mention.span)
        if kind not in metric.kinds:
            reading.contradict("objectives", f"“{said}” does not fit a {kind} target.")
        if mention.direction and mention.direction != metric.direction:
            reading.contradict(
                "objectives",
                f"You ask to {mention.direction} “{said}”, but a good model has "
                f"{'little' if metric.direction == 'minimize' else 'much'} of it.",
            )
    for first, second in pairwise(wanted):
        same = for_kind(first.metric, kind) == for_kind(second.metric, kind)
        if not same and not _joined(text, first.span, second.span):
            said = f"“{text.quote(first.span)}” and “{text.quote(second.span)}”"
            reading.contradict("objectives", f"Two metrics are named: {said}.")


def _joined(text: Text, first: Span, second: Span) -> bool:
    """Return whether two metrics are wished for together: "recall and precision", "AUC but …"."""
    between = text.folded[first.end : second.start]
    around = text.folded[max(0, first.start - 30) : second.end + 30]
    ands = [p for p in text.phrases("and") if p not in ("or", "oder", "ou", "o", "of", "lub")]
    joins = (*ands, *text.phrases("but"), *_THEN)
    if any(True for _ in Text(between).find(joins)) and not re.search(r"[.;\n]\s", between):
        return True
    return bool(
        re.search(r"\b(both|trade|balance|pareto|beide|les deux|ambos|entrambi)\b", around)
    ) or bool(re.fullmatch(r"\s*[,/]\s*", between) and re.search(r"\b(both|beide)\b", text.folded))


_THEN = ("&", "+", "vs", "versus", "with", "against", "then", "dann", "puis", "luego", "poi")


def _vague(text: Text) -> str | None:
    for span in text.find(words("metrics")["vague"]["quality"]):
        return text.quote(span)
    return None


def _tradeoffs(text: Text, busy: Sequence[Span], has_metric: bool) -> list[tuple[str, Span]]:
    """Return size and speed of the model where the user wants them, in order of the text."""
    found: list[tuple[str, Span]] = []
    for name in ("model_size", "predict_seconds"):
        spans = [
            s for s in text.find(words("wishes")[name]) if not any(s.overlaps(b) for b in busy)
        ]
        for span in spans:
            if _of_the_model(text, span, has_metric):
                found.append((name, span))
                break
    if "predict_seconds" not in dict(found) and (said := _FAST.search(text.folded)):
        found.append(("predict_seconds", Span(*said.span())))
    return sorted(found, key=lambda f: f[1])


_FAST = re.compile(
    r"\b(?:predict(?:ions?|ing|s)?|inference|scoring)\s(?:\w+\s){0,4}?(?:fast|quick|quickly|speedy|cheap)\b"
    r"|\b(?:vorhersagen?)\s(?:\w+\s){0,4}?(?:schnell|flott)\b"
    r"|\b(?:predi[ck]\w+|previsi\w+|previs\w+|voorspelling\w*)\s(?:\w+\s){0,4}?"
    r"(?:rapid\w*|veloc\w*|snel\w*)\b"
)
"""What asks for speed where it counts: "predictions have to be fast, too"."""

_STAYS = (
    *(
        "enough",
        "bleiben",
        "bleibt",
        "sein",
        "ist",
        "rester",
        "reste",
        "quedar",
        "restare",
        "blijven",
    ),
    *("zijn", "please", "bitte", "svp", "por", "per", "as", "too", "also", "because", "since"),
    *("so", "if", "when", "auch", "weil", "da", "aussi", "car", "parce", "tambien", "porque"),
    *("anche", "perche", "ook", "omdat", "takze", "bo", "ocksa", "eftersom", "потому", "тоже"),
)


def _of_the_model(text: Text, span: Span, has_metric: bool) -> bool:
    """Return whether "small" is said of the model, not of a company or a test."""
    clause = text.clause(span)
    said, rest = text.folded[clause.start : clause.end], text.folded[span.end : clause.end]
    if ruled_out(text, [span])[0]:
        return False
    quality = has_metric or _vague(text) is not None
    if " " in text.folded[span.start : span.end] or "-" in text.folded[span.start : span.end]:
        return True
    follower = re.match(r"\s+([^\W_]+)", rest)
    if follower and not _goes_on(text, follower[1]):
        return False  # "a small phone company": small is said of the company
    about = any(True for _ in Text(said).find((*words("wishes")["of_model"], *text.phrases("but"))))
    return quality and (about or "accura" in said)


def _goes_on(text: Text, follower: str) -> bool:
    """Return whether a word after "small" is no thing that is small, or is the model itself."""
    joins = (*text.phrases("and"), *text.phrases("but"), *words("wishes")["the_model"], *_STAYS)
    everyday = any(follower in stopwords(k) for k in text.languages)
    return everyday or any(True for _ in Text(follower).find(joins))

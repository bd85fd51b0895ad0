"""Numbers and times that tell a story, a date or the hour, and set no limit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.intake.durations import Duration
from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import words


def without_clock(text: Text, durations: Sequence[Duration]) -> Sequence[Duration]:
    """Drop what is a time of day beside a length of time: "three quarters of an hour (14 h 30)"."""
    clock = re.compile(r"(?:[6-9]|1\d|2[0-3])\s?h\s?[0-5]\d")
    lengths = [d for d in durations if not clock.fullmatch(text.folded[d.span.start : d.span.end])]
    return lengths or durations


def of_the_past(text: Text, span: Span) -> bool:
    """Return whether a length of time tells a story instead of setting a limit."""
    before = text.folded[max(0, span.start - 24) : span.start]
    after = text.folded[span.end : span.end + 12]
    if _time_of_day(text, span):
        return True
    if told(text, span) or _STORY_BEFORE.search(before) or _STORY_AFTER.match(after):
        return True
    return _calendar(text, span)


def _time_of_day(text: Text, span: Span) -> bool:
    """Return whether a clock tells when and not how long: "às 14h tenho reunião"."""
    before = text.folded[max(0, span.start - 12) : span.start]
    said = re.fullmatch(r"(\d{1,2})\s?(?:h|u|uhr|ч)(?:\d\d)?", text.folded[span.start : span.end])
    return bool(said) and bool(_WHEN.search(before))


_WHEN = re.compile(
    r"(?:^|\W)(?:as|at|um|gegen|a las|alle|om|kl|klockan|o|в|til|bis|until|vers|a partir de?s?)\W$"
)


def told(text: Text, span: Span) -> bool:
    """Return whether the words before tell what somebody once got, and with how much."""
    clause = text.folded[text.clause(span).start : span.start]
    return bool(
        re.search(r"\b(got|reached|achieved|scored|needed|ran for|had run)\b[^,]*$", clause)
    )


def _calendar(text: Text, span: Span) -> bool:
    """Return whether days, or "the 90s", tell what the data span: those are rarely a budget."""
    said = text.folded[span.start : span.end]
    before = text.folded[max(0, span.start - 30) : span.start]
    if re.fullmatch(r"(19|20)?\d0s", said):
        return bool(re.search(r"\b(the|early|mid|late|der|den|die|les|los|gli)\W+$", before))
    days = {fold(str(w)) for k in text.languages for w in words(k)["day"]}
    if not any(re.search(rf"(?:^|[\W\d_]){re.escape(d)}$", said) for d in days):
        return False
    alone = re.search(r"(^|[,;.:(]\s?)$", before) and re.match(
        r"\s*($|[,;.)!])", text.folded[span.end :]
    )
    return not (alone or any(True for _ in Text(before).find(_BUDGET_CUES)))


_BUDGET_CUES = (
    *(
        "within",
        "budget",
        "time",
        "stop",
        "stop after",
        "run for",
        "run",
        "max",
        "maximum",
        "limit",
    ),
    *(
        "at most",
        "up to",
        "no more than",
        "you have",
        "you can have",
        "give",
        "for up to",
        "take up",
    ),
    *("hochstens", "maximal", "innerhalb", "zeit", "bis zu", "nach", "rechenzeit", "stoppe"),
    *("au maximum", "maximum", "au plus", "pendant", "temps", "en moins de", "arrete", "durant"),
    *("como maximo", "maximo", "tiempo", "durante", "en menos de", "al massimo", "tempo", "entro"),
    *(
        "no maximo",
        "hoogstens",
        "binnen",
        "tijd",
        "maksymalnie",
        "czas",
        "w ciagu",
        "hogst",
        "inom",
    ),
    *("не более", "максимум", "время", "最多", "时间", "最長", "時間"),
)


_STORY_BEFORE = re.compile(
    r"\b(last|past|previous|lasted|lasts|dauerte|duro|durato|durou|duurde|trwalo|varade|длилось|took|takes|taken|(?:they|we|i|who|which|that)\W+take|every|since|ago|vor|letzten|dernieres?|ultim[oai]s?"
    r"|next|nachsten|already|seit|depuis|desde|da|waited|lost|wasted|spent|worked|meeting in)"
    r"\W+(?:me |us |about |almost |nearly )?$"
)
_STORY_AFTER = re.compile(
    r"\W*(ago|old|later|earlier|alt|spater|late|geleden|fa\b|atras|temu|away|apart|drives?|walks?"
    r"|rides?|intervals?|windows?|resolution|meetings?|shifts?|calls?|commute|flights?|sampling"
    r"|(?:a|per|each|every|pro|par|por|al|am|om) (?:day|week|month|year|tag|woche|monat|jahr|jour"
    r"|semaine|mois|an|dia|semana|mes|giorno|settimana|mese|anno|dag)"
    r"|of (?:data|recordings?|measurements?|footage|calls|driving|sleep|history|video|audio))\b"
)

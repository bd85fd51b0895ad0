"""The budget: trials, total time, time per trial, tokens; and the number of folds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from agent.intake.claims import Claim, Reading
from agent.intake.corrections import taken_back
from agent.intake.durations import Duration, durations_in
from agent.intake.holdout import held_out
from agent.intake.numbers import Number, numbers_in
from agent.intake.stories import of_the_past, told, without_clock
from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import stopwords, words

_BETWEEN = r"[\s'-]{0,2}"
MOST_BARE = 10_000
"""A "budget" of that many of nothing in particular is money."""
_FIELD = {
    "llm_calls": "budget.llm_calls",
    "trials": "budget.trials",
    "tokens": "budget.tokens",
    "folds": "validation.folds",
}


def read_budget(text: Text, taken: Iterable[Span] = ()) -> Reading:
    """Read every limit; `taken` spans (file names, columns) hold no numbers of their own."""
    reading = Reading()
    spans = list(taken)
    numbers = [n for n in numbers_in(text) if not any(n.span.overlaps(s) for s in spans)]
    durations = durations_in(text, numbers)
    _times(text, reading, durations)
    inside = [d.span for d in durations]
    inside += text.find_words("per_trial")
    free = [n for n in numbers if not any(n.span.overlaps(s) for s in inside)]
    for key in ("llm_calls", "tokens", "folds", "trials"):
        _counts(text, reading, key, free)
    _fold_words(text, reading)
    _bare_number(text, reading, free)
    _check(reading)
    return reading


_OF_THE_LLM = re.compile(r"\W{1,2}(?:of |for )?(?:the )?(?:llm|language model)\b")


def _times(text: Text, reading: Reading, durations: Sequence[Duration]) -> None:
    durations = without_clock(text, durations)
    dropped = taken_back(text, [d.span for d in durations])
    for duration in (d for d, out in zip(durations, dropped, strict=True) if not out):
        if of_the_past(text, duration.span):
            continue
        each = _per_trial(text, duration.span, durations)
        name = "budget.seconds_per_trial" if each else "budget.seconds"
        if _OF_THE_LLM.match(text.folded, duration.span.end):
            name = "budget.llm_seconds"
        quote = text.quote(each or duration.span)
        if _enough(text, duration.span):
            reading.claims.pop(name, None)
        _add(reading, name, Claim(duration.seconds, quote))


def _enough(text: Text, span: Span) -> bool:
    """Return whether a time is the last word: "2 hours... 1 hour is enough"."""
    after = Text(text.folded[span.end : span.end + _NEXT_WORDS])
    return any(s.start <= 1 for s in after.find(words("wishes")["enough"]))


_NEXT_WORDS = 30
"""Characters after a time that may say that it is enough."""


def _add(reading: Reading, name: str, claim: Claim) -> None:
    """Keep a limit; two different ones for the same thing contradict each other."""
    known = reading.get(name)
    if known and known.value != claim.value:
        said = f"“{known.quote}” and “{claim.quote}”"
        reading.contradict(name, f"Two values are given for {name}: {said}.")
        reading.rivals[name] = claim
    elif not known:
        reading.add(name, claim)


def _per_trial(text: Text, span: Span, durations: Sequence[Duration]) -> Span | None:
    """Return the words that tie a duration to one trial: "2 min per model", "each at most 30 s"."""
    clause = text.clause(span)
    each = _each_trial(text)
    glue = (
        r"(?:\W{0,3}(?:for|max|maximum|cap|limit|ceiling|at most|tops|or less|lang|hochstens"
        r"|maximal|pour|para)?)"
        r"(?:\W+(?:is|are|be|allowed|spent|permitted|ok|okay|fine|erlaubt|autorisee?s?|permitidos?"
        r"|consentit[io]|toegestaan|dozwolon[ey]|for|on|in|auf|sur|en|su|op|with)){0,3}"
        r"\W{0,3}"
    )
    after = re.compile(
        rf"{glue}({each})(?![^\W_]|\s?[=:]|{_OWN_VERB})|\s*/\s*(?:trial|model|run|fit)"
    ).match(text.folded, span.end, clause.end)
    if after and not _of_the_next(text, span, after):
        return Span(span.start, after.end())
    ended = max((d.span.end for d in durations if d.span.end <= span.start), default=0)
    start = max(_before_colon(text, clause), span.start - 45, ended)
    before = text.folded[start : span.start]
    found = re.search(rf"(?<![^\W\d_])({each})[^\d,;]{{0,28}}$", before)
    lead = before[: found.start()] if found else ""
    named = before.rstrip().endswith(("=", ":"))  # TRIAL_TIMEOUT=20s
    of_last = ended and ended == start and len(lead) <= 4 and "," not in lead and not named
    if found is None or of_last:
        return None
    return Span(start + found.start(), span.end)


def _of_the_next(text: Text, span: Span, after: re.Match[str]) -> bool:
    """Return whether "per model" belongs to what follows: "1.5 hours, per model at most 30 s"."""
    parted = "," in text.folded[span.end : after.end()]
    bounds = "|".join(re.escape(fold(p)) for p in text.phrases("at_most"))
    return parted and bool(re.compile(rf"\s(?:{bounds})?\s?\d").match(text.folded, after.end()))


_OWN_VERB = (
    r"\s(?:should|may|must|can|shall|darf|soll|doit|peut|puede|debe|puo|deve|pode|mag|moet|moze"
    r"|ska)\b"
)
"""What makes "one model" the subject of what follows: "20 minutes, one model should take …"."""


def each_trial_spans(text: Text) -> list[Span]:
    """Return where one trial is spoken of: "for a single model" names no column called single."""
    found = re.finditer(rf"(?<![^\W_])(?:{_each_trial(text)})(?![^\W_])", text.folded)
    return [Span(*m.span()) for m in found]


def _each_trial(text: Text) -> str:
    """Return a pattern of what is said of one trial: "apiece", "each", "a single" … of any name."""
    nouns = {fold(p) for p in text.phrases("trials") if " " not in p}
    nouns |= {n[:-1] for n in nouns if n.endswith("s") and len(n) > 3}
    listed = _any_of({fold(p) for p in text.phrases("per_trial")})
    one = _any_of({fold(p) for p in text.phrases("each")})
    return rf"{listed}|(?:{one})[\s-]*(?:(?:{one})\s+)?(?:{_any_of(nouns)})"


def _any_of(phrases: Iterable[str]) -> str:
    parts = sorted(phrases, key=len, reverse=True)
    return "|".join(re.escape(p).replace(r"\ ", r"[\s-]+") for p in parts) or r"(?!)"


def _before_colon(text: Text, clause: Span) -> int:
    """Return where the clause begins that a colon ends: "time per trial: 30 s"."""
    said = text.folded[: clause.start].rstrip()
    if not said.endswith(":"):
        return clause.start
    return text.clause(Span(len(said) - 1, len(said) - 1)).start


def _counts(text: Text, reading: Reading, key: str, numbers: Sequence[Number]) -> None:
    """Read "30 trials" and "trials: 30" (and the like for tokens and folds)."""
    units = _alternatives(text, key)
    names = _alternatives(text, f"{key}_before")
    for number in numbers:
        if told(text, number.span):
            continue
        after = re.compile(rf"{_BETWEEN}(?:\w{{3,}}\s)??(?:{_KIND_OF}\s){{0,2}}({units})").match(
            text.folded, number.span.end
        )
        if after and re.compile(r"[\"']?\s?(?:=|:\s*\d)").match(text.folded, after.end()):
            after = None  # the name of the next number: "trials=25 folds=4"
        if after and _whole_word(text.folded, after.end()) and _plausible(text, key, number, after):
            span = Span(number.span.start, after.end())
            _add(reading, _FIELD[key], Claim(_whole(number.value), text.quote(span)))
            continue
        if key != "tokens" and (misspelt := _misspelt(text, number, key)):
            _add(reading, _FIELD[key], Claim(_whole(number.value), text.quote(misspelt)))
            continue
        before = text.folded[max(0, number.span.start - 30) : number.span.start]
        named = re.search(rf"(?<![^\W_])({names})[\"']?\s?(?:of|is|von|de|di|:|=|was)?\s?$", before)
        plausible = named and names and _named_plausible(text, key, number, named[1])
        if named and plausible and not number.article and not _counts_else(text, key, number):
            span = Span(number.span.start - len(before) + named.start(), number.span.end)
            if _FIELD[key] not in reading.claims:
                _add(reading, _FIELD[key], Claim(_whole(number.value), text.quote(span)))


def _counts_else(text: Text, key: str, number: Number) -> bool:
    """Return whether a number before whose kind is named counts something else: "CV, 30 runs"."""
    others = [k for k in (*_FIELD, "second", "minute", "hour", "day") if k != key]
    units = "|".join(_alternatives(text, k) for k in others)
    after = re.compile(rf"{_BETWEEN}(?!times)(?:{units})").match(text.folded, number.span.end)
    if after is None or re.compile(r"[\"']?\s?[=:]").match(text.folded, after.end()):
        return False  # the name of the next number
    return _whole_word(text.folded, after.end())


_KIND_OF = r"(?:different|distinct|separate|random|hyper-?parameter|parameter|model|full|complete)"


def _misspelt(text: Text, number: Number, key: str) -> Span | None:
    """Return a number and the misspelt unit right after it: "20 trals", "10 fodls"."""
    from rapidfuzz import process
    from rapidfuzz.distance import DamerauLevenshtein as Distance

    after = re.compile(r"[ \t]([^\W\d_]{5,})").match(text.folded, number.span.end)
    least = 6 if key == "trials" else 5
    names = [fold(p) for p in text.phrases(key) if len(p) >= least and " " not in p]
    if after is None or number.article or not names:
        return None
    if after[1] in names or _is_word(text, after[1]):
        return None
    cutoff = 1 - (1 if len(after[1]) <= 7 else 2) / len(after[1]) - 1e-3
    near = process.extractOne(
        after[1], names, scorer=Distance.normalized_similarity, score_cutoff=cutoff
    )
    return Span(number.span.start, after.end()) if near and near[0][0] == after[1][0] else None


def _is_word(text: Text, said: str) -> bool:
    return any(said in stopwords(language) for language in text.languages) or said in (
        *("trees", "train", "trains", "trips", "trails", "rails", "tables", "traits"),
    )


def _alternatives(text: Text, key: str) -> str:
    return _any_of({fold(p) for p in text.phrases(key)})


def _whole_word(folded: str, end: int) -> bool:
    return (
        end >= len(folded)
        or not folded[end].isalpha()
        or folded[end] > "\u2fff"
        or folded[end - 1] > "\u2fff"
    )


def _plausible(text: Text, key: str, number: Number, after: re.Match[str]) -> bool:
    """Refuse "a run" and "one model", and "14 models of car" long before anything is tuned."""
    if key != "trials":
        return True
    if number.article:
        return False
    vague = after[1] in (
        "models",
        "modelle",
        "modeles",
        "modelos",
        "modelli",
        "modellen",
        "modeli",
        "rounds",
        "iterations",
        "iteraciones",
        "settings",
        "combinations",
        "goes",
        "shots",
    )
    if after[1] == "times" and not _TIMES.search(text.folded[: number.span.start][-28:]):
        return False
    past = re.match(
        rf"\s+(of (?:car|phone|glass)|ago|last|for each|{_PATIENCE})", text.folded[after.end() :]
    )
    return not past and not (vague and "iteration" in after[1] and _max_before(text, number))


_TIMES = re.compile(r"\b(?:do|run|try|repeat|attempt|search|evaluate|train|tune)\b[^.,;]*$")
"""What makes runs of "25 times": "do it 25 times", and not "it happens 3 times a week"."""


_PATIENCE = (
    r"(?:with(?:out| no)|that do not|ohne|sans|sin)\s(?:\w+\s)?"
    r"(?:improv|besser|verbess|amelior|mejor)"
)
"""What makes of a number of trials no budget: "stop after 5 trials without improvement"."""


def _max_before(text: Text, number: Number) -> bool:
    before = text.folded[max(0, number.span.start - 12) : number.span.start]
    return bool(re.search(r"\b(max|maximum|at most|up to)\W*$", before))


def _named_plausible(text: Text, key: str, number: Number, name: str) -> bool:
    if key == "trials" and name.startswith("budget"):
        rest = text.folded[number.span.end : number.span.end + 12]
        before = text.folded[max(0, number.span.start - 25) : number.span.start]
        return (
            number.value < MOST_BARE
            and not re.match(r"\s*(eur|dollar|\$|€|usd|token|k\b|%|gb|mb)", rest)
            and "token" not in before
        )
    return True


def _whole(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _fold_words(text: Text, reading: Reading) -> None:
    for language in text.languages:
        for word, folds in words(language).get("fold_words", {}).items():
            for span in text.find([word]):
                _add(reading, "validation.folds", Claim(int(folds), text.quote(span)))
    if "validation.folds" not in reading.claims:
        for span in (*text.find_words("holdout"), *held_out(text)):
            reading.add("validation.folds", Claim(1, text.quote(span)))
            return


def _bare_number(text: Text, reading: Reading, numbers: Sequence[Number]) -> None:
    """Read the last number of a terse list as trials: "pima.csv bmi xgb mae 20", "15t"."""
    if any(n.startswith("budget.") for n in reading):
        return
    for number in reversed(numbers):
        ending = re.compile(r"\s?(t|x|tr)?\s*[.!]?\s*$|t(?![^\W_])").match(
            text.folded, number.span.end
        )
        if ending and _named_else(text, number):
            continue
        if ending and not number.article and number.value == int(number.value):
            terse = len(text.folded.split()) <= 12
            claim = Claim(int(number.value), text.quote(number.span), sure=terse)
            reading.add("budget.trials", claim)
            return
        if not re.compile(r"\s?cv\b|\s?fold").match(text.folded, number.span.end):
            return


def _named_else(text: Text, number: Number) -> bool:
    """Return whether the words before a number say what else it counts: "folds: six"."""
    before = text.folded[max(0, number.span.start - 30) : number.span.start]
    names = "|".join(_alternatives(text, f"{key}_before") for key in ("folds", "tokens"))
    return bool(re.search(rf"(?<![^\W_])(?:{names})[\"']?\s?(?:of|is|von|de|di|:|=)?\s?$", before))


def _check(reading: Reading) -> None:
    """Turn impossible limits into contradictions that are explained."""
    trials = reading.get("budget.trials")
    if trials and trials.value != int(trials.value):
        reading.contradict("budget.trials", f"“{trials.quote}” is not a whole number of trials.")
    for name in ("budget.trials", "budget.seconds", "budget.seconds_per_trial"):
        claim = reading.get(name)
        if claim and claim.value <= 0:
            reading.contradict(
                name, f"“{claim.quote}” leaves nothing to spend; the budget must be positive."
            )
    total, each = reading.get("budget.seconds"), reading.get("budget.seconds_per_trial")
    if total and each and each.value > total.value:
        reading.contradict(
            "budget.seconds_per_trial",
            f"One trial may take longer (“{each.quote}”) than all together (“{total.quote}”).",
        )

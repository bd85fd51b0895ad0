"""Numbers in digits and in words: "1,000", "5k", "two dozen", "fünfundzwanzig", "une vingtaine"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.intake.corrections import takes_back
from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import stopwords, words

_DIGITS = re.compile(
    r"(?<![a-z_0-9\u00e0-\u04ff])"
    r"(?P<number>[1-9]\d{0,2}(?:[,.' \u00a0]\d{3})+(?!\d)|\d+(?:[.,]\d+)?(?:e[-+]?\d+)?)"
    r"(?P<scale>\s?(?:k|m|mio|million)(?![^\W_]))?"
)
_SCALES = {"k": 1e3, "m": 1e6, "mio": 1e6, "million": 1e6}
_LIBRARY = ("en", "de", "fr", "es", "it", "pt", "nl")
"""Languages whose number words the library text2num reads."""


@dataclass(frozen=True)
class Number:
    """A number and where it stands; `article` marks a mere "a" or "one"."""

    value: float
    span: Span
    article: bool = False


@dataclass(frozen=True)
class _Word:
    """One token, as text2num wants it."""

    word: str

    def text(self) -> str:
        return self.word

    def nt_separated(self, previous: _Word) -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return False


def numbers_in(text: Text) -> list[Number]:
    """Return the numbers of a text in order; where two readings overlap the longer one stands."""
    found = [*_fractions(text), *_digits(text), *_listed(text), *_spelled(text)]
    found += _misspelt(text, [n.span for n in found])
    found.sort(key=lambda n: (n.span.start - n.span.end, n.article))
    kept: list[Number] = []
    for number in found:
        if not any(number.span.overlaps(k.span) for k in kept):
            kept.append(number)
    joined = _multiplied(text, sorted(kept, key=lambda n: n.span))
    return _corrected(text, [_signed(text, n) for n in joined])


def _corrected(text: Text, numbers: list[Number]) -> list[Number]:
    """Let a number take the place of the one it corrects: "30 trials, no, make that 40"."""
    kept: list[Number] = []
    for number in numbers:
        last = kept[-1] if kept else None
        if last is None or number.article or not takes_back(text, last.span, number.span):
            kept.append(number)
        elif _has_unit(text, number):
            kept[-1] = number
        else:
            kept[-1] = Number(number.value, last.span)
    return kept


def _has_unit(text: Text, number: Number) -> bool:
    """Return whether a word that is no everyday word follows: the "minutes" of "30 minutes"."""
    after = re.compile(r"[\s-]?([^\W\d_]+)").match(text.folded, number.span.end)
    everyday = (stopwords(k) for k in text.languages)
    return bool(after) and not any(after and after[1] in known for known in everyday)


_FRACTION = re.compile(
    r"(?<![\w.,/])(?:(\d{1,2})\s?)?(?:([½¼¾])|(?<![\d/])(1/2|1/3|2/3|1/4|3/4))(?![\d/])"
)
_PARTS = {"½": 1 / 2, "¼": 1 / 4, "¾": 3 / 4, "1/2": 1 / 2, "1/4": 1 / 4, "3/4": 3 / 4}
_PARTS |= {"1/3": 1 / 3, "2/3": 2 / 3}
_MINUS = re.compile(
    r"\b(?:minus|negative|negativ\w*|минус)\s$|(?:负|マイナス)$"
    r"|(?<!\bal )(?<!\blo )(?<!\bao )(?<!\bau )(?<!\bdu )(?<!\bou )(?<!\bo )(?<!pelo )\b"
    r"(?:moins|menos|meno)\s$"
)


def _fractions(text: Text) -> Iterator[Number]:
    for match in _FRACTION.finditer(text.raw):
        value = int(match[1] or 0) + _PARTS[match[2] or match[3]]
        yield Number(value, Span(*match.span()))


def _signed(text: Text, number: Number) -> Number:
    """Return the number with the minus that is spelt out before it: "minus ten"."""
    start = max(0, number.span.start - 16)
    found = _MINUS.search(text.folded[start : number.span.start])
    if found is None or number.article:
        return number
    return Number(-number.value, Span(start + found.start(), number.span.end))


_CONTACT = re.compile(
    r"\b(?:tel|telephone|telefon\w*|phone|ext|extension|fax|mobile|mob|cell|handy|durchwahl|room"
    r"|raum|office|buro|bureau|platform|floor|suite|building|ticket|zip|plz)\b[.:\s]*"
    r"(?:\(?[+#]?\d[\d/()-]*\s?)+|\+\d[\d\s/()-]{6,}"
)
"""A number to call or a place to go to, as at the end of a letter."""


def _digits(text: Text) -> Iterator[Number]:
    contacts = [Span(*m.span()) for m in _CONTACT.finditer(text.folded)]
    pairs = zip(text.raw, text.folded, strict=True)
    parted = "".join(" " if raw in "，、" else char for raw, char in pairs)
    for match in _DIGITS.finditer(parted):
        if any(Span(*match.span()).overlaps(c) for c in contacts):
            continue
        if re.search(
            r"(?<![A-Za-z])\d[.,]$|\d\.$|\w\.$", text.raw[max(0, match.start() - 3) : match.start()]
        ):
            continue  # the tail of "v1.2"
        scale = (match["scale"] or "").strip()
        if scale == "m" and not re.match(r"\W*tokens?", text.folded[match.end() :]):
            scale, end = "", match.end("number")  # "30 m" are minutes
        else:
            end = match.end()
        sign = (
            -1
            if re.search(r"(?:^|[\s=:])[-−]$", text.raw[max(0, match.start() - 2) : match.start()])
            else 1
        )
        value = sign * _value(match["number"]) * _SCALES.get(scale, 1)
        yield Number(value, Span(match.start() - (sign < 0), end))


def _value(digits: str) -> float:
    """Read 1,000 and 1.000 and 1 000 as a thousand, 0.001 and 2,5 as fractions."""
    if re.fullmatch(r"[1-9]\d{0,2}([,.' \u00a0]\d{3})+", digits):
        return float(re.sub(r"\D", "", digits))
    return float(digits.replace(",", "."))


def _listed(text: Text) -> Iterator[Number]:
    for language in text.languages:
        values = words(language)["numbers"]
        by_folded = {Text(str(k)).folded: float(v) for k, v in values.items()}
        for span in text.find(values):
            said = re.sub(r"[\s_-]+", " ", text.folded[span.start : span.end])
            value = by_folded.get(said, by_folded.get(said.replace(" ", "-")))
            if value is not None:
                yield Number(value, span, article=value == 1)
    for match in _CJK.finditer(text.folded):
        yield Number(_cjk(match[0]), Span(*match.span()))


_CJK = re.compile(
    r"[一二三四五六七八九]?百?[一二三四五六七八九]?十[一二三四五六七八九]?|[二三四五六七八九]百"
)
_CJK_DIGITS = "零一二三四五六七八九"


def _cjk(said: str) -> float:
    """Read a number below a thousand in Chinese characters: 四十五, 二百."""
    value, digit = 0, 0
    for char in said:
        if char in _CJK_DIGITS:
            digit = _CJK_DIGITS.index(char)
        else:
            value += max(digit, 1) * (100 if char == "百" else 10)
            digit = 0
    return float(value + digit)


def _spelled(text: Text) -> Iterator[Number]:
    from text_to_num import find_numbers

    matches = list(re.finditer(r"[^\W\d_]+|\d+|\s+|[^\w\s]|_", text.raw))
    tokens = [_Word(m[0].lower()) for m in matches]
    for language in text.languages:
        if language in _LIBRARY:
            for hit in find_numbers(tokens, language, threshold=0.0):
                span = Span(matches[hit.start].start(), matches[hit.end - 1].end())
                said = text.raw[span.start : span.end]
                worded = len(said) > 1 and not any(c.isdigit() for c in said)
                if worded and not hit.is_ordinal:  # the "o" of "o C" is an article and no nought
                    yield Number(float(hit.value), span, article=hit.value == 1)


def _misspelt(text: Text, busy: Sequence[Span]) -> Iterator[Number]:
    """Yield tens and teens with a slip before the word for trials, minutes or folds: "fiftey"."""
    from rapidfuzz import process
    from rapidfuzz.distance import DamerauLevenshtein as Distance

    known = {fold(w): float(v) for k in text.languages for w, v in words(k)["tens"].items()}
    units = {fold(str(u)) for k in _COUNTED for u in text.phrases(k) if len(str(u)) > 2}
    for match in re.finditer(r"([^\W\d_]{5,})[\s-]+([^\W\d_]{3,})", text.folded):
        span, unit = Span(*match.span(1)), match[2]
        if any(span.overlaps(b) for b in busy) or match[1] in known:
            continue
        if match[1].endswith("th"):  # the seventh is no seventy
            continue
        counted = unit in units or process.extractOne(unit, units, score_cutoff=80)
        near = process.extractOne(
            match[1], list(known), scorer=Distance.normalized_similarity, score_cutoff=0.78
        )
        if counted and near and near[0][0] == match[1][0]:
            yield Number(known[near[0]], span)


_COUNTED = ("trials", "second", "minute", "hour", "folds", "tokens")


def _multiplied(text: Text, numbers: Sequence[Number]) -> list[Number]:
    """Join a number and the multiplier after it: two dozen."""
    factors = {
        Text(str(k)).folded: float(v)
        for language in text.languages
        for k, v in words(language)["multipliers"].items()
    }
    joined: list[Number] = []
    for number in numbers:
        last = joined[-1] if joined else None
        said = text.folded[number.span.start : number.span.end]
        between = text.folded[last.span.end : number.span.start] if last else ""
        if last and _tens_and_ones(text, last, number, between):
            joined[-1] = Number(last.value + number.value, Span(last.span.start, number.span.end))
        elif last and said in factors and last.value < 100 and re.fullmatch(r"[\s-]+", between):
            joined[-1] = Number(last.value * factors[said], Span(last.span.start, number.span.end))
        else:
            joined.append(number)
    return _followed(text, joined, factors)


def _tens_and_ones(text: Text, tens: Number, ones: Number, between: str) -> bool:
    """Return whether two words are one number in a language that the library does not read."""
    written = text.folded[tens.span.start : ones.span.end]
    spelt = text.languages[0] not in _LIBRARY and not re.search(r"\d", written)
    round_tens = tens.value in range(20, 100, 10) and ones.value in range(1, 10)
    return spelt and round_tens and bool(re.fullmatch(r"\s?", between))


def _followed(text: Text, numbers: list[Number], factors: dict[str, float]) -> list[Number]:
    found = []
    for number in numbers:
        follower = re.match(r"\s+([^\W\d_]+(?: d'| de| di)?)", text.folded[number.span.end :])
        factor = factors.get(follower[1]) if follower else None
        if follower and factor:
            end = number.span.end + follower.end()
            number = Number(number.value * factor, Span(number.span.start, end))
        halves = "|".join(re.escape(fold(p)) for p in text.phrases("and_half")) or r"(?!)"
        half = re.compile(rf"\s(?:{halves})(?=\s[^\W\d_])").match(text.folded, number.span.end)
        if half and not number.article:
            number = Number(number.value + 0.5, Span(number.span.start, half.end()))
        found.append(number)
    return found

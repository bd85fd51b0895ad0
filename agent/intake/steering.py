"""The code reader of remarks in the middle of a search: "not above 200 trees, rather shallow ones".

Numbers are read as in a description (`agent.intake.settings`), by the names of the study's own
parameters too. Words without numbers are preferences, or choices that are wanted or ruled out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.intake.models import model_mentions
from agent.intake.negation import ruled_out
from agent.intake.numbers import numbers_in
from agent.intake.settings import Wish, read_settings
from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import stopwords, words
from evals.parameters import Categorical, Float, Int, Ordinal, Parameter, Scalar
from evals.preferences import Preference
from evals.spaces import SEPARATOR
from evals.steering import constraint_on
from evals.task import Task
from prompts.errors import InvalidTaskError

SHARE = 0.5
"""A value that is preferred is a range: half of it to one and a half times it."""


@dataclass(frozen=True)
class Read:
    """What code made of a remark; `rest` are the pieces that it could not read."""

    constraints: tuple[str, ...]
    preferences: tuple[Preference, ...]
    rest: tuple[str, ...]


def read_steering(text: Text, task: Task) -> Read:
    """Return what `text` asks of `task`'s parameters.

    Raises:
        InvalidTaskError: it names a setting that is not tuned, or leaves nothing of a parameter.
    """
    reader = _Reader(text, task)
    reader.read()
    rest = tuple(text.quote(p) for p in _pieces(text) if not reader.covers(p))
    return Read(
        tuple(dict.fromkeys(reader.constraints)), tuple(dict.fromkeys(reader.preferences)), rest
    )


class _Reader:
    """Collects wishes and where they stand."""

    def __init__(self, text: Text, task: Task) -> None:
        self.text, self.task = text, task
        self.constraints: list[str] = []
        self.preferences: list[Preference] = []
        self.spans: list[Span] = []
        self.names = _names(task)

    def read(self) -> None:
        for piece in _pieces(self.text):
            self._around(piece)
        for wish in read_settings(self.text, self.spans, self.names).wishes:
            self._number(wish)
        self._choices()
        for piece in _pieces(self.text):
            if not self.covers(piece):
                self._direction(piece)

    def covers(self, piece: Span) -> bool:
        return any(piece.overlaps(s) for s in self.spans)

    def _around(self, piece: Span) -> None:
        """Read "learning rate around 0.05": the number right after such a word."""
        for cue in self.text.find(words("steering")["around"]):
            after = [n for n in numbers_in(self.text) if 0 <= n.span.start - cue.end <= 1]
            found = self._named_in(piece, cue) if cue.overlaps(piece) and after else []
            for parameter in [p for p in found if isinstance(p, Float | Int)]:
                span = Span(cue.start, after[0].span.end)
                wish = Wish(parameter.name, "=", after[0].value, span)
                self.preferences.append(_range(parameter, wish))
                self.spans.append(piece)

    def _number(self, wish: Wish) -> None:
        """Read a bound or a value, which after "prefer" is a preference."""
        soft = self._said("rather", wish.span) and _is_number(wish.value)
        [out] = ruled_out(self.text, [wish.span]) if isinstance(wish.value, str) else [False]
        for parameter in self._tuned(wish.setting):
            if soft and isinstance(parameter, Float | Int):
                self.preferences.append(_range(parameter, wish))
            else:
                sign = "!=" if out else wish.sign
                self.constraints.append(constraint_on(parameter, sign, wish.value))
        self.spans.append(wish.span)

    def _tuned(self, setting: str) -> list[Parameter]:
        """Return the tuned parameters that a setting stands for.

        Raises:
            InvalidTaskError: there is none.
        """
        found = _parameters(self.task, setting)
        if not found:
            own = words("settings").get(setting, {}).get("own", {}).get("default", setting)
            raise InvalidTaskError(
                f"{own} is not tuned in this study.",
                hint=f"Tuned are: {', '.join(self.task.space.names)}.",
            )
        return found

    def _said(self, key: str, span: Span) -> bool:
        """Return whether a word listed under `key` stands in the piece around `span`."""
        piece = next((p for p in _pieces(self.text) if p.overlaps(span)), span)
        return any(s.overlaps(piece) for s in self.text.find(words("steering")[key]))

    def _liked(self, span: Span) -> bool:
        return self._said("rather", span) or self._said("favoured", span)

    def _choices(self) -> None:
        hits = list(_choices_named(self.text, self.task))
        out = ruled_out(self.text, [span for _, _, span in hits])
        wanted: dict[str, list[Scalar]] = {}
        for (parameter, value, span), negated in zip(hits, out, strict=True):
            if self.covers(span):
                continue
            self.spans.append(span)
            if negated:
                self.constraints.append(constraint_on(parameter, "!=", value))
            elif self._liked(span) and not self._said("only", span):
                wanted.setdefault(parameter.name, []).append(value)
            else:
                self.constraints.append(constraint_on(parameter, "=", value))
        for name, values in wanted.items():
            self.preferences.append(Preference(parameter=name, values=tuple(values)))

    def _direction(self, piece: Span) -> None:
        """Read "prefer shallow ones", "rather small learning rates"."""
        for word, ways in _OWN.items():
            for span in self.text.find(words("steering")[word]):
                if span.overlaps(piece) and self._toward(ways, span):
                    return
        for toward in ("low", "high"):
            for span in self.text.find(words("steering")[toward]):
                if span.overlaps(piece) and (found := self._named_in(piece, span)):
                    self._prefer(found, toward, piece)
                    return

    def _toward(self, ways: Sequence[tuple[str, str]], span: Span) -> bool:
        for setting, toward in ways:
            if found := _parameters(self.task, setting):
                self._prefer(found, toward, span)
                return True
        return False

    def _prefer(self, found: Sequence[Parameter], toward: str, span: Span) -> None:
        turned = {"low": "high", "high": "low"} if self._negated(span) else {}
        for parameter in found:
            if not isinstance(parameter, Categorical):
                way = turned.get(toward, toward)
                self.preferences.append(
                    Preference.model_validate({"parameter": parameter.name, "toward": way})
                )
        self.spans.append(span)

    def _negated(self, span: Span) -> bool:
        piece = next((p for p in _pieces(self.text) if p.overlaps(span)), span)
        return any(n.overlaps(piece) for n in self.text.find_words("negators"))

    def _named_in(self, piece: Span, adjective: Span) -> list[Parameter]:
        """Return the parameters named in a piece of the text, outside the adjective itself."""
        vocabulary = {
            n: s for s, entry in words("settings").items() for n in entry["names"]
        } | self.names
        for span in self.text.find(vocabulary):
            if span.overlaps(piece) and not span.overlaps(adjective):
                said = re.sub(r"[\s_-]+", " ", self.text.folded[span.start : span.end])
                setting = {re.sub(r"[\s_-]+", " ", fold(n)): s for n, s in vocabulary.items()}[said]
                if found := _parameters(self.task, setting):
                    return found
        return []


_OWN: Mapping[str, Sequence[tuple[str, str]]] = {
    "shallow": (("depth", "low"), ("leaves", "low")),
    "deep": (("depth", "high"), ("leaves", "high")),
}
"""What an adjective means, the first setting that is tuned."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _names(task: Task) -> dict[str, str]:
    """Return what the study's own parameters may be called."""
    own = [p.name for p in task.space.parameters]
    bare = [n.split(SEPARATOR)[-1] for n in own]
    return {n: n for n in [*own, *bare] if len(n) > 1}


def _parameters(task: Task, setting: str) -> list[Parameter]:
    """Return the tuned parameters that a setting, or a bare name, stands for."""
    if own := [p for p in task.space.parameters if p.name == setting]:
        return own
    entry = words("settings").get(setting)
    names = {setting} if entry is None else set(entry["own"].values())
    return [
        p for p in task.space.parameters if p.name.split(SEPARATOR)[-1] in names or p.name in names
    ]


def _range(parameter: Float | Int, wish: Wish) -> Preference:
    value = float(wish.value or 0)
    low, high = {
        "<=": (float(parameter.low), value),
        ">=": (value, float(parameter.high)),
    }.get(wish.sign, tuple(sorted((value * (1 - SHARE), value * (1 + SHARE)))))
    if low > high:
        raise InvalidTaskError(
            f"{parameter.name} around {value:g} is outside {parameter.low:g} to {parameter.high:g}."
        )
    return Preference(parameter=parameter.name, low=low, high=high)


def _choices_named(text: Text, task: Task) -> Iterator[tuple[Parameter, Scalar, Span]]:
    """Yield the choices that the text names, in order: options of parameters, model families."""
    found: list[tuple[Parameter, Scalar, Span]] = []
    for model in [p for p in task.space.parameters if p.name == "model"]:
        alone = [m for m in model_mentions(text) if len(m.families) == 1]
        options = model.options if isinstance(model, Categorical) else ()
        found += [(model, m.families[0], m.span) for m in alone if m.families[0] in options]
    for parameter in task.space.parameters:
        if isinstance(parameter, Categorical | Ordinal) and parameter.name != "model":
            for option in parameter.options:
                if isinstance(option, str) and len(option) > 2:
                    found += [(parameter, option, s) for s in text.find([option])]
    return iter(sorted(found, key=lambda f: f[2]))


_JOINTS = re.compile(
    r"[,;!?\n]\s?|\.(?:\s|$)|\s(?:and|but|und|aber|et|mais|y|pero|e|ma|en|maar|i|och|men|и|но)\s"
)


def _pieces(text: Text) -> list[Span]:
    """Return the parts of the text that say something, between commas, stops and "and"."""
    cuts = [Span(0, 0), *(Span(*m.span()) for m in _JOINTS.finditer(text.folded))]
    ends = [*(c.start for c in cuts[1:]), len(text.folded)]
    pieces = [Span(c.end, end) for c, end in zip(cuts, ends, strict=True) if end > c.end]
    return [p for p in pieces if _says_something(text, p)]


def _says_something(text: Text, piece: Span) -> bool:
    said = text.folded[piece.start : piece.end]
    for phrase in sorted(words("steering")["polite"], key=len, reverse=True):
        said = re.sub(rf"(?<!\w){re.escape(fold(phrase))}(?!\w)", " ", said)
    everyday = {w for k in text.languages for w in stopwords(k)}
    return any(w not in everyday for w in re.findall(r"\w+", said))

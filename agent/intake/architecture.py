"""How a model is built, in words: "two hidden layers of 64 neurons", "manhattan distance".

What is said of a model that is named becomes a setting of it; what no setting stands for is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agent.intake.models import model_mentions
from agent.intake.settings import Wish, read_settings
from agent.intake.text import Span, Text
from evals.parameters import Scalar

_COUNTED = {
    "mlp__depth": (
        *("hidden layers", "hidden layer", "layers", "layer", "verdeckte schichten"),
        *("versteckte schichten", "verdeckten schichten", "versteckten schichten", "schichten"),
        *("couches cachées", "couches", "capas ocultas", "capas", "strati nascosti", "strati"),
        *("camadas ocultas", "camadas", "verborgen lagen", "warstwy ukryte", "dolda lager"),
    ),
    "mlp__width": (
        *("neurons", "neurons per layer", "neurons each", "hidden neurons", "hidden units"),
        *("units", "units per layer", "units each", "nodes per layer", "nodes", "neuronen"),
        *("neurones", "neuronas", "neuroni", "neurônios", "layer width", "width"),
    ),
    "mlp__batch_size": ("batch size", "batch_size", "rows per batch", "minibatch size"),
}
_NAMES = {name: setting for setting, names in _COUNTED.items() for name in names}
_LAYERS = r"(?:hidden[\s_-])?layers?(?:[\s_-]sizes?)?"
_SIZES = re.compile(
    rf"\b{_LAYERS}\W{{0,2}}(?:of|with|=)?\s?[(\[]?(\d+(?:\s?[,x×-]\s?\d+)+)[)\]]?(?!\w)"
)
_WIDTH = re.compile(
    rf"\b{_LAYERS}\s(?:of|with|x|×)\s(?:size\s|width\s)?(\d+)(?:\s(?:units|neurons|nodes))?"
    r"(?!\s?[,x×]\s?\d|\w)"
)
_WORDS: tuple[tuple[str, tuple[str, ...], str, Scalar], ...] = (
    (r"(?:one|a single|single|1)[\s-](?:hidden[\s-])?layer\b", ("mlp",), "depth", 1),
    (r"relu\b", ("mlp",), "activation", "relu"),
    (r"tanh\b", ("mlp",), "activation", "tanh"),
    (r"manhattan(?: distances?| metric)?\b", ("knn",), "p", 1),
    (r"euclidean(?: distances?| metric)?\b", ("knn",), "p", 2),
    (r"dart\b", ("lightgbm",), "boosting_type", "dart"),
    (r"dart\b", ("xgboost",), "booster", "dart"),
)
_UNKNOWN = re.compile(
    r"\b(?:(?:\d+|two|three|four|five)[\s-])?hidden[\s_-]layers?(?:[\s_-]sizes?)?"
    r"(?:\s?[(\[][\d\s,x×]+[)\]])?"
    r"|\b(?:\d+\s)?(?:neurons|hidden units|units per layer|nodes per layer)\b"
    r"|\bdropout(?:\s(?:rate\s)?(?:of\s)?[\d.]+\d)\b|\bbatch[\s-]?norm(?:ali[sz]ation)?\b"
    r"|\bweight decay\b|\b(?:residual|skip) connections?\b"
    r"|\b(?:manhattan|euclidean|cosine|minkowski|chebyshev|hamming) (?:distances?|metric)\b"
    r"|\bl[12][\s-]regulari[sz](?:ed|ation)\b"
    r"|\b(?:with|using) (?:dart|goss|entropy|gini|relu|tanh)\b"
    r"|\b(?:monotone|monotonic|interaction) constraints?\b"
)


def read_architecture(text: Text, taken: Sequence[Span]) -> list[Wish]:
    """Return what the text, outside `taken`, fixes or bounds of how named models are built."""
    mentions = model_mentions(text, taken)
    named = {m.families[0] for m in mentions if len(m.families) == 1 and not m.out}
    found = list(_said(text, named, taken))
    if "mlp" in named:
        found += _sizes(text)
        listed = [Span(*m.span()) for m in _SIZES.finditer(text.folded)]
        found += _widths(text, [*listed, *(w.span for w in found)])
        busy = [*taken, *listed, *(w.span for w in found)]
        wishes = read_settings(text, busy, _NAMES).wishes
        found += [w for w in wishes if w.setting in _COUNTED]
    return list({w.setting: w for w in found if w.sign == "="}.values()) + [
        w for w in found if w.sign != "="
    ]


def _said(text: Text, named: set[str], taken: Sequence[Span]) -> Iterator[Wish]:
    for pattern, families, setting, value in _WORDS:
        for match in re.finditer(rf"\b{pattern}", text.folded):
            span = Span(*match.span())
            if not any(span.overlaps(t) for t in taken):
                yield from (
                    Wish(f"{f}__{setting}", "=", value, span) for f in families if f in named
                )


def _sizes(text: Text) -> Iterator[Wish]:
    """Read "hidden layers (64, 64)"; layers of different widths are no setting."""
    for match in _SIZES.finditer(text.folded):
        sizes = [int(n) for n in re.findall(r"\d+", match[1])]
        if len(set(sizes)) == 1:
            yield Wish("mlp__depth", "=", len(sizes), Span(*match.span()))
            yield Wish("mlp__width", "=", sizes[0], Span(*match.span()))


def _widths(text: Text, busy: Sequence[Span]) -> Iterator[Wish]:
    for match in _WIDTH.finditer(text.folded):
        span = Span(*match.span(1))
        if not any(span.overlaps(b) for b in busy):
            yield Wish("mlp__width", "=", int(match[1]), span)


def not_taken(text: Text, taken: Sequence[Span]) -> list[str]:
    """Return the user's words on how a model is built that nothing outside `taken` stands for."""
    found = (Span(*m.span()) for m in _UNKNOWN.finditer(text.folded))
    return list(
        dict.fromkeys(text.quote(s) for s in found if not any(s.overlaps(t) for t in taken))
    )

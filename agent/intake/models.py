"""Model families by the names people give them, wished for or ruled out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

from agent.intake.claims import Claim, Reading
from agent.intake.corrections import last_word
from agent.intake.mentions import Alias, Hit, mentions_of
from agent.intake.metrics import metric_mentions
from agent.intake.negation import ruled_out
from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import words
from evals.task import Kind

ALL = (
    *("lightgbm", "xgboost", "hist_gradient_boosting", "random_forest", "extra_trees"),
    *("decision_tree", "svm", "knn", "logistic_regression", "elastic_net", "mlp"),
)


@dataclass(frozen=True)
class Mention:
    """Families named at a place, whether as a group ("trees"), and whether ruled out."""

    families: tuple[str, ...]
    group: str | None
    span: Span
    out: bool = False
    past: bool = False


def fits(family: str, kind: Kind) -> bool:
    """Return whether a family can predict that kind of target."""
    if family == "logistic_regression":
        return kind != "regression"
    return family != "elastic_net" or kind == "regression"


@cache
def _aliases() -> tuple[Alias, ...]:
    content: dict[str, Any] = words("models")
    found = [Alias((f, ""), n) for f, names in content["families"].items() for n in names]
    groups = content["groups"].items()
    return (*found, *(Alias(("", g), n) for g, entry in groups for n in entry["names"]))


def model_mentions(text: Text, taken: Iterable[Span] = ()) -> list[Mention]:
    """Return the families mentioned outside `taken` spans, in order."""
    hits = mentions_of(text, _aliases(), taken)
    hits = sorted([*hits, *_short_names(text, hits, taken)], key=lambda h: h.span)
    out = ruled_out(text, [h.span for h in hits])
    found = []
    for hit, negated in zip(hits, out, strict=True):
        family, group = hit.key
        if _IN_THE_WOODS.search(text.folded[: hit.span.end]):
            continue
        if group == "boosting" and _histograms(text, hit.span):
            family, group = "hist_gradient_boosting", ""
        members = (family,) if family else tuple(words("models")["groups"][group]["families"])
        found.append(Mention(members, group or None, hit.span, negated, _past(text, hit.span)))
    return found


_IN_THE_WOODS = re.compile(r"\bin (?:the|a|our|this) (?:forests?|woods?)$")
_SHORT = {"et": "extra_trees", "en": "elastic_net"}
_RIGHT = r"\s*[,/+&]?\s*(?:(?:and|or)\s)?"


def _short_names(text: Text, hits: Sequence[Hit], taken: Iterable[Span]) -> Iterator[Hit]:
    """Yield "et" and "en" in English, beside another model or before a metric: no words there."""
    if text.languages[0] != "en":
        return
    metrics = [m.span for m in metric_mentions(text, taken)]
    for match in re.finditer(r"(?<![\w.])(?:et|en)(?![\w.])", text.folded):
        before = [h.span.end for h in hits if h.span.end <= match.start()]
        after = [s.start for s in (*(h.span for h in hits), *metrics) if s.start >= match.end()]
        left = before and re.fullmatch(_RIGHT, text.folded[max(before) : match.start()])
        right = after and re.fullmatch(_RIGHT, text.folded[match.end() : min(after)])
        if left or right:
            yield Hit((_SHORT[match[0]], ""), Span(*match.span()))


def _histograms(text: Text, span: Span) -> bool:
    """Return whether the words around "boosting" say whose: scikit-learn's, by histograms."""
    before = text.folded[max(0, span.start - 22) : span.start]
    after = text.folded[span.end : span.end + 40]
    return bool(
        re.search(r"\b(?:hist\w*|isto\w*|sklearn|scikit[\s-]learn)(?:'s)?[\s-]{1,2}$", before)
        or re.match(
            r"\W{1,3}(?:\w+\s){0,3}(?:hist[ao]\w*|isto\w*|sklearn|scikit[\s-]learn)\b", after
        )
    )


def _past(text: Text, span: Span) -> bool:
    """Return whether a mention tells what was used once, by others, or as a comparison."""
    before = text.folded[max(text.clause(span).start, span.start - 30) : span.start]
    stories = list(Text(before).find(text.phrases("past")))
    return bool(stories) and not list(
        Text(before[stories[-1].end :]).find(text.phrases("positive"))
    )


def read_models(text: Text, kind: Kind, taken: Iterable[Span] = ()) -> Reading:
    """Claim the families wished for, or all that fit less those ruled out."""
    reading = Reading()
    elsewhere = unknown_models(text, taken)
    busy = [*taken, *(m.span for m in elsewhere)]
    mentions = _without_details(text, model_mentions(text, busy))
    mentions = [replace(m, out=True) if _of_a_ban(text, m, mentions) else m for m in mentions]
    wished = [m for m in mentions if not m.out and not m.past and not _denied(text, m, mentions)]
    past = [m for m in mentions if not m.out and m.past]
    if not wished and past and any(True for _ in text.find(_ELSE)):
        mentions = [replace(m, out=True) if m.past else m for m in mentions]
        past = []
    wished = wished or past
    wished = _specified(wished[last_word(text, [m.span for m in wished]) :])
    _refuse(text, reading, [m for m in elsewhere if not m.out and not m.past], bool(wished))
    out = {f for m in mentions if m.out for f in _for_kind(m, kind, ruled_out=True)}
    if wished:
        _claim_wished(text, kind, reading, wished, out)
    elif out:
        left = tuple(f for f in ALL if fits(f, kind) and f not in out)
        quote = ", ".join(text.quote(_with_negator(text, m.span)) for m in mentions if m.out)
        if not left:
            reading.contradict("models", f"“{quote}” leaves no model for a {kind} target.")
        elif both := _named_and_ruled_out(text, mentions):
            reading.contradict("models", f"“{both}” both wishes for a model and rules it out.")
        reading.add("models", Claim(left, quote))
    return reading


def unknown_models(text: Text, taken: Iterable[Span] = ()) -> list[Mention]:
    """Return the models mentioned that plaintune does not have, in order, families left empty."""
    names = tuple(Alias((n, ""), n) for n in words("models")["unknown"])
    hits = [h for h in mentions_of(text, names, taken) if h.exact or len(h.key[0]) >= 8]
    out = ruled_out(text, [h.span for h in hits])
    pairs = zip(hits, out, strict=True)
    return [Mention((), None, h.span, negated, _past(text, h.span)) for h, negated in pairs]


def _refuse(text: Text, reading: Reading, unknown: Sequence[Mention], others: bool) -> None:
    """Say that a model is not here; without another one wished for, nothing can be assumed."""
    for mention in unknown:
        said = f"“{text.quote(mention.span)}” is none of the models that plaintune tunes"
        if others:
            reading.notes.append(f"{said}; it is left out.")
        else:
            reading.contradict("models", f"{said}.")


def _of_a_ban(text: Text, mention: Mention, mentions: Sequence[Mention]) -> bool:
    """Return whether a group ruled out before covers a mention that no verb wishes for."""
    for ban in (m for m in mentions if m.group and m.out and m.span.end <= mention.span.start):
        between = Text(text.folded[ban.span.end : mention.span.start])
        keys = ("positive", "but", "negators")
        wishes = {p for k in keys for p in text.phrases(k)} - {"please", "bitte"}
        covered = set(mention.families) <= set(ban.families)
        if covered and len(between.raw) <= _NEAR and not any(True for _ in between.find(wishes)):
            return True
    return False


_NEAR = 80
"""Characters within which a ban goes on: "no trees of any kind please, so also no forests"."""


def _denied(text: Text, mention: Mention, mentions: Sequence[Mention]) -> bool:
    """Return whether what is only told of is ruled out later: "all throw it at all; WITHOUT"."""
    before = Text(text.folded[max(0, mention.span.start - _NEAR) : mention.span.start])
    if any(True for _ in before.find(text.phrases("positive"))):
        return False
    later = [m for m in mentions if m.out and m.span.start > mention.span.end]
    return any(m.families == mention.families for m in later)


def _named_and_ruled_out(text: Text, mentions: Sequence[Mention]) -> str:
    """Return the words that name a model and, next to it, rule it out: "svm, and no svm"."""
    for first, second in pairwise(mentions):
        near = text.folded[first.span.end : second.span.start]
        opened = not first.out and second.out and first.families == second.families
        if opened and len(near) <= _NEXT and not re.search(r"[;.:!?]\s", near):
            return text.quote(Span(first.span.start, second.span.end))
    return ""


_NEXT = 24
"""Characters within which naming and ruling out are one thought and no story with its end."""


def _specified(wished: Sequence[Mention]) -> list[Mention]:
    """Drop groups that a family named beside them specifies: "boosting … with LightGBM"."""
    named = {f for m in wished if not m.group for f in m.families}
    return [m for m in wished if not m.group or named.isdisjoint(m.families)]


_ELSE = (
    *("anything else", "everything else", "something else", "something different", "other models"),
    *("etwas anderes", "alles andere", "was anderes", "autre chose", "otra cosa", "qualcos'altro"),
    *("outra coisa", "iets anders", "coś innego", "något annat", "что-нибудь другое"),
)


def _claim_wished(
    text: Text, kind: Kind, reading: Reading, wished: Sequence[Mention], out: set[str]
) -> None:
    families = list(dict.fromkeys(f for m in wished for f in _for_kind(m, kind)))
    left = tuple(f for f in families if f not in out)
    quote = ", ".join(dict.fromkeys(text.quote(m.span) for m in wished))
    if not left:
        reading.contradict("models", f"“{quote}” is both wished for and ruled out.")
    unfit = [f for f in left if not fits(f, kind)]
    if unfit:
        reading.contradict("models", f"“{quote}” cannot predict a {kind} target.")
    if "elastic_net" in left and (penalty := _PENALTY.search(fold(quote))):
        reading.notes.append(
            f"“{penalty[0]}” is searched as elastic_net, whose l1_ratio goes from nearly 0 (ridge) "
            "to 1 (lasso)."
        )
    sure = bool(left) and not any(m.past for m in wished)
    if not out:
        others = tuple(f for f in ALL if fits(f, kind) and f not in families)
        reading.rivals["models"] = Claim(others, quote, sure=False)
    reading.add("models", Claim(left or tuple(families), quote, sure=sure))


_PENALTY = re.compile(r"\b(?:ridge|lasso)\b")


def _without_details(text: Text, mentions: Sequence[Mention]) -> list[Mention]:
    """Drop a group that another mention spells out: "gradient boosting (lightgbm)"."""
    return [m for m in mentions if not (m.group and _spelled_out(text, m, mentions))]


def _spelled_out(text: Text, group: Mention, mentions: Sequence[Mention]) -> bool:
    for other in mentions:
        if other.group or other.out != group.out or not set(other.families) <= set(group.families):
            continue
        after = text.folded[group.span.end : max(group.span.end, other.span.start)]
        before = text.folded[other.span.end : max(other.span.end, group.span.start)]
        named = re.fullmatch(
            r"\s?[(:]\s?|,?\s(?:like|such as|i\.?e\.?,?|namely|with|z\. ?b\.)\s", after
        )
        if named or (before and re.fullmatch(r"\s|\s?\(", before)):
            return True
    return False


def _for_kind(mention: Mention, kind: Kind, ruled_out: bool = False) -> Iterator[str]:
    """Yield the families of a mention; of a linear group only the one that fits the kind."""
    for family in mention.families:
        if mention.group != "linear" or ruled_out or fits(family, kind):
            yield family


def _with_negator(text: Text, span: Span) -> Span:
    clause = text.clause(span)
    before = [n for n in text.find_words("negators") if clause.start <= n.start < span.start]
    return Span(before[-1].start, span.end) if before else span

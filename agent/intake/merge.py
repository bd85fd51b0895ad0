"""Both readings side by side: agreed is settled, code wins where it is sure, the rest is open."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.intake.claims import Claim, Reading
from agent.intake.code_reader import CodeReader
from agent.intake.columns import means_another, telling_values
from agent.intake.durations import durations_in
from agent.intake.mentions import normal
from agent.intake.metrics import for_kind
from agent.intake.numbers import numbers_in
from agent.intake.text import Text, fold
from agent.intake.vocabulary import stopwords
from evals.metrics import METRICS
from evals.task import Kind


@dataclass(frozen=True)
class Merged:
    """A field's likelier claim, and the other reader's where the two differ (`rival`)."""

    claim: Claim | None
    rival: Claim | None = None


def merge_target(code: CodeReader, model: Reading) -> Merged:
    """Return the target; code's word counts more unless it is one telling word of a name."""
    said, other = code.target.get("data.target"), model.get("data.target")
    if other and (_only_jargon(code, other.quote) or means_another(other.quote, other.value)):
        other = None
    if said is None or other is None:
        return Merged(_strong(code, said) if other is None else other)
    if said.value == other.value or said.sure:
        return Merged(said)
    return Merged(said, other) if _strength(code, said) >= 2 else Merged(other, said)


def _strong(code: CodeReader, said: Claim | None) -> Claim | None:
    """Return a claim that can stand without the model: a column's name, or a role for a part."""
    if said is None:
        return None
    told = _strength(code, said) >= 2 or _role(code, said) == "target"
    return said if told or _both_values(code, said) else None


def _both_values(code: CodeReader, claim: Claim) -> bool:
    """Return whether values of one column are named, two or a telling one, and no other column."""
    said = {normal(code.text.quote(m.span)) for m in code.mentions}
    telling = said & telling_values(code.values)
    one = {m.column for m in code.mentions} == {claim.value}
    return one and (len(said) >= 2 or bool(telling))


def _strength(code: CodeReader, claim: Claim) -> int:
    return max((m.strength for m in code.mentions if m.column == claim.value), default=0)


def _role(code: CodeReader, claim: Claim) -> str:
    roles = {m.role for m in code.mentions if m.column == claim.value}
    return "target" if "target" in roles else ""


def _only_jargon(code: CodeReader, quote: str) -> bool:
    """Return whether quoted words are nothing but file, model, metric and everyday words."""
    folded, said = code.text.folded, fold(quote).strip()
    start = folded.find(said)
    if start < 0:
        return False
    left = list(said)
    for span in code.spoken_for():
        for i in range(max(span.start, start), min(span.end, start + len(said))):
            left[i - start] = " "
    everyday = {w for k in code.text.languages for w in stopwords(k)}
    everyday |= {w for p in code.text.phrases("predict") for w in fold(p).split()} | _EMPTY
    return all(w in everyday for w in re.findall(r"[^\W\d_]+", "".join(left)))


_EMPTY = {"model", "something", "trials", "data", "file", "table", "optimise", "optimize", "tune"}
_EMPTY |= {"modell", "modele", "modelo", "modello", "optimiere", "useful", "optimiser", "etwas"}


def merge_objectives(code: Reading, model: Reading, kind: Kind, jargon: CodeReader) -> Merged:
    """Return the metrics; the model's word counts where code found none and they fit the kind."""
    said, other = code.get("objectives"), model.get("objectives")
    if said and any(not METRICS[m].of_model for m in said.value):
        return Merged(said)
    quality: tuple[str, ...] = ()
    if other and _tells_a_measure(jargon, other):
        quality = tuple(for_kind(m, kind) for m in other.value)
        quality = tuple(m for m in quality if kind in METRICS[m].kinds and not METRICS[m].of_model)
    if not quality:
        return Merged(said)
    extras = said.value if said else ()
    assert other is not None
    quote = ", ".join(q for q in (other.quote, said.quote if said else "") if q)
    return Merged(Claim((quality[0], *extras), quote, sure=False, origin="LLM"))


def _tells_a_measure(code: CodeReader, claim: Claim) -> bool:
    return not _only_jargon(code, claim.quote)


def merge_budget(code: Reading, model: Reading, text: Text) -> dict[str, Claim]:
    """Return the limits; the model's numbers count where code found none of that kind."""
    claims = dict(code.claims)
    numbers = numbers_in(text)
    times = [d.span for d in durations_in(text, numbers)]
    free_numbers = [n for n in numbers if not n.article]
    values = [n.value for n in free_numbers if not any(n.span.overlaps(t) for t in times)]
    spent = {c.value for c in claims.values()}
    for name in ("budget.trials", "validation.folds"):
        other = model.get(name)
        free = other and name not in claims and other.value in values and other.value not in spent
        if other and free and (name == "budget.trials" or _about_folds(text)):
            claims[name] = other
    return claims


def _about_folds(text: Text) -> bool:
    return bool(
        re.search(
            r"fold|cross|valid|kreuz|croise|cruzad|incroc|krzyz|kors|кросс|交差|交叉", text.folded
        )
    )

"""Both readings side by side: agreed is settled, code wins where it is sure, the rest is open."""

from __future__ import annotations

import re

from agent.intake.claims import Claim, Reading
from agent.intake.code_reader import CodeReader
from agent.intake.durations import durations_in
from agent.intake.metrics import for_kind
from agent.intake.numbers import numbers_in
from agent.intake.targets import Merged, only_jargon
from agent.intake.text import Text
from evals.metrics import METRICS
from evals.task import Kind


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
    return not only_jargon(code, claim.quote)


def merge_budget(code: Reading, model: Reading, text: Text) -> dict[str, Claim]:
    """Return the limits; the model's numbers count where code found none of that kind."""
    claims = dict(code.claims)
    numbers = numbers_in(text)
    times = [d.span for d in durations_in(text, numbers)]
    free_numbers = [n for n in numbers if not n.article]
    values = [n.value for n in free_numbers if not any(n.span.overlaps(t) for t in times)]
    spent = {c.value for c in claims.values()}
    timed = "budget.seconds" in claims  # any other number is of something else, three times in four
    for name in ("validation.folds",) if timed else ("budget.trials", "validation.folds"):
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

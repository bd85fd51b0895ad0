"""Both readings side by side: agreed is settled, code wins where it is sure, the rest is open."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.intake.claims import Claim, Reading
from agent.intake.code_reader import CodeReader
from agent.intake.durations import durations_in
from agent.intake.metrics import for_kind
from agent.intake.models import ALL, fits
from agent.intake.numbers import numbers_in
from agent.intake.targets import Merged, only_jargon
from agent.intake.text import Span, Text
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


def settle_models(code: Reading, model: Reading, kind: Kind) -> Claim | None:
    """Return the families where code reads them as wished for and ruled out, if the model can say.

    It can where it has them on one side only: "everyone throws boosting at it. For once: no
    boosting" rules it out, "only forests, no trees" is for the user to settle.
    """
    said, other = code.get("models"), model.get("models")
    if said is None or said.sure or other is None:
        return None
    disputed, (wished, out) = set(said.value), other.value
    if disputed & set(wished) and not disputed & set(out):
        left = [f for f in said.value if fits(f, kind)]
    elif disputed & set(out) and not disputed & set(wished):
        left = [f for f in wished or ALL if fits(f, kind) and f not in disputed | set(out)]
    else:
        return None
    return Claim(tuple(left), said.quote, sure=False, origin="LLM") if left else None


def overruled(code: Reading, model: Reading) -> Claim | None:
    """Return all but the families that code reads as wished for, if the model has them ruled out.

    Of seven such cases on nine sets of descriptions code was wrong in all: "SVM is not for us" has
    more forms than a list of negations.
    """
    said, rival, other = code.get("models"), code.rivals.get("models"), model.get("models")
    if said is None or rival is None or other is None:
        return None
    wished, out = other.value
    if not set(said.value) & set(out) or set(said.value) & set(wished):
        return None
    return Claim(rival.value, rival.quote, sure=False, origin="LLM") if rival.value else None


def settle_count(code: Reading, model: Reading, name: str) -> Claim | None:
    """Return which of two numbers read for `name` it is, where the model has read just that one.

    Only where the two count different things, "300 iterations" and "50 trials": of two numbers of
    trials the user has to choose.
    """
    said, rival, other = code.get(name), code.rivals.get(name), model.get(name)
    if said is None or rival is None or other is None:
        return None
    if _counted(said) == _counted(rival):
        return None
    return next((c for c in (said, rival) if c.value == other.value), None)


def _counted(claim: Claim) -> str:
    return " ".join(re.findall(r"[^\W\d_]+", claim.quote.casefold()))


def _tells_a_measure(code: CodeReader, claim: Claim) -> bool:
    return not only_jargon(code, claim.quote)


LEAST_TRUSTED = 2
"""Who wants one trial or one fold says so in words that code reads."""


def merge_budget(
    code: Reading, model: Reading, text: Text, taken: Sequence[Span] = ()
) -> dict[str, Claim]:
    """Return the limits; the model's numbers count where code found none of that kind.

    What stands in `taken` is about something else: 500 is no number of trials in "500 trees".
    """
    claims = dict(code.claims)
    numbers = numbers_in(text)
    times = [d.span for d in durations_in(text, numbers)]
    free_numbers = [n for n in numbers if not n.article]
    busy = [*times, *taken]
    values = [n.value for n in free_numbers if not any(n.span.overlaps(t) for t in busy)]
    spent = {c.value for c in claims.values()}
    timed = "budget.seconds" in claims  # any other number is of something else, three times in four
    for name in ("validation.folds",) if timed else ("budget.trials", "validation.folds"):
        other = model.get(name)
        free = other and name not in claims and other.value in values and other.value not in spent
        if (
            other
            and free
            and other.value >= LEAST_TRUSTED
            and (name == "budget.trials" or _about_folds(text))
        ):
            claims[name] = other
    return claims


def _about_folds(text: Text) -> bool:
    return bool(
        re.search(
            r"fold|cross|valid|kreuz|croise|cruzad|incroc|krzyz|kors|кросс|交差|交叉", text.folded
        )
    )

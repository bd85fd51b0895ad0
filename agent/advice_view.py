"""What the language model's advice was worth, as the faces show it: trust, claims, contribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acquisition.audit import audit
from acquisition.claims import check_claims
from acquisition.trust import trust
from agent.study_view import StudyView
from evals.task import Task
from evals.trials import Trial

METER = 10
"""Cells of the trust meter."""
POINTS = 60
"""Steps at which the report draws trust; longer studies are thinned."""


@dataclass(frozen=True)
class ClaimRow:
    """One reason of the language model beside what the surrogate says about it."""

    number: int
    claim: str
    verdict: str
    effect: str
    reason: str


@dataclass(frozen=True)
class AdviceView:
    """The account of an advised study; `trust` holds (trial, share of steps open to advice)."""

    sentence: str
    trust: Sequence[tuple[int, float]]
    claims: Sequence[ClaimRow]


def advice_view(view: StudyView) -> AdviceView | None:
    """Return what the advice came to, or None where no language model took part."""
    sentence = contribution(view)
    if sentence is None:
        return None
    claims = [
        ClaimRow(
            number=c.number + 1,
            claim=f"{c.parameter} {c.move}",
            verdict=str(c.verdict),
            effect="" if c.effect is None else f"{c.effect:+.3g}",
            reason=c.reason,
        )
        for c in check_claims(view.task, view.trials)
    ]
    return AdviceView(sentence, trust_series(view.task, view.trials), claims)


def contribution(view: StudyView) -> str | None:
    """Say whether the language model helped; None where it took no part."""
    if not view.calls and not any(t.origin == "llm" for t in view.trials):
        return None
    return audit(view.task, view.trials).sentence


def trust_series(task: Task, trials: Sequence[Trial]) -> list[tuple[int, float]]:
    """Return the share of steps open to advice after each number of trials (from 1)."""
    step = max(1, -(-len(trials) // POINTS))
    numbers = range(len(trials), 0, -step)[::-1]
    return [(n, trust(task, trials[:n]).share) for n in numbers]


def trust_meter(task: Task, trials: Sequence[Trial]) -> str:
    """Return trust in the language model as a bar and in words."""
    now = trust(task, trials)
    filled = min(METER, max(1, round(METER * now.share))) if now.share > 0 else 0
    bar = "█" * filled + "░" * (METER - filled)
    said = f"trust in the language model {bar} {100 * now.share:.0f} %"
    return f"{said}, not asked for now" if now.abstains else said

"""The hybrid: the language model proposes, the surrogate disposes.

Where there is a portfolio of what did well on other tables, or in earlier studies of the user, it
comes first, as it is worth more than advice (docs/hybrid.md), and the model is asked once it has
been tried. Else advice and Sobol points take turns early on. Once there is enough data, the
candidates of every origin stand in one pool and the acquisition picks; a small dose of the model's
candidates is taken instead where they pass the gate (`acquisition.gate`), as far as the model is
trusted (`acquisition.trust`). Without advice every step is the base designer's own, unchanged.

Each suggestion's details say how it came about: `acquisition`, `mean`, `sd` of the configuration
chosen; `shadow`, the acquisition's own choice at that step; `gate` and `trust`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from acquisition.advice import Advice
from acquisition.bayesian import Scored
from acquisition.designer import Designer
from acquisition.gate import Gate, judge
from acquisition.tried import Tried
from acquisition.trust import PLATEAU, Trust, share_for, trust, wants_advice
from evals.space import Config
from evals.task import Task
from evals.trials import Suggestion, Trial, TrialState
from prompts.calls import CallRecord

AHEAD = 2
"""The first question after a portfolio is put so many trials before its answer can be used."""
KEPT = 9
"""Only so much of the newest advice that was not taken stays in the pool."""
CHANCE = 64
"""So many random candidates say what the acquisition and the prediction are worth by chance."""
Candidate = tuple[Suggestion, Scored]


class Step(Protocol):
    """A surrogate fitted once, and its acquisition."""

    def score(self, configs: Sequence[Config]) -> Sequence[Scored]:
        """Return what the acquisition makes of `configs`, in order."""

    def optimum(self, count: int) -> Sequence[Scored]:
        """Return the acquisition's own `count` best new configurations."""


class Stepper(Designer, Protocol):
    """A model-based designer whose steps can be looked into; the first `initial` are not."""

    initial: int

    def prepared(self, task: Task) -> int:
        """Return how many trials a portfolio begins the search with; 0 where there is none."""

    def step(self, task: Task, trials: Sequence[Trial], rng: np.random.Generator) -> Step:
        """Fit the surrogate to `trials`."""


@dataclass(frozen=True)
class HybridDesigner:
    """A model-based designer with an adviser beside it."""

    base: Stepper
    advice: Advice = field(default_factory=Advice)

    def advised(self, advice: Advice) -> HybridDesigner:
        """Return this designer with `advice` at hand."""
        return replace(self, advice=advice)

    def opens(self, task: Task) -> bool:
        """Return whether the model is asked before anything was tried: without a portfolio."""
        return not self.base.prepared(task)

    def wants_advice(
        self, task: Task, trials: Sequence[Trial], calls: Sequence[CallRecord]
    ) -> bool:
        """Return whether the model should be asked now: less often the less it is trusted."""
        early = len(trials) < self.base.prepared(task) - AHEAD
        return not early and wants_advice(task, trials, calls)

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        """Return up to `count` distinct new configurations with their true origins."""
        fresh = self._fresh(task, trials)
        dice = np.random.default_rng(deepcopy(rng).integers(2**63, size=2))  # leaves rng untouched
        if not trials or not fresh or len(trials) < self.base.prepared(task):
            return self.base.suggest(task, trials, count, rng)
        if len(trials) < self.base.initial or not _any_complete(trials):
            return self._in_turns(task, trials, count, rng, fresh)
        return self._judged(task, trials, count, rng, dice, fresh)

    def _fresh(self, task: Task, trials: Sequence[Trial]) -> list[Suggestion]:
        """Return the newest advice that nobody tried, the newest answer first."""
        tried = Tried(task.space, [t.config for t in trials])
        new = [s for s in self.advice.suggestions if s.config not in tried]
        order = sorted(new, key=lambda s: -int(s.details.get("asked_at", 0)))
        return order[:KEPT]

    def _in_turns(
        self,
        task: Task,
        trials: Sequence[Trial],
        count: int,
        rng: np.random.Generator,
        fresh: Sequence[Suggestion],
    ) -> list[Suggestion]:
        """Let advice and the base designer take turns: odd trial numbers are the adviser's."""
        numbers = range(len(trials), len(trials) + count)
        turns = min(len(fresh), sum(n % 2 for n in numbers))
        advised = list(fresh[:turns])
        others = self.base.suggest(task, [*trials, *_pending(advised, trials)], count - turns, rng)
        ordered = []
        for number in numbers:
            queue = advised if (number % 2 and advised) or not others else others
            ordered += [queue.pop(0)] if queue else []
        return ordered

    def _judged(
        self,
        task: Task,
        trials: Sequence[Trial],
        count: int,
        rng: np.random.Generator,
        dice: np.random.Generator,
        fresh: Sequence[Suggestion],
    ) -> list[Suggestion]:
        """Let the acquisition pick, and take the model's candidates where gate and trust allow."""
        now = trust(task, trials)
        step = self.base.step(task, trials, rng)
        own = list(step.optimum(count))
        pool = _pool(fresh, step.score([s.config for s in fresh]))
        chance = step.score(task.space.sample(dice, CHANCE))
        told = _told(task, pool, chance, now)
        chosen: list[Suggestion] = []
        for shadow in own:
            gate = _gate(shadow, pool, chance, trials, now)
            if gate and gate.passed and dice.random() < _share(now, trials, pool[0][0]):
                advice, best = pool.pop(0)
                chosen.append(_described(advice, best, shadow, gate, told))
            else:
                own_choice = Suggestion(shadow.config, shadow.origin)
                chosen.append(_described(own_choice, shadow, shadow, gate, told))
        return _distinct(task, chosen)


def _pool(fresh: Sequence[Suggestion], scored: Sequence[Scored]) -> list[Candidate]:
    """Return the advice with its scores, the best by acquisition first."""
    pairs = zip(fresh, scored, strict=True)
    return sorted(pairs, key=lambda pair: -_value(pair[1]))


def _told(
    task: Task, pool: Sequence[Candidate], chance: Sequence[Scored], now: Trust
) -> dict[str, Any]:
    """Return what every suggestion of a step records: trust, and how the last answer stands.

    The standing is the mean rank in [0, 1] of its candidates' predicted means among random ones.
    """
    sign = task.objective.sign
    newest = max(int(s.details.get("asked_at", 0)) for s, _ in pool)
    means = [sign * c.mean for s, c in pool if int(s.details.get("asked_at", 0)) == newest]
    random = np.array([sign * c.mean for c in chance])
    ranks = [((random < m).mean() + (random <= m).mean()) / 2 for m in means]
    standing = {"asked_at": newest, "rank": float(np.mean(ranks))}
    return {"trust": asdict(now), "standing": standing}


def _any_complete(trials: Sequence[Trial]) -> bool:
    return any(t.state is TrialState.COMPLETE for t in trials)


def _share(now: Trust, trials: Sequence[Trial], advice: Suggestion) -> float:
    return share_for(now, trials, int(advice.details.get("asked_at", 0)))


def _value(scored: Scored) -> float:
    return -math.inf if math.isnan(scored.acquisition) else scored.acquisition


def _gate(
    shadow: Scored,
    pool: Sequence[Candidate],
    chance: Sequence[Scored],
    trials: Sequence[Trial],
    now: Trust,
) -> Gate | None:
    if not pool:
        return None
    finished = sum(t.state is not TrialState.RUNNING for t in trials)
    random = [c.acquisition for c in chance]
    stalled = now.plateau >= PLATEAU
    return judge(shadow.acquisition, pool[0][1].acquisition, random, finished, plateau=stalled)


def _described(
    suggestion: Suggestion, scored: Scored, shadow: Scored, gate: Gate | None, told: dict[str, Any]
) -> Suggestion:
    details: dict[str, Any] = dict(suggestion.details) | _numbers(scored) | told
    details["shadow"] = {"config": dict(shadow.config)} | _numbers(shadow)
    if gate:
        details["gate"] = {"gap": _finite(gate.gap), "margin": gate.margin}
    return replace(suggestion, details=details)


def _numbers(scored: Scored) -> dict[str, float | None]:
    return {
        "acquisition": _finite(scored.acquisition),
        "mean": _finite(scored.mean),
        "sd": _finite(scored.sd),
    }


def _finite(value: float) -> float | None:
    """Return `value` as JSON can hold it."""
    return float(value) if math.isfinite(value) else None


def _distinct(task: Task, suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    unique: dict[object, Suggestion] = {}
    for suggestion in suggestions:
        unique.setdefault(task.space.key(suggestion.config), suggestion)
    return list(unique.values())


def _pending(suggestions: Sequence[Suggestion], trials: Sequence[Trial]) -> list[Trial]:
    return [Trial(len(trials) + i, s) for i, s in enumerate(suggestions)]

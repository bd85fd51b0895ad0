"""Bayesian optimisation: the default configuration, a few first points, then the surrogate.

The first points are the portfolio's, where there is one and it is wanted (`acquisition.portfolio`),
with two of Sobol's after them, else Sobol's alone. What is left of the portfolio stands in the pool
that the acquisition picks from.

Source of the acquisition function: Ament et al. 2023, "Unexpected Improvements to Expected
Improvement for Bayesian Optimization" (LogEI), against the best posterior mean so that noise is
not mistaken for progress.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from acquisition.sobol import ENUMERABLE, SobolDesigner, any_free, default_first, every_row
from acquisition.tried import Tried
from evals.objectives import gains
from evals.space import Config
from evals.task import Task
from evals.trials import Suggestion, Trial, TrialState
from surrogates.encoding import encoding_of

if TYPE_CHECKING:
    from acquisition.belief import Belief
    from acquisition.families import Family
    from acquisition.pool import Acquisition
    from acquisition.portfolio import Portfolio
    from acquisition.trust_region import Region, When
    from surrogates.base import Surrogate
    from surrogates.models import PredictorModel

Array = NDArray[np.float64]

INITIAL = 5
SPREAD = 2
"""So many Sobol points follow a portfolio. Its configurations are alike where they did well
elsewhere, and the surrogate then keeps to one level of a choice for the rest of a study."""
POOL = 512
STARTS = 4
LEADERS = 5
BELIEVED = 128
"""So many points drawn from what is believed stand in the pool."""


@dataclass(frozen=True)
class Scored:
    """A configuration as the surrogate sees it.

    `acquisition` is log expected improvement, less what the ends of ranges cost (larger is better;
    comparable within one step), `mean` and `sd` predict the first objective as the user reads it.
    `origin` is "portfolio" or "transfer" where the acquisition chose a configuration of those as it
    stands.
    """

    config: Config
    acquisition: float
    mean: float
    sd: float
    origin: str = "surrogate"


class Step:
    """What the surrogate believes at one point of a study. Nothing in it changes.

    Args:
        task: the task.
        trials: all trials so far.
        rng: the randomness of this step.
        surrogate: its name in `surrogates.registry`, or the surrogate itself.
        known: what stands in the pool beside the acquisition's own configurations.
        local: when the search keeps to a region around the best point.
    """

    def __init__(
        self,
        task: Task,
        trials: Sequence[Trial],
        rng: np.random.Generator,
        surrogate: str | Surrogate = "gp",
        acquisition: str = "logei",
        known: Sequence[Suggestion] = (),
        local: When = "never",
    ) -> None:
        from acquisition.allowed import allowed
        from acquisition.belief import believe
        from surrogates.priors import prior

        self.task, self.trials, self.acquisition = task, trials, acquisition
        self.seed = int(rng.integers(2**63))
        self.encoding = encoding_of(task.space)
        self.tried = Tried(task.space, [t.config for t in trials])
        left = [s for s in known if s.config not in self.tried]
        self.known = [s.config for s in left]
        self._origins = {self._row(s.config): s.origin for s in reversed(left)}
        self.belief: Belief = believe(task, trials, self.seed, surrogate)
        self.prior, self.allowed = prior(task, trials), allowed(task)
        self.region = self._region(local)

    @property
    def model(self) -> PredictorModel:
        """The first objective's model, RUNNING trials taken as predicted."""
        return self.belief.model

    def score(self, configs: Sequence[Config]) -> list[Scored]:
        """Return how promising each configuration is, RUNNING trials taken into account."""
        if not configs:
            return []
        X = self.encoding.encode(configs)
        return self._scored(configs, X, self._acquisition(self.belief)(X))

    def optimum(self, count: int) -> list[Scored]:
        """Return up to `count` distinct new configurations, best first.

        Each takes those before it as pending; fewer come back where the space is used up.
        """
        chosen: list[Scored] = []
        belief, tried = self.belief, self.tried.copy()
        rng = np.random.default_rng(self.seed)
        while len(chosen) < count:
            acquisition = self._acquisition(belief)
            config = self._best(belief, acquisition, tried, rng)
            if config is None:
                break
            tried.add(config)
            X = self.encoding.encode([config])
            chosen += self._scored([config], X, acquisition(X))
            if len(chosen) < count:
                belief = belief.with_pending(X)
        return chosen

    def _acquisition(self, belief: Belief) -> Acquisition:
        from acquisition.functions import Guided, make_acquisition
        from acquisition.inward import Inward

        found = make_acquisition(self.acquisition, belief)
        if self.acquisition == "logei" and len(belief.models) == 1:
            believed = [part.density.index for part in self.prior.parts] if self.prior else []
            found = Inward(found, self.encoding, self._ended, believed).given(*self._results)
        return Guided(found, self.prior) if self.prior else found

    def _scored(self, configs: Sequence[Config], X: Array, values: Array) -> list[Scored]:
        mean, sd = self.model.native(*self.model.marginals(X))
        mean = self.task.objective.sign * mean
        return [
            Scored(dict(c), float(v), float(m), float(s), self._origin(c))
            for c, v, m, s in zip(configs, values, mean, sd, strict=True)
        ]

    def _origin(self, config: Config) -> str:
        return self._origins.get(self._row(config), "surrogate") if self._origins else "surrogate"

    def _row(self, config: Config) -> bytes:
        return bytes(self.encoding.encode([config])[0].tobytes())

    def _best(
        self, belief: Belief, acquisition: Acquisition, tried: Tried, rng: np.random.Generator
    ) -> Config | None:
        from acquisition.families import Within

        found = self._nearby(belief, acquisition, tried, rng)
        found = found or self._search(acquisition, tried, rng)
        if found is None:
            return any_free(self.task, tried, rng)
        family = self._family(found)
        if family is None:
            return found
        return self._search(Within(family, self.belief), tried, rng, family) or found

    @cached_property
    def _results(self) -> tuple[Array, Array]:
        """Completed configurations (`m x d`) and their gains in the first objective (`m`)."""
        complete = [t for t in self.trials if t.state is TrialState.COMPLETE]
        X = self.encoding.encode([t.config for t in complete])
        return X, gains(self.task, complete)[:, 0] if complete else np.empty(0)

    @property
    def _ended(self) -> int:
        """How many trials have taught something: with many workers some are always under way."""
        return sum(t.state is not TrialState.RUNNING for t in self.trials)

    @property
    def _alone(self) -> bool:
        """Whether nothing but the expected improvement of one objective steers the search."""
        wished = any(s.constraints for s in self.task.steering)
        steered = self.prior or wished or len(self.belief.models) > 1
        return self.acquisition == "logei" and not steered

    def _region(self, local: When) -> Region | None:
        from acquisition.trust_region import region, wanted

        if not self._alone or not wanted(self.encoding, local):
            return None
        return region(self.task, self.trials, self.belief)

    def _nearby(
        self, belief: Belief, acquisition: Acquisition, tried: Tried, rng: np.random.Generator
    ) -> Config | None:
        """Return the best new configuration of the region, None where there is no such thing."""
        if self.region is None:
            return None
        region = self.region
        pool = region.candidates(self.encoding, rng, POOL)
        if self.known:
            pool = np.concatenate([pool, self.encoding.encode(self.known)])
        inside = region.acquisition(acquisition, belief)
        return self._climbed(inside, tried, pool, (region.low, region.high))

    def _family(self, found: Config) -> Family | None:
        """Return the family whose turn it is; a user who steers the search decides alone."""
        from acquisition.families import due
        from acquisition.functions import make_acquisition

        if not self._alone:
            return None

        def largest() -> float:
            gain = make_acquisition(self.acquisition, self.belief)
            return float(gain(self.encoding.encode([found]))[0])

        return due(self.encoding, self.trials, self.belief, largest)

    def _search(
        self,
        acquisition: Acquisition,
        tried: Tried,
        rng: np.random.Generator,
        family: Family | None = None,
    ) -> Config | None:
        """Return the best new configuration found, None where the pool is used up."""
        pool = self._pool(rng)
        if family is not None:
            pool = family.move(self.encoding, pool)
        bounds = (self.allowed.low, self.allowed.high) if self.allowed else None
        return self._climbed(acquisition, tried, pool, bounds)

    def _climbed(
        self,
        acquisition: Acquisition,
        tried: Tried,
        pool: Array,
        bounds: tuple[Array, Array] | None,
    ) -> Config | None:
        from acquisition.pool import improve

        values = acquisition(pool)
        starts = pool[np.argsort(-values, kind="stable")[:STARTS]]
        reached, gains = improve(self.encoding, acquisition, starts, bounds=bounds)
        if self.allowed is not None:
            reached = self.allowed.retreat(reached, starts)
            gains = acquisition(reached)
        rows = np.concatenate([reached, pool])
        for i in np.argsort(-np.concatenate([gains, values]), kind="stable"):
            if (config := tried.free(rows[i])) is not None:
                return config
        return None

    def _pool(self, rng: np.random.Generator) -> Array:
        from acquisition.pool import candidates

        if self.task.space.cardinality <= ENUMERABLE:
            return every_row(self.task)
        leaders = [np.argsort(-m.targets, kind="stable")[:LEADERS] for m in self.belief.models]
        best = np.concatenate(
            [m.inputs[i] for m, i in zip(self.belief.models, leaders, strict=True)]
        )
        drawn = candidates(self.encoding, best, rng, POOL)
        if self.known:
            drawn = np.concatenate([drawn, self.encoding.encode(self.known)])
        return self._steered(drawn, rng)

    def _steered(self, pool: Array, rng: np.random.Generator) -> Array:
        """Add points that are believed in to `pool`, and keep what the user allows."""
        if self.prior:
            pool = np.concatenate([pool, self.prior.draw(rng, BELIEVED)])
        if self.allowed is None:
            return pool
        pool = np.unique(np.concatenate([pool, self.allowed.drawn(rng, POOL)]), axis=0)
        kept = pool[self.allowed.keeps(pool)]
        return kept if len(kept) else self.encoding.encode(self.task.space.sample(rng, 64))


class BayesianDesigner:
    """The default configuration, first points until `initial` trials exist, then the surrogate.

    `portfolio` says what did well on other tables; without it there is no such knowledge.
    """

    def __init__(
        self,
        initial: int = INITIAL,
        surrogate: str | Surrogate = "gp",
        acquisition: str = "logei",
        portfolio: Callable[[Task], Portfolio] | None = None,
        local: When = "never",
    ) -> None:
        self.initial, self.surrogate, self.acquisition = initial, surrogate, acquisition
        self.portfolio, self.local = portfolio, local

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        """Return `count` new configurations, fewer only where the space is used up."""
        tried = Tried(task.space, [t.config for t in trials])
        chosen = default_first(task, tried)[:count]
        early = min(count, max(self._beginning(task, trials) - len(trials), len(chosen)))
        if not self._ready(trials):
            early = count
        if early > len(chosen):
            chosen += self._first(task, trials, chosen, early - len(chosen), rng)
        if len(chosen) < count and self._ready(trials):
            pending = [Trial(-1, s) for s in chosen]
            step = self.step(task, [*trials, *pending], rng)
            chosen += [_suggestion(s) for s in step.optimum(count - len(chosen))]
        return chosen

    def step(self, task: Task, trials: Sequence[Trial], rng: np.random.Generator) -> Step:
        """Return the surrogate's view; at least one trial must have completed.

        Raises:
            ValueError: no trial has completed.
        """
        known = self._portfolio(task)
        return Step(task, trials, rng, self.surrogate, self.acquisition, known, self.local)

    def prepared(self, task: Task) -> int:
        """Return how many trials a portfolio begins with, points to spread included; 0: none."""
        return self.initial + SPREAD if self._portfolio(task) else 0

    def _beginning(self, task: Task, trials: Sequence[Trial]) -> int:
        """Return how many trials come before the surrogate's: more where a portfolio begins."""
        over = len(trials) >= self.initial + SPREAD
        return self.initial if over else max(self.initial, self.prepared(task))

    def _portfolio(self, task: Task) -> Sequence[Suggestion]:
        return self.portfolio(task).suggestions if self.portfolio else ()

    def _first(
        self,
        task: Task,
        trials: Sequence[Trial],
        chosen: Sequence[Suggestion],
        count: int,
        rng: np.random.Generator,
    ) -> list[Suggestion]:
        """Return up to `count` points that need no model: the portfolio's, then Sobol's."""
        pending = [*trials, *(Trial(-1, s) for s in chosen)]
        tried = Tried(task.space, [t.config for t in pending])
        left = min(count, max(0, self.initial - len(pending)))
        known = [s for s in self._portfolio(task) if s.config not in tried][:left]
        known += believed(task, [*pending, *(Trial(-1, s) for s in known)], count - len(known), rng)
        pending += [Trial(-1, s) for s in known]
        return known + SobolDesigner().suggest(task, pending, count - len(known), rng)

    @staticmethod
    def _ready(trials: Sequence[Trial]) -> bool:
        return any(t.state is TrialState.COMPLETE for t in trials)


def believed(
    task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
) -> list[Suggestion]:
    """Return up to `count` new points drawn from what is believed, origin "prior".

    None where nobody said anything; every second trial is left to points from everywhere.
    """
    from surrogates.priors import prior

    found = prior(task, trials)
    tried, chosen = Tried(task.space, [t.config for t in trials]), list[Suggestion]()
    turns = sum(n % 2 for n in range(len(trials), len(trials) + count))
    if found is None or not turns:
        return []
    for row in found.draw(rng, 16 * turns):
        config = tried.free(row)
        if config is not None and len(chosen) < turns:
            tried.add(config)
            chosen.append(Suggestion(config, "prior"))
    return chosen


def _suggestion(scored: Scored) -> Suggestion:
    details = {"acquisition": scored.acquisition, "mean": scored.mean, "sd": scored.sd}
    return Suggestion(scored.config, scored.origin, details=details)

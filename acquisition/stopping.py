"""What a search can still gain, and whether that is worth going on for.

Wilson 2024, "Stopping Bayesian Optimization with Probabilistic Regret Bounds" (NeurIPS), Eq. 1 and
Sec. 4: stop where, under the posterior, the best configuration known is within epsilon of the best
there is, with probability 1 - delta or more. The user's threshold is epsilon. The probability is
that over joint draws of the surrogate at the points where the best may lie (Sobol points,
neighbours of the leaders, all points tried, the acquisition's own optimum). It must be so after
each of the last `LOOKS` trials: hyperparameters are estimates, and one may be overconfident for a
trial or two. The best known is the point tried whose posterior mean is highest: a lucky run is no
reason to stop, nor to go on.

Draws live where the surrogate does and are brought back to the user's unit one by one, so that the
threshold may be given in that unit whatever the output transform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from acquisition.sobol import ENUMERABLE, every_row
from evals.task import Task
from evals.trials import Trial, TrialState

if TYPE_CHECKING:
    from acquisition.bayesian import Step

Array = NDArray[np.float64]

FEWEST = 10
"""With fewer completed trials nothing is known of what is left."""
DOUBT = 0.05
"""delta: so likely may it be that more than the threshold is left."""
LOOKS = 3
"""After so many trials in a row the rule must hold."""
DRAWS = 1024
CANDIDATES = 768
POOL = 512
LEADERS = 5
OPTIMISM = 3.0
"""Where there are more points than `CANDIDATES`, the highest means plus so many sds are kept."""
POSSIBLE = 0.5
"""Points more likely than not to fail hold no gain."""


@dataclass(frozen=True)
class Outlook:
    """What is left to gain on the first objective, in its unit, at one step.

    `expected` is the mean of what the best there is would gain over the best known, `chance` the
    probability that this is more than `threshold`; `after` counts the finished trials, `looks` the
    last ones of them after each of which `chance` was at most `DOUBT` (counted up to `LOOKS`).
    """

    threshold: float
    expected: float
    chance: float
    after: int
    looks: int = 0

    @property
    def enough(self) -> bool:
        """Whether the search should stop."""
        return self.looks >= LOOKS

    @property
    def decision(self) -> str:
        """Return what was decided, and why."""
        if self.enough:
            return f"stop: at most {100 * DOUBT:.0f} % after each of {LOOKS} trials"
        if self.looks:
            return f"go on: at most {100 * DOUBT:.0f} %, but after {self.looks} of {LOOKS} trials"
        return f"go on: above {100 * DOUBT:.0f} %"

    @property
    def words(self) -> str:
        """Return the decision and its reason, as it stands in a sentence."""
        odds = f"{100 * self.chance:.0f} %" if self.chance >= 0.005 else "under 1 %"
        return (
            f"after {self.after} trials {self.expected:.3g} more is expected to be gained, and "
            f"the chance of more than your {self.threshold:g} is {odds} ({self.decision})"
        )

    def to_plain(self) -> dict[str, float]:
        """Return what a suggestion's details keep."""
        return asdict(self)


def outlook(task: Task, trials: Sequence[Trial], threshold: float) -> Outlook | None:
    """Return what is left to gain after the finished `trials`; None where too little is known.

    The same trials always give the same answer. RUNNING trials are left out.

    Args:
        task: with one objective.
        trials: all trials so far.
        threshold: in the unit of the objective, above 0.
    """
    finished = [t for t in trials if t.state is not TrialState.RUNNING]
    if not _enough_known(finished):
        return None
    left = seen = _left(task, finished)
    looks, known = 0, finished
    while (seen > threshold).mean() <= DOUBT:
        looks, known = looks + 1, known[:-1]
        if looks == LOOKS or not _enough_known(known):
            break
        seen = _left(task, known)
    chance = float((left > threshold).mean())
    return Outlook(threshold, float(left.mean()), chance, len(finished), looks)


def _enough_known(trials: Sequence[Trial]) -> bool:
    return sum(t.state is TrialState.COMPLETE for t in trials) >= FEWEST


def _left(task: Task, finished: Sequence[Trial]) -> Array:
    return remaining(task, finished, np.random.default_rng([task.seed, len(finished), 1]))


def remaining(task: Task, trials: Sequence[Trial], rng: np.random.Generator) -> Array:
    """Draw what the best there is would gain over the best known (`DRAWS`), 0 or more each.

    Raises:
        ValueError: no trial has completed.
    """
    from acquisition.bayesian import Step

    step = Step(task, trials, rng)
    model, known = step.belief.model, step.belief.observed
    best = known[[int(np.argmax(model.marginals(known)[0]))]]
    drawn = model.draws(np.concatenate([best, _candidates(step, rng)]), DRAWS, rng)
    # The transforms are increasing, so the best of a draw is the same on either scale.
    most, held = model.transform.inverse(drawn.max(axis=1)), model.transform.inverse(drawn[:, 0])
    return np.maximum(most - held, 0.0)


def _candidates(step: Step, rng: np.random.Generator) -> Array:
    """Return where the best may lie (`n x d`): allowed, and more likely than not to run."""
    from acquisition.allowed import Allowed
    from acquisition.pool import candidates

    model, encoding = step.belief.model, step.encoding
    leaders = model.inputs[np.argsort(-model.targets, kind="stable")[:LEADERS]]
    if step.task.space.cardinality <= ENUMERABLE:
        pool = every_row(step.task)
    else:
        pool = candidates(encoding, leaders, rng, POOL)
        optimum = encoding.encode([s.config for s in step.optimum(1)])
        pool = np.unique(np.concatenate([pool, optimum, step.belief.observed]), axis=0)
    if step.task.space.constraints:
        pool = pool[Allowed(encoding).keeps(pool)]
    if step.belief.feasible is not None:
        pool = pool[step.belief.feasible.log_weight(pool) > np.log(POSSIBLE)]
    mean, sd = model.marginals(pool)
    return pool[np.argsort(-(mean + OPTIMISM * sd), kind="stable")[:CANDIDATES]]

"""Does an adviser listen? It is asked again with the same trials and permuted scores.

Notation: x_i are the configurations tried, y_i their gains, z a permutation of y, A the proposals
given y, B those given z. How far proposals follow scores is how much nearer they lie to
configurations with high ones,

    follow(A, y) = - mean over a in A of the rank correlation of |a - x_i| with y_i

and one round's evidence compares the scores that were shown with those that were not:

    e = follow(A, y) - follow(A, z) + follow(B, z) - follow(B, y)

For an adviser that does not look at the scores A and B are exchangeable, and exchanging them turns
the sign of e. So the chance that such an adviser does as well is the share of all 2 ** K choices of
signs whose sum is at least as large: an exact test, whatever the scores look like.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evals.objectives import gains
from evals.space import Config
from evals.task import Task
from evals.trials import Trial, TrialState
from prompts.errors import StudyError
from surrogates.encoding import encoding_of

Array = NDArray[np.float64]
Ask = Callable[[Sequence[Trial], int], Sequence[Config]]
"""Proposals for a history; the number is that of the question, for a seed."""

ROUNDS = 6
FEWEST = 6
CLEAR = 0.05
"""An adviser that does not listen is said to listen this often at most."""


@dataclass(frozen=True)
class Feedback:
    """How an adviser took permuted scores, over `rounds` pairs of questions.

    `strength` is the mean evidence of a round (0: none, 4: the most there can be), `chance` the
    probability that an adviser that does not look at the scores gives as much.
    """

    rounds: int
    strength: float
    chance: float

    @property
    def listens(self) -> bool:
        """Whether its proposals follow the scores beyond doubt."""
        return self.chance <= CLEAR

    @property
    def sentence(self) -> str:
        """Say plainly whether it listens."""
        asked = f"Asked {self.rounds} times with the true scores and with permuted ones"
        measured = f"(strength {self.strength:+.2f}, chance {self.chance:.2f})"
        if self.listens:
            return f"{asked}, it follows the scores that it is shown {measured}."
        return (
            f"{asked}, its proposals do not follow the scores: it seems to ignore what the trials "
            f"came to {measured}."
        )


def feedback(task: Task, trials: Sequence[Trial], ask: Ask, rounds: int = ROUNDS) -> Feedback:
    """Ask with true and with permuted scores, `rounds` times each, and compare.

    Raises:
        StudyError: too few trials have completed, or no round brought proposals both times.
    """
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    if len(complete) < FEWEST:
        raise StudyError(
            f"Permuted scores say nothing with {len(complete)} completed trials.",
            hint=f"It takes {FEWEST}.",
        )
    judge = _Judge(task, complete)
    evidence = []
    for k in range(rounds):
        rng = np.random.default_rng([task.seed, len(trials), k])
        order = rng.permutation(len(complete))
        true, false = ask(bare(trials), 2 * k), ask(permuted(trials, order), 2 * k + 1)
        if true and false:
            evidence.append(judge.evidence(true, false, order))
    if not evidence:
        raise StudyError("The language model proposed nothing when it was asked again.")
    return Feedback(len(evidence), float(np.mean(evidence)), _chance(np.array(evidence)))


def bare(trials: Sequence[Trial]) -> list[Trial]:
    """Return `trials` without what was predicted for them."""
    return [replace(t, suggestion=replace(t.suggestion, details={})) for t in trials]


def permuted(trials: Sequence[Trial], order: Sequence[int] | NDArray[np.intp]) -> list[Trial]:
    """Return `trials` with the results of the complete ones in another order."""
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    results = iter([complete[i].evaluation for i in order])
    swapped = [
        replace(t, evaluation=next(results)) if t.state is TrialState.COMPLETE else t
        for t in trials
    ]
    return bare(swapped)


class _Judge:
    """Compares proposals with what was tried."""

    def __init__(self, task: Task, complete: Sequence[Trial]) -> None:
        self._encoding = encoding_of(task.space)
        self._tried = self._features([t.config for t in complete])
        self._gains = gains(task, complete)[:, 0]

    def evidence(
        self, true: Sequence[Config], false: Sequence[Config], order: NDArray[np.intp]
    ) -> float:
        y, z = self._gains, self._gains[order]
        shown = self._follow(true, y) + self._follow(false, z)
        return shown - self._follow(true, z) - self._follow(false, y)

    def _follow(self, configs: Sequence[Config], y: Array) -> float:
        from scipy.stats import rankdata

        ranks = rankdata(y)
        far = np.linalg.norm(self._features(configs)[:, None] - self._tried[None], axis=2)
        found = [_correlation(rankdata(row), ranks) for row in far]
        return -float(np.mean(found))

    def _features(self, configs: Sequence[Config]) -> Array:
        return self._encoding.features(self._encoding.encode(configs))


def _correlation(a: Array, b: Array) -> float:
    spread = float(a.std() * b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread > 0 else 0.0


def _chance(evidence: Array) -> float:
    signs = np.array(list(itertools.product((1.0, -1.0), repeat=len(evidence))))
    sums = signs @ evidence
    return float((sums >= evidence.sum() - 1e-12).mean())

"""Running a configuration again where that teaches more than a new one.

Where results are noisy the search ends with several configurations whose differences are smaller
than the noise, and the one that looks best is the luckiest. A repeat is judged as any other trial
is, by the knowledge gradient (Frazier, Powell & Dayanik 2009, "The Knowledge-Gradient Policy for
Correlated Normal Beliefs", Eq. 14): by how much the best posterior mean is expected to rise once
the result is known, noise included. Where that is more for a contender than for the new
configuration that the search would try, the contender is run again, with a fresh seed. The
surrogate knows each run, which comes to their mean with an nth of the noise, and learns from how
far they lie apart what the noise is. With little
noise a repeat teaches nothing and none is made; and where the first repeats gave exactly the score
they gave before, the objective is taken to be deterministic and there are no more.

Related: Binois et al. 2019, "Replication or Exploration? Sequential Design for Stochastic
Simulation Experiments", who decide by the integrated variance, which is for modelling everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from acquisition.advice import Advice, Advisable
from acquisition.designer import Designer
from evals.objectives import acceptable, gains, incumbent
from evals.steering import keeps
from evals.task import Task
from evals.trials import REPLICATION, Suggestion, Trial, TrialState
from prompts.calls import CallRecord
from prompts.errors import UserError

if TYPE_CHECKING:
    from acquisition.belief import Belief
    from surrogates.base import Surrogate

Array = NDArray[np.float64]
Replicate = Literal["auto", "off"]

FEWEST = 8
"""With fewer completed trials the noise is not known."""
CONTENDERS = 12
"""So many configurations of the highest posterior means may be repeated."""
STEADY = 2
"""So many repeats that all gave the same score again mean that there is no noise."""


@dataclass(frozen=True)
class Replicating:
    """A designer that proposes repeats in place of its own new configurations (origin "surrogate").

    Proposals of other origins stand: a default, a Sobol point or an advice is tried for its own
    sake.
    """

    inner: Designer
    surrogate: str | Surrogate = "gp"

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        """Return up to `count` configurations: new ones, or repeats with origin "replication"."""
        chosen: list[Suggestion] = []
        for found in self.inner.suggest(task, trials, count, rng):
            pending = [*trials, *(Trial(-1, s) for s in chosen)]
            again = repeat(task, pending, found, self.surrogate)
            chosen.append(again or found)
        return chosen


@dataclass(frozen=True)
class AdvisedReplicating(Replicating):
    """The same around a designer that takes advice."""

    def advised(self, advice: Advice) -> Replicating:
        """Return this designer with `advice` at hand."""
        assert isinstance(self.inner, Advisable)
        return replace(self, inner=self.inner.advised(advice))

    def opens(self, task: Task) -> bool:
        """Return what the designer inside says."""
        assert isinstance(self.inner, Advisable)
        return self.inner.opens(task)

    def wants_advice(
        self, task: Task, trials: Sequence[Trial], calls: Sequence[CallRecord]
    ) -> bool:
        """Return what the designer inside says."""
        assert isinstance(self.inner, Advisable)
        return self.inner.wants_advice(task, trials, calls)


def replicating(
    designer: Designer, when: str = "auto", surrogate: str | Surrogate = "gp"
) -> Designer:
    """Return `designer`, with repeats where noise decides if `when` is "auto".

    Raises:
        UserError: `when` is neither "auto" nor "off".
    """
    check_replicate(when)
    if when == "off":
        return designer
    kind = AdvisedReplicating if isinstance(designer, Advisable) else Replicating
    return kind(designer, surrogate)


def check_replicate(when: str) -> None:
    """Raise `UserError` where `when` is neither "auto" nor "off"."""
    if when not in ("auto", "off"):
        raise UserError(f"There is no replication {when!r}.", hint='There are: "auto" and "off".')


def repeat(
    task: Task, trials: Sequence[Trial], new: Suggestion, surrogate: str | Surrogate = "gp"
) -> Suggestion | None:
    """Return a tried configuration that is worth more than `new`; None where none is."""
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    if new.origin != "surrogate" or len(task.objectives) > 1:
        return None
    if len(complete) < FEWEST or steady(task, complete):
        return None
    from acquisition.belief import believe

    seed = int(np.random.default_rng([task.seed, len(trials), 2]).integers(2**31))
    belief = believe(task, trials, seed, surrogate)
    contenders = _contenders(task, complete, belief)
    values = worth(task, belief, [new, *(t.suggestion for t in contenders)])
    if len(values) < 2 or values[1:].max() <= values[0]:
        return None
    again = contenders[int(np.argmax(values[1:]))]
    runs = len(repeats(task, complete, again))
    gained = {"worth": float(values[1:].max()), "worth_new": float(values[0])}
    details = {"repeats": again.number, "seed": seed, **gained}
    reason = f"trial {again.number + 1} again (run {runs + 1}): noise decides between the best"
    return Suggestion(again.config, REPLICATION, reason, details)


def worth(task: Task, belief: Belief, suggestions: Sequence[Suggestion]) -> Array:
    """Return the log knowledge gradient of each suggestion (`n`), on the model's scale."""
    import torch

    from acquisition.information import knowledge_gradient
    from surrogates.encoding import encoding_of

    X = encoding_of(task.space).encode([s.config for s in suggestions])
    with torch.no_grad():
        return np.asarray(knowledge_gradient(belief)(torch.from_numpy(X)[:, None, :]).numpy())


def steady(task: Task, trials: Sequence[Trial]) -> bool:
    """Return whether every repeat there was gave exactly the score of a run before it."""
    again = [t for t in trials if t.origin == REPLICATION and t.values]
    return len(again) >= STEADY and all(
        any(t.values == other.values for other in repeats(task, trials, t) if other is not t)
        for t in again
    )


def repeats(task: Task, trials: Sequence[Trial], of: Trial) -> list[Trial]:
    """Return the COMPLETE trials of the configuration of `of`, that one included."""
    key = task.space.key(of.config)
    done = (t for t in trials if t.state is TrialState.COMPLETE)
    return [t for t in done if task.space.key(t.config) == key]


def _contenders(task: Task, complete: Sequence[Trial], belief: Belief) -> list[Trial]:
    """Return the first trial of each of the best configurations, the best posterior mean first."""
    from surrogates.encoding import encoding_of

    kept = [t for t in complete if keeps(task, t)] or complete
    first = _first_runs(task, kept)
    X = encoding_of(task.space).encode([t.config for t in first])
    order = np.argsort(-belief.model.marginals(X)[0], kind="stable")[:CONTENDERS]
    return [first[i] for i in order]


def winner(task: Task, trials: Sequence[Trial]) -> Trial | None:
    """Return the best COMPLETE trial: the incumbent, or `ranked`'s first where any was repeated."""
    if not any(t.origin == REPLICATION for t in trials):
        return incumbent(task, trials)
    found = ranked(task, trials)
    return found[0] if found else None


def ranked(task: Task, trials: Sequence[Trial]) -> list[Trial]:
    """Return a COMPLETE trial of each configuration, by the surrogate's mean, the best first.

    Of several runs of one configuration it is the one nearest to their mean: no lucky one. Trials
    that break what the user has wished for since, or miss a threshold, count only where there are
    no others.
    """
    from surrogates.encoding import encoding_of
    from surrogates.gp import fit_first

    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    complete = acceptable(task, [t for t in complete if keeps(task, t)] or complete)
    if not complete:
        return []
    typical = [_typical(task, repeats(task, complete, t)) for t in _first_runs(task, complete)]
    X = encoding_of(task.space).encode([t.config for t in typical])
    means = fit_first(task, trials).marginals(X)[0]
    return [typical[i] for i in np.argsort(-means, kind="stable")]


def _first_runs(task: Task, trials: Sequence[Trial]) -> list[Trial]:
    first: dict[object, Trial] = {}
    for trial in trials:
        first.setdefault(task.space.key(trial.config), trial)
    return list(first.values())


def _typical(task: Task, runs: Sequence[Trial]) -> Trial:
    values = gains(task, runs)[:, 0]
    return runs[int(np.argmin(np.abs(values - values.mean())))]

"""The language model picks the acquisition function; the Gaussian process picks the trial.

Ngo et al. 2026, "Adaptive Acquisition Selection for Bayesian Optimization with Large Language
Models" (LMABO, arXiv 2602.07904): the state of the search as numbers, a list of acquisition
functions, and the model names one of them. It is asked at each iteration there. Here it is asked
every `EVERY`th trial and where a plateau begins, and its last choice is kept in between, so that a
study asks a question every second trial at most on average. The wording, the portfolio of functions
and the plateau are ours.

What was chosen stands in the details of each trial, under `CHOICE`: a study that goes on takes up
the last choice from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from acquisition.bayesian import BayesianDesigner
from acquisition.llambo import Asker
from acquisition.llm_designer import Question, goal
from acquisition.trust import PLATEAU, plateau
from evals.objectives import gains
from evals.steering import keeps
from evals.task import Task
from evals.trials import Suggestion, Trial, TrialState
from prompts.acquisitions import (
    Picked,
    SearchState,
    acquisition_messages,
    acquisition_schema,
    parse_acquisition,
)
from prompts.errors import InvalidAnswerError

Array = NDArray[np.float64]

OFFERED = (
    "logei",
    "logei_per_second",
    "ucb",
    "qlognei",
    "knowledge_gradient",
    "max_value_entropy",
)
"""Names of `ACQUISITIONS` that the rules say a line about, and that one objective can use."""
FALLBACK = "logei"
SEVERAL = "hypervolume"
CHOICE = "chosen_acquisition"
"""The key in a suggestion's details."""
EVERY = 3
"""A question takes a local model as long as a short trial, and one trial seldom changes the state
of a search."""
SHOWN_BESTS = 5
SAMPLE = 256
"""So many random points stand for what is predicted elsewhere."""
ENOUGH = 6
"""With fewer results the quality of predictions is a guess."""
ANSWER_TOKENS = 90


@dataclass(frozen=True)
class Choice:
    """An acquisition function, who chose it, and when.

    `by` is "llm", "fallback" (the model was asked, in vain) or "rule" (it is never asked). `said`
    is the model's reason, or why there is none. `plateau` says whether the search stood still then.
    """

    acquisition: str
    by: Literal["llm", "fallback", "rule"]
    asked_at: int
    said: str
    plateau: bool = False

    def words(self, number: int) -> str:
        """Return why trial `number` was proposed so."""
        if self.by == "rule":
            return f"{self.acquisition}: {self.said}"
        when = "" if number == self.asked_at else f" at trial {self.asked_at + 1}"
        if self.by == "llm":
            return f"{self.acquisition}, chosen by the language model{when}: {self.said}"
        return f"{self.acquisition}, as the language model did not choose{when}: {self.said}"


def _logei_and_kin(acquisition: str) -> BayesianDesigner:
    return BayesianDesigner(acquisition=acquisition)


@dataclass(frozen=True)
class LlmAcquisitionDesigner:
    """Bayesian optimisation by the acquisition function that the language model last named.

    `base` makes the designer that proposes by the function of a name. The first trials, which need
    no acquisition function, are its own.
    """

    ask: Asker
    base: Callable[[str], BayesianDesigner] = _logei_and_kin

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        """Return up to `count` new configurations; one choice holds for all of them."""
        first, found = self.base(FALLBACK), list[Suggestion]()
        if early := min(count, _early(first, task, trials, count)):
            found = first.suggest(task, trials, early, rng)
        if early == count:
            return found
        choice = self._choice(task, trials)
        pending = [*trials, *(Trial(len(trials) + i, s) for i, s in enumerate(found))]
        chosen = self.base(choice.acquisition).suggest(task, pending, count - len(found), rng)
        return found + [_marked(s, choice, len(trials)) for s in chosen]

    def _choice(self, task: Task, trials: Sequence[Trial]) -> Choice:
        if len(task.objectives) > 1:
            said = "several objectives are always traded off by it"
            return Choice(SEVERAL, "rule", len(trials), said)
        last, stalled = last_choice(trials), plateau(task, trials) >= PLATEAU
        if last and not _due(last, len(trials), stalled):
            return last
        return self._asked(task, trials, stalled)

    def _asked(self, task: Task, trials: Sequence[Trial], stalled: bool) -> Choice:
        text = self.ask("acquisition", len(trials), question(task, trials))
        said = "no answer"
        if text is not None:
            try:
                picked: Picked = parse_acquisition(text, OFFERED)
            except InvalidAnswerError as error:
                said = f"its answer cannot be used, {error.message}"
            else:
                return Choice(picked.name, "llm", len(trials), picked.reason, stalled)
        return Choice(FALLBACK, "fallback", len(trials), said, stalled)


def last_choice(trials: Sequence[Trial]) -> Choice | None:
    """Return the newest choice that the details of `trials` tell of."""
    noted = [t.suggestion.details[CHOICE] for t in trials if CHOICE in t.suggestion.details]
    known = [Choice(**plain) for plain in noted]
    return max(known, key=lambda c: c.asked_at) if known else None


def question(task: Task, trials: Sequence[Trial]) -> Question:
    """Ask which acquisition function should go on; at least one trial must have completed."""
    messages = acquisition_messages(state(task, trials), OFFERED)
    return Question(messages, acquisition_schema(OFFERED), ANSWER_TOKENS)


def state(task: Task, trials: Sequence[Trial]) -> SearchState:
    """Return the search in numbers, RUNNING trials left out of what is believed.

    Raises:
        ValueError: no trial has completed.
    """
    ended = _ended(trials)
    bests = _bests(task, ended)
    costs = [t.cost for t in ended if t.state is TrialState.COMPLETE]
    uncertainty, lead, noise, explained = _believed(task, ended)
    return SearchState(
        goal=goal(task),
        parameters=len(task.space),
        finished=len(ended),
        left=None if task.budget.trials is None else max(0, task.budget.trials - len(trials)),
        failed=sum(t.state in (TrialState.FAILED, TrialState.INFEASIBLE) for t in ended),
        bests=tuple(bests[-SHOWN_BESTS:]),
        since=len(ended) - bests[-1][0],
        uncertainty=uncertainty,
        lead=lead,
        noise=noise,
        explained=explained,
        seconds=(float(np.median(costs)), max(costs)),
    )


def _early(first: BayesianDesigner, task: Task, trials: Sequence[Trial], count: int) -> int:
    """Return how many of `count` trials need no acquisition function."""
    if not any(t.state is TrialState.COMPLETE for t in trials):
        return count
    return max(0, max(first.initial, first.prepared(task)) - len(trials))


def _due(last: Choice, number: int, plateau: bool) -> bool:
    return number - last.asked_at >= EVERY or (plateau and not last.plateau)


def _marked(found: Suggestion, choice: Choice, number: int) -> Suggestion:
    """Return `found` with the choice that led to it; a default was led to by none."""
    if "acquisition" not in found.details:
        return found
    details = {**found.details, CHOICE: asdict(choice)}
    return replace(found, rationale=choice.words(number), details=details)


def _ended(trials: Sequence[Trial]) -> list[Trial]:
    return [t for t in trials if t.state is not TrialState.RUNNING]


def _bests(task: Task, ended: Sequence[Trial]) -> list[tuple[int, float]]:
    """Return each new best score, with how many trials had ended by then."""
    complete = [t.state is TrialState.COMPLETE for t in ended]
    counts = [done and keeps(task, t) for done, t in zip(complete, ended, strict=True)]
    if not any(counts):
        counts = complete
    best, found = -np.inf, list[tuple[int, float]]()
    for i, (known, gain) in enumerate(zip(counts, gains(task, ended)[:, 0], strict=True)):
        if known and gain > best:
            best = float(gain)
            found.append((i + 1, ended[i].values[0]))
    return found


def _believed(task: Task, ended: Sequence[Trial]) -> tuple[float, float, float, float | None]:
    """Return uncertainty, lead, noise and what is explained (see `SearchState`)."""
    from surrogates.encoding import encoding_of
    from surrogates.gp import fit_first

    model = fit_first(task, ended)
    rng = np.random.default_rng([task.seed, len(ended)])
    mean, sd = model.marginals(encoding_of(task.space).encode(task.space.sample(rng, SAMPLE)))
    held = float(model.marginals(model.inputs)[0].max())
    spread = float(model.targets.std()) or 1.0
    noise = np.sqrt(model.predictor.s2 * model.predictor.hyper.noise)
    explained = _explained(model.targets, model.predictor.alpha, model.predictor.inverse_factor)
    return sd.max() / spread, (held - mean.max()) / spread, noise / spread, explained


def _explained(targets: Array, alpha: Array, inverse_factor: Array) -> float | None:
    """Return the share of the variance that leave-one-out predictions explain.

    Rasmussen & Williams 2006, Eq. 5.12, from `alpha` (`n`) and the inverse Cholesky factor of K
    (`n x n`). None with too few results, or where all are the same.
    """
    variance = float(targets.var())
    if len(targets) < ENOUGH or not variance > 0:
        return None
    wrong = alpha / (inverse_factor**2).sum(axis=0)
    return max(-1.0, 1.0 - float((wrong**2).mean()) / variance)

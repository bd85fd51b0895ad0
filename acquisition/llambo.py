"""LLAMBO: the language model as warmstart, candidate sampler and surrogate, with no other model.

Liu et al. 2024, "Large Language Models to Enhance Bayesian Optimization" (arXiv 2402.03921), at its
smallest faithful setting: per step one sampler prompt (section 5.2) and `orderings` surrogate
prompts (section 5.1, discriminative), where the published runs spend hundreds of completions. Two
repairs: the desired value and the predictions are in standardised units, so that no sign or range
of the metric is assumed, and a step ends however few candidates are valid.

Notation: g gains (larger is better), z = (g - mean) / sd over the complete trials.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from acquisition.llm_designer import Question, View, predict, propose, read, warmstart
from acquisition.opening import Opening
from acquisition.sobol import SobolDesigner
from evals.objectives import gains
from evals.task import Task
from evals.trials import Suggestion, Trial, TrialState
from prompts.answers import parse_scores
from prompts.errors import InvalidAnswerError

Array = NDArray[np.float64]
Asker = Callable[[str, int, Question], str | None]
"""Puts a question of a role at a trial and returns the text; None where there is no answer."""

SCALE = 15.0
"""Points of the 0 to 100 scale per standard deviation, around 50."""
LEAST_SD = 1.0
"""Predictions that agree are not certain: the floor of their sd, in points."""


@dataclass(frozen=True)
class LlamboDesigner:
    """The published loop.

    `warmstarts` trials follow the default; then each step asks for `candidates`, aiming at the best
    gain plus `alpha` times the range of gains, and predicts them under `orderings` shuffled
    histories. `opening` and `card` say how the first question is put (section 4).
    """

    ask: Asker
    warmstarts: int = 4
    candidates: int = 4
    orderings: int = 2
    alpha: float = 0.1
    opening: Opening = field(default_factory=Opening)
    card: Mapping[str, str] | None = None

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        """Return up to `count` new configurations; Sobol points where the model has none."""
        sobol = SobolDesigner()
        if not trials:
            return sobol.suggest(task, trials, count, rng)
        found: list[Suggestion] = []
        pool = self._candidates(task, trials)
        while pool and len(found) < count:
            best = self._best(task, trials, pool, rng) if len(pool) > 1 else 0
            found.append(pool.pop(best))
        pending = [Trial(len(trials) + i, s) for i, s in enumerate(found)]
        return found + sobol.suggest(task, [*trials, *pending], count - len(found), rng)

    def _candidates(self, task: Task, trials: Sequence[Trial]) -> list[Suggestion]:
        number = len(trials)
        if number <= self.warmstarts:
            # The same question for all of them: it is asked once and recorded.
            first = warmstart(task, self.warmstarts, card=self.card, opening=self.opening)
            text = self.ask("warmstart", 1, first)
            return _read(task, trials, text)[:1]
        view = View(desired=self.desired(task, trials))
        return _read(task, trials, self.ask("propose", number, self._question(task, trials, view)))

    def _question(self, task: Task, trials: Sequence[Trial], view: View) -> Question:
        return propose(task, trials, self.candidates, view=view)

    def desired(self, task: Task, trials: Sequence[Trial]) -> float | None:
        """Return the value to aim at, as the user reads it (equation 6 of the paper)."""
        known = gains(task, _complete(trials))[:, 0]
        if not len(known):
            return None
        aim = known.max() + self.alpha * (np.ptp(known) or 1.0)
        return float(task.objective.sign * aim)

    def _best(
        self,
        task: Task,
        trials: Sequence[Trial],
        pool: Sequence[Suggestion],
        rng: np.random.Generator,
    ) -> int:
        """Return the candidate of largest expected improvement under the model's predictions.

        The first of all where there is nothing to predict from, or no prediction.
        """
        done = _complete(trials)
        if not done:
            return 0
        scores = points(gains(task, done)[:, 0])
        predictions = []
        for ordering in range(self.orderings):
            order = rng.permutation(len(done))
            shown = [(float(scores[i]), done[i].config) for i in order]
            question = predict(task, shown, [s.config for s in pool])
            text = self.ask(f"predict {ordering}", len(trials), question)
            predictions += _scores(text, len(pool))
        if not predictions:
            return 0
        return int(np.argmax(expected_improvement(np.array(predictions), float(scores.max()))))


def points(known: Array) -> Array:
    """Return gains (`n`) on the scale the model sees: 50 is the mean, `SCALE` one sd."""
    sd = float(known.std()) if len(known) else 0.0
    z = (known - known.mean()) / sd if sd > 0 else np.zeros_like(known)
    return np.asarray(np.clip(np.round(50.0 + SCALE * z), 0.0, 100.0))


def expected_improvement(predictions: Array, best: float) -> Array:
    """Return EI (`m`) from predictions (`k x m`): their mean and sd make a normal distribution."""
    from scipy.stats import norm

    mean = predictions.mean(axis=0)
    sd = np.maximum(predictions.std(axis=0), LEAST_SD)
    u = (mean - best) / sd
    return np.asarray(sd * (u * norm.cdf(u) + norm.pdf(u)))


def _complete(trials: Sequence[Trial]) -> list[Trial]:
    return [t for t in trials if t.state is TrialState.COMPLETE]


def _read(task: Task, trials: Sequence[Trial], text: str | None) -> list[Suggestion]:
    if text is None:
        return []
    try:
        found = read(task, trials, text).suggestions
    except InvalidAnswerError:
        return []
    return [replace(s, details={**s.details, "asked_at": len(trials)}) for s in found]


def _scores(text: str | None, count: int) -> list[list[float]]:
    if text is None:
        return []
    try:
        return [parse_scores(text, count)]
    except InvalidAnswerError:
        return []

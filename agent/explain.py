"""Why the best configuration won: each change from the default, valued by the surrogate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agent.digits import readable, telling
from agent.outcome import Score
from evals.space import Config
from evals.task import Objective, Task
from evals.trials import Trial, TrialState

ENOUGH = 4
"""With fewer complete trials a surrogate's explanation would be a guess."""


@dataclass(frozen=True)
class Story:
    """One parameter of the best configuration, in words."""

    name: str
    unit: str
    best: str
    default: str
    share: str
    says: str


def default_trial(trials: Sequence[Trial]) -> Trial | None:
    """Return the trial of the target model's own default configuration."""
    return next((t for t in trials if t.origin == "default"), None)


def show_value(value: Any) -> str:
    """Return a parameter's value as people write it."""
    return readable(value) if isinstance(value, float) else str(value)


def shares_of(task: Task, trials: Sequence[Trial]) -> dict[str, float]:
    """Return how much each parameter matters; {} where that would be a guess.

    Few trials say nothing of it, and neither does a surrogate that sees no variation: it gives all
    parameters the same share.
    """
    if sum(t.state is TrialState.COMPLETE for t in trials) < ENOUGH:
        return {}
    from surrogates.explain import importances

    shares = importances(task, trials)
    return {} if len(shares) > 1 and len(set(shares.values())) == 1 else shares


def stories(task: Task, trials: Sequence[Trial], best: Trial) -> list[Story]:
    """Return a story per parameter of `best`, the most important first.

    The effect of a parameter is the surrogate's predicted loss when that parameter alone goes back
    to the default, with the two predictions' sd combined as if independent (an upper bound).
    """
    shares = shares_of(task, trials)
    if not shares:
        return []
    default = default_trial(trials)
    start: Config = default.config if default else {}
    effects = _effects(task, trials, best.config, start)
    told = [_story(task, name, best.config, start, shares, effects) for name in best.config]
    return sorted(told, key=lambda s: -shares.get(s.name, 0.0))


def _effects(
    task: Task, trials: Sequence[Trial], best: Config, default: Config
) -> dict[str, tuple[float, float]]:
    """Map each changed parameter to the predicted worth of its change and that worth's sd."""
    from acquisition.bayesian import BayesianDesigner

    reverted = {n: best | {n: default[n]} for n in best if n in default and best[n] != default[n]}
    reverted = {n: c for n, c in reverted.items() if task.space.is_valid(c)}
    if not reverted:
        return {}
    step = BayesianDesigner().step(task, trials, np.random.default_rng([task.seed, len(trials)]))
    here, *there = step.score([best, *reverted.values()])
    return {
        n: (here.mean - s.mean, math.hypot(here.sd, s.sd))
        for n, s in zip(reverted, there, strict=True)
    }


def _story(
    task: Task,
    name: str,
    best: Config,
    default: Config,
    shares: Mapping[str, float],
    effects: Mapping[str, tuple[float, float]],
) -> Story:
    return Story(
        name=name,
        unit=task.space[name].unit or "",
        best=show_value(best[name]),
        default=show_value(default[name]) if name in default else "–",
        share=f"{100 * shares[name]:.0f} %" if name in shares else "–",
        says=_says(task.objective, name, best, default, effects),
    )


def _says(
    objective: Objective,
    name: str,
    best: Config,
    default: Config,
    effects: Mapping[str, tuple[float, float]],
) -> str:
    if name not in default:
        return "the default does not have this parameter"
    if best[name] == default[name]:
        return "kept as it is by default"
    if name not in effects:
        return "cannot be changed back alone"
    worth, sd = effects[name]
    amount = f"{worth:+.3g} ± {sd:.2g} {objective.metric}"
    gain = worth * objective.sign
    if abs(worth) < sd:
        return f"no clear difference ({amount})"
    return f"{'better' if gain > 0 else 'worse'} by the change ({amount})"


def whose_default(task: Task) -> str:
    """Return what to call the default: of a library's model, or of the user's own program."""
    return "the library's default" if task.program is None else "your default"


def compare(objective: Objective, tuned: Score, default: Score, where: str, whose: str) -> str:
    """Say in one sentence how the tuned score stands to the default's, noise considered."""
    gain = (tuned.value - default.value) * objective.sign
    noise = math.hypot(tuned.std or 0.0, default.std or 0.0)
    if gain == 0:
        verdict = "no difference"
    else:
        verdict = f"{'better' if gain > 0 else 'worse'} by {readable(abs(gain), 3)}"
        if abs(gain) <= 2 * noise:
            verdict += f", which is within the noise (± {readable(noise, 2)})"
    digits = telling((tuned.value, default.value))
    return (
        f"{where}, the tuned configuration reaches {objective.metric} {tuned.text(digits)}, "
        f"{whose} {default.text(digits)}: {verdict}."
    )


def trial_score(task: Task, trial: Trial) -> Score:
    """Return a complete trial's first objective as a score."""
    std = trial.std[0] if trial.std else None
    return Score(metric=task.objective.metric, value=trial.values[0], std=std)

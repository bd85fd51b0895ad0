"""Why the best configuration won: each change from the default, valued by the surrogate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.digits import readable, telling
from agent.outcome import Score
from evals.objectives import gains
from evals.space import Config
from evals.task import Objective, Task
from evals.trials import Trial, TrialState

Marginal = tuple[Sequence[Any], NDArray[np.float64], NDArray[np.float64]]
"""Values of one parameter, and the surrogate's mean and sd of the first objective there."""
ENOUGH = 4
"""With fewer complete trials a surrogate's explanation would be a guess."""
DISASTER = 1e6
"""So many times as far from the median as the best, and the default, a score says no more."""
USUAL = (1e-100, 1e100)
"""Between these a surrogate's squares and sums of scores are numbers."""


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
    """Return the trial of the target model's own default configuration, the last one of several."""
    return next((t for t in reversed(trials) if t.origin == "default"), None)


def show_value(value: Any) -> str:
    """Return a parameter's value as people write it."""
    return readable(value) if isinstance(value, float) else str(value)


def in_reach(task: Task, trials: Sequence[Trial]) -> tuple[list[Trial], float]:
    """Return trials whose first scores a surrogate can explain, and the unit that they are in.

    Among scores of 0.3 and one of 1e300 everything would otherwise be predicted as 1e118.
    """
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    if not complete:
        return list(trials), 1.0
    sign, known = task.objective.sign, gains(task, complete)[:, 0]
    default = [g for t, g in zip(complete, known, strict=True) if t.origin == "default"]
    with np.errstate(over="ignore"):
        middle = float(np.median(known / 2)) * 2
        room = DISASTER * 2 * (float(known.max()) / 2 - middle / 2)
    worst = min([middle - room, *default]) if room else -math.inf
    largest = float(np.abs(np.maximum(known, worst)).max())
    unit = 1.0 if not largest or USUAL[0] < largest < USUAL[1] else largest
    return [_scored(t, sign, worst, unit) for t in trials], unit


def _scored(trial: Trial, sign: float, worst: float, unit: float) -> Trial:
    """Return `trial` with a gain of at least `worst`, in `unit`s."""
    known = trial.evaluation
    if known is None or (unit == 1.0 and not (known.values and sign * known.values[0] < worst)):
        return trial
    values = tuple(known.values)
    if values:
        values = (sign * max(sign * values[0], worst) / unit, *values[1:])
    std = known.std and (known.std[0] / unit, *known.std[1:])
    steps = {step: value / unit for step, value in known.intermediate.items()}
    return replace(trial, evaluation=replace(known, values=values, std=std, intermediate=steps))


def shares_of(task: Task, trials: Sequence[Trial]) -> dict[str, float]:
    """Return how much each parameter matters; {} where that would be a guess.

    Few trials say nothing of it, and neither does a surrogate that sees no variation: it gives all
    parameters the same share.
    """
    if sum(t.state is TrialState.COMPLETE for t in trials) < ENOUGH:
        return {}
    from surrogates.explain import importances

    shares = importances(task, in_reach(task, trials)[0])
    return {} if len(shares) > 1 and len(set(shares.values())) == 1 else shares


def marginal_of(task: Task, trials: Sequence[Trial], name: str, grid: int) -> Marginal:
    """Return the surrogate's view of one parameter; see `surrogates.explain.marginal`."""
    from surrogates.explain import marginal

    known, unit = in_reach(task, trials)
    values, mean, sd = marginal(task, known, name, grid)
    return values, mean * unit, sd * unit


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
    known, unit = in_reach(task, trials)
    step = BayesianDesigner().step(task, known, np.random.default_rng([task.seed, len(trials)]))
    here, *there = step.score([best, *reverted.values()])
    return {
        n: ((here.mean - s.mean) * unit, math.hypot(here.sd, s.sd) * unit)
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
    if not (math.isfinite(worth) and math.isfinite(sd)):
        return "cannot be said: the scores are too large"
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


def other_scores(task: Task, trial: Trial) -> str:
    """Return a complete trial's further objectives as ", size 5120"; "" where there are none."""
    others = zip(task.objectives[1:], trial.values[1:], strict=True)
    return "".join(f", {o.metric} {readable(v, 4)}" for o, v in others)


def trial_score(task: Task, trial: Trial) -> Score:
    """Return a complete trial's first objective as a score."""
    std = trial.std[0] if trial.std else None
    return Score(metric=task.objective.metric, value=trial.values[0], std=std)

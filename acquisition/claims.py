"""What the language model claimed about parameters, checked against the surrogate.

A claim says that a parameter matters in a configuration and that it was moved higher or lower than
usual, or kept. Usual is the target model's own default, else the middle of the range. The claim is
supported where the surrogate's marginal effect at the configuration's value is better than at the
usual one by more than the doubt about it (for "keep": where no other value is clearly better),
unsupported where it is clearly worse or the configuration does not do what the claim says, and
unknown in between, and with too few trials.

That two parameters depend on each other is supported where the surrogate expects at least `JOINT`
of the objective's variation to come from the pair alone and the data tell most of that, unsupported
where it expects less after `MANY` trials, and unknown otherwise: with few, lengthscales are too
long for a difference that shows in a few configurations only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from evals.parameters import Float, Int, Parameter
from evals.space import Config
from evals.task import Task
from evals.trials import Trial, TrialState

Array = NDArray[np.float64]

ENOUGH = 6
"""With fewer complete trials every claim is unknown."""
JOINT = 0.03
"""The least share of the variation for which two parameters are said to depend on each other."""
MANY = 30
DOUBT = 0.5
"""How many of the marginal's standard deviations an effect must exceed to count."""


class Verdict(StrEnum):
    """What the surrogate says about a claim."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class CheckedClaim:
    """One claim of trial `number`; `effect` is the predicted gain over the usual value.

    `effect` and `doubt` are in the user's unit of the first objective, a positive effect is good;
    both are None where the surrogate has no say.
    """

    number: int
    parameter: str
    move: str
    reason: str
    verdict: Verdict
    effect: float | None = None
    doubt: float | None = None


@dataclass(frozen=True)
class _Marginal:
    """The marginal effect of a parameter: places in [0, 1], gains and their sd (`g` each)."""

    places: Array
    gains: Array
    sd: Array

    def at(self, place: float) -> tuple[float, float]:
        """Return gain and sd at `place`."""
        return (
            float(np.interp(place, self.places, self.gains)),
            float(np.interp(place, self.places, self.sd)),
        )


def check_claims(task: Task, trials: Sequence[Trial]) -> list[CheckedClaim]:
    """Return every claim of the language model's trials with the surrogate's verdict."""
    claimed = [t for t in trials if t.suggestion.details.get("claim")]
    enough = sum(t.state is TrialState.COMPLETE for t in trials) >= ENOUGH
    names = {t.suggestion.details["claim"]["parameter"] for t in claimed} if enough else set()
    known = {n: _marginal(task, trials, n) for n in sorted(names & set(task.space.names))}
    return [_checked(task, t, known) for t in claimed]


def check_pair(task: Task, trials: Sequence[Trial], pair: tuple[str, str]) -> Verdict:
    """Return whether the surrogate agrees that two parameters depend on each other."""
    complete = sum(t.state is TrialState.COMPLETE for t in trials)
    if complete < ENOUGH:
        return Verdict.UNKNOWN
    from surrogates.interactions import joint

    found = joint(task, trials, pair)
    if found.share >= JOINT and found.known > 0.5:
        return Verdict.SUPPORTED
    return Verdict.UNSUPPORTED if found.share < JOINT and complete >= MANY else Verdict.UNKNOWN


def _marginal(task: Task, trials: Sequence[Trial], name: str) -> _Marginal:
    from surrogates.explain import marginal

    values, mean, sd = marginal(task, trials, name)
    places = np.array([task.space[name].to_unit(v) for v in values])  # type: ignore[arg-type]
    order = np.argsort(places, kind="stable")
    return _Marginal(places[order], task.objective.sign * mean[order], sd[order])


def _checked(task: Task, trial: Trial, known: dict[str, _Marginal]) -> CheckedClaim:
    claim = trial.suggestion.details["claim"]
    name, move = str(claim["parameter"]), str(claim["move"])
    told = CheckedClaim(trial.number, name, move, trial.rationale or "", Verdict.UNKNOWN)
    if name not in known or name not in trial.config:
        return told
    parameter, curve = task.space[name], known[name]
    place, usual = _place(parameter, trial.config), _usual(parameter)
    if move != "keep" and not isinstance(parameter, Float | Int):
        return told
    gain, sd = curve.at(place)
    if move == "keep":
        best = int(np.argmax(curve.gains))
        effect, doubt = gain - float(curve.gains[best]), DOUBT * max(sd, float(curve.sd[best]))
        verdict = Verdict.SUPPORTED if effect > -doubt else Verdict.UNSUPPORTED
    else:
        before, before_sd = curve.at(usual)
        effect, doubt = gain - before, DOUBT * max(sd, before_sd)
        verdict = _verdict(effect, doubt, moved=(place > usual) == (move == "higher"))
    return CheckedClaim(trial.number, name, move, told.reason, verdict, effect, doubt)


def _verdict(effect: float, doubt: float, *, moved: bool) -> Verdict:
    if not moved:
        return Verdict.UNSUPPORTED
    if abs(effect) <= doubt:
        return Verdict.UNKNOWN
    return Verdict.SUPPORTED if effect > 0 else Verdict.UNSUPPORTED


def _place(parameter: Parameter, config: Config) -> float:
    return float(parameter.to_unit(config[parameter.name]))  # type: ignore[arg-type]


def _usual(parameter: Parameter) -> float:
    default = parameter.default
    return 0.5 if default is None else float(parameter.to_unit(default))  # type: ignore[arg-type]

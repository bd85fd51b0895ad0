"""Optuna's samplers through ask and tell.

Ordered grids become integers (their positions), so that order is not lost. The paired start counts
as the start-up phase: the samplers use their model from trial 6 on instead of 11, which is to their
advantage. All other settings are Optuna's own. Failed trials are told as failed; to the arms whose
names end in `-penalty`, as the worst value so far, which is what many users do. Where all
objectives but the first have a limit, there is one objective, and the limits are Optuna's
`constraints_func`.

Pruning, where trials report on the way: Optuna's tutorial on efficient optimisation recommends
Hyperband with TPE and the median rule with random search, and the median rule is what a study has
where nothing is said. Both with their default settings. Hyperband splits the trials into brackets,
and TPE then models each bracket on its own (Optuna's note on it): few trials do not suit it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from benchmarks.arms.base import N_START, Arm, BaseSession, Problem, limits_of, package_version
from evals.space import Categorical, Config, Float, Int, Ordinal, Parameter
from evals.trials import Evaluation, TrialState


class OptunaSession(BaseSession):
    """One study in memory; without a `pruner` no trial is stopped, nor a running value noted."""

    def __init__(
        self, problem: Problem, sampler: Any, penalty: bool = False, pruner: Any = None
    ) -> None:
        import optuna

        super().__init__(problem)
        self._penalty = penalty
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")
        self._limits = limits_of(problem)
        objectives = problem.task.task.objectives
        directions = [o.direction for o in (objectives[:1] if self._limits else objectives)]
        # Hyperband draws a trial's bracket from the study's name, at random where there is none.
        name = f"{problem.task.name} {problem.seed}" if pruner else None
        self._study = optuna.create_study(
            directions=directions, sampler=sampler, pruner=pruner, study_name=name
        )
        self._asked: Any = None
        self._prunes = pruner is not None

    def ask(self) -> Config:
        """Return what the sampler suggests."""
        self._asked = self._study.ask()
        config: Config = {}
        for parameter in self.space.parameters:
            if any(p.name == parameter.name for p in self.space.active(config)):
                config[parameter.name] = _suggest(self._asked, parameter)
        return config

    def tell(self, config: Config, result: Evaluation) -> None:
        """Tell the study; a configuration of the start is queued and asked for first."""
        from optuna.trial import TrialState as State

        self._adopt(config)
        done, stopped = (result.state is s for s in (TrialState.COMPLETE, TrialState.PRUNED))
        values = list(result.values) if done else None if stopped else self._worst()
        if self._limits:
            beyond = [o.sign * (o.threshold - v) for o, v in _told(self._limits, values)]
            self._asked.set_user_attr(BEYOND, beyond or [1.0] * len(self._limits))
            values = values and values[:1]
        ended = State.PRUNED if stopped else State.FAIL
        self._study.tell(self._asked, values, state=None if values else ended)
        self._asked = None
        super().tell(config, result)

    def should_stop(self, config: Config, epoch: int, value: float) -> bool:
        """Return what the pruner says."""
        if not self._prunes:
            return False
        self._adopt(config)
        self._asked.report(value, epoch)
        return bool(self._asked.should_prune())

    def _adopt(self, config: Config) -> None:
        """Make a trial of what was handed over and not asked for."""
        if self._asked is None:
            named = {n: _outside(self.space[n], v) for n, v in config.items()}
            self._study.enqueue_trial(named)
            self.ask()

    def _worst(self) -> list[float] | None:
        """Return the worst values so far where failures are told as such, None without any."""
        known = [r.values for _, r in self.history if r.state is TrialState.COMPLETE]
        if not known or not self._penalty:
            return None
        objectives = self.problem.task.task.objectives
        return [o.sign * min(o.sign * v[i] for v in known) for i, o in enumerate(objectives)]


BEYOND = "beyond the limits"


def _told(limits: tuple[Any, ...], values: list[float] | None) -> list[tuple[Any, float]]:
    return list(zip(limits, values[1:], strict=True)) if values else []


def _beyond(trial: Any) -> list[float]:
    found: list[float] = trial.user_attrs[BEYOND]
    return found


def _outside(parameter: Parameter, value: Any) -> Any:
    return parameter.index(value) if isinstance(parameter, Ordinal) else value


def _suggest(trial: Any, parameter: Parameter) -> Any:
    if isinstance(parameter, Float):
        return trial.suggest_float(parameter.name, parameter.low, parameter.high, log=parameter.log)
    if isinstance(parameter, Int):
        return trial.suggest_int(
            parameter.name, parameter.low, parameter.high, step=parameter.step, log=parameter.log
        )
    if isinstance(parameter, Categorical):
        return trial.suggest_categorical(parameter.name, parameter.choices)
    return parameter.values[trial.suggest_int(parameter.name, 0, parameter.cardinality - 1)]


class OptunaArm(Arm):
    """An arm made of a sampler."""

    def __init__(
        self,
        name: str,
        sampler: Callable[..., Any],
        *packages: str,
        objectives: int = 1,
        penalty: bool = False,
        pruner: Callable[[], Any] = lambda: None,
    ) -> None:
        self.name, self._sampler, self._packages = name, sampler, packages
        self.objectives, self._penalty, self._pruner = objectives, penalty, pruner

    @property
    def version(self) -> str:
        """Optuna's version, and that of what the sampler is built on."""
        return package_version("optuna", *self._packages)

    def open(self, problem: Problem) -> OptunaSession:
        """Begin a run."""
        warnings.simplefilter("ignore")
        limits = {"constraints_func": _beyond} if limits_of(problem) else {}
        sampler, pruner = self._sampler(problem.seed, **limits), self._pruner()
        return OptunaSession(problem, sampler, self._penalty, pruner)


def _tpe(seed: int, **limits: Any) -> Any:
    from optuna.samplers import TPESampler

    return TPESampler(seed=seed, n_startup_trials=N_START, **limits)


def _gp(seed: int, **limits: Any) -> Any:
    from optuna.samplers import GPSampler

    return GPSampler(seed=seed, n_startup_trials=N_START, **limits)


def _cma(seed: int) -> Any:
    from optuna.samplers import CmaEsSampler

    return CmaEsSampler(seed=seed, n_startup_trials=N_START)


def _median() -> Any:
    from optuna.pruners import MedianPruner

    return MedianPruner()


def _hyperband() -> Any:
    """Return Hyperband; it takes the length of a training from the first one that ends."""
    from optuna.pruners import HyperbandPruner

    return HyperbandPruner()


OPTUNA_TPE = OptunaArm("optuna-tpe", _tpe, objectives=3)
OPTUNA_GP = OptunaArm("optuna-gp", _gp, "torch", objectives=3)
OPTUNA_CMA_ES = OptunaArm("optuna-cmaes", _cma, "cmaes")
OPTUNA_PENALTY = [
    OptunaArm("optuna-tpe-penalty", _tpe, objectives=3, penalty=True),
    OptunaArm("optuna-gp-penalty", _gp, "torch", objectives=3, penalty=True),
]
OPTUNA_TPE_MEDIAN = OptunaArm("optuna-tpe-median", _tpe, pruner=_median)
OPTUNA_TPE_HYPERBAND = OptunaArm("optuna-tpe-hyperband", _tpe, pruner=_hyperband)

"""A study's rows in an Optuna storage: how a trial is written, who owns it, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent.lease import Lease
from agent.records import evaluation_of, proposal, suggestion_of
from evals.parameters import Categorical, Float, Int, Ordinal, Parameter
from evals.space import Config
from evals.trials import Suggestion, Trial

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

LEASE = "plaintune:lease"


class NumberTakenError(Exception):
    """Another process started a trial first: choose again, knowing that trial."""


def template(
    suggestion: Suggestion, number: int, parameters: Mapping[str, BaseDistribution]
) -> FrozenTrial:
    """Return a RUNNING row that this process owns; `number` -1 leaves the number to the storage."""
    from datetime import datetime

    from optuna.trial import FrozenTrial
    from optuna.trial import TrialState as State

    return FrozenTrial(
        number=number,
        trial_id=-1,
        state=State.RUNNING,
        value=None,
        datetime_start=datetime.now(),
        datetime_complete=None,
        params={name: suggestion.config[name] for name in parameters},
        distributions=dict(parameters),
        user_attrs=proposal(suggestion),
        system_attrs={LEASE: Lease.mine().to_plain()},
        intermediate_values={},
    )


def distributions(space: Mapping[str, Parameter], config: Config) -> dict[str, BaseDistribution]:
    """Return the parameters of `config` as Optuna's distributions, for Optuna's own tools."""
    return {name: _distribution(space[name]) for name in config if name in space}


def _distribution(parameter: Parameter) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(parameter, Float):
        return FloatDistribution(parameter.low, parameter.high, log=parameter.log)
    if isinstance(parameter, Int):
        log = parameter.log and parameter.step == 1  # Optuna has no log scale with steps.
        return IntDistribution(parameter.low, parameter.high, log=log, step=parameter.step)
    assert isinstance(parameter, Categorical | Ordinal)
    return CategoricalDistribution(parameter.options)


def lease_of(trial: FrozenTrial) -> Lease | None:
    """Return who owns a row; None where another tool wrote it."""
    stored = trial.system_attrs.get(LEASE)
    return Lease.from_plain(stored) if stored else None


def is_mine(trial: FrozenTrial) -> bool:
    """Return whether this process evaluates a row."""
    lease = lease_of(trial)
    return trial.state.name == "RUNNING" and lease is not None and lease.is_mine


def is_free(trial: FrozenTrial) -> bool:
    """Return whether nobody evaluates an unfinished trial: given back, or its owner is dead.

    A trial that another tool runs has no lease, so nobody can know: it is left alone.
    """
    lease = lease_of(trial)
    return trial.state.name == "WAITING" or (lease is not None and not lease.is_alive)


def trial_of(frozen: FrozenTrial) -> Trial:
    """Read a row."""
    lease, state = lease_of(frozen), frozen.state
    began = frozen.datetime_start.timestamp() if frozen.datetime_start else 0.0
    ended = frozen.datetime_complete.timestamp() if frozen.datetime_complete else None
    attributes, values = frozen.user_attrs, frozen.values
    evaluation = evaluation_of(attributes, state.name, values, frozen.intermediate_values)
    return Trial(
        number=frozen.number,
        suggestion=suggestion_of(attributes, frozen.params),
        evaluation=evaluation if state.is_finished() else None,
        started=lease.since if lease else began,
        finished=ended,
    )

"""All arms by name."""

from __future__ import annotations

from benchmarks.arms.base import Arm
from benchmarks.arms.botorch_plain import PlainBoTorch
from benchmarks.arms.optuna_arms import (
    OPTUNA_CMA_ES,
    OPTUNA_GP,
    OPTUNA_PENALTY,
    OPTUNA_TPE,
    OPTUNA_TPE_HYPERBAND,
    OPTUNA_TPE_MEDIAN,
)
from benchmarks.arms.peers import AX, HEBO, SMAC
from benchmarks.arms.plaintune_gp import PRUNING, PlaintuneGP
from benchmarks.arms.plaintune_hybrid import SIMULATED
from benchmarks.arms.plaintune_llm import HYBRID, LLAMBO, SHIPPED
from benchmarks.arms.plaintune_portfolio import PORTFOLIO
from benchmarks.arms.random_search import DefaultThenRandom, PureRandom
from benchmarks.arms.sanity import Oracle, RepeatOnePoint

ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        PlaintuneGP(),
        PRUNING,
        PORTFOLIO,
        HYBRID,
        LLAMBO,
        SHIPPED,
        *SIMULATED,
        PureRandom(),
        DefaultThenRandom(),
        OPTUNA_TPE,
        OPTUNA_TPE_MEDIAN,
        OPTUNA_TPE_HYPERBAND,
        OPTUNA_GP,
        OPTUNA_CMA_ES,
        *OPTUNA_PENALTY,
        PlainBoTorch(),
        AX,
        SMAC,
        HEBO,
        Oracle(),
        RepeatOnePoint(),
    )
}


def open_arm(name: str) -> Arm:
    """Return the arm called `name`; raise `KeyError` where there is none."""
    return ARMS[name]

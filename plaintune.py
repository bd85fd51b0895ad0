"""Say in plain English what to tune: `plaintune.run("...", data=frame)`.

Everything is loaded when it is first used; importing this module costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.api import load, plan, resume, run
    from agent.callbacks import Progress
    from agent.loop import Agent
    from agent.notebook import load_ipython_extension
    from agent.runs import Run
    from agent.store import Store
    from agent.tune import tunable, tune
    from evals.evaluator import Evaluator
    from evals.reporting import report
    from evals.space import Categorical, Condition, Constraint, Float, Int, Ordinal, SearchSpace
    from evals.task import Budget, Data, Objective, Task, Validation
    from evals.trials import Evaluation, Suggestion, Trial, TrialState
    from prompts.errors import PlaintuneError

__all__ = [
    "Agent",
    "Budget",
    "Categorical",
    "Condition",
    "Constraint",
    "Data",
    "Evaluation",
    "Evaluator",
    "Float",
    "Int",
    "Objective",
    "Ordinal",
    "PlaintuneError",
    "Progress",
    "Run",
    "SearchSpace",
    "Store",
    "Suggestion",
    "Task",
    "Trial",
    "TrialState",
    "Validation",
    "load",
    "load_ipython_extension",
    "plan",
    "report",
    "resume",
    "run",
    "tunable",
    "tune",
]

_HOMES = {
    "agent.api": ("load", "plan", "resume", "run"),
    "agent.callbacks": ("Progress",),
    "agent.loop": ("Agent",),
    "agent.notebook": ("load_ipython_extension",),
    "agent.runs": ("Run",),
    "agent.store": ("Store",),
    "agent.tune": ("tunable", "tune"),
    "evals.reporting": ("report",),
    "evals.evaluator": ("Evaluator",),
    "evals.space": (
        "Categorical",
        "Condition",
        "Constraint",
        "Float",
        "Int",
        "Ordinal",
        "SearchSpace",
    ),
    "evals.task": ("Budget", "Data", "Objective", "Task", "Validation"),
    "evals.trials": ("Evaluation", "Suggestion", "Trial", "TrialState"),
    "prompts.errors": ("PlaintuneError",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'plaintune' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__

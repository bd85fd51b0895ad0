"""Ax through its `Client`, with its own choice of generation strategy."""

from __future__ import annotations

import logging
import warnings
from typing import Any

from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from wire import serve

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)


class Ax:
    """Minimises "value"; the start that is told counts as Ax's initialisation."""

    def __init__(self, problem: dict[str, Any]) -> None:
        self.client = Client(random_seed=problem["seed"])
        self.client.configure_experiment(
            name="task", parameters=[_parameter(p) for p in problem["parameters"]]
        )
        self.client.configure_optimization(objective="-value")
        self.client.configure_generation_strategy(initialization_budget=problem["start"])
        self.asked: int | None = None

    def tell(self, config: dict[str, Any], value: float | None) -> None:
        index = self.asked if self.asked is not None else self.client.attach_trial(config)
        self.asked = None
        if value is None:
            self.client.mark_trial_failed(index)
        else:
            self.client.complete_trial(index, raw_data={"value": value})

    def ask(self) -> dict[str, Any]:
        ((self.asked, config),) = self.client.get_next_trials(max_trials=1).items()
        return dict(config)


def _parameter(p: dict[str, Any]) -> Any:
    if p["type"] == "choice":
        return ChoiceParameterConfig(
            name=p["name"], values=p["choices"], parameter_type="str", is_ordered=False
        )
    return RangeParameterConfig(
        name=p["name"],
        bounds=(p["low"], p["high"]),
        parameter_type=p["type"],
        scaling="log" if p["log"] else None,
    )


serve(Ax)

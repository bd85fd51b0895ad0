"""SMAC's facade for hyperparameter optimisation (a random forest, expected improvement).

The forest is trained again after every trial, as SMAC's black-box facade does. Its own default is
every eighth, which thirty trials in a row would not do justice: sphere .25 instead of .05.
"""

from __future__ import annotations

import tempfile
from typing import Any

from ConfigSpace import Categorical, Configuration, ConfigurationSpace, Float, InCondition, Integer
from smac import HyperparameterOptimizationFacade as Facade
from smac import Scenario
from smac.runhistory import StatusType, TrialInfo, TrialValue
from wire import serve


class Smac:
    """Told about the start instead of making an initial design of its own."""

    def __init__(self, problem: dict[str, Any]) -> None:
        self.space = ConfigurationSpace(seed=problem["seed"])
        self.space.add([_parameter(p) for p in problem["parameters"]])
        for p in problem["parameters"]:
            if p["parent"]:
                child, parent = self.space[p["name"]], self.space[p["parent"]]
                self.space.add(InCondition(child, parent, p["parent_values"]))
        scenario = Scenario(
            self.space,
            deterministic=True,
            n_trials=problem["trials"],
            seed=problem["seed"],
            output_directory=tempfile.mkdtemp(),
        )
        design = Facade.get_initial_design(scenario, n_configs=0, additional_configs=[])
        self.facade = Facade(
            scenario,
            lambda config, seed=0: 0.0,
            initial_design=design,
            config_selector=Facade.get_config_selector(scenario, retrain_after=1),
            overwrite=True,
            logging_level=40,
        )
        self.asked: Any = None

    def tell(self, config: dict[str, Any], value: float | None) -> None:
        info = self.asked or TrialInfo(Configuration(self.space, values=config), seed=0)
        self.asked = None
        failed = value is None
        status = StatusType.CRASHED if failed else StatusType.SUCCESS
        self.facade.tell(info, TrialValue(cost=1e10 if failed else value, status=status))

    def ask(self) -> dict[str, Any]:
        self.asked = self.facade.ask()
        return {k: getattr(v, "item", lambda v=v: v)() for k, v in self.asked.config.items()}


def _parameter(p: dict[str, Any]) -> Any:
    if p["type"] == "choice":
        return Categorical(p["name"], p["choices"])
    kind = Integer if p["type"] == "int" else Float
    return kind(p["name"], (p["low"], p["high"]), log=p["log"])


serve(Smac)

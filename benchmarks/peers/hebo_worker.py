"""HEBO with its own settings; failed trials are left out, as it has no notion of them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import torch
from hebo.design_space.design_space import DesignSpace
from hebo.optimizers.hebo import HEBO
from wire import serve

warnings.simplefilter("ignore")


class Hebo:
    """Observes the start, which stands for HEBO's own random phase."""

    def __init__(self, problem: dict[str, Any]) -> None:
        np.random.seed(problem["seed"])  # HEBO draws from the global generators
        torch.manual_seed(problem["seed"])
        self.space = DesignSpace().parse([_parameter(p) for p in problem["parameters"]])
        self.optimizer = HEBO(
            self.space, rand_sample=problem["start"], scramble_seed=problem["seed"]
        )

    def tell(self, config: dict[str, Any], value: float | None) -> None:
        if value is not None:
            self.optimizer.observe(pd.DataFrame([config]), np.array([[value]]))

    def ask(self) -> dict[str, Any]:
        row = self.optimizer.suggest(n_suggestions=1).iloc[0].to_dict()
        return {k: getattr(v, "item", lambda v=v: v)() for k, v in row.items()}


def _parameter(p: dict[str, Any]) -> dict[str, Any]:
    if p["type"] == "choice":
        return {"name": p["name"], "type": "cat", "categories": p["choices"]}
    kinds = {("float", False): "num", ("float", True): "pow", ("int", False): "int"}
    kind = kinds.get((p["type"], p["log"]), "pow_int")
    return {"name": p["name"], "type": kind, "lb": p["low"], "ub": p["high"]}


serve(Hebo)

"""Tune a function whose settings are a dataclass: which customers to call before they leave.

python examples/dataclass_config.py
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

import plaintune

TABLE = Path(__file__).with_name("churn.csv")
CALL, KEPT = 5.0, 60.0
"""What a call costs, and what a customer who was about to leave and is called is worth."""


@dataclass(frozen=True)
class Campaign:
    """How the customers to call are found."""

    learning_rate: float = 0.1
    max_leaf_nodes: int = 31
    l2_regularization: float = 0.0
    class_weight: Literal["none", "balanced"] = "none"
    call_above: Annotated[float, plaintune.Float("call_above", 0.02, 0.9)] = 0.5


@plaintune.tunable
def profit(campaign: Campaign, rows: int = 5000, seed: int = 0) -> dict[str, float]:
    """Return the profit per customer of calling those who will probably leave."""
    table = pd.read_csv(TABLE).head(rows)
    leaves = (table.pop("churn") == "yes").to_numpy()
    model = HistGradientBoostingClassifier(
        learning_rate=campaign.learning_rate,
        max_leaf_nodes=campaign.max_leaf_nodes,
        l2_regularization=campaign.l2_regularization,
        class_weight=None if campaign.class_weight == "none" else campaign.class_weight,
        max_iter=50,
        random_state=seed,
    )
    numbers = table.select_dtypes("number")
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    chance = cross_val_predict(model, numbers, leaves, cv=folds, method="predict_proba")[:, 1]
    called = chance > campaign.call_above
    return {"profit": float(np.mean(called * (KEPT * leaves - CALL))), "called": called.mean()}


if __name__ == "__main__":
    profit.tune("highest profit, 25 trials")

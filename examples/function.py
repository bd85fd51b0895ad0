"""Tune a plain function: how handwritten digits are best recognised by distance.

python examples/function.py
"""

from __future__ import annotations

from typing import Literal

from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

import plaintune


def digits_error(
    components: int = 10,
    C: float = 1.0,
    gamma: float = 0.001,
    whiten: bool = False,
    kernel: Literal["rbf", "poly"] = "rbf",
    seed: int = 0,
) -> float:
    """Return the share of digits that are misread, in three-fold cross-validation.

    components: principal components that are kept, of 64 pixels
    C: how much a misread training digit costs
    gamma: how fast the likeness of two digits falls with their distance
    whiten: give each component the same variance
    """
    digits = load_digits()
    model = make_pipeline(
        PCA(components, whiten=whiten, random_state=seed),
        SVC(C=C, gamma=gamma, kernel=kernel),
    )
    return float(1 - cross_val_score(model, digits.data, digits.target, cv=3).mean())


if __name__ == "__main__":
    plaintune.tune(digits_error, "lowest error, 25 trials")

"""The model families. A new one is one file with a `FAMILY`, plus one line here."""

from __future__ import annotations

from evals.families import (
    decision_tree,
    elastic_net,
    extra_trees,
    hist_gradient_boosting,
    knn,
    lightgbm,
    logistic_regression,
    mlp,
    random_forest,
    svm,
    xgboost,
)
from evals.families.base import ALL_KINDS, CLASSES, Family, FamilyNotInstalledError
from evals.task import Kind
from prompts.errors import InvalidTaskError

__all__ = ["ALL_KINDS", "CLASSES", "FAMILIES", "Family", "FamilyNotInstalledError", "family"]

FAMILIES: dict[str, Family] = {
    module.FAMILY.name: module.FAMILY
    for module in (
        lightgbm,
        xgboost,
        hist_gradient_boosting,
        random_forest,
        extra_trees,
        decision_tree,
        svm,
        knn,
        logistic_regression,
        elastic_net,
        mlp,
    )
}


def family(name: str, kind: Kind | None = None) -> Family:
    """Return the family called `name`, checked against the kind of target.

    Raises:
        InvalidTaskError: no such family, or one that cannot predict this kind.
    """
    if name not in FAMILIES:
        raise InvalidTaskError(
            f"There is no model family {name!r}.", hint=f"Known: {', '.join(FAMILIES)}."
        )
    found = FAMILIES[name]
    if kind and kind not in found.kinds:
        fitting = [f.name for f in FAMILIES.values() if kind in f.kinds]
        raise InvalidTaskError(
            f"{found.label} cannot predict a {kind} target.",
            hint=f"Choose one of: {', '.join(fitting)}.",
        )
    return found

"""A language model may edit the space only as far as the estimator agrees."""

from __future__ import annotations

import pytest

from evals.parameters import Categorical, Float, Int
from evals.space import SearchSpace
from evals.space_edits import Edit, Edited, apply_edits, parse_edits
from evals.spaces import space_for


def edited(models: list[str], **edit: object) -> tuple[SearchSpace, Edited]:
    space = space_for(models, "binary")
    return space, apply_edits(space, [Edit(**edit)], models, "binary")  # type: ignore[arg-type]


def test_narrowing_and_widening_keep_the_default_inside() -> None:
    _, after = edited(["lightgbm"], action="narrow", parameter="learning_rate", low=0.15)
    rate = after.space["learning_rate"]
    assert isinstance(rate, Float)
    assert (rate.low, rate.high, rate.default, rate.log) == (0.15, 0.5, 0.15, True)
    _, after = edited(["lightgbm"], action="widen", parameter="num_leaves", high=1024)
    leaves = after.space["num_leaves"]
    assert isinstance(leaves, Int)
    assert (leaves.low, leaves.high) == (4, 1024)
    _, after = edited(["svm"], action="narrow", parameter="kernel", choices=("poly", "linear"))
    kernel = after.space["kernel"]
    assert isinstance(kernel, Categorical)
    assert kernel.default == "poly"


@pytest.mark.parametrize(
    ("models", "edit", "default"),
    [
        (["lightgbm"], {"parameter": "max_depth", "low": 3, "high": 12}, 12),
        (["xgboost"], {"parameter": "colsample_bynode", "low": 0.3, "high": 1}, 1.0),
        (["lightgbm", "knn"], {"parameter": "knn__leaf_size", "low": 10, "high": 60}, 30),
        (["extra_trees"], {"parameter": "bootstrap", "choices": (False, True)}, False),
    ],
)
def test_a_real_parameter_is_added_with_its_own_default(
    models: list[str], edit: dict[str, object], default: object
) -> None:
    space, after = edited(models, action="add", **edit)
    assert after.refused == ()
    assert len(after.space) == len(space) + 1
    assert after.space[str(edit["parameter"])].default == default
    assert after.space.default_config() is not None


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"action": "add", "parameter": "magic", "low": 0, "high": 1}, "no parameter magic"),
        ({"action": "add", "parameter": "num_leaves", "low": 2, "high": 9}, "already"),
        ({"action": "add", "parameter": "min_split_gain", "low": -5, "high": 1}, "min_split_gain"),
        ({"action": "add", "parameter": "min_split_gain", "low": 1, "high": 5}, "must lie in"),
        ({"action": "add", "parameter": "min_split_gain"}, "name its low and high"),
        ({"action": "widen", "parameter": "num_leaves", "low": 1}, "num_leaves"),
        ({"action": "widen", "parameter": "num_leaves", "high": 99}, "does not widen"),
        ({"action": "widen", "parameter": "learning_rate", "low": 0}, "log scale"),
        ({"action": "narrow", "parameter": "num_leaves", "low": 5.5}, "whole numbers"),
        ({"action": "narrow", "parameter": "num_leaves"}, "stay as it is"),
        ({"action": "narrow", "parameter": "depth"}, "no parameter depth"),
        ({"action": "narrow", "parameter": "class_weight"}, "must list its choices"),
        (
            {"action": "widen", "parameter": "class_weight", "choices": (None, "balanced", "odd")},
            "class_weight",
        ),
    ],
)
def test_a_refused_edit_changes_nothing_and_says_why(edit: dict[str, object], said: str) -> None:
    space, after = edited(["lightgbm"], **edit)
    assert after.space == space
    assert after.taken == ()
    assert said in after.refused[0][1]


def test_what_is_no_edit_is_said() -> None:
    edits, wrong = parse_edits(
        [
            {"action": "narrow", "parameter": "C", "low": 0.1},
            {"action": "destroy", "parameter": "C"},
            "hello",
        ]
    )
    assert [e.parameter for e in edits] == ["C"]
    assert len(wrong) == 2

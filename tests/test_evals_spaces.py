"""What users fix and allow ends up in the space, and contradictions are explained."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.narrowing import interval, narrow
from evals.parameters import Categorical, Float, Int, Ordinal
from evals.space import Constraint, SearchSpace
from evals.spaces import AUTO, configure, in_families, space_for
from prompts.errors import InvalidTaskError


def test_allowed_values_become_bounds_and_move_the_default() -> None:
    space = space_for(["lightgbm"], "binary", constraints=["n_estimators <= 50", "num_leaves < 32"])
    trees, leaves = space["n_estimators"], space["num_leaves"]
    assert isinstance(trees, Int) and isinstance(leaves, Int)
    assert (trees.low, trees.high, trees.default) == (20, 50, 50)
    assert (leaves.high, leaves.default) == (31, 31)
    assert "you said" in trees.reason
    assert space.constraints == ()


@pytest.mark.parametrize(
    ("wish", "low", "high"),
    [
        ("n_estimators >= 3000", 3000, 30000),
        ("n_estimators > 10 and n_estimators < 13", 11, 12),
        ("5 <= n_estimators <= 4000", 5, 4000),
        ("400 >= n_estimators", 20, 400),
        ("n_estimators <= 10", 1, 10),
    ],
)
def test_bounds_follow_the_words(wish: str, low: int, high: int) -> None:
    trees = space_for(["lightgbm"], "binary", constraints=[wish])["n_estimators"]
    assert isinstance(trees, Int)
    assert (trees.low, trees.high) == (low, high)


@given(st.integers(1, 500), st.sampled_from(["<", "<=", ">", ">="]), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_folding_agrees_with_the_expression(bound: int, sign: str, seed: int) -> None:
    wish = f"x {sign} {bound}"
    try:
        narrowed = narrow(Int("x", 1, 300, log=True), wish)
    except InvalidTaskError:
        return
    assert narrowed is not None
    for config in SearchSpace((narrowed,)).sample(np.random.default_rng(seed), 5):
        assert Constraint(wish).holds(config)


def test_other_expressions_do_not_fold() -> None:
    assert interval("x % 2 == 0") is None
    assert narrow(Float("x", 0, 1), "x * x <= 0.5") is None
    space = space_for(["random_forest"], "binary", constraints=["n_estimators % 10 == 0"])
    assert all(c["n_estimators"] % 10 == 0 for c in space.sample(np.random.default_rng(0), 9))  # type: ignore[operator]


def test_choices_are_filtered_and_no_limit_is_infinite() -> None:
    space = space_for(["random_forest"], "binary", constraints=["max_depth <= 6"])
    depth = space["max_depth"]
    assert isinstance(depth, Ordinal)
    assert depth.values == (2, 3, 4, 5, 6)
    assert depth.default == 6
    kernel = space_for(["svm"], "binary", constraints=["kernel != 'linear'"])["kernel"]
    assert isinstance(kernel, Categorical)
    assert kernel.choices == ("rbf", "poly", "sigmoid")
    linear = space_for(["svm"], "binary", constraints=["kernel == 'linear'"])
    assert linear.names == ["C", "kernel", "class_weight"]
    single = space_for(["random_forest"], "binary", constraints=["n_estimators == 70"])
    assert single.sample(np.random.default_rng(0))[0]["n_estimators"] == 70


def test_fixed_settings_leave_the_space_and_reach_the_model() -> None:
    fixed = {"n_estimators": 300, "class_weight": "balanced"}
    models = ["lightgbm", "hist_gradient_boosting"]
    space = space_for(models, "binary", fixed=fixed)
    assert not any("n_estimators" in n or "max_iter" in n for n in space.names)
    config = space.sample(np.random.default_rng(0))[0] | {"model": "hist_gradient_boosting"}
    chosen = configure(config, models, fixed)
    assert chosen.family.name == "hist_gradient_boosting"
    assert chosen.config["max_iter"] == 300
    assert chosen.config["class_weight"] == "balanced"


def test_children_of_a_fixed_parent_stay_only_where_it_calls_for_them() -> None:
    linear = space_for(["svm"], "binary", fixed={"kernel": "linear"})
    assert linear.names == ["C", "class_weight"]
    poly = space_for(["svm"], "binary", fixed={"kernel": "poly"})
    assert poly["degree"].condition is None


def test_several_models_make_one_conditional_space() -> None:
    for kind, models in AUTO.items():
        space = space_for(models, kind, constraints=["lightgbm__num_leaves <= 40"])
        assert space["lightgbm__num_leaves"].schema()["maximum"] == 40
        default = space.default_config()
        assert default is not None
        assert default["model"] == "lightgbm"
        for config in space.sample(np.random.default_rng(1), 20):
            chosen = configure(config, models, {})
            chosen.family.build(chosen.config, kind, seed=0)
    nested = space_for(["knn", "svm"], "binary")
    assert "svm__degree" not in nested.default_config()  # type: ignore[operator]


def test_a_parameter_tuned_only_on_request_appears_on_request() -> None:
    assert "max_depth" not in space_for(["lightgbm"], "binary").names
    space = space_for(["lightgbm"], "binary", constraints=["max_depth <= 6"])
    assert space.default_config() is not None
    assert space["max_depth"].schema()["maximum"] == 6


def test_parameters_that_count_rows_stay_below_them() -> None:
    assert space_for(["knn"], "binary", n_rows=60)["n_neighbors"].schema()["maximum"] == 15


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"constraints": ["n_estimators <= 0"]}, "cannot use this range|leaves no value"),
        ({"constraints": ["n_estimators > 9 and n_estimators < 9"]}, "leaves no value"),
        ({"constraints": ["depth_max <= 3"]}, "LightGBM has no parameter depth_max. Known: learn"),
        ({"constraints": ["n_estimators <= 9", "n_estimators >= 99"]}, "contradict each other"),
        ({"constraints": ["n_estimators >= 99", "n_estimators <= 9"]}, "contradict each other"),
        ({"constraints": ["n_estimators <="]}, "cannot be read"),
        ({"constraints": ["1 < 2"]}, "names no parameter"),
        ({"fixed": {"learning_rate": -1}}, "fixed setting cannot be used.*learning_rate"),
        ({"fixed": {"leaf_count": 3}}, "has no parameter leaf_count"),
        ({"fixed": {"n_estimators": 600}, "constraints": ["n_estimators <= 500"]}, "contradicts"),
    ],
)
def test_contradictions_are_explained(wishes: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidTaskError, match=said):
        space_for(["lightgbm"], "binary", **wishes)  # type: ignore[arg-type]


def test_nothing_to_search_is_explained() -> None:
    fixed = {"n_neighbors": 3, "weights": "uniform", "p": 2}
    with pytest.raises(InvalidTaskError, match="nothing is left to tune"):
        space_for(["knn"], "binary", fixed=fixed)
    with pytest.raises(InvalidTaskError, match="No model"):
        space_for([], "binary")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("num_leaves <= 40", ["lightgbm__num_leaves <= 40"]),
        (
            "n_estimators < 200",
            ["lightgbm__n_estimators < 200", "random_forest__n_estimators < 200"],
        ),
        (
            "num_leaves * n_estimators < 2000",
            ["lightgbm__num_leaves * lightgbm__n_estimators < 2000"],
        ),
        ("lightgbm__num_leaves <= 40", ["lightgbm__num_leaves <= 40"]),
        ("model != 'lightgbm'", ["model != 'lightgbm'"]),
        ("wings < 3", ["wings < 3"]),
    ],
)
def test_a_constraint_is_about_all_models_that_have_its_parameters(
    words: str, meant: list[str]
) -> None:
    space = space_for(["lightgbm", "random_forest"], "binary")
    assert in_families(words, space.names) == meant
    if "wings" not in words:
        narrower = space.constrained(meant)
        drawn = narrower.sample(np.random.default_rng(0), 20)
        assert all(c.holds(config) for config in drawn for c in narrower.constraints)


@pytest.mark.parametrize(
    ("model", "wishes", "left"),
    [
        ("lightgbm", ["n_estimators >= 5", "n_estimators <= 2000"], (5, 2000)),
        ("lightgbm", ["n_estimators <= 5000", "n_estimators >= 2000"], (2000, 5000)),
        ("lightgbm", ["n_estimators >= 20"], (20, 1000)),
        ("lightgbm", ["n_estimators >= 3000"], (3000, 30000)),
        ("lightgbm", ["subsample >= 1"], (1.0, 1.0)),
        ("random_forest", ["max_features <= 0.1"], (0.1, 0.1)),
    ],
)
def test_the_range_of_the_user_wins_over_the_proposed_one(
    model: str, wishes: list[str], left: tuple[float, float]
) -> None:
    space = space_for([model], "binary", {}, wishes)
    found = next(p for p in space.parameters if p.name == wishes[0].split()[0])
    ends = (
        (found.values[0], found.values[-1]) if found.type == "ordinal" else (found.low, found.high)
    )
    assert ends == left
    assert "you said" in found.reason or "you allow" in found.reason


def test_a_range_beyond_what_the_model_takes_is_refused() -> None:
    with pytest.raises(InvalidTaskError, match="cannot use this range"):
        space_for(["lightgbm"], "binary", {}, ["subsample >= 1.5"])

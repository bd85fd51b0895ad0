"""The search space keeps its promises for every space and configuration."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.space import Categorical, Condition, Constraint, Float, Int, Ordinal, SearchSpace
from prompts.errors import InvalidConfigError, UserError

SVM = SearchSpace(
    (
        Float("C", 1e-3, 1e3, log=True, default=1.0),
        Categorical("kernel", ("linear", "rbf", "poly"), default="rbf"),
        Float(
            "gamma",
            1e-4,
            10.0,
            log=True,
            default=0.1,
            condition=Condition("kernel", ("rbf", "poly")),
        ),
        Int("degree", 2, 5, default=3, condition=Condition("kernel", ("poly",))),
        Ordinal("batch", (16, 32, 64), default=32),
    ),
    (Constraint("degree * C < 4000"),),
)


def test_each_value_is_drawn_equally_often() -> None:
    space = SearchSpace(
        (
            Categorical("a", ("x", "y", "z")),
            Ordinal("b", (1, 2, 4, 8)),
            Int("c", 0, 11, step=5),
            Categorical("d", ("only",)),
        )
    )
    drawn = space.sample(np.random.default_rng(0), 6000)
    for parameter in space.parameters:
        counts = Counter(config[parameter.name] for config in drawn)
        assert len(counts) == parameter.cardinality
        assert max(counts.values()) < 1.15 * min(counts.values())


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_samples_are_valid_and_survive_encoding(seed: int) -> None:
    for config in SVM.sample(np.random.default_rng(seed), 5):
        assert SVM.validate(config) == config
        X = SVM.encode([config])
        assert X.shape == (1, 5)
        assert ((X >= 0) & (X <= 1)).all()
        back = SVM.decode(X)[0]
        assert back.keys() == config.keys()
        assert np.allclose(SVM.encode([back]), X, atol=1e-6)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.floats(0, 1), st.booleans())
def test_float_stays_inside(low: float, width: float, u: float, log: bool) -> None:
    if log:
        low = abs(low) + 1e-9
    if low + width <= low:
        return
    parameter = Float("x", low, low + width, log=log)
    assert low <= parameter.from_unit(u) <= low + width
    assert 0 <= parameter.to_unit(parameter.from_unit(u)) <= 1


def test_inactive_parameters_do_not_exist() -> None:
    config = SVM.default_config()
    assert config == {"C": 1.0, "kernel": "rbf", "gamma": 0.1, "batch": 32}
    with pytest.raises(InvalidConfigError, match="degree"):
        SVM.validate(config | {"degree": 3})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"C": 1e9}, "C must lie in"),
        ({"C": float("nan")}, "finite"),
        ({"batch": 17}, "batch must be one of"),
        ({"kernel": "poly", "degree": 5, "C": 900.0}, "constraint"),
        ({"kernel": "sigmoid"}, "kernel must be one of"),
        ({"C": True}, "finite number"),
    ],
)
def test_wrong_configurations_are_named(change: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidConfigError, match=said):
        SVM.validate({"C": 1.0, "kernel": "rbf", "gamma": 0.1, "batch": 32} | change)


def test_schema_has_one_object_per_set_of_active_parameters() -> None:
    schema = SVM.json_schema()
    kernels = [o["properties"]["kernel"]["enum"] for o in schema["anyOf"]]
    assert kernels == [["linear"], ["rbf"], ["poly"]]
    assert "degree" not in schema["anyOf"][1]["properties"]


@pytest.mark.parametrize(
    "build",
    [
        lambda: Float("x", 1, 0),
        lambda: Float("x", 0, 1, log=True),
        lambda: Float("x", 0, 1, default=2),
        lambda: Categorical("x", ()),
        lambda: SearchSpace((Float("x", 0, 1), Float("x", 0, 1))),
        lambda: SearchSpace(()),
        lambda: SearchSpace((Float("x", 0, 1, condition=Condition("y", (1,))),)),
    ],
)
def test_impossible_spaces_cannot_be_built(build: object) -> None:
    with pytest.raises(UserError):
        build()  # type: ignore[operator]


def test_cardinality_counts_branches() -> None:
    space = SearchSpace(
        (
            Categorical("kind", ("a", "b")),
            Int("n", 1, 3, condition=Condition("kind", ("b",))),
        )
    )
    assert space.cardinality == 4


def test_a_default_outside_its_range_is_called_by_its_name() -> None:
    with pytest.raises(InvalidConfigError, match=r"The default does not fit: damping must lie"):
        Float("damping", 0.8, 0.9, default=1.0)

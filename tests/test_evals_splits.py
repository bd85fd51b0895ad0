"""Splits set rows aside without overlap, and keep together what belongs together."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.splits import make_splits
from evals.structure import find_structure
from evals.task import Kind, Validation
from prompts.errors import DataError

RNG = np.random.default_rng(0)


@given(
    st.integers(30, 200),
    st.sampled_from([("binary", "stratified"), ("regression", "shuffled"), ("binary", "shuffled")]),
    st.integers(1, 6),
    st.integers(0, 2**31),
)
@settings(max_examples=40, deadline=None)
def test_every_row_is_used_once(n: int, how: tuple[Kind, Any], folds: int, seed: int) -> None:
    kind, scheme = how
    y = np.arange(n) % 2 if kind == "binary" else np.arange(n) / n
    found = make_splits(y, kind, Validation(folds=folds, scheme=scheme), None, seed)
    assert sorted([*found.tuning, *found.test]) == list(range(n))
    for train, valid in found.folds:
        assert not set(train) & set(valid)
    if folds > 1:
        validated = np.concatenate([v for _, v in found.folds])
        assert sorted(validated) == list(range(len(found.tuning)))


def test_same_seed_same_splits() -> None:
    y = np.arange(60) % 3
    one, two, other = (make_splits(y, "multiclass", Validation(), None, s) for s in (1, 1, 2))
    assert all((a[1] == b[1]).all() for a, b in zip(one.folds, two.folds, strict=True))
    assert not (one.test == other.test).all()


@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_groups_stay_on_one_side(kind: Kind) -> None:
    groups = np.repeat(np.arange(20), 5)
    y = RNG.integers(0, 2, 100) if kind == "binary" else RNG.normal(size=100)
    validation = Validation(scheme="group", column="g", folds=4)
    found = make_splits(y, kind, validation, groups, 0)
    assert not set(groups[found.tuning]) & set(groups[found.test])
    inner = groups[found.tuning]
    assert len(found.folds) == 4
    for train, valid in found.folds:
        assert not set(inner[train]) & set(inner[valid])


def test_time_goes_forward() -> None:
    moments = RNG.permutation(80)
    validation = Validation(scheme="time", column="t", folds=3)
    found = make_splits(RNG.normal(size=80), "regression", validation, moments, 0)
    assert moments[found.tuning].max() < moments[found.test].min()
    inner = moments[found.tuning]
    for train, valid in found.folds:
        assert inner[train].max() < inner[valid].min()


def test_a_class_rarer_than_folds_means_fewer_folds() -> None:
    y = np.array(["a"] * 40 + ["b"] * 4)
    found = make_splits(y, "binary", Validation(folds=5), None, 0)
    assert len(found.folds) == 3
    assert found.notes == ("3 folds instead of 5: there are only 3 rows of the class b.",)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (np.arange(4) % 2, "There are 4 usable rows"),
        (np.array([0] * 30 + [1]), "merge or leave out the rare class"),
    ],
)
def test_too_little_data_is_explained(y: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        make_splits(y, "binary", Validation(), None, 0)


def _frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"x": RNG.normal(size=200), **columns, "y": RNG.integers(0, 2, 200)})


@pytest.mark.parametrize(
    ("frame", "scheme"),
    [
        (_frame(patient_id=np.repeat(np.arange(40), 5)), "group"),
        (_frame(userId=RNG.integers(0, 50, 200).astype(str)), "group"),
        (_frame(date=pd.date_range("2020-01-01", periods=200).astype(str)), "time"),
        (_frame(when=pd.date_range("2020-01-01", periods=200)), "time"),
        (_frame(birth_date=pd.date_range("1950-01-01", periods=200).astype(str)), None),
        (_frame(id=np.arange(200)), None),
        (_frame(plan_id=RNG.integers(0, 3, 200)), None),
        (_frame(), None),
    ],
)
def test_structure_is_noticed(frame: pd.DataFrame, scheme: Literal["group", "time"] | None) -> None:
    found = find_structure(frame, "y")
    assert (found.scheme if found else None) == scheme
    if found:
        assert found.column in found.sentence

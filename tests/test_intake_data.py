"""The yardstick of the intake: each expected task must fit the real table it is about."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.metrics import get_scorer_names

ROOT = Path(__file__).resolve().parent.parent
INTAKE = ROOT / "tests" / "data" / "intake"
HALVES = ("development.jsonl", "held_out.jsonl")
SECOND = "second_held_out.jsonl"
LATER = ("third_development.jsonl", "fourth_development.jsonl")
FAMILIES = {
    *("lightgbm", "xgboost", "hist_gradient_boosting", "random_forest", "extra_trees"),
    *("decision_tree", "svm", "knn", "logistic_regression", "elastic_net", "mlp"),
}
ALWAYS = {"data.path", "data.target", "data.kind", "budget.seconds", "budget.seconds_per_trial"}
ALWAYS |= {"budget.tokens", "validation.folds"}
WITH_ALTERNATIVES = ("models", "objectives", "budget.trials", "fixed", "constraints")
LOSSES = re.compile(r"_error$|_log_error$|log_loss|brier_score|model_size|_seconds$")
REGRESSION = re.compile(r"_error$|^r2$|^explained_variance$")
COSTS = {"model_size", "predict_seconds", "fit_seconds"}
FORMATS: dict[str, dict[str, Any]] = {
    ".tsv": {"sep": "\t"},
    "gsoep.csv": {"sep": ";", "decimal": ","},
    "starwars.csv": {"encoding": "latin-1"},
}


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (INTAKE / name).read_text("utf-8").splitlines()]


ROWS = [row for name in (*HALVES, SECOND, *LATER) for row in _rows(name)]
TASKS = [row for row in ROWS if "data.target" in row["expected"]]


def _ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


@cache
def _frame(source: str) -> pd.DataFrame:
    path = ROOT / source
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, **FORMATS.get(path.name, FORMATS.get(path.suffix, {})))


def _readings(expected: dict[str, Any], field: str) -> list[Any]:
    alternatives = expected.get(f"{field}_any")
    return alternatives if alternatives is not None else [expected[field]]


@pytest.mark.parametrize("row", TASKS, ids=_ids(TASKS))
def test_target_and_kind_fit_the_table(row: dict[str, Any]) -> None:
    expected = row["expected"]
    column = _frame(row["source"])[expected["data.target"]].dropna()
    distinct = column.nunique()
    numeric = pd.api.types.is_numeric_dtype(column)
    assert Path(expected["data.path"]).name == Path(row["source"]).name
    if expected["data.kind"] == "regression":
        assert numeric and distinct > 10
    elif expected["data.kind"] == "multiclass":
        assert distinct >= 3 and (not numeric or distinct <= 10)
    else:
        assert distinct == 2 and expected["data.positive"] in set(column)
    assert ("data.positive" in expected) == (expected["data.kind"] == "binary")


@pytest.mark.parametrize("row", TASKS, ids=_ids(TASKS))
def test_models_and_metrics_fit_the_kind(row: dict[str, Any]) -> None:
    expected, known = row["expected"], set(get_scorer_names())
    regression = expected["data.kind"] == "regression"
    for models in _readings(expected, "models"):
        assert models and models == sorted(set(models)) and set(models) <= FAMILIES
        assert ("logistic_regression" if regression else "elastic_net") not in models
    for objectives in _readings(expected, "objectives"):
        for metric, direction in ((o["metric"], o["direction"]) for o in objectives):
            assert metric in COSTS or {metric, f"neg_{metric}"} & known
            assert metric in COSTS or bool(REGRESSION.search(metric)) == regression
            assert direction == ("minimize" if LOSSES.search(metric) else "maximize")


@pytest.mark.parametrize("row", TASKS, ids=_ids(TASKS))
def test_each_field_is_given_once_and_well_formed(row: dict[str, Any]) -> None:
    expected = row["expected"]
    assert set(expected) >= ALWAYS
    for field in WITH_ALTERNATIVES:
        assert (field in expected) != (f"{field}_any" in expected)
    for constraints in _readings(expected, "constraints"):
        for text in constraints:
            assert re.fullmatch(r"[A-Za-z_]+ (<=|>=) [\d.]+", text)


def test_rows_without_a_task_say_what_must_happen() -> None:
    fields = {"data.target", "data.path", "objectives", "models"}
    for row in (row for row in ROWS if "data.target" not in row["expected"]):
        expected = row["expected"]
        assert expected == {"error": True} or set(expected["ask"]) <= fields


def test_there_are_enough_of_every_sort() -> None:
    assert all(len(_rows(name)) >= 75 for name in HALVES)
    assert len({row["source"] for row in ROWS}) >= 14
    languages = Counter(row["language"] for row in ROWS)
    assert len(languages) >= 7 and languages.total() - languages["en"] >= 30
    assert (
        len({row["description"] for row in ROWS}) == len({row["id"] for row in ROWS}) == len(ROWS)
    )


def test_the_second_held_out_file_is_as_wide_as_the_first() -> None:
    rows, first = _rows(SECOND), [row for name in HALVES for row in _rows(name)]
    sources = {row["source"] for row in rows}
    languages = Counter(row["language"] for row in rows)
    new = sources - {row["source"] for row in first}
    assert len(rows) == 80 and len(sources - new) >= 14 and len(new) >= 4
    assert len(languages) >= 7 and languages.total() - languages["en"] >= 24
    assert sum("data.target" not in row["expected"] for row in rows) == 8


def test_the_split_is_the_one_the_script_makes(tmp_path: Path) -> None:
    for name in ("split.py", *HALVES):
        (tmp_path / name).write_bytes((INTAKE / name).read_bytes())
    subprocess.run([sys.executable, tmp_path / "split.py"], check=True, capture_output=True)
    for name in HALVES:
        assert (tmp_path / name).read_bytes() == (INTAKE / name).read_bytes()

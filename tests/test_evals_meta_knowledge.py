"""What ships about other tables: complete, honest about where it comes from, and quick to ask."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import benchmarks.meta_table
from benchmarks.meta_sources import SOURCES
from evals.families import FAMILIES
from evals.meta_knowledge import FOLDER, TableCard, describe, meta_table, nearest_metrics

PACKED = ("scores.csv.gz", "configurations.json", "tables.json")
FORBIDDEN = (
    *("breast", "biopsy", "brca", "wine", "iris", "digit", "pima", "diabet", "penguin", "titanic"),
    *("churn", "attrition", "lending", "concrete", "ames", "sacramento", "fgl", "hpc_", "diamond"),
    *("carseats", "auto", "hitters", "salaries", "stackoverflow", "starwars", "gsoep", "psid76"),
    *("psid1982", "wages", "credit_data", "car_prices", "chicago", "babies", "gestation", "oj"),
)


def test_it_rests_on_many_tables_and_on_none_that_plaintune_is_judged_on() -> None:
    names = [c.name for c in meta_table().cards]
    assert len(names) == len(set(names)) >= 40
    for word in FORBIDDEN:
        assert not [n for n in names if word in n.split(".")[1].lower()], word
    assert set(names) <= {s.name for s in SOURCES}


def test_every_configuration_is_valid_in_its_family_and_the_first_is_the_default() -> None:
    for family, groups in meta_table().configs.items():
        for group, configs in groups.items():
            space = FAMILIES[family].space("regression" if group == "regression" else "binary")
            assert configs[0] == space.default_config()
            assert all(space.is_valid(c) for c in configs)
            assert len({space.key(c) for c in configs}) == len(configs) >= 16


def test_gains_are_larger_where_the_metric_is_better() -> None:
    table = meta_table()
    up = table.scores(["lightgbm"], "binary", "roc_auc")
    down = table.scores(["lightgbm"], "regression", "root_mean_squared_error")
    assert up and down
    assert np.nanmax(up.gains, axis=1).min() > 0.5 and np.nanmax(up.gains) <= 1
    assert np.nanmax(down.gains) < 0
    assert all(table.card(n).kind == "binary" for n in up.tables)
    assert up.gains.shape == (len(up.tables), len(up.candidates))


def test_the_loss_on_tables_left_out_is_known_and_below_that_of_random_ones() -> None:
    table = meta_table()
    assert set(table.losses) == set(table.configs)
    for family, metrics in table.losses.items():
        means = {k: np.mean([m[k] for m in metrics.values()]) for k in ("portfolio", "random")}
        assert means["portfolio"] < means["random"], family


def test_tables_left_out_are_gone() -> None:
    scores = meta_table().scores(["lightgbm"], "binary", "accuracy")
    assert scores
    less = scores.without(scores.tables[:2])
    assert less.tables == scores.tables[2:]
    assert np.array_equal(less.gains, scores.gains[2:], equal_nan=True)


@pytest.mark.parametrize(
    ("metric", "kind", "measured"),
    [
        ("average_precision", "binary", "roc_auc"),
        ("roc_auc_ovr_weighted", "multiclass", "roc_auc"),
        ("brier_score", "binary", "log_loss"),
        ("f1_macro", "multiclass", "balanced_accuracy"),
        ("f1", "binary", "balanced_accuracy"),
        ("top_k_accuracy", "multiclass", "accuracy"),
        ("recall_micro", "multiclass", "accuracy"),
        ("r2", "regression", "root_mean_squared_error"),
        ("median_absolute_error", "regression", "mean_absolute_error"),
    ],
)
def test_the_nearest_measured_metric_stands_for_any_other(
    metric: str, kind: str, measured: str
) -> None:
    assert nearest_metrics(metric, kind)[0] == measured  # type: ignore[arg-type]


def test_families_that_were_never_measured_are_left_out() -> None:
    table = meta_table()
    both = table.scores(["nothing", "lightgbm"], "binary", "roc_auc")
    assert both and {c.family for c in both.candidates} == {"lightgbm"}
    assert table.scores(["nothing"], "binary", "roc_auc") is None


def test_a_card_says_what_is_known_before_training() -> None:
    features = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": ["x", "y", "x", "y"]})
    card = describe(features, np.array(["no", "no", "no", "yes"]), "left", "binary", "t")
    assert card == TableCard("t", "left", "binary", 4, 2, 0.5, 2, 0.75)
    assert card.sentence() == "binary, 4 rows, 2 columns (50 % numeric), 2 classes, largest 75 %"
    number = describe(features, np.arange(4.0), "price", "regression")
    assert number.classes == 0 and math.isclose(number.majority, 0.0)
    assert number.sentence() == "regression, 4 rows, 2 columns (50 % numeric)"


def test_packing_again_without_the_journal_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAINTUNE_BENCHMARKS", str(tmp_path))
    shipped = {name: (FOLDER / name).read_bytes() for name in PACKED}
    for name, content in shipped.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(benchmarks.meta_table, "FOLDER", tmp_path)
    benchmarks.meta_table.pack()
    for name in ("scores.csv.gz", "configurations.json"):
        assert (tmp_path / name).read_bytes() == shipped[name], name
    packed = (tmp_path / "tables.json").read_bytes()
    cards = [json.loads(text)["tables"] for text in (shipped["tables.json"], packed)]
    assert cards[0] == cards[1]

"""Real tables: what is missing, unseen, dated, constant or an identifier does not stop a model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evals.columns import columns_of, date_format
from evals.dataset import load_dataset
from evals.evaluators.training import Trainer
from evals.families import FAMILIES
from evals.metrics import METRICS
from evals.preprocess import preprocessor
from evals.spaces import space_for
from evals.task import Data, Kind, Objective, Task, Validation
from prompts.errors import UserError

METRIC = {"binary": "log_loss", "multiclass": "log_loss", "regression": "mean_absolute_error"}


def messy(kind: Kind, rows: int = 90) -> pd.DataFrame:
    """Return a table with everything that real ones have."""
    rng = np.random.default_rng(0)
    size = rng.normal(size=rows)
    frame = pd.DataFrame({"size": size, "weight, kg": rng.normal(size=rows) * 1e4})
    frame.loc[::5, "size"] = np.nan
    frame.loc[3, "weight, kg"] = np.inf
    frame["colour"] = rng.choice(["red", "blue", None], rows)
    frame["town"] = [f"town {i}" for i in rng.integers(0, 30, rows)]
    frame["flag"] = rng.random(rows) < 0.5
    frame["since"] = pd.date_range("2020-03-01", periods=rows, freq="31h").strftime("%d.%m.%Y")
    frame.loc[::9, "since"] = None
    frame["grade"] = pd.Categorical(rng.choice(["a", "b"], rows))
    frame["constant"] = "same"
    frame["empty"] = None
    frame["row"] = np.arange(rows)
    frame["note"] = [f"free text number {i}" for i in range(rows)]
    signal = size + 0.1 * rng.normal(size=rows)
    bins = {"binary": [0.0], "multiclass": [-0.5, 0.5], "regression": []}[kind]
    frame["y"] = signal * 1000 if kind == "regression" else np.digitize(signal, bins)
    if kind != "regression":
        frame["y"] = frame["y"].map({0: "low", 1: "mid", 2: "high"})
    return frame


def task_for(name: str, kind: Kind) -> Task:
    return Task(
        data=Data(path="t.csv", target="y", kind=kind),
        models=(name,),
        space=space_for([name], kind, n_rows=48),
        objectives=(Objective(metric=METRIC[kind], direction="minimize"),),
        validation=Validation(folds=2),
    )


def fewer_trees(name: str, kind: Kind) -> dict[str, object]:
    config = space_for([name], kind).default_config()
    assert config is not None
    return {k: 20 if k in ("n_estimators", "max_iter") else v for k, v in config.items()}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_learns_and_answers_raw_rows(name: str, kind: Kind) -> None:
    if kind not in FAMILIES[name].kinds:
        return
    frame = messy(kind)
    data = load_dataset(task_for(name, kind), frame)
    trainer = Trainer(data, (name,), {}, (METRICS[METRIC[kind]],), 0, 1)
    config = fewer_trees(name, kind)
    scores = trainer.cross_validate(config, 0, lambda done, scores: False)  # type: ignore[arg-type]
    assert scores is not None
    assert np.isfinite(scores).all()
    model = trainer.fit(config, 0)  # type: ignore[arg-type]
    rows = frame.drop(columns="y").astype(object).head(4)
    rows.iloc[0] = None
    rows.loc[1, ["colour", "town", "grade"]] = "never seen"
    rows.loc[2, "since"] = "31.12.2099"
    answers = model.predict(rows)
    assert len(answers) == 4
    if kind != "regression":
        assert set(answers) <= set(frame["y"])


def test_columns_get_their_roles() -> None:
    found = columns_of(messy("binary").drop(columns="y"))
    assert found.numeric == ("size", "weight, kg")
    assert set(found.categorical) == {"colour", "flag", "grade"}
    assert found.high_cardinality == ("town",)
    assert found.dates == {"since": "%d.%m.%Y"}
    assert set(found.dropped) == {"constant", "empty", "row", "note"}
    assert any("same value in every row: constant" in s for s in found.sentences())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2020-01-31", "2020-02-01", None], "ISO8601"),
        (["2020-01-31 10:00:00", "2020-02-01 11:30:00"], "ISO8601"),
        (["01/31/2020", "02/01/2020"], "%m/%d/%Y"),
        (["1/2/2020", "31/1/2020"], "%d/%m/%Y"),
        (["red", "blue"], None),
        (["10-20", "20-30"], None),
        ([1.5, 2.5], None),
        ([None, None], None),
    ],
)
def test_dates_are_read_as_written(values: list[object], expected: str | None) -> None:
    assert date_format(pd.Series(values)) == expected


def test_nothing_of_validation_rows_reaches_the_preprocessor() -> None:
    frame = messy("binary")
    data = load_dataset(task_for("svm", "binary"), frame)
    train, valid = data.folds[0]
    fitted = preprocessor(data.columns, FAMILIES["svm"], "binary", 0)
    before = fitted.fit_transform(data.X.iloc[train], data.y[train])
    changed = data.X.copy()
    changed.loc[valid, "size"] = 1e9
    changed.loc[valid, "town"] = "elsewhere"
    trainer = Trainer(data.__class__(**{**data.__dict__, "X": changed}), ("svm",), {}, (), 0, 1)
    after = trainer._prepared({}, 0)[1]
    assert np.array_equal(before, after)


def test_labels_of_any_type_come_back_as_they_were() -> None:
    frame = messy("binary")
    for values in ([True, False], [3, 7], ["x", "y"], [0.0, 1.0]):
        frame["y"] = np.where(np.arange(len(frame)) % 3 == 0, values[0], values[1])
        data = load_dataset(task_for("xgboost", "binary"), frame)
        trainer = Trainer(data, ("xgboost",), {}, (METRICS["accuracy"],), 0, 1)
        answers = trainer.fit(fewer_trees("xgboost", "binary"), 0).predict(data.X_test)  # type: ignore[arg-type]
        assert set(answers.tolist()) <= set(values)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["xgboost", "mlp", "lightgbm"])
def test_class_weights_favour_the_rare_class(name: str) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=300), "z": rng.normal(size=300)})
    frame["y"] = np.where(frame["x"] + rng.normal(size=300) > 1.8, "rare", "common")
    data = load_dataset(task_for(name, "binary"), frame)
    recall = {}
    for weight in (None, "balanced"):
        fixed = {"class_weight": weight}
        trainer = Trainer(data, (name,), fixed, (METRICS["balanced_accuracy"],), 0, 1)
        scores = trainer.cross_validate(fewer_trees(name, "binary"), 0, lambda d, s: False)  # type: ignore[arg-type]
        assert scores is not None
        recall[weight] = scores.mean()
    assert recall["balanced"] > recall[None]


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"y": None}, "binary", "has no value at all"),
        ({"y": "one"}, "binary", "the same value in every row"),
        ({"y": np.arange(90) % 3}, "binary", "has 3 classes, not 2"),
        ({"y": ["n/a"] + [1.0] * 89}, "regression", "no finite number"),
    ],
)
def test_a_target_that_cannot_be_used_is_explained(
    change: dict[str, object], kind: Kind, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        load_dataset(task_for("knn", kind), messy("binary").assign(**change))


def test_rows_without_a_target_are_left_out_and_said() -> None:
    frame = messy("binary")
    frame.loc[[4, 5], "y"] = None
    data = load_dataset(task_for("knn", "binary"), frame)
    assert len(data.y) + len(data.y_test) == 88
    assert "2 rows have no y and cannot be used." in data.notes


def test_copies_and_classes_that_differ_in_case_are_said() -> None:
    frame, task = messy("binary"), task_for("knn", "binary")
    assert not [n for n in load_dataset(task, frame).notes if "copies" in n or "classes" in n]
    notes = load_dataset(task, pd.concat([frame, frame])).notes
    assert any(n.startswith(f"{len(frame)} of {2 * len(frame)} rows are copies") for n in notes)
    mixed = [v.upper() if i % 2 else v for i, v in enumerate(frame["y"])]
    notes = load_dataset(task_for("knn", "multiclass"), frame.assign(y=mixed)).notes
    assert "Of y, 'LOW' and 'low' are taken for different classes." in notes


def test_a_missing_column_is_explained() -> None:
    task = task_for("knn", "binary")
    with pytest.raises(UserError, match=r"no column 'y'\. Did you mean 'yy'"):
        load_dataset(task, messy("binary").rename(columns={"y": "yy"}))


def test_no_column_left_is_explained() -> None:
    frame = pd.DataFrame({"id": np.arange(40), "c": 1, "y": np.arange(40) % 2})
    with pytest.raises(UserError, match="No column is left"):
        load_dataset(task_for("knn", "binary"), frame)

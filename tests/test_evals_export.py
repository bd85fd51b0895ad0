"""A saved model answers raw rows in a new process that knows nothing of plaintune."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evals.dataset import Dataset, load_dataset
from evals.evaluators.training import Trainer
from evals.export import ModelFiles, UnwritableError, save_model
from evals.space import Config
from evals.spaces import space_for
from evals.tables import read_table
from evals.task import Data, Objective, Task, Validation

NAMES = ["lightgbm", "xgboost"]


def people(rows: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"income": rng.normal(size=rows)})
    frame["town"] = [f"town {i}" for i in rng.integers(0, 25, rows)]
    frame["plan"] = rng.choice(["basic", "gold", None], rows)
    frame["since"] = pd.date_range("2020-01-01", periods=rows, freq="3D").strftime("%d.%m.%Y")
    frame["leaves"] = np.where(frame["income"] > 0, "yes", "no")
    frame.loc[::6, ["income", "since"]] = None
    return frame


def trained(name: str, frame: pd.DataFrame | None = None) -> tuple[Task, Config, object, Dataset]:
    task = Task(
        description="who leaves?",
        data=Data(path="people.csv", target="leaves", kind="binary", positive="yes"),
        models=(name,),
        space=space_for([name], "binary", n_rows=60),
        objectives=(Objective(metric="roc_auc", direction="maximize"),),
        validation=Validation(folds=2),
    )
    config = task.space.default_config()
    assert config is not None
    config |= {"n_estimators": 20} if "n_estimators" in config else {}
    data = load_dataset(task, people() if frame is None else frame)
    model = Trainer(data, (name,), {}, (), 0, 1).fit(config, 0)
    return task, config, model, data


def save(
    name: str, directory: Path, frame: pd.DataFrame | None = None
) -> tuple[ModelFiles, object]:
    task, config, model, data = trained(name, frame)
    how = {"example": data.X_test, "read_as": data.read_as}
    return save_model(model, task, config, directory, **how), model  # type: ignore[arg-type]


def predicted(files: ModelFiles, *words: str) -> tuple[list[str], str]:
    done = subprocess.run(
        [sys.executable, str(files.snippet), *words],
        cwd=files.snippet.parent,
        capture_output=True,
        text=True,
        env={},
    )
    assert (done.returncode != 0) == bool(done.stderr), done.stderr
    return done.stdout.split(), done.stderr


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_the_snippet_predicts_in_a_new_process(name: str, tmp_path: Path) -> None:
    files, model = save(name, tmp_path / "model")
    rows = people().drop(columns="leaves").head(6)
    rows.loc[0] = None
    rows.loc[1, ["town", "plan"]] = "never seen"
    rows.to_csv(tmp_path / "rows.csv", index=False)
    ours = ["agent", "evals", "prompts", "surrogates", "acquisition", "plaintune"]
    check = (
        f"import sys, runpy; sys.path = [p for p in sys.path if p]; "
        f"sys.argv = ['predict.py', {str(tmp_path / 'rows.csv')!r}]; "
        f"runpy.run_path({str(files.snippet)!r}, run_name='__main__'); "
        f"assert not [m for m in sys.modules if m.split('.')[0] in {ours}], 'plaintune was loaded'"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=tmp_path, capture_output=True, text=True, env={}
    )
    assert done.returncode == 0, done.stderr
    expected = model.predict(pd.read_csv(tmp_path / "rows.csv"))  # type: ignore[attr-defined]
    assert done.stdout.split() == [str(v) for v in expected]
    assert done.stderr == ""


def test_the_card_says_what_the_model_is(tmp_path: Path) -> None:
    files, _ = save("random_forest", tmp_path)
    card = json.loads(files.card.read_text())
    assert card["target"] == "leaves"
    assert card["objectives"] == [{"metric": "roc_auc", "direction": "maximize"}]
    assert sorted(card["columns"]) == ["income", "plan", "since", "town"]
    assert card["versions"]["scikit-learn"]
    assert files.format == card["format"] == "skops"


def test_a_directory_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UnwritableError, match=r"cannot be written to .*taken"):
        save("random_forest", tmp_path / "taken")


def shops(path: Path, how: str) -> pd.DataFrame:
    """Write a table as `how` says, and return it as a study reads it."""
    frame = people().drop(columns="since").rename(columns={"income": "größe"})
    frame["code"] = [f"{i % 9:03d}" if i % 2 else f"A{i % 7}" for i in range(len(frame))]
    frame["price"] = [f"${1000 + i:,.2f}" for i in range(len(frame))]
    if how == "parquet":
        frame.to_parquet(path, index=False)
    elif how == "gzip":
        frame.to_csv(path, index=False, compression="gzip")
    else:
        separator, decimal, encoding = how.split(" ")
        frame.to_csv(path, sep=separator, decimal=decimal, index=False, encoding=encoding)
    return read_table(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "how", ["; , windows-1252", "\t . utf-16", "| . utf-8-sig", "gzip", "parquet"]
)
def test_the_script_reads_a_file_like_the_one_of_the_study(how: str, tmp_path: Path) -> None:
    frame = shops(tmp_path / "shops.csv", how)
    files, model = save("lightgbm", tmp_path / "model", frame)
    told, _ = predicted(files, str(tmp_path / "shops.csv"))
    assert told == [str(v) for v in model.predict(frame)]  # type: ignore[attr-defined]


@pytest.mark.filterwarnings("ignore")
def test_the_script_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    frame = shops(tmp_path / "shops.csv", "; , utf-8")
    files, _ = save("lightgbm", tmp_path, frame)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    assert "Columns are missing: größe" in predicted(files, "other.csv")[1]
    assert "none.csv cannot be used" in predicted(files, "none.csv")[1]
    assert "python predict.py rows.csv" in predicted(files)[1]
    # Digits alone are still the words that they were in the study's table.
    rows = frame.head(3).assign(code="001")
    rows.to_csv(tmp_path / "rows.csv", sep=";", decimal=",", index=False)
    assert len(predicted(files, "rows.csv")[0]) == 3


def write_as(frame: pd.DataFrame, path: Path) -> Path:
    """Write `frame` as the ending says; "de.csv" is how a German Excel does."""
    if path.name.endswith("de.csv"):
        frame.to_csv(path, sep=";", decimal=",", index=False, encoding="windows-1252")
    elif path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".tsv":
        frame.to_csv(path, sep="\t", index=False, encoding="utf-16")
    elif path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    elif path.suffix == ".json":
        frame.to_json(path, orient="records", date_format="iso")
    elif path.suffix == ".gz":
        frame.to_json(path, orient="records", lines=True, compression="gzip", date_format="iso")
    else:
        frame.to_excel(path, index=False, startrow=2)
    return path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("trained_on", ["t.csv", "t.de.csv", "t.xlsx", "t.parquet", "t.json"])
def test_the_script_reads_every_format_a_study_reads(trained_on: str, tmp_path: Path) -> None:
    table = people().rename(columns={"income": "größe"}).drop(columns="leaves")
    table["since"] = pd.date_range("2020-01-01", periods=len(table), freq="3D")
    table["code"] = [f"{i % 9}" if i % 2 else f"A{i % 7}" for i in range(len(table))]
    path = write_as(table.assign(leaves=people()["leaves"]), tmp_path / trained_on)
    files, model = save("lightgbm", tmp_path / "model", read_table(path))
    expected = [str(v) for v in model.predict(read_table(path))]  # type: ignore[attr-defined]
    script = runpy.run_path(str(files.snippet))  # a process each would take a minute
    for name in ("n.csv", "n.de.csv", "n.tsv", "n.xlsx", "n.parquet", "n.json", "n.jsonl.gz"):
        rows = script["read"](str(write_as(table, tmp_path / name)))
        assert [str(v) for v in script["predict"](rows)] == expected, name


@pytest.mark.filterwarnings("ignore")
def test_the_script_refuses_what_would_only_look_missing(tmp_path: Path) -> None:
    files, _ = save("lightgbm", tmp_path)
    rows = people().drop(columns="leaves")
    iso = rows.assign(since=pd.to_datetime(rows["since"], format="%d.%m.%Y"))
    assert len(predicted(files, str(write_as(iso, tmp_path / "iso.csv")))[0]) == len(rows)
    american = rows.assign(since=iso["since"].dt.strftime("%b %d %Y"))
    said = predicted(files, str(write_as(american, tmp_path / "us.csv")))[1]
    assert "no value of since is a date (%d.%m.%Y)" in said
    said = predicted(files, str(write_as(rows.assign(income="n/k"), tmp_path / "words.csv")))[1]
    assert "no value of income is a number, such as 'n/k'" in said


@pytest.mark.filterwarnings("ignore")
def test_the_script_finds_the_sheet_with_its_columns(tmp_path: Path) -> None:
    files, _ = save("lightgbm", tmp_path)
    rows = people().drop(columns="leaves")
    with pd.ExcelWriter(tmp_path / "rows.xlsx") as writer:
        people().head(9)[["town"]].to_excel(writer, sheet_name="towns", index=False)
        rows.to_excel(writer, sheet_name="new", index=False)
    assert len(predicted(files, "rows.xlsx")[0]) == len(rows)
    with pd.ExcelWriter(tmp_path / "rows.xlsx", mode="a") as writer:
        rows.head(7).to_excel(writer, sheet_name="newer", index=False)
    assert "several sheets have these columns (new, newer)" in predicted(files, "rows.xlsx")[1]
    assert len(predicted(files, "rows.xlsx#newer")[0]) == 7
    (tmp_path / "rows.xlsx").write_bytes(b"PK\x03\x04" + b"\x00" * 40)
    assert "no workbook that can be read" in predicted(files, "rows.xlsx")[1]

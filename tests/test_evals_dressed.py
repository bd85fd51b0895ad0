"""Numbers with a currency, a per cent sign or separators of thousands are numbers, and said so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evals.dataset import load_dataset
from evals.dressed import NOTE, undressed
from evals.spaces import space_for
from evals.tables import read_table
from evals.task import Data, Objective, Task


def table(place: Path, cells: list[str], separator: str = ";") -> pd.DataFrame:
    rows = [f"{cell}{separator}{'ab'[i % 2]}" for i, cell in enumerate(cells)]
    path = place / "t.csv"
    path.write_text("\n".join([f"x{separator}y", *rows]) + "\n", encoding="utf-8")
    return read_table(path)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["$1,234.50", "$7", "$0.25"], [1234.5, 7, 0.25]),
        (["($1,200.00)", "-$5", "$-7.5", "−3"], [-1200, -5, -7.5, -3]),
        (["12%", "7.5 %", "0"], [12, 7.5, 0]),
        (["1.234,50 €", "7,00 €", "1.000.000,25 €"], [1234.5, 7, 1000000.25]),
        (["USD 1,500", "USD 20"], [1500, 20]),
        (["1'234.50", "2'000.00", "5.25"], [1234.5, 2000, 5.25]),
        (["1 234,5", "2 000,25", "5,75"], [1234.5, 2000.25, 5.75]),
        (["12,34,567.5", "1,00,000.5"], [1234567.5, 100000.5]),
    ],
)
def test_what_is_a_number_to_people_is_one(
    tmp_path: Path, cells: list[str], values: list[float]
) -> None:
    frame = table(tmp_path, cells)
    assert frame["x"].tolist() == values
    assert f"x was read as numbers: “{cells[0]}” is " in frame.attrs[NOTE]


@pytest.mark.parametrize(
    "cells",
    [
        ["$5", "€6", "$7"],
        ["5 %", "0.5", "7 %"],
        ["5 kg", "6 kg"],
        ["555-1234", "555-9876"],
        ["1.2.3", "1.3.0"],
        ["01.02.2024", "05.02.2024"],
        ["12-15", "16-20"],
        ["A12", "B7"],
        ["12", "unknown"],
    ],
)
def test_what_may_mean_something_else_is_left_alone(tmp_path: Path, cells: list[str]) -> None:
    frame = table(tmp_path, cells)
    assert frame["x"].tolist() == cells
    assert not frame.attrs[NOTE]


def test_thousands_and_decimal_commas_in_a_file_with_tabs(tmp_path: Path) -> None:
    assert table(tmp_path, ["1,5", "2,25"], "\t")["x"].tolist() == [1.5, 2.25]
    assert table(tmp_path, ["1,500", "2,250"], "\t")["x"].tolist() == [1500, 2250]
    (tmp_path / "t.csv").write_text("x\tz\n1,500\t1.5\n2,250\t2.75\n")
    assert read_table(tmp_path / "t.csv").to_numpy().tolist() == [[1500, 1.5], [2250, 2.75]]


def test_a_few_words_among_them_are_missing_and_said_so(tmp_path: Path) -> None:
    frame = table(tmp_path, [*(f"${i}" for i in range(99)), "free"])
    assert frame["x"].isna().sum() == 1
    assert "Other values of x, such as “free”, count as missing." in frame.attrs[NOTE]


def test_a_frame_with_such_columns_is_used_in_full() -> None:
    rng = np.random.default_rng(0)
    price = rng.normal(5000, 2000, 80)
    frame = pd.DataFrame({"price": [f"${p:,.2f}" for p in price], "size": rng.normal(size=80)})
    frame["dear"] = np.where(price > 5000, "yes", "no")
    task = Task(
        description="what is dear?",
        data=Data(path="", target="dear", kind="binary", positive="yes"),
        models=("lightgbm",),
        space=space_for(["lightgbm"], "binary", n_rows=60),
        objectives=(Objective(metric="roc_auc", direction="maximize"),),
    )
    data = load_dataset(task, frame)
    assert data.columns.numeric == ("price", "size")
    assert any("price was read as numbers" in note for note in data.notes)
    known = task.model_copy(update={"assumptions": data.notes[:1]})
    assert not any("read as numbers" in note for note in load_dataset(known, frame).notes)


def test_a_frame_of_the_users_own_keeps_its_names_and_attributes() -> None:
    frame = pd.DataFrame({"p": ["$5", "$6"], 3: ["1,000", "2,000"], "c": ["x", "y"]}, [7, 7])
    frame.attrs = {"note": 5, "when": pd.Timestamp("2024-01-01")}
    bare = undressed(frame)
    assert list(bare.columns) == ["p", 3, "c"]
    assert bare.iloc[:, :2].to_numpy().tolist() == [[5, 1000], [6, 2000]]
    assert frame["p"].tolist() == ["$5", "$6"]
    assert bare.attrs[NOTE] == "p, 3 were read as numbers: “$5” is 5."
    assert undressed(bare).attrs[NOTE] == bare.attrs[NOTE]

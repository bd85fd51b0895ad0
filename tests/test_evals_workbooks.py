"""Workbooks are read as the CSV they would be saved as; of several sheets, one is chosen aloud."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agent.intake.claims import Question
from agent.intake.understand import understand
from evals.dressed import NOTE
from evals.tables import read_table, tables_in
from evals.task import Task
from prompts.errors import DataError, InvalidTaskError


def people(rows: int = 60) -> pd.DataFrame:
    frame = pd.DataFrame({"age": range(20, 20 + rows), "größe 📏": np.linspace(1.5, 2, rows)})
    frame["since"] = pd.date_range("2020-01-01", periods=rows, freq="3D")
    frame["code"] = [f"{i % 7}" if i % 2 else f"A{i % 7}" for i in range(rows)]
    frame["churn"] = ["no", "yes", "no"] * (rows // 3)
    frame.loc[3, ["age", "code"]] = None
    return frame


def write(path: Path, **sheets: pd.DataFrame) -> Path:
    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        for name, frame in sheets.items():
            frame.to_excel(writer, sheet_name=name, index=False)
    return path


def test_a_workbook_reads_as_its_csv_would(tmp_path: Path) -> None:
    people().to_csv(tmp_path / "people.csv", index=False)
    path = write(tmp_path / "people.xlsx", people=people())
    pd.testing.assert_frame_equal(read_table(path), read_table(tmp_path / "people.csv"))
    assert not read_table(path).attrs[NOTE]
    assert tables_in(tmp_path) == ["people.csv", "people.xlsx"]


def test_empty_rows_and_a_title_above_the_table_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        pd.DataFrame({"Customers, 2024": []}).to_excel(writer, index=False)
        people().to_excel(writer, index=False, startrow=4, startcol=2)
    frame = read_table(path)
    assert list(frame.columns) == list(people().columns)
    assert len(frame) == len(people())
    assert frame.attrs[NOTE] == "1 line above the table in people.xlsx is left out."


def test_of_several_sheets_one_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    notes = pd.DataFrame({"Read me first": ["then the rest"]})
    path = write(tmp_path / "shop.xlsx", Notes=notes, **{"2023": people(), "2024": people(30)})
    frame = read_table(path)
    assert len(frame) == 60
    assert "the sheet 2023 is read" in frame.attrs[NOTE]
    assert "shop.xlsx#2024" in frame.attrs[NOTE]
    assert len(read_table(f"{path}#2024")) == len(read_table(f"{path}#3")) == 30
    with pytest.raises(DataError, match="no sheet '2025'") as caught:
        read_table(f"{path}#2025")
    assert "Notes, 2023, 2024" in caught.value.hint
    path = write(tmp_path / "one.xlsx", Notes=notes, people=people())
    assert "sheet people alone holds a table" in read_table(path).attrs[NOTE]


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "notes.xlsx", Notes=pd.DataFrame({"a": ["b"]}))
    with pytest.raises(DataError, match=r"No sheet of .* holds a table"):
        read_table(path)
    path.write_bytes(b"\xd0\xcf\x11\xe0" + b"\x00" * 600)
    with pytest.raises(DataError, match="cannot be read as a workbook") as caught:
        read_table(path)
    assert "password" in caught.value.hint
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("shop.csv", "a,b\n1,2\n")
    with pytest.raises(DataError, match="not a table but a zip archive"):
        read_table(path)


def plan(folder: Path, said: str, ask: object = None) -> Task:
    return understand(said, directory=folder, language_model=None, ask=ask)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("Predict churn in shop.xlsx#2024, 9 trials", "shop.xlsx#2024"),
        ('Predict churn in "shop.xlsx#Old ones", 9 trials', "shop.xlsx#Old ones"),
        ('Predict churn in the sheet "2024" of SHOP.xlsx, 9 trials', "shop.xlsx#2024"),
        ("Predict churn, sheet 2024 of shop.xlsx, 9 trials", "shop.xlsx#2024"),
        ("Predict churn from the 2024 sheet in shop.xlsx, 9 trials", "shop.xlsx#2024"),
        ("Predict churn from shop.xlsx (second tab, old ones), 9 trials", "shop.xlsx#Old ones"),
        ("Predict churn from shop.xlsx, sheet 2, 9 trials", "shop.xlsx#2"),
        ("Sage churn voraus, shop.xlsx, Blatt 2024, 9 Versuche", "shop.xlsx#2024"),
        ("Prédire churn, feuille « Old ones » de shop.xlsx, 9 essais", "shop.xlsx#Old ones"),
    ],
)
def test_the_sheet_that_the_words_name(tmp_path: Path, said: str, path: str) -> None:
    write(tmp_path / "shop.xlsx", **{"2024": people(), "Old ones": people(30)})
    task = plan(tmp_path, said)
    assert task.data is not None
    assert (task.data.path, task.data.target) == (path, "churn")
    assert task.budget.trials == 9


def test_which_of_several_sheets_is_asked(tmp_path: Path) -> None:
    write(tmp_path / "shop.xlsx", **{"2024": people(), "old": people(30)})
    asked: list[Question] = []

    def answer(question: Question) -> str:
        asked.append(question)
        return "old"

    task = plan(tmp_path, "Predict churn from shop.xlsx, 9 trials", answer)
    assert task.data is not None
    assert task.data.path == "shop.xlsx#old"
    assert [q.choices for q in asked] == [("2024", "old")]
    with pytest.raises(InvalidTaskError, match=r"Several sheets .* 2024, old") as caught:
        plan(tmp_path, "Predict churn from shop.xlsx, 9 trials")
    assert "shop.xlsx#2024" in caught.value.hint

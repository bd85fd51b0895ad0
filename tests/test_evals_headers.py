"""A table whose first line is data is refused; one with odd names is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.dressed import NOTE
from evals.tables import read_table
from prompts.errors import DataError


def read(place: Path, lines: list[str]) -> str:
    (place / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(read_table(place / "t.csv").attrs[NOTE])


@pytest.mark.parametrize(
    "lines",
    [
        ["34,Berlin,yes", "45,Rom,no", "51,Berlin,yes", "28,Wien,no"],
        ["5.1,3.5,setosa", "4.9,3.0,setosa", "6.9,3.1,virginica"],
        ["p,x,s", "e,x,y", "p,b,s", "e,x,s"],
        ["?,Berlin,yes", "45,Rom,no", "51,Berlin,yes"],
        ["$34,Berlin,yes", "$45,Rom,no", "$31,Berlin,yes"],
        ['0.5,"$1,663",yes', '0.7,"$2,100",no', '0.2,"$1,200",yes'],
        ["3,1.5", "4,2.5", "5,1.0"],
    ],
)
def test_a_first_line_of_data_is_refused(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(DataError, match="no line with column names") as caught:
        read(tmp_path, lines)
    assert caught.value.hint == "Add a first line that names the columns."


@pytest.mark.parametrize(
    "lines",
    [
        ["country,2019,2020,2021", "A,5,6,7", "B,8,9,10"],
        ["sample,10,50,100", "A,0.5,6,7", "B,0.8,9,1"],
        ["city,plan,leaves", "Rome,basic,yes", "Bern,gold,no"],
        ["name,34,leaves,age", "A,33,yes,50", "B,35,no,60"],
        [",a,b", "0,5,x", "1,6,y"],
        ["0,1,2", "5,6,7", "5,6,8"],
    ],
)
def test_odd_names_are_names(tmp_path: Path, lines: list[str]) -> None:
    assert read(tmp_path, lines) == ""


def test_what_nobody_can_tell_is_said(tmp_path: Path) -> None:
    note = read(tmp_path, ["34,Berlin,Anna", "45,Rom,Bea", "31,Bern,Cleo"])
    assert (
        note == "The first line of t.csv is taken for the names of the columns: 34, Berlin, Anna …"
    )

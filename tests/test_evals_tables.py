"""Any table a user may bring is read, and what is none is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.dressed import NOTE
from evals.tables import positive_label, profile, read_table, target_kind
from prompts.errors import DataError

ROWS = "Größe,Name,y\n1.5,Ann,yes\n2.5,Bo,no\n3.25,,no\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_and_encodings(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "table.txt"
    path.write_text(ROWS.replace(",", separator), encoding=encoding)
    frame = read_table(path)
    assert list(frame.columns) == ["Größe", "Name", "y"]
    assert frame["Größe"].tolist() == [1.5, 2.5, 3.25]
    assert frame["Name"].isna().tolist() == [False, False, True]


def test_decimal_commas_quotes_and_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b'a;b\r\n1,5;"x;y"\r\n-2,25;"line\r\nbreak"\r\n')
    frame = read_table(path)
    assert frame["a"].tolist() == [1.5, -2.25]
    assert frame["b"].tolist() == ["x;y", "line\r\nbreak"]


def test_a_first_line_that_tells_excel_the_separator(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("sep=;\n" + ROWS.replace(",", ";"), encoding="utf-8")
    assert read_table(path)["Größe"].tolist() == [1.5, 2.5, 3.25]


def test_line_ends_of_old_macs(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(ROWS.replace("\n", "\r").encode())
    assert read_table(path)["Größe"].tolist() == [1.5, 2.5, 3.25]


def test_parquet_and_gzip(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv.gz", index=False)
    for name in ("t.parquet", "t.csv.gz"):
        assert read_table(tmp_path / name)["a"].tolist() == [1, 2, 3]


def test_a_named_index_in_parquet_is_a_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"day": ["2024-01-01", "2024-01-02"], "y": [1, 2]})
    frame.set_index("day").to_parquet(tmp_path / "t.parquet")
    assert list(read_table(tmp_path / "t.parquet").columns) == ["day", "y"]
    pd.DataFrame({"x": [1, 2, 3], "y": [1, 2, 3]}).iloc[1:].to_parquet(tmp_path / "part.parquet")
    assert list(read_table(tmp_path / "part.parquet").columns) == ["x", "y"]


def test_a_file_from_windows_is_read_and_the_user_is_told(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes("name,price\nRené,1 €\nBo,2 €\n".encode("windows-1252"))
    frame = read_table(path)
    assert frame["name"].tolist() == ["René", "Bo"]
    assert frame["price"].tolist() == [1, 2]
    assert "table.csv is not in UTF-8" in frame.attrs[NOTE]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"  \n \n", "is empty"),
        (b"a,b\n", "has no rows"),
        (b"a,b\n1,2\n", "only 1 row"),
        (b"a\n1\n2\n", "only one column"),
        (b"Dear all,\nplease find below, as promised, the text.\nBye\n", "not a table"),
        (b'{"a": [1, 2], "b": [3, 4]}\n', "neither a list of objects"),
        (b"<html><body>a,b</body></html>\n", "not a table but HTML"),
        (b"name,y\nAndr\x81,1\nBo,0\n", "byte 0x81 in line 2.*iconv"),
        (b"\x00\x01\x02\x03" * 50, "binary file"),
        (b"PK\x03\x04" + b"\x00" * 40, "zip archive"),
        (b"PAR1 nothing PAR1", "damaged Parquet"),
        (b"\x1f\x8b broken", "damaged gzip"),
        (b"1.5,2.5,0\n2.5,1.0,1\n3.1,1.2,1\n", "no line with column names"),
        (b"a,b\n" + b"1,2\n" * 200 + b"1,2,3\n", "line 202"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        read_table(path)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_missing_files_and_directories(tmp_path: Path) -> None:
    (tmp_path / "churn.csv").write_text(ROWS)
    with pytest.raises(DataError, match=r"Did you mean .*churn\.csv"):
        read_table(tmp_path / "chrun.csv")
    with pytest.raises(DataError, match="directory"):
        read_table(tmp_path)
    with pytest.raises(DataError, match="There is no file"):
        read_table(tmp_path / "nowhere" / "churn.csv")


@given(
    st.lists(
        st.tuples(st.integers(-1000, 1000), st.text("abc ,;\"'é", min_size=1, max_size=6)),
        min_size=2,
        max_size=12,
    ),
    st.sampled_from([",", ";", "\t"]),
)
@settings(max_examples=40, deadline=None)
def test_what_pandas_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str]], separator: str
) -> None:
    frame = pd.DataFrame([(n, f"x{t}x", n) for n, t in rows], columns=["n", "word", "m"])
    path = tmp_path_factory.mktemp("t") / "t.csv"
    frame.to_csv(path, sep=separator, index=False)
    back = read_table(path)
    assert back["n"].tolist() == frame["n"].tolist()
    assert back["word"].tolist() == frame["word"].tolist()


def test_profile_names_what_a_column_holds() -> None:
    n = 60
    frame = pd.DataFrame(
        {
            "id": range(100, 100 + n),
            "name": [f"customer {i}" for i in range(n)],
            "city": ["Bern", "Rome", None] * (n // 3),
            "day": pd.date_range("2024-01-01", periods=n).strftime("%Y-%m-%d"),
            "spent": [i * 1.5 for i in range(n)],
            "active": [True, False] * (n // 2),
            "same": ["x"] * n,
        }
    )
    found = {p.name: p for p in profile(frame)}
    assert [p.kind for p in found.values()] == [
        *("identifier", "identifier", "category", "date", "number", "boolean", "constant")
    ]
    assert found["city"].missing == pytest.approx(1 / 3)
    assert found["city"].distinct == 2
    assert set(found["city"].examples) == {"Bern", "Rome"}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["a", "b", "a"], "binary"),
        ([0, 1, None], "binary"),
        ([True, False, None], "binary"),
        (["a", "b", "c"], "multiclass"),
        ([3, 4, 5, 3], "regression"),
        ([1.5, 2.0, 3.0], "regression"),
        (list(range(100)), "regression"),
    ],
)
def test_kind_of_task_comes_from_the_target(values: list[object], kind: str) -> None:
    assert target_kind(pd.Series(values, name="y")) == kind


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([None, None], "no values"),
        ([1, 1, None], "only one value, '1.0'"),
        ([f"text {i}" for i in range(200)], "text that differs in every row, such as 'text 0'"),
        ([f"2024-01-{i:02d}" for i in range(1, 29)], "dates, such as '2024-01-01'"),
        ([f"${i},500.50" for i in range(1, 40)], "Write its numbers as plain ones"),
        ([f"{i}.{i % 10} €" for i in range(1, 40)], "Write its numbers as plain ones"),
    ],
)
def test_hopeless_targets_are_refused(values: list[object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        target_kind(pd.Series(values, name="y"))


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        ([0, 1, 1, 1], 1),
        (["No", "Yes", "Yes"], "Yes"),
        ([True, False, True], True),
        (["stay", "stay", "leave"], "leave"),
        (["b", "a"], "b"),
        ([1.0, 2.0, 1.0], 2.0),
        ([1, -1, 1], 1),
    ],
)
def test_positive_class(values: list[object], positive: object) -> None:
    found = positive_label(pd.Series(values))
    assert found == positive
    assert type(found) is type(positive)

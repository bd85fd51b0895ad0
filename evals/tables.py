"""Read a user's table, and say of each column what it holds.

Everything that can be wrong with a file ends in one `DataError` that says what to do next.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evals.columns import hashable
from evals.headers import check_header
from evals.json_tables import is_json, json_frame
from evals.parameters import Scalar
from evals.separators import SAVE, decimal_of, separator_of
from evals.task import Kind
from evals.workbooks import SUFFIXES as WORKBOOKS
from evals.workbooks import is_workbook, split_sheet, workbook_text
from prompts.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

ColumnKind = Literal["number", "category", "boolean", "date", "text", "identifier", "constant"]

SUFFIXES = (
    *(".csv", ".tsv", ".parquet", ".pq", ".tab", ".txt", ".csv.gz", ".tsv.gz"),
    *(".jsonl", ".ndjson", ".jsonl.gz"),
    *WORKBOOKS,
)
"""Names of files that can hold a table."""

WINDOWS = "windows-1252"
"""What Western text is in that is not Unicode; Latin-1 is the same but for its control codes."""
_BOMS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_KNOWN_FORMATS = {
    b"PK\x03\x04": "a zip archive",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"SQLite format 3": "an SQLite database",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
}
_CLASSES_OR_NUMBERS = "Choose a column with classes or numbers."
_PLAIN_NUMBERS = "Write its numbers as plain ones, such as 1234.5: all in one unit, left out."
_TRUTHS = ("yes", "true", "y", "t", "positive", "pos", "1", "1.0")
_FALSES = ("0", "0.0", "-1", "-1.0")


@dataclass(frozen=True)
class ColumnProfile:
    """What one column holds: `missing` is a share in [0, 1], `examples` its commonest values."""

    name: str
    kind: ColumnKind
    missing: float
    distinct: int
    examples: tuple[str, ...]


def read_table(path: Path | str) -> DataFrame:
    """Read CSV or TSV (any of `,` `;` tab `|`, Unicode or Windows-1252), JSON, Parquet or Excel.

    Text may be packed by gzip; JSON is a list of objects, or one object in each line; of a workbook
    a sheet may be named, as "churn.xlsx#2024".

    What the user should know about the reading stands in `attrs[NOTE]` of the frame; how it was
    read, for another file of its kind, in `attrs[FORMAT]` and `attrs[NUMBERS]` of `evals.dressed`.

    Raises:
        DataError: there is no such file, it is empty, not a table, in an encoding nobody can tell,
            or has fewer than two rows or columns.
    """
    from evals.dressed import FORMAT, NOTE, of_one_kind, undressed

    path, sheet = split_sheet(path)
    raw = _content(path)
    encoding, names = "", list[str]()
    if raw[:4] == b"PAR1":
        frame = _parquet(raw, path)
    elif sheet or is_workbook(raw):
        text, said = workbook_text(raw, path, sheet)
        frame, names = _separated(text, path, ",")
        frame.attrs[NOTE] = said
    else:
        text, encoding = _text(raw, path)
        if is_json(text):
            frame = of_one_kind(json_frame(text, path))
            frame.attrs[FORMAT] = {"json": True}
        else:
            frame, names = _separated(text, path)
        frame.attrs[FORMAT]["encoding"] = encoding
    frame.columns = [str(name).strip() for name in frame.columns]
    frame = undressed(frame)
    told = f"{path.name} is not in UTF-8: it was read as Windows-1252." * (encoding == WINDOWS)
    doubt = check_header(names, frame, path) if names else ""
    frame.attrs[NOTE] = " ".join(filter(None, [told, frame.attrs.get(NOTE), doubt]))
    _check_shape(frame, path)
    return frame


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise DataError(f"{path} is a directory.", hint="Name the table in it that holds the data.")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.", hint=_neighbours(path)) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"{path} cannot be read: {reason}.", hint="Check its permissions."
        ) from None
    if raw[:2] == b"\x1f\x8b":
        raw = _unzipped(raw, path)
    if not raw.strip():
        raise DataError(f"{path} is empty.", hint="Name a file that holds a table.")
    return raw


def _unzipped(raw: bytes, path: Path) -> bytes:
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError) as error:
        raise DataError(
            f"{path} is a damaged gzip file: {error}.", hint="Fetch it again."
        ) from None


def _neighbours(path: Path) -> str:
    """Name the nearest existing table, else all tables beside the missing one."""
    from rapidfuzz import process

    folder = path.parent if path.parent.is_dir() else Path()
    names = tables_in(folder)
    if not names:
        return f"No table lies in {folder.resolve().name or folder}; check name and directory."
    near = process.extractOne(path.name, names, score_cutoff=60)
    if near:
        return f"Did you mean {folder / near[0]}?"
    return f"Tables there: {', '.join(names[:8])}."


def tables_in(folder: Path) -> list[str]:
    """List the names of files in `folder` that can hold a table, in order."""
    try:
        files = [f.name for f in folder.iterdir() if f.is_file()]
    except OSError:
        return []
    return sorted(n for n in files if n.lower().endswith(SUFFIXES))


def _parquet(raw: bytes, path: Path) -> DataFrame:
    import pandas as pd

    try:
        frame = pd.read_parquet(io.BytesIO(raw))
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} is damaged Parquet: {reason}", hint="Write it again.") from error
    # What pandas keeps as an index is a column to everybody else: often the date.
    named = [n for n in frame.index.names if n is not None and n not in frame.columns]
    frame.attrs = {}
    return frame.reset_index(level=named) if named else frame


def _text(raw: bytes, path: Path) -> tuple[str, str]:
    """Return the text and the encoding it was in."""
    for magic, what in _KNOWN_FORMATS.items():
        if raw.startswith(magic):
            raise DataError(f"{path} is not a table but {what}.", hint=SAVE)
    encoding = next((e for bom, e in _BOMS.items() if raw.startswith(bom)), "utf-8")
    if encoding == "utf-8" and b"\x00" in raw:
        raise DataError(f"{path} is a binary file, not a table.", hint=SAVE)
    try:
        return raw.decode(encoding), encoding
    except UnicodeDecodeError as error:
        if encoding == "utf-8" and (text := _western(raw)):
            return text, WINDOWS
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path} is not in {encoding.upper()}: byte 0x{raw[error.start]:02x} in line {line}.",
            hint=f"Convert it: `iconv -f ITS_ENCODING -t UTF-8 {path} > utf8.csv`.",
        ) from None


def _western(raw: bytes) -> str | None:
    """Return `raw` read as Windows-1252; None where it holds what no text in it would."""
    try:
        text = raw.decode(WINDOWS)
    except UnicodeDecodeError:
        return None
    return None if re.search(r"[\x00-\x08\x0e-\x1f]", text) else text


def _separated(text: str, path: Path, separator: str = "") -> tuple[DataFrame, list[str]]:
    """Return the table, and the cells of its first line; "" is a separator to be found out."""
    import pandas as pd

    from evals.dressed import FORMAT

    said = re.match(r"sep=([,;\t|])\r?\n", text, re.IGNORECASE)  # for Excel's eyes
    text = text[said.end() :] if said else text
    separator = separator or separator_of(text, path)
    decimal = decimal_of(text[:100_000], separator)
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            decimal=decimal,
            skipinitialspace=True,
            low_memory=False,
        )
    except (pd.errors.ParserError, csv.Error, ValueError) as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip().rstrip(".")
        raise DataError(f"{path} is not a table: {reason}.", hint=SAVE) from None
    frame.attrs[FORMAT] = {"separator": separator, "decimal": decimal}
    rows = csv.reader(io.StringIO(text, newline=None), delimiter=separator)
    return frame, next([c.strip() for c in row] for row in rows if any(map(str.strip, row)))


def _check_shape(frame: DataFrame, path: Path) -> None:
    rows, columns = frame.shape
    if rows < 2:
        what = "no rows" if rows == 0 else "only 1 row"
        raise DataError(f"{path} has {what}; nothing can be learned from it.", hint="Add rows.")
    if columns < 2:
        raise DataError(
            f"{path} has only one column.",
            hint="A target and something to predict it from are needed.",
        )


def profile(frame: DataFrame) -> list[ColumnProfile]:
    """Describe each column of `frame`, in order."""
    return [_profile(str(name), frame.iloc[:, i]) for i, name in enumerate(frame.columns)]


def _profile(name: str, series: Series) -> ColumnProfile:
    present = series.dropna()
    texts = present.astype(str)
    counts = texts.value_counts()
    return ColumnProfile(
        name=name,
        kind=_column_kind(present, len(counts)),
        missing=1 - len(present) / max(1, len(series)),
        distinct=len(counts),
        examples=tuple(counts.index[:8]),
    )


def _column_kind(present: Series, distinct: int) -> ColumnKind:
    from pandas.api import types

    if distinct <= 1:
        return "constant"
    if types.is_bool_dtype(present):
        return "boolean"
    if types.is_datetime64_any_dtype(present):
        return "date"
    unique = distinct == len(present) and len(present) >= 20
    if types.is_numeric_dtype(present):
        return "identifier" if unique and _counts_up(present) else "number"
    if _are_dates(present):
        return "date"
    if unique:
        return "identifier"
    return "text" if distinct > max(50, 0.5 * len(present)) else "category"


def _counts_up(present: Series) -> bool:
    """Return whether whole numbers rise by one from row to row, as a row number does."""
    return bool((present.astype(float).diff().iloc[1:] == 1).all())


def _are_dates(present: Series) -> bool:
    import pandas as pd

    sample = present.iloc[:50].astype(str)
    if not sample.str.match(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?$").all():
        return False
    return bool(pd.to_datetime(sample, errors="coerce", format="mixed").notna().mean() > 0.9)


def target_kind(series: Series) -> Kind:
    """Return what kind of task predicting `series` is.

    Two values are binary, words are classes, other numbers are a regression (see
    `few_whole_numbers` for those that may be classes too).

    Raises:
        DataError: all values are missing or equal, or they are dates, identifiers or free text.
    """
    from evals.dressed import in_dress

    name = series.name
    present = series.dropna()
    if present.empty:
        raise DataError(f"The target column {name!r} has no values.", hint="Choose another column.")
    if not hashable(present):
        raise DataError(
            f"The target column {name!r} holds lists, such as {str(present.iloc[0])[:40]}.",
            hint=_CLASSES_OR_NUMBERS,
        )
    distinct = int(present.nunique())
    if distinct == 1:
        raise DataError(
            f"The target column {name!r} has only one value, {str(present.iloc[0])!r}.",
            hint="Choose another column, or add rows of a second class.",
        )
    kind = _column_kind(present, distinct)
    if kind in ("date", "text") or (kind == "identifier" and not _numeric(present)):
        what = {"date": "dates", "text": "free text"}.get(kind, "text that differs in every row")
        raise DataError(
            f"The target column {name!r} holds {what}, such as {str(present.iloc[0])[:40]!r}: "
            f"{distinct} different values.",
            hint=_PLAIN_NUMBERS if in_dress(present) else _CLASSES_OR_NUMBERS,
        )
    if distinct == 2:
        return "binary"
    return "regression" if _numeric(present) else "multiclass"


def few_whole_numbers(series: Series) -> bool:
    """Return whether a target holds at most 20 different whole numbers, which may be classes."""
    present = series.dropna()
    return bool(_numeric(present) and present.nunique() <= 20 and _whole(present))


def _numeric(present: Series) -> bool:
    from pandas.api import types

    return bool(types.is_numeric_dtype(present) and not types.is_bool_dtype(present))


def _whole(present: Series) -> bool:
    return bool((present.astype(float) % 1 == 0).all())


def positive_label(series: Series) -> Scalar:
    """Return the class that counts as positive: yes, true, 1 (against 0 or -1), else the rarer.

    On a tie the later in order is taken.
    """
    counts = series.dropna().value_counts()
    labels = sorted(counts.index, key=lambda label: (counts[label], _descending(label)))
    names = [str(label).strip().lower() for label in labels]
    truths = _TRUTHS if any(n in _FALSES for n in names) else _TRUTHS[:-2]
    true = [label for label, name in zip(labels, names, strict=True) if name in truths]
    return native((true or labels)[0])


def _descending(label: object) -> tuple[int, ...]:
    return tuple(-ord(c) for c in str(label))


def native(value: object) -> Scalar:
    """Return a cell of a table as a plain Python value."""
    item = getattr(value, "item", None)
    plain = item() if callable(item) else value
    return plain if isinstance(plain, bool | int | float | str) or plain is None else str(plain)

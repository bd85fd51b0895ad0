"""The script beside a saved model: it reads a file as the study read its table, and predicts."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any

_LOAD = {
    "skops": """# The types below are all that reading the file may construct.
TRUSTED = {types}
MODEL = skops.io.load(HERE / "{name}", trusted=TRUSTED)""",
    "joblib": """MODEL = joblib.load(HERE / "{name}")""",
}

_SCRIPT = '''"""Predict {target} for the rows of a file: python predict.py {file}

The model takes raw rows: missing values and categories it has never seen are allowed.
"""

from __future__ import annotations

{imports}import sys
import warnings
from pathlib import Path

import pandas as pd
import {package}

HERE = Path(__file__).resolve().parent
{load}
# How the file that the model was trained on was written; new ones are read in the same way.
FORMAT = {format}
TEXTS = {texts}
{numbers}{objects}

def read(path: str) -> pd.DataFrame:
    """Return the rows of a file: {kinds}, also gzip."""
    start = Path(path).read_bytes()[:6]
    if start[:4] == b"PAR1":
        rows = pd.read_parquet(path)
        rows = rows.reset_index([n for n in rows.index.names if n and n not in rows])
{json}    else:
        skip = 1 if start[:4].lower() == b"sep=" else 0
        zipped = "gzip" if start[:2] == b"\\x1f\\x8b" else None
        text = {{name: str for name in TEXTS}}
        rows = pd.read_csv(path, skiprows=skip, compression=zipped, dtype=text, **FORMAT)
    return rows.rename(columns=lambda name: str(name).strip())


def predict(rows: pd.DataFrame):
    """Return one prediction of {target} per row."""
    if missing := [name for name in MODEL[0].feature_names_in_ if name not in rows]:
        raise ValueError("Columns are missing: " + ", ".join(missing))
{dressed}    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return MODEL.predict(rows)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say which file holds the rows: python predict.py {file}")
    try:
        answers = predict(read(sys.argv[1]))
    except (OSError, ValueError) as error:
        sys.exit(f"{{sys.argv[1]}} cannot be used: {{error}}")
    for answer in answers:
        print(answer)
'''

_JSON = """    elif b"{" in start or b"[" in start or start[:2] == b"\\x1f\\x8b":
        raw = Path(path).read_bytes()
        raw = gzip.decompress(raw) if start[:2] == b"\\x1f\\x8b" else raw
        rows = pd.json_normalize(read_objects(raw.decode("utf-8-sig")))
"""

_NUMBERS = """# Columns whose numbers are written like "$1,234.50": a pattern and the decimal mark.
NUMBERS = {numbers}


{function}
"""

_DRESSED = """    found = {name: how for name, how in NUMBERS.items() if name in rows}
    rows = rows.assign(**{name: plain_numbers(rows[name], *how) for name, how in found.items()})
"""


def snippet(
    target: str, model: str, types: Sequence[str], read_as: Mapping[str, Any], texts: Sequence[str]
) -> str:
    """Return a Python file that loads the file `model` beside it and predicts `target`.

    Args:
        target: what is predicted, fit for a comment.
        model: the file's name; its ending says how it was written.
        types: those that skops has to be told to trust.
        read_as: how files of rows are read (`Dataset.read_as`).
        texts: columns that hold words.
    """
    from evals.dressed import plain_numbers
    from evals.json_tables import read_objects

    how = model.rpartition(".")[2]
    numbers = read_as.get("numbers") or {}
    function = inspect.getsource(plain_numbers).replace("Series", "pd.Series")
    objects, json_too = f"\n\n{inspect.getsource(read_objects)}", bool(read_as.get("json"))
    said = _NUMBERS.format(numbers=_literal(numbers), function=function)
    return _SCRIPT.format(
        target=target,
        package="skops.io" if how == "skops" else how,
        load=_LOAD[how].format(types=json.dumps(list(types), indent=4), name=model),
        format=json.dumps(_format(read_as), indent=4)
        .replace(" true", " True")
        .replace(" false", " False"),
        file=f"rows.{'jsonl' if json_too else 'csv' if read_as.get('separator') else 'parquet'}",
        kinds=f"text such as CSV, {'JSON ' if json_too else ''}or Parquet",
        imports="import gzip\nimport json\n" if json_too else "",
        objects=objects if json_too else "",
        json=_JSON if json_too else "",
        texts=json.dumps(list(texts)),
        numbers=said if numbers else "",
        dressed=_DRESSED if numbers else "",
    )


def _format(read_as: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `pandas.read_csv` is told."""
    encoding = str(read_as.get("encoding", "utf-8"))
    return {
        "sep": read_as.get("separator", ","),
        "decimal": read_as.get("decimal", "."),
        # A file may begin with a mark that says that it is in UTF-8.
        "encoding": "utf-8-sig" if encoding == "utf-8" else encoding,
        "skipinitialspace": True,
        "low_memory": False,
    }


def _literal(content: Mapping[str, Any]) -> str:
    """Return a dictionary as Python, an entry on each line."""
    return "{\n" + "".join(f"    {k!r}: {v!r},\n" for k, v in content.items()) + "}"

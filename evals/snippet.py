"""The script beside a saved model: it reads a file of any format a study reads, and predicts."""

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

The file may be CSV, TSV, JSON, JSON lines, Parquet or Excel ("rows.xlsx#name of a sheet").
The model takes raw rows: missing values and categories it has never seen are allowed.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import importlib.util
import io
import json
import re
import sys
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
import {package}
from pandas import DataFrame, Series

HERE = Path(__file__).resolve().parent
{load}
NAMES = [str(name) for name in MODEL[0].feature_names_in_]
# The separator and the decimal mark of the file that the model was trained on; others are seen.
MARKS = {marks}
# Columns that held words, numbers, and dates with their format.
TEXTS = {texts}
NUMERIC = {numeric}
DATES = {dates}
# Columns whose numbers are written like "$1,234.50": a pattern and the decimal mark.
NUMBERS = {numbers}


def read(path: str) -> DataFrame:
    """Return the rows of a file."""
    return rows_of(path, NAMES, MARKS, TEXTS)


def predict(rows: DataFrame):
    """Return one prediction of {target} per row."""
    rows = rows.rename(columns=lambda name: str(name).strip())
    if missing := [name for name in NAMES if name not in rows]:
        there = ", ".join(map(str, rows.columns[:20]))
        raise ValueError(f"Columns are missing: {{', '.join(missing)}} (there are: {{there}})")
    found = {{name: how for name, how in NUMBERS.items() if name in rows}}
    rows = rows.assign(**{{name: plain_numbers(rows[name], *how) for name, how in found.items()}})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return MODEL.predict(as_trained(rows, TEXTS, NUMERIC, DATES))


{functions}

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say which file holds the rows: python predict.py {file}")
    try:
        answers = predict(read(sys.argv[1]))
    except (OSError, ValueError, ImportError) as error:
        sys.exit(f"{{sys.argv[1]}} cannot be used: {{error}}")
    for answer in answers:
        print(answer)
'''


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
    how = model.rpartition(".")[2]
    dates = read_as.get("dates") or {}
    ending = "jsonl" if read_as.get("json") else "csv" if read_as.get("separator") else "parquet"
    return _SCRIPT.format(
        target=target,
        package="skops.io" if how == "skops" else how,
        load=_LOAD[how].format(types=json.dumps(list(types), indent=4), name=model),
        marks=repr(read_as.get("separator", ",") + read_as.get("decimal", ".")),
        texts=repr([t for t in texts if t not in dates]),
        numeric=repr(list(read_as.get("numeric", ()))),
        dates=_literal(dates),
        numbers=_literal(read_as.get("numbers") or {}),
        functions="\n\n".join(map(inspect.getsource, _functions())),
        file=f"rows.{ending}",
    )


def _functions() -> list[Any]:
    """Return what the script has to bring along: it runs where plaintune is not installed."""
    from evals import new_rows
    from evals.dressed import plain_numbers

    own = [f for _, f in inspect.getmembers(new_rows, inspect.isfunction)]
    return sorted([*own, plain_numbers], key=lambda f: (f.__module__, f.__code__.co_firstlineno))


def _literal(content: Mapping[str, Any]) -> str:
    """Return a dictionary as Python, an entry on each line."""
    lines = "".join(f"    {k!r}: {v!r},\n" for k, v in content.items())
    return f"{{\n{lines}}}" if lines else "{}"

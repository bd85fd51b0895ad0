"""Tables as JSON: an object in each line, or one list of objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from prompts.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame


def is_json(text: str) -> bool:
    """Return whether a text begins as JSON does, and no table otherwise would."""
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def read_objects(text: str) -> list[dict[str, object]]:
    """Return the objects of a list, or of lines with one each; ValueError where there are none."""
    try:
        found = json.loads(text)
    except ValueError:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ValueError("it is neither a list of objects nor an object in each line")
    return found


def json_frame(text: str, path: Path) -> DataFrame:
    """Return the objects as rows; what lies within another object is called "outer.inner".

    Raises:
        DataError: the text is no JSON, or another kind of it.
    """
    import pandas as pd

    try:
        rows = read_objects(text)
    except ValueError as error:
        raise DataError(
            f"{path} is not a table: {error}.",
            hint='Write one object per line, such as {"age": 31, "plan": "pro"}.',
        ) from None
    return pd.json_normalize(rows)

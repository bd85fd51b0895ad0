"""A table made ready for trials: target cleaned, test part set aside, folds and columns decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evals.columns import Columns, columns_of, date_format
from evals.parameters import Scalar
from evals.splits import Rows, make_splits
from evals.task import Data, Kind, Task, Validation
from prompts.errors import DataError, InvalidTaskError

if TYPE_CHECKING:
    from pandas import DataFrame, Series


@dataclass(frozen=True)
class Dataset:
    """What trials need. `X` (`n` raw rows) and `y` (`n`) are the tuning part.

    `labels` are the distinct classes, sorted (empty for a regression); `positive` is the positive
    class as it stands in `y`; `notes` are sentences for the user. `read_as` says how a file of
    this kind is read: separator, decimal mark, encoding, and which columns are numbers, numbers in
    dress, and dates in which format.
    `others` are folds drawn anew, see `evals.splits.Splits`.
    """

    kind: Kind
    X: DataFrame
    y: NDArray[Any]
    X_test: DataFrame
    y_test: NDArray[Any]
    folds: tuple[tuple[Rows, Rows], ...]
    columns: Columns
    labels: NDArray[Any]
    positive: Scalar
    notes: tuple[str, ...]
    read_as: Mapping[str, Any] = field(default_factory=dict)
    others: tuple[tuple[tuple[Rows, Rows], ...], ...] = ()


def load_dataset(task: Task, frame: DataFrame | None = None) -> Dataset:
    """Read the task's table (or take `frame`) and make it ready.

    Raises:
        DataError: the table cannot be used: missing target, one class, too few rows, no columns.
        InvalidTaskError: the task names a column that is not there, or a kind that does not fit.
    """
    if task.data is None:
        raise InvalidTaskError("The task names no table.", hint="Set data.path and data.target.")
    from evals.dressed import FORMAT, NOTE, NUMBERS, undressed
    from evals.tables import read_table

    frame = read_table(Path(task.data.path)) if frame is None else undressed(frame)
    form, dressed = frame.attrs.get(FORMAT, {}), frame.attrs.get(NUMBERS, {})
    told = [n for n in [frame.attrs.get(NOTE)] if n and n not in task.assumptions]
    frame, notes = _with_target(frame, task.data)
    y = _target(frame[task.data.target], task.data)
    labels = np.unique(y) if task.data.kind != "regression" else np.array([])
    splits = make_splits(y, task.data.kind, *_scheme(frame, task.validation), task.seed)
    features = frame.drop(columns=task.data.target)
    columns = columns_of(features.iloc[splits.tuning], _left_out(task, task.data, features))
    X = features[columns.used]
    return Dataset(
        kind=task.data.kind,
        X=X.iloc[splits.tuning].reset_index(drop=True),
        y=y[splits.tuning],
        X_test=X.iloc[splits.test].reset_index(drop=True),
        y_test=y[splits.test],
        folds=splits.folds,
        columns=columns,
        labels=labels,
        positive=_positive(labels, task.data),
        notes=(
            *told,
            *notes,
            *splits.notes,
            *columns.sentences(),
            *_warnings(frame, labels, task.data),
        ),
        read_as={**form, "numbers": dressed, "numeric": columns.numeric, "dates": columns.dates},
        others=splits.others,
    )


MANY_COPIES = 0.1
"""Share of rows from which on copies make a test easier than new rows would be."""


def _warnings(frame: DataFrame, labels: NDArray[Any], data: Data) -> Iterator[str]:
    """Yield what is no error but most likely not what the user means."""
    copies = _copies(frame)
    if copies >= MANY_COPIES * len(frame):
        yield (
            f"{copies:,} of {len(frame):,} rows are copies of others: models may be tested on "
            "rows that they have seen, and look better than on new ones."
        )
    names: dict[str, list[str]] = {}
    for label in map(str, labels.tolist()):
        names.setdefault(label.strip().casefold(), []).append(label)
    for alike in (n for n in names.values() if len(n) > 1):
        said = " and ".join(map(repr, alike))
        yield f"Of {data.target}, {said} are taken for different classes."


def _copies(frame: DataFrame) -> int:
    try:
        return int(frame.duplicated().sum())
    except TypeError:  # cells that hold lists are not compared
        return 0


def _with_target(frame: DataFrame, data: Data) -> tuple[DataFrame, list[str]]:
    """Return the rows that have a target, and a sentence about those that have none."""
    _require(frame, data.target, data.path)
    missing = int(frame[data.target].isna().sum())
    if missing == len(frame):
        raise DataError(
            f"The target column {data.target!r} has no value at all.", hint="Name another target."
        )
    if not missing:
        return frame.reset_index(drop=True), []
    kept = frame[frame[data.target].notna()].reset_index(drop=True)
    verb = "row has" if missing == 1 else "rows have"
    return kept, [f"{missing:,} {verb} no {data.target} and cannot be used."]


def _target(column: Series, data: Data) -> NDArray[Any]:
    values = _numbers(column, data) if data.kind == "regression" else _classes(column)
    distinct = len(np.unique(values))
    if distinct == 1:
        raise DataError(
            f"The target column {data.target!r} has the same value in every row, {values[0]}.",
            hint="There is nothing to predict; name another target.",
        )
    if data.kind == "binary" and distinct > 2:
        raise InvalidTaskError(
            f"The target {data.target!r} has {distinct} classes, not 2.",
            hint="Set data.kind to multiclass.",
        )
    return values


def _numbers(column: Series, data: Data) -> NDArray[Any]:
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    if not np.isfinite(numbers).all():
        wrong = column[~np.isfinite(numbers)].iloc[0]
        raise InvalidTaskError(
            f"The target {data.target!r} holds {wrong!r}, which is no finite number.",
            hint="Correct the column, or set data.kind to binary or multiclass.",
        )
    return numbers


def _classes(column: Series) -> NDArray[Any]:
    """Return class labels in one plain type: bool, int, or text."""
    values = column.to_numpy()
    if values.dtype.kind == "f" and (values == values.astype(int)).all():
        values = values.astype(int)
    if values.dtype.kind in "biu":
        return values
    kinds = {type(v) for v in column.astype(object)}
    if kinds == {bool}:
        return column.to_numpy(dtype=bool)
    if kinds == {int}:
        return column.to_numpy(dtype=int)
    return np.array([str(v) for v in column])


def _positive(labels: NDArray[Any], data: Data) -> Scalar:
    """Return the positive class as it stands among `labels`."""
    if data.kind != "binary":
        return None
    options: list[Scalar] = labels.tolist()
    if data.positive is None:
        return options[1]
    for option in options:
        if option == data.positive or _text(option) == _text(data.positive):
            return option
    raise InvalidTaskError(
        f"The target {data.target!r} has no class {data.positive!r}.",
        hint=f"It has {' and '.join(map(str, options))}.",
    )


def _text(value: Scalar) -> str:
    return str(value).strip().casefold().removesuffix(".0")


def _scheme(frame: DataFrame, validation: Validation) -> tuple[Validation, NDArray[Any] | None]:
    """Return the validation and the sortable values of its column."""
    name = validation.column
    if validation.scheme not in ("group", "time") or name is None:
        return validation, None
    if name not in frame.columns:
        raise InvalidTaskError(
            f"The validation column {name!r} is not in the table.", hint="Correct its name."
        )
    column = frame[name]
    if validation.scheme == "group":
        # A row without a group stands for itself.
        alone = np.array([f"row {i}" for i in range(len(column))])
        return validation, np.where(column.isna(), alone, column.astype(str).to_numpy(dtype=object))
    return validation, _moments(column, name)


def _moments(column: Series, name: str) -> NDArray[Any]:
    import pandas as pd

    how = date_format(column)
    if how is not None:
        moments = pd.to_datetime(column, format=how, errors="coerce", utc=True)
        return moments.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.isna().mean() > 0.05:
        raise InvalidTaskError(
            f"The column {name!r} does not say when: it holds neither dates nor numbers.",
            hint="Name a date column or choose another validation scheme.",
        )
    return numbers.to_numpy(dtype=float)


def _left_out(task: Task, data: Data, features: DataFrame) -> Mapping[str, str]:
    """Return columns that no model may see, and why."""
    reasons: dict[str, str] = {}
    if task.validation.scheme == "group" and task.validation.column:
        reasons[task.validation.column] = "because new rows will not repeat it"
    for name in data.left_out:
        _require(features, name, data.path)
        reasons[name] = "as you wished"
    return reasons


def _require(frame: DataFrame, name: str, path: str) -> None:
    """Raise `InvalidTaskError` where `frame` has no column `name`; it names the nearest one."""
    if name in frame.columns:
        return
    from rapidfuzz import fuzz, process

    near = process.extractOne(name, [str(c) for c in frame.columns], scorer=fuzz.ratio)
    raise InvalidTaskError(
        f"{path} has no column {name!r}.", hint=f"Did you mean {near[0]!r}?" if near else ""
    )

"""Which rows are set aside, and which rows validate which: the same for every trial of a study.

Shapes: n rows in all; index arrays are 1-d integers. Folds are pairs (train, validate) of positions
*within the tuning part*. Equal folds for all configurations make comparisons paired: what is hard
about a fold is hard for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.task import Kind, Validation
from prompts.errors import DataError

Rows = NDArray[np.intp]
MIN_ROWS = 10
"""Fewer rows cannot be cut into a test part and folds that mean anything."""

ANEW = 2
"""So many sets of folds are drawn beside those of the study."""


@dataclass(frozen=True)
class Splits:
    """Tuning and test rows, folds within the tuning rows, and what had to be changed, in words.

    `others` are as many folds again, drawn anew, for a last look at the best few configurations.
    """

    tuning: Rows
    test: Rows
    folds: tuple[tuple[Rows, Rows], ...]
    notes: tuple[str, ...] = ()
    others: tuple[tuple[tuple[Rows, Rows], ...], ...] = ()


def make_splits(
    y: NDArray[Any], kind: Kind, validation: Validation, column: NDArray[Any] | None, seed: int
) -> Splits:
    """Split n rows.

    Args:
        y: `n` target values.
        kind: of the target; classes keep their shares where the scheme allows it.
        validation: folds, scheme and test fraction.
        column: `n` values of `validation.column` for the schemes "group" and "time" (sortable).
        seed: of the study.

    Raises:
        DataError: too few rows, classes, or groups.
    """
    if len(y) < MIN_ROWS:
        raise DataError(f"There are {len(y)} usable rows.", hint=f"{MIN_ROWS} are needed at least.")
    tuning, test = _set_aside(y, kind, validation, column, seed)
    part = None if column is None else column[tuning]
    folds, notes = _folds(y[tuning], kind, validation, part, seed)
    for train, valid in folds:
        _check_classes(y[tuning], kind, train, valid)
    others = tuple(_others(y[tuning], kind, validation, part, seed, folds))
    return Splits(tuning, test, tuple(folds), tuple(notes), others)


def _others(
    y: NDArray[Any],
    kind: Kind,
    validation: Validation,
    column: NDArray[Any] | None,
    seed: int,
    known: Sequence[tuple[Rows, Rows]],
) -> Iterator[tuple[tuple[Rows, Rows], ...]]:
    """Yield as many folds drawn with other seeds; none in order of time, as nothing is drawn.

    A few groups may be dealt out as before, which would tell nothing new.
    """
    if validation.scheme == "time":
        return
    seen = {_parts(known)}
    for drawn in np.random.default_rng([seed, ANEW]).integers(2**31, size=ANEW):
        folds, _ = _folds(y, kind, validation, column, int(drawn))
        try:
            for train, valid in folds:
                _check_classes(y, kind, train, valid)
        except DataError:  # a rare class fell badly; the study's own folds are fine
            continue
        if _parts(folds) not in seen:
            seen.add(_parts(folds))
            yield tuple(folds)


def _parts(folds: Sequence[tuple[Rows, Rows]]) -> frozenset[bytes]:
    return frozenset(np.sort(valid).tobytes() for _, valid in folds)


def _set_aside(
    y: NDArray[Any], kind: Kind, validation: Validation, column: NDArray[Any] | None, seed: int
) -> tuple[Rows, Rows]:
    """Return tuning and test rows, each ascending (for "time": in order of time)."""
    fraction = validation.test_fraction
    if validation.scheme == "time" and column is not None:
        order = np.argsort(column, kind="stable")
        cut = len(y) - max(1, round(len(y) * fraction))
        return order[:cut], order[cut:]
    if validation.scheme == "group" and column is not None:
        parts = max(2, round(1 / fraction))
        return _first(_group_folds(y, kind, column, parts, seed))
    return _hold_out(y, kind, validation.scheme, fraction, seed)


def _hold_out(
    y: NDArray[Any], kind: Kind, scheme: str, fraction: float, seed: int
) -> tuple[Rows, Rows]:
    from sklearn.model_selection import train_test_split

    stratify = None if kind == "regression" or scheme == "shuffled" else y
    if stratify is not None and np.unique(y, return_counts=True)[1].min() < 2:
        stratify = None
    test_rows = max(2, round(len(y) * fraction))
    if stratify is not None:
        test_rows = max(test_rows, len(np.unique(y)))
    left, right = train_test_split(
        np.arange(len(y)), test_size=test_rows, random_state=seed % 2**31, stratify=stratify
    )
    return np.sort(left), np.sort(right)


def _folds(
    y: NDArray[Any], kind: Kind, validation: Validation, column: NDArray[Any] | None, seed: int
) -> tuple[list[tuple[Rows, Rows]], list[str]]:
    wanted = validation.folds
    scheme = validation.scheme
    if wanted == 1:
        return [_one_fold(y, kind, scheme, column, seed)], []
    if scheme == "time":
        return _time_folds(y, kind, wanted)
    if scheme == "group" and column is not None:
        count, notes = _possible(wanted, len(np.unique(column)), f"{validation.column} values")
        return _group_folds(y, kind, column, count, seed), notes
    if kind == "regression" or scheme == "shuffled":
        count, notes = _possible(wanted, len(y) // 2, "pairs of rows")
        return _plain_folds(y, count, seed), notes
    classes, counts = np.unique(y, return_counts=True)
    rarest = f"rows of the class {classes[counts.argmin()]}"
    count, notes = _possible(wanted, int(counts.min()), rarest)
    return _stratified_folds(y, count, seed), notes


def _possible(wanted: int, limit: int, what: str) -> tuple[int, list[str]]:
    """Return how many folds there can be, and a sentence where that is fewer than wanted."""
    if limit < 2:
        raise DataError(
            f"Only {limit} {what} for tuning: no fold could both learn and be tested.",
            hint="Add rows, or merge or leave out the rare class.",
        )
    if wanted <= limit:
        return wanted, []
    return limit, [f"{limit} folds instead of {wanted}: there are only {limit} {what}."]


def _one_fold(
    y: NDArray[Any], kind: Kind, scheme: str, column: NDArray[Any] | None, seed: int
) -> tuple[Rows, Rows]:
    if scheme == "time":
        cut = len(y) - max(1, len(y) // 5)
        return np.arange(cut), np.arange(cut, len(y))
    if scheme == "group" and column is not None:
        return _first(_group_folds(y, kind, column, 5, seed))
    return _hold_out(y, kind, scheme, 0.2, seed + 1)


def _plain_folds(y: NDArray[Any], count: int, seed: int) -> list[tuple[Rows, Rows]]:
    from sklearn.model_selection import KFold

    return list(KFold(count, shuffle=True, random_state=seed % 2**31).split(y))


def _stratified_folds(y: NDArray[Any], count: int, seed: int) -> list[tuple[Rows, Rows]]:
    from sklearn.model_selection import StratifiedKFold

    splitter = StratifiedKFold(count, shuffle=True, random_state=seed % 2**31)
    return list(splitter.split(np.zeros((len(y), 1)), y))


def _group_folds(
    y: NDArray[Any], kind: Kind, groups: NDArray[Any], count: int, seed: int
) -> list[tuple[Rows, Rows]]:
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    if len(np.unique(groups)) < count:
        raise DataError(
            f"{len(np.unique(groups))} groups cannot be dealt out to {count} parts.",
            hint="Choose fewer folds or another validation scheme.",
        )
    cls = GroupKFold if kind == "regression" else StratifiedGroupKFold
    splitter = cls(count, shuffle=True, random_state=seed % 2**31)
    return list(splitter.split(np.zeros((len(y), 1)), y, groups))


def _first(folds: list[tuple[Rows, Rows]]) -> tuple[Rows, Rows]:
    return folds[0]


def _time_folds(
    y: NDArray[Any], kind: Kind, wanted: int
) -> tuple[list[tuple[Rows, Rows]], list[str]]:
    """Return folds that learn from ever more of the past; the earliest may lack a class."""
    from sklearn.model_selection import TimeSeriesSplit

    count = min(wanted, len(y) - 1)
    folds = [f for f in TimeSeriesSplit(count).split(y) if _has_classes(y, kind, *f)]
    if not folds:
        raise DataError(
            "No period holds every class, so nothing can be validated on later rows.",
            hint="Choose the validation scheme stratified.",
        )
    if len(folds) == wanted:
        return folds, []
    return folds, [f"{len(folds)} folds instead of {wanted}: earlier periods lack a class."]


def _has_classes(y: NDArray[Any], kind: Kind, train: Rows, valid: Rows) -> bool:
    if kind == "regression":
        return len(valid) > 0 and len(train) > 1
    known, asked = np.unique(y[train]), np.unique(y[valid])
    return len(known) > 1 and len(asked) > 1 and set(asked.tolist()) <= set(known.tolist())


def _check_classes(y: NDArray[Any], kind: Kind, train: Rows, valid: Rows) -> None:
    if kind != "regression" and len(np.unique(y[train])) < 2:
        raise DataError(
            "A fold would learn from one class only.",
            hint="Choose fewer folds or the validation scheme stratified.",
        )

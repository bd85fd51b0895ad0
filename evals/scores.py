"""Find scores in what a program prints or writes. Code reads the number, nothing else does."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.event_files import event_files, read_events
from prompts.errors import EvaluationError, InvalidTaskError

NUMBER = r"[-+]?(?:\d[\d_]*\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|nan|inf(?:inity)?)"
STEP = re.compile(r"\b(?:step|epoch|iter(?:ation)?|round)s?[\"']?\s*[=:#]?\s*\[?(\d+)", re.I)
COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""A terminal's control sequences (ECMA-48, section 5.4), which are no words."""
LONGEST = 10_000
"""A longer line is no line for people; only its beginning is looked at."""


class ScoreReader:
    """Reads one trial's output line by line.

    A line that is a JSON object is read by its keys, another one by `name=value` or `name: value`,
    or by `pattern` for the first metric. The last value counts; `found` holds it per metric.
    """

    def __init__(self, metrics: Sequence[str], pattern: str = "") -> None:
        self.metrics = tuple(metrics)
        self.found: dict[str, float] = {}
        self._patterns = {m: _named(m) for m in metrics}
        if pattern:
            self._patterns[self.metrics[0]] = _compiled(pattern)
        self._seen = 0

    def __call__(self, line: str) -> list[tuple[int, float]]:
        """Return the first metric's running value where `line` holds one, with its step."""
        line = COLOUR.sub("", line[:LONGEST])
        row = _object(line)
        values = self._from_row(row) if row is not None else self._from_text(line)
        self.found |= values
        if self.metrics[0] not in values:
            return []
        step = _step(row, line)
        self._seen = self._seen + 1 if step is None else step + 1
        return [(self._seen - 1, values[self.metrics[0]])]

    def _from_row(self, row: Mapping[str, Any]) -> dict[str, float]:
        return {m: v for m in self.metrics if (v := _looked_up(row, m)) is not None}

    def _from_text(self, line: str) -> dict[str, float]:
        found = {m: list(p.finditer(line)) for m, p in self._patterns.items()}
        return {m: _number(hits[-1].group(1)) for m, hits in found.items() if hits}


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InvalidTaskError(
            f"The pattern {pattern!r} is no regular expression: {error}."
        ) from error
    if compiled.groups != 1:
        raise InvalidTaskError(
            f"The pattern {pattern!r} has {compiled.groups} groups.",
            hint="Put exactly one pair of parentheses around the number.",
        )
    return compiled


def _named(metric: str) -> re.Pattern[str]:
    """Return the pattern of "val_loss=0.3", "val loss: 0.3", "'val/loss': 0.3"."""
    words = r"[\s_/.-]*".join(re.escape(w) for w in re.split(r"[\s_/.-]+", metric) if w)
    return re.compile(rf"(?<![\w/.-]){words}[\"']?\s*(?:[=:]|\bis\b)\s*({NUMBER})(?!\w)", re.I)


def _object(line: str) -> Mapping[str, Any] | None:
    text = line.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        row = json.loads(text)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _looked_up(row: Mapping[str, Any], metric: str) -> float | None:
    """Return a number by its key; "val.loss" also finds {"val": {"loss": …}}."""
    value: Any = row.get(metric)
    if value is None and "." in metric:
        head, rest = metric.split(".", 1)
        inner = row.get(head)
        return _looked_up(inner, rest) if isinstance(inner, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _number(text: str) -> float:
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return float("nan")


def _step(row: Mapping[str, Any] | None, line: str) -> int | None:
    if row is not None:
        value = next((row[k] for k in ("step", "epoch", "iteration", "iter") if k in row), None)
        return int(value) if isinstance(value, int | float) else None
    found = STEP.search(line)
    return int(found.group(1)) if found else None


def read_score_file(path: Path, metrics: Sequence[str], called: str = "") -> dict[str, float]:
    """Return the metrics that a file holds: JSON, JSON lines (the last wins) or CSV (last row).

    A directory, or a pattern with * in it, stands for the TensorBoard event files there. `called`
    is what the user calls the file.

    Raises:
        EvaluationError: there is no such file, or it cannot be read.
    """
    if events := event_files(path):
        return read_events(events, metrics)
    rows = _rows(path, called or path.name)
    if path.suffix == ".csv":
        last: Mapping[str, Any] = rows[-1] if rows else {}
        return {m: _number(last[m]) for m in metrics if last.get(m)}
    found: dict[str, float] = {}
    for row in rows:
        values = {m: _looked_up(row, m) for m in metrics}
        found |= {m: v for m, v in values.items() if v is not None}
    return found


def numbers_in(path: Path) -> list[str]:
    """Return the names under which a JSON file holds numbers; [] of any other file."""
    if event_files(path) or not path.is_file() or path.suffix == ".csv":
        return []
    return list(dict.fromkeys(n for row in _rows(path, path.name) for n in _named_in(row)))


def _named_in(row: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _named_in(value, f"{before}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{before}{name}"


def _rows(path: Path, called: str) -> list[Mapping[str, Any]]:
    if not path.is_file():
        raise EvaluationError(f"It wrote no file {called}.")
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".csv":
            return list(csv.DictReader(text.splitlines()))
        try:
            content = json.loads(text)
            rows = content if isinstance(content, list) else [content]
        except ValueError:
            rows = [_object(line) for line in text.splitlines()]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(f"The file {called} cannot be read: {error}.") from error
    return [row for row in rows if isinstance(row, Mapping)]

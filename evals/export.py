"""Save a tuned pipeline so that it loads where plaintune is not installed.

skops' format is preferred: reading it runs no code but that of the types it lists. Where a pipeline
does not come back the same from it, joblib (a pickle) is used.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zipfile import ZIP_DEFLATED

from evals.snippet import snippet
from evals.space import Config
from evals.task import Task
from prompts.errors import UserError

if TYPE_CHECKING:
    from pandas import DataFrame
    from sklearn.pipeline import Pipeline

PACKAGES = ("numpy", "pandas", "scikit-learn", "skops", "joblib", "lightgbm", "xgboost-cpu")
_OURS = ("evals.", "agent.", "prompts.", "surrogates.", "acquisition.", "__main__.")


class UnwritableError(UserError):
    """The directory for the model cannot be written to."""


@dataclass(frozen=True)
class ModelFiles:
    """What was written: the model, the script that loads it, and the card that describes it."""

    model: Path
    snippet: Path
    card: Path
    format: Literal["skops", "joblib"]


def save_model(
    pipeline: Pipeline,
    task: Task,
    config: Config,
    directory: Path,
    *,
    example: DataFrame | None = None,
    scores: Mapping[str, Any] | None = None,
    read_as: Mapping[str, Any] | None = None,
) -> ModelFiles:
    """Write model, loading snippet and model card into `directory`, made where it is missing.

    Args:
        pipeline: fitted; raw rows in, predictions out.
        task: what it was tuned for.
        config: its configuration.
        directory: where to.
        example: raw rows on which the written model must answer as `pipeline` does.
        scores: of the model, for the card.
        read_as: how a file of new rows is read (`Dataset.read_as`).

    Raises:
        UnwritableError: the directory cannot be written to.
    """
    how, content, types = _serialized(pipeline, example)
    files = ModelFiles(
        directory / f"model.{how}", directory / "predict.py", directory / "model_card.json", how
    )
    card = _card(task, config, how, scores or {}, _columns(pipeline))
    script = snippet(_title(task), files.model.name, types, read_as or {}, _texts(example))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        files.model.write_bytes(content)
        files.snippet.write_text(script, encoding="utf-8")
        files.card.write_text(json.dumps(card, indent=2, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise UnwritableError(
            f"The model cannot be written to {directory}: {error.strerror}.",
            hint="Choose a directory you may write to.",
        ) from error
    return files


def _serialized(
    pipeline: Pipeline, example: DataFrame | None
) -> tuple[Literal["skops", "joblib"], bytes, list[str]]:
    """Return format, content, and the types that skops has to be told to trust."""
    import joblib
    import skops.io

    try:
        content = skops.io.dumps(pipeline, compression=ZIP_DEFLATED)
        types = sorted(skops.io.get_untrusted_types(data=content))
        if not any(t.startswith(_OURS) for t in types):
            _check_same(skops.io.loads(content, trusted=types), pipeline, example)
            return "skops", content, types
    except Exception:
        # skops refuses what it does not know in many ways, each of which means the same here.
        pass
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer, compress=3)
    _check_same(joblib.load(io.BytesIO(buffer.getvalue())), pipeline, example)
    return "joblib", buffer.getvalue(), []


def _check_same(loaded: Any, pipeline: Pipeline, example: DataFrame | None) -> None:
    import numpy as np

    if example is not None and not np.array_equal(
        loaded.predict(example), pipeline.predict(example)
    ):
        raise ValueError("The model answers differently after loading.")


def _texts(example: DataFrame | None) -> list[str]:
    """Return the columns that hold words: digits in a new file must stay the words they were."""
    from pandas.api.types import is_string_dtype

    return [] if example is None else [str(c) for c in example if is_string_dtype(example[c])]


def _title(task: Task) -> str:
    assert task.data is not None
    return " ".join(task.data.target.replace("\\", "/").replace('"', "'").split())[:80]


def _columns(pipeline: Pipeline) -> list[str]:
    return [str(name) for name in pipeline[0].feature_names_in_]


def _card(
    task: Task, config: Config, how: str, scores: Mapping[str, Any], columns: list[str]
) -> dict[str, Any]:
    assert task.data is not None
    return {
        "description": task.description,
        "target": task.data.target,
        "kind": task.data.kind,
        "positive": task.data.positive,
        "objectives": [o.model_dump() for o in task.objectives],
        "configuration": config,
        "fixed": task.fixed,
        "scores": dict(scores),
        "trained_on": "the tuning part; the test part was never seen",
        "columns": columns,
        "format": how,
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

"""Options as Python users write them: paths, one GPU or study by itself, None for no model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import fspath
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from agent.goals import part_of_task


def _listed(value: Any) -> Any:
    """Return a single word or number, or words between commas, as a list of words."""
    if value is None or isinstance(value, bool):
        return value
    parts = str(value).split(",") if isinstance(value, str | int) else value
    return [str(p).strip() for p in parts] if isinstance(parts, list | tuple | range) else parts


def _several(value: Any) -> Any:
    return [value] if callable(value) else [] if value is None else value


def _path(value: Any) -> Any:
    return fspath(value) if isinstance(value, Path) else value


def _model(value: Any) -> Any:
    return "none" if value is None else value


Callbacks = Annotated[list[Callable[..., Any]], BeforeValidator(_several)]
Words = Annotated[list[str], BeforeValidator(_listed)]
PathText = Annotated[str, BeforeValidator(_path)]


class Given(BaseModel):
    """The options that `run`, `resume` and `tune` have in common; those left out are not set."""

    model_config = ConfigDict(extra="ignore")
    goal: str = ""
    storage: PathText | None = None
    name: str | None = None
    out: PathText | None = None
    llm: Annotated[str, BeforeValidator(_model)] = "auto"
    model: PathText | None = None
    strategy: str = "hybrid"
    portfolio: bool = True
    beliefs: bool = False
    surrogate: str = "gp"
    acquisition: str = "logei"
    context: str = "partial"
    log_values: bool = False
    replicate: str = "off"
    transfer: Words = []
    workers: int | None = None
    gpus: Words | None = None
    isolated: bool = True
    callbacks: Callbacks = []
    quiet: bool = False


def plain_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return `given` with its common options as they are used inside.

    Raises:
        InvalidTaskError: names each value of a wrong type.
    """
    return {**given, **part_of_task(Given, given).model_dump(exclude_unset=True)}

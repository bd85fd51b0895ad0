"""The dictionary of parameters that everybody knows, and of names that are never tuned.

The entries are in `known_parameters.yaml`, each with who says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from evals.arguments import Argument, ArgumentType

Role = Literal["tune", "run length", "seed", "path", "resources", "logging"]
ROLES: tuple[Role, ...] = ("tune", "run length", "seed", "path", "resources", "logging")


@dataclass(frozen=True)
class Known:
    """One entry: a range, or a factor `around` the program's own default, and who says so.

    Without either the entry only says that the parameter is worth tuning. Programs refuse values
    above `most`.
    """

    names: tuple[str, ...]
    source: str
    type: ArgumentType = "float"
    low: float | None = None
    high: float | None = None
    log: bool = False
    around: float | None = None
    most: float | None = None


def plain_name(name: str) -> str:
    """Return `name` in lower-case words joined by underscores: "--maxDepth" → "max_depth"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip("-"))
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def known_parameter(name: str) -> Known | None:
    """Return the entry for `name`: its own, that of its last dotted part, or of its last words.

    So "optimizer.lr" and "generator_learning_rate" are learning rates, and "lr_decay" is none.
    """
    table = _known()
    for candidate in (plain_name(name), plain_name(name.rsplit(".", 1)[-1])):
        words = candidate.split("_")
        for start in range(len(words)):
            found = table.get("_".join(words[start:]))
            # One word at the end of a longer name says little: "label_smoothing_kernel".
            if found and (start == 0 or len(words) - start > 1 or words[-1] in TELLING):
                return found
    return None


TELLING = {"lr", "dropout", "momentum", "depth"}


def role_of(argument: Argument) -> Role | None:
    """Return what `argument` is for, where its name or type says so; None where they do not."""
    if argument.parameter is not None:
        return "tune"
    name = plain_name(argument.name.rsplit(".", 1)[-1])
    names, words = _roles()
    if name in names:
        return names[name]
    if argument.type == "path":
        return "path"
    if known_parameter(argument.name):
        return "tune"
    parts = name.split("_")
    # "log_every" is about logging; "window_log" is a number in powers of two.
    return next(
        (words[w] for i, w in enumerate(parts) if w in words and (w != "log" or not i)), None
    )


def plausible(known: Known, argument: Argument) -> bool:
    """Return whether the argument's type and default fit the entry."""
    value = argument.default
    if argument.type in ("choice", "bool"):
        return known.low is None and known.around is None
    if argument.type not in ("float", "int"):
        return False
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if not numeric or known.low is None or known.high is None:
        return True
    assert isinstance(value, int | float)
    slack = 10 if known.log else 1
    span = 0 if known.log else known.high - known.low
    return known.low / slack - span <= value <= known.high * slack + span


@cache
def _content() -> dict[str, Any]:
    import yaml

    text = Path(__file__).with_name("known_parameters.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


@cache
def _known() -> dict[str, Known]:
    entries = [Known(**{**e, "names": tuple(e["names"])}) for e in _content()["parameters"]]
    return {name: entry for entry in entries for name in entry.names}


@cache
def _roles() -> tuple[dict[str, Role], dict[str, Role]]:
    roles = _content()["roles"]
    names: dict[str, Role] = {n: r for r, v in roles.items() for n in v["names"]}
    return names, {w: r for r, v in roles.items() for w in v["words"]}

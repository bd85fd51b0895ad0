"""What is known of one thing that can be set: a function's argument, a flag, a constant.

Readers (`evals.signature`, `evals.flags`, `evals.sources`) return arguments; `evals.proposals`
decides which of them to tune, and over what range.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evals.parameters import Parameter, Scalar

ArgumentType = Literal["float", "int", "bool", "choice", "text", "path", "unknown"]


@dataclass(frozen=True)
class Argument:
    """One argument as its program declares it.

    `low` and `high` are bounds that the program itself enforces. `written` says how a value is
    given: "--lr {}", "optimizer.lr={}", "" for arguments of functions. A switch is written as
    `written` for True and `off` for False (either may be empty). `parameter` is a range the author
    has written down, to be taken as it is. `required` ones have no default.
    """

    name: str
    type: ArgumentType
    default: Scalar = None
    choices: tuple[Scalar, ...] = ()
    low: float | None = None
    high: float | None = None
    help: str = ""
    written: str = ""
    off: str = ""
    required: bool = False
    parameter: Parameter | None = None


def type_of(value: object) -> ArgumentType:
    """Return the type that a default value suggests."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    return "text" if isinstance(value, str) else "unknown"

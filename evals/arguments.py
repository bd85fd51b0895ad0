"""What is known of one thing that can be set: a function's argument, a flag, a constant.

Readers (`evals.signature`, `evals.flags`, `evals.sources`) return arguments; `evals.proposals`
decides which of them to tune, and over what range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evals.parameters import Parameter, Scalar

ArgumentType = Literal["float", "int", "bool", "choice", "text", "path", "object", "unknown"]
"""An "object" is a list, a table or anything else that no single value can stand for."""

INSIDE = 1e-12
"""The least value of a number that must be above 0."""


@dataclass(frozen=True)
class Argument:
    """One argument as its program declares it.

    `low` and `high` are bounds that the program itself enforces. `written` says how a value is
    given: "--lr {}", "optimizer.lr={}", "" for arguments of functions. A switch is written as
    `written` for True and `off` for False (either may be empty). `flags` are all of its spellings,
    where known. `parameter` is a range the author has written down, to be taken as it is.
    `required` ones have no default. `command` is the subcommand it belongs to, "" for the program.
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
    flags: tuple[str, ...] = ()
    required: bool = False
    parameter: Parameter | None = None
    command: str = ""

    def is_given(self, words: Sequence[str]) -> bool:
        """Return whether a command line sets it already."""
        said = {w.split("=")[0] for w in words}
        named = {w.lstrip("-").replace("-", "_") for w in said}
        spellings = {*self.flags, self.written.split(" ")[0], self.off} - {""}
        return self.name in named or bool(spellings & said)


def type_of(value: object) -> ArgumentType:
    """Return the type that a default value suggests."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "text"
    return "unknown" if value is None else "object"

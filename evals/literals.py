"""Values, bounds and choices as people write them in help texts and sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace

from evals.arguments import Argument, ArgumentType, type_of
from evals.parameters import Scalar

NUMBER = r"-?\d[\d_]*(?:\.\d+)?(?:e[-+]?\d+)?"
BOUNDS = re.compile(
    rf"(?:(?<![\w.])|(?P<between>between\s+))(?P<low>{NUMBER})"
    rf"\s*(?(between)and|(?:-|–|\.\.|to|<=x<=))\s*(?P<high>{NUMBER})(?!\w|\.\d)",
    re.I,
)
TYPES: Mapping[str, ArgumentType] = {
    **dict.fromkeys(("float", "f", "double", "real", "number", "float range"), "float"),
    **dict.fromkeys(("int", "integer", "n", "int32", "int64", "uint", "integer range"), "int"),
    **dict.fromkeys(("path", "file", "dir", "directory", "filename", "folder"), "path"),
    **dict.fromkeys(("str", "string", "text"), "text"),
    **dict.fromkeys(("bool", "boolean", "flag"), "bool"),
}


def literal(text: str) -> Scalar:
    """Return the value that `text` stands for; a string where it is nothing else."""
    text = text.strip().rstrip(".,;") if not re.fullmatch(r"\S+\.", text) else text.strip(" .,;")
    plain = {"true": True, "false": False, "none": None, "null": None}
    if text.lower() in plain:
        return plain[text.lower()]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        try:
            value = float(text)
        except ValueError:
            return text
    return value if isinstance(value, bool | int | float | str) else text


def with_bounds(argument: Argument) -> Argument:
    """Add bounds that the help states, where the default lies inside.

    They are written "1 to 19", "(0-51)" or "between 0 and 1".
    """
    if argument.type not in ("int", "float") or argument.low is not None:
        return argument
    for found in BOUNDS.finditer(argument.help):
        low, high = (float(found[g].replace("_", "")) for g in ("low", "high"))
        value = argument.default
        inside = not isinstance(value, int | float) or low <= value <= high
        if low < high and inside and "common" not in argument.help[: found.start()].lower():
            return replace(argument, low=low, high=high)
    return argument


def settled(argument: Argument) -> Argument:
    """Fill in what the parts of an argument say about each other."""
    kind = argument.type
    if argument.choices:
        kind = "choice"
    elif kind == "unknown" and argument.default is not None:
        kind = type_of(argument.default)
    elif kind == "float" and isinstance(argument.default, int):
        argument = replace(argument, default=float(argument.default))
    elif kind == "int" and isinstance(argument.default, float):
        whole = argument.default.is_integer()
        kind = "int" if whole else "float"
        argument = replace(argument, default=int(argument.default) if whole else argument.default)
    if kind in ("int", "float") and isinstance(argument.default, str):
        argument = replace(argument, default=None)
    return with_bounds(replace(argument, type=kind))


def flag_name(flags: list[str]) -> str:
    """Return the name of an option: its longest flag, without dashes in front or inside."""
    return max((f.lstrip("-") for f in flags), key=len).replace("-", "_")

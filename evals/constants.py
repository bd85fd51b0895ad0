"""Constants at the top of a Python script: the settings of one that takes no flags."""

from __future__ import annotations

import ast

from evals.arguments import Argument, type_of
from evals.literals import settled
from evals.parameters import Scalar
from evals.sources import Module


def read_constants(text: str) -> list[Argument]:
    """Return the constants that a script assigns at its top level; they are set by rewriting it."""
    module = Module.parse(text)
    if module is None:
        return []
    helps = text.splitlines()
    found = {}
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            name, value = node.targets[0], module.value(node.value)
            if isinstance(name, ast.Name) and isinstance(value, bool | int | float | str):
                _, _, comment = helps[node.lineno - 1].partition("#")
                found[name.id] = Argument(name.id, type_of(value), value, help=comment.strip())
    return [settled(a) for a in found.values()]


def rewritten(text: str, values: dict[str, Scalar]) -> str:
    """Return a script whose top-level constants have other values; all else stays as it is."""
    lines = text.encode().splitlines(keepends=True)
    for node in reversed(ast.parse(text).body):
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            continue
        if node.targets[0].id in values and node.value.end_lineno == node.lineno:
            line, old = lines[node.lineno - 1], node.value
            new = repr(values[node.targets[0].id]).encode()
            lines[node.lineno - 1] = line[: old.col_offset] + new + line[old.end_col_offset :]
    return b"".join(lines).decode()

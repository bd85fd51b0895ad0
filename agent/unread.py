"""How to tune a script whose settings are no flags: its environment, a file, bare words."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from evals.sources import name_of

SHOWN = 3
"""Marks in an example."""
_SETTINGS = re.compile(r"[\w./-]+\.(?:ya?ml|json|toml|ini|cfg)$", re.I)
_READERS = ("environ.get", "getenv")
_LOADERS = (
    *("yaml.safe_load", "yaml.load", "json.load", "json.loads", "tomllib.load", "toml.load"),
    *("OmegaConf.load", "ConfigParser"),
)


def how_to_reach(text: str, command: Sequence[str], directory: Path) -> str:
    """Return how the settings of a script are tuned that `text` reads elsewhere, "" of others."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ""
    if names := list(dict.fromkeys(_environment(tree)))[:SHOWN]:
        marks = " ".join(f"{n}={{{n}}}" for n in names)
        return _said(f"It reads {', '.join(names)} from its environment.", f"env {marks}", command)
    if file := _file(tree, directory):
        return _rewriting(file, command, directory)
    if any(name_of(n) == "sys.argv" for n in ast.walk(tree) if isinstance(n, ast.Attribute)):
        return _said("It reads bare words.", "", [*command, "{lr}", "{depth}"])
    return ""


_GOAL = "say in the goal what each may be: 'lr between 1e-4 and 0.1'."


def _said(what: str, before: str, command: Sequence[str]) -> str:
    words = f"{before} {' '.join(command)}".strip()
    return f"{what} Mark the places in the command, such as -- {words}, and {_GOAL}"


def _rewriting(file: str, command: Sequence[str], directory: Path) -> str:
    """Say how each trial writes a file of settings of its own, in its own directory."""
    what = f"It reads its settings from {file}. "
    function = "tune a Python function that writes such a file and runs it: plaintune.tune(...)."
    if "/" in file or file.endswith(".json"):  # A folder is a link to the user's own.
        return f"{what}T{function[1:]}"
    key, sign = _setting((directory / file).read_text("utf-8", "replace"))
    edit = f"sed 's/^{key}{sign}.*/{key}{sign} {{{key}}}/' {file} > tried && mv tried {file}"
    return (
        f"{what}Each trial runs in a directory of its own and may write its own, with marks: "
        f'-- sh -c "{edit} && {shlex.join(command)}"; {_GOAL} Or {function}'
    )


def _setting(text: str) -> tuple[str, str]:
    """Return a setting of a file that is a number, and the sign behind its name."""
    found = re.search(r"^(\w+)(\s*[:=])\s*-?[\d.]", text, re.M)
    return (found[1], found[2]) if found else ("lr", ":")


def _environment(tree: ast.AST) -> Iterator[str]:
    """Yield the names of environment variables that are read."""
    for node in ast.walk(tree):
        key: ast.expr | None = None
        if isinstance(node, ast.Subscript) and name_of(node.value).endswith("environ"):
            key = node.slice if isinstance(node.ctx, ast.Load) else None
        elif isinstance(node, ast.Call) and name_of(node.func).endswith(_READERS) and node.args:
            key = node.args[0]
        name = key.value if isinstance(key, ast.Constant) else None
        if isinstance(name, str) and name.isidentifier():
            yield name


def _file(tree: ast.AST, directory: Path) -> str:
    """Return the file of settings that a script reads; "" where it reads none that is there."""
    calls = [name_of(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)]
    if not any(c.endswith(_LOADERS) for c in calls):
        return ""
    texts = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
    named = (t for t in texts if isinstance(t, str) and _SETTINGS.fullmatch(t))
    return next((t for t in named if (directory / t).is_file()), "")

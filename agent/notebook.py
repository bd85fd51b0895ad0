"""A notebook cell to tune: `%%plaintune lowest val_loss, 20 trials`, after `%load_ext plaintune`.

The constants that the cell assigns at its top are the parameters, the score is a variable of the
cell. Each trial runs the cell with other constants, in a process of its own that knows what the
cells before have defined.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from evals.constants import read_constants, rewritten
from prompts.errors import InvalidTaskError, UserError

if TYPE_CHECKING:
    from agent.runs import Run

MEBIBYTE = 2**20
RESULT = "plaintune_run"
"""The variable that holds the finished run."""


class Shell(Protocol):
    """What is needed of IPython's shell."""

    user_ns: dict[str, Any]

    def register_magic_function(
        self, func: Callable[..., Any], magic_kind: str, magic_name: str
    ) -> None:
        """Make `func(line, cell)` the magic called `magic_name`."""


def load_ipython_extension(ipython: Shell) -> None:
    """Register the cell magic; IPython calls this on `%load_ext plaintune`."""

    def plaintune(line: str, cell: str) -> Run:
        """Tune the constants at the top of this cell: %%plaintune GOAL [--trials N] ..."""
        return tune_cell(line, cell, ipython.user_ns)

    ipython.register_magic_function(plaintune, "cell", "plaintune")


def tune_cell(line: str, cell: str, namespace: dict[str, Any]) -> Run:
    """Tune a cell towards the goal in `line`; the run is returned and kept in `namespace`.

    Raises:
        UserError: the line has an option that does not exist, or the cell nothing to tune.
    """
    from agent.tune import tune

    goal, *rest = re.split(r"(?:^|\s+)(?=--)", line.strip(), maxsplit=1)
    options = _options(rest[0] if rest else "")
    run = tune(cell_function(cell, namespace), goal.strip("\"' "), **options)
    namespace[RESULT] = run
    return run


def cell_function(cell: str, namespace: Mapping[str, Any]) -> Callable[..., dict[str, Any]]:
    """Return the cell as a function of its constants, which returns what it assigned.

    Raises:
        InvalidTaskError: the cell is no Python, or it begins with no constant.
    """
    head, rest = _parted(cell)
    constants = read_constants(head)
    if not constants:
        raise InvalidTaskError(
            "This cell assigns no constant at its top, so nothing of it can be tuned.",
            hint="Begin it with lines such as: learning_rate = 0.01",
        )

    def function(**config: Any) -> dict[str, Any]:
        own = _Variables(namespace)
        exec(compile(rewritten(head, config) + rest, "<cell>", "exec"), own)
        return {n: v for n, v in own.items() if own.is_new(n) and not n.startswith("_")}

    parameters = [
        inspect.Parameter(a.name, inspect.Parameter.KEYWORD_ONLY, default=a.default)
        for a in constants
    ]
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    function.__doc__ = "\n".join(f"{a.name}: {a.help}" for a in constants if a.help)
    function.__name__ = function.__qualname__ = "cell"
    return function


class _Variables(dict[str, Any]):
    """A cell's variables; knows which the cell has set, also to what they were before."""

    def __init__(self, before: Mapping[str, Any]) -> None:
        super().__init__(before)
        self._before = before
        self._set: set[str] = set()

    def __setitem__(self, name: str, value: Any) -> None:
        self._set.add(name)
        super().__setitem__(name, value)

    def is_new(self, name: str) -> bool:
        """Return whether a variable is the cell's own."""
        before = self._before
        return name in self._set or name not in before or self[name] is not before[name]


def _parted(cell: str) -> tuple[str, str]:
    """Return the lines of a cell before its first statement that does something, and the rest."""
    try:
        statements = ast.parse(cell).body
    except SyntaxError as error:
        raise InvalidTaskError(f"Line {error.lineno} of the cell: {error.msg}.") from error
    first = next((s.lineno for s in statements if not _is_declaration(s)), None)
    lines = cell.splitlines(keepends=True)
    until = len(lines) if first is None else first - 1
    return "".join(lines[:until]), "".join(lines[until:])


def _is_declaration(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        # Calls may look anything up; a constant, or an expression of constants, does not.
        return not any(isinstance(n, ast.Call | ast.Name) for n in ast.walk(statement.value))
    text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return text or isinstance(statement, ast.Import | ast.ImportFrom)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UserError(f"%%plaintune: {message}.", hint="Options come after the goal.")


def _options(words: str) -> dict[str, Any]:
    parser = _Parser(prog="%%plaintune", add_help=False, allow_abbrev=False)
    for name in ("trials", "workers", "seed", "memory", "cpu-seconds"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--seconds", type=float)
    for name in ("metric", "llm", "model", "strategy", "storage", "name", "out"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--gpus", type=lambda text: text.split(","))
    parser.add_argument("--quiet", action="store_true")
    try:
        split = shlex.split(words)
    except ValueError as error:
        raise UserError(f"%%plaintune: {error} in {words!r}.") from error
    given = {k: v for k, v in vars(parser.parse_args(split)).items() if v is not None}
    if "memory" in given:
        given["memory"] *= MEBIBYTE
    return given

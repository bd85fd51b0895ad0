"""Conditions on several parameters: expressions, and Python functions that decide.

An expression is stored with its task as it is written. Of a function only what it is called and
what it looks at can be stored (`fits(batch, width)`): who goes on with the study brings it along.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from evals.parameters import Scalar
from prompts.errors import InvalidTaskError

Decides = Callable[..., object]
"""True where a configuration may be tried. Takes parameters by name, or the configuration."""


FUNCTIONS: dict[str, Callable[..., object]] = {
    **{f.__name__: f for f in (abs, float, int, max, min, round, str)},
    **{f.__name__: f for f in (math.ceil, math.exp, math.floor, math.log, math.log2, math.log10)},
    "sqrt": math.sqrt,
}
"""What an expression may call: nothing that two calls answer differently."""
ANONYMOUS = "constraint_"
"""What lambdas are called, with their place in the list behind it."""


@dataclass(frozen=True)
class Constraint:
    """A condition on several parameters, such as `num_leaves <= 2 ** max_depth`.

    `function` decides in place of `expression` where there is one; it is never stored.
    """

    expression: str
    reason: str = ""
    function: Decides | None = Field(default=None, exclude=True, repr=False)

    @property
    def meaning(self) -> str:
        """The constraint for people to read: what a lambda computes, what a function says."""
        if self.function is None or not self.reason:
            return self.expression
        if self.expression.startswith(ANONYMOUS):
            return self.reason
        return f"{self.expression} ({self.reason})"

    def holds(self, config: Mapping[str, Scalar]) -> bool:
        """Return whether `config` satisfies it.

        True where a parameter it names is inactive, and where it is a function that is not here
        (see `check_here`).

        Raises:
            InvalidTaskError: it cannot be evaluated for `config`.
        """
        from simpleeval import FunctionNotDefined, NameNotDefined, SimpleEval

        try:
            if self.function is not None:
                return bool(self.function(dict(config)))
            tree = _statement(self.expression)
            names = dict(config)
            known = SimpleEval(functions=FUNCTIONS, names=names)
            return bool(known.eval(self.expression, previously_parsed=tree))
        except (NameNotDefined, FunctionNotDefined):
            return True
        except Exception as error:
            raise InvalidTaskError(
                f"The constraint {self.expression!r} cannot be evaluated for {dict(config)}: "
                f"{type(error).__name__}: {error}.",
                hint="Let it return True or False for every configuration.",
            ) from error


@dataclass(frozen=True)
class ByName:
    """Calls a function with the parameters it takes by their names.

    `required` are those without which there is nothing to decide, as they are inactive.
    """

    function: Decides
    names: tuple[str, ...]
    required: tuple[str, ...]

    def __call__(self, config: Mapping[str, Scalar]) -> object:
        """Return what the function says of `config`."""
        if any(n not in config for n in self.required):
            return True
        return self.function(**{n: config[n] for n in self.names if n in config})


def listed(given: Any) -> Sequence[Any]:
    """Return one constraint by itself as a list of one."""
    alone = isinstance(given, str | Constraint) or not isinstance(given, Sequence)
    return (given,) if alone else given


def constraint_of(given: Any, names: Sequence[str], number: int = 1) -> Any:
    """Return the constraint that an expression or a function stands for; all else as it is.

    A function takes parameters by their names (others need a default value), or, where its one
    argument is called like none of them, the configuration.

    Args:
        given: an expression or a function.
        names: of the space's parameters.
        number: its place among the constraints, which names a lambda.

    Raises:
        InvalidTaskError: it is neither, or nobody can tell what the function takes.
    """
    if isinstance(given, str):
        return Constraint(given.strip())
    if isinstance(given, Constraint | Mapping):
        return given
    if not callable(given):
        raise InvalidTaskError(
            f"A constraint is an expression or a function, not {given!r:.100}.",
            hint='Write it like "lr * layers < 2", or lambda lr, layers: lr * layers < 2.',
        )
    name = getattr(given, "__name__", type(given).__name__)
    anonymous = not name.isidentifier()
    decides, reads = _read(given, names)
    text = f"{f'{ANONYMOUS}{number}' if anonymous else name}({', '.join(reads)})"
    said = _body(given) if anonymous else (inspect.getdoc(given) or "").split("\n\n")[0]
    return Constraint(text, " ".join(said.split())[:200], decides)


def _read(function: Decides, names: Sequence[str]) -> tuple[Decides, tuple[str, ...]]:
    """Return `function` as one of a configuration, and the parameters it looks at."""
    try:
        taken = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise InvalidTaskError(
            f"Nobody can tell what the constraint {function!r:.100} takes.",
            hint="Put it into a function of the parameters' names.",
        ) from error
    if any(p.kind is p.VAR_KEYWORD for p in taken):
        return ByName(function, tuple(names), ()), tuple(names)
    required = tuple(p.name for p in taken if p.default is p.empty)
    if len(required) == 1 and required[0] not in names:
        return function, tuple(names)
    found = tuple(p.name for p in taken if p.name in names or p.default is p.empty)
    return ByName(function, found, required), found


def bound(constraints: Sequence[Constraint], here: Sequence[Constraint]) -> tuple[Constraint, ...]:
    """Return `constraints` with the functions that those `here` of the same name have."""
    functions = {c.expression: c for c in here if c.function is not None}
    return tuple(functions.get(c.expression, c) for c in constraints)


def unknown(given: Sequence[Constraint], stored: Sequence[Constraint]) -> list[Constraint]:
    """Return those `given` that are none of the `stored`; of lambdas the words count, too."""
    reasons = {c.expression: c.reason for c in stored}
    return [
        c
        for c in given
        if c.expression not in reasons
        or (c.expression.startswith(ANONYMOUS) and reasons[c.expression] != c.reason)
    ]


def check_here(constraints: Sequence[Constraint]) -> None:
    """Refuse to search where a function that decides is missing.

    Raises:
        InvalidTaskError: names the first.
    """
    for constraint in constraints:
        if constraint.function is None and (name := _foreign(constraint.expression)):
            raise InvalidTaskError(
                f"The constraint {constraint.expression!r} calls {name}, which is not here.",
                hint="A Python function that decides is given as constraints=[...] of tune, run "
                "or, where a study goes on, resume; else write the condition with operators.",
            )


def check_names(constraints: Sequence[Constraint], names: Sequence[str]) -> None:
    """Refuse a constraint on what is not tuned, which nothing could ever break.

    Raises:
        InvalidTaskError: names the constraint and the parameter, or says that it is no expression.
    """
    for constraint in constraints:
        for name in reads(constraint):
            if name not in names:
                raise InvalidTaskError(
                    f"The constraint {constraint.expression!r} is about {name}, "
                    "which is not tuned.",
                    hint=f"Tuned are: {', '.join(names)}. Write any other value as a number.",
                )


def reads(constraint: Constraint) -> list[str]:
    """Return the parameters a constraint looks at, in order.

    Raises:
        InvalidTaskError: it is no expression.
    """
    return names_of(constraint.expression)


def names_of(expression: str) -> list[str]:
    """Return the names an expression refers to, in order; functions that it calls are none.

    Raises:
        InvalidTaskError: it is no expression.
    """
    nodes = list(ast.walk(parsed(expression)))
    called = [n.func for n in nodes if isinstance(n, ast.Call)]
    found = [n.id for n in nodes if isinstance(n, ast.Name) and n not in called]
    return list(dict.fromkeys(found))


def parsed(expression: str) -> ast.Expression:
    """Return the syntax tree of an expression.

    Raises:
        InvalidTaskError: it is none.
    """
    try:
        tree: ast.Expression = _Dotted().visit(ast.parse(expression.strip(), mode="eval"))
    except SyntaxError as error:
        raise InvalidTaskError(
            f"The constraint {expression!r} cannot be read.",
            hint='Write it like "n_estimators <= 500" or "max(a, b) < 2 * c".',
        ) from error
    return tree


class _Dotted(ast.NodeTransformer):
    """Takes `optimizer.lr` as one name: programs name parameters so, and nothing has attributes."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Return the name that a path stands for; what comes after a call stays as it is."""
        path = ast.unparse(node)
        dotted = path.replace(".", "").replace("_", "a").isalnum()
        return ast.copy_location(ast.Name(path, ast.Load()), node) if dotted else node


@lru_cache(maxsize=256)
def _statement(expression: str) -> Any:
    """Return the syntax tree in the form that `simpleeval` evaluates, which it only reads."""
    from simpleeval import SimpleEval

    return _Dotted().visit(SimpleEval.parse(expression))


def _foreign(expression: str) -> str:
    """Return the first function in `expression` that an expression cannot call, "" for none."""
    calls = (n.func for n in ast.walk(parsed(expression)) if isinstance(n, ast.Call))
    names = (f.id for f in calls if isinstance(f, ast.Name))
    return next((n for n in names if n not in FUNCTIONS), "")


def _body(function: Decides) -> str:
    """Return what a lambda computes as it is written, "" where that cannot be told."""
    try:
        source = " ".join(inspect.getsource(function).split())
    except (OSError, TypeError):
        return ""
    arguments = tuple(inspect.signature(function).parameters)
    starts = [found.start() for found in re.finditer(r"\blambda\b", source)]
    written = [node for at in starts if (node := _lambda(source[at:])) is not None]
    bodies = [ast.unparse(n.body) for n in written if _takes(n) == arguments]
    return bodies[0] if len(bodies) == 1 else ""


def _lambda(text: str) -> ast.Lambda | None:
    """Return the longest lambda that `text` begins with: what follows it is somebody else's."""
    for end in range(len(text), 0, -1):
        try:
            node = ast.parse(text[:end], mode="eval").body
        except (SyntaxError, ValueError):
            continue
        first = node.elts[0] if isinstance(node, ast.Tuple) and node.elts else node
        return first if isinstance(first, ast.Lambda) else None
    return None


def _takes(node: ast.Lambda) -> tuple[str, ...]:
    """Return the names of a lambda's arguments."""
    arguments = node.args
    return tuple(a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))

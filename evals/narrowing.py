"""Fold what a user allows ("n_estimators <= 500") into the bounds of one parameter."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from evals.constraints import Constraint, names_of, parsed
from evals.parameters import Categorical, Float, Int, Ordinal, Parameter, Scalar
from prompts.errors import InvalidTaskError


@dataclass(frozen=True)
class Interval:
    """What a comparison leaves of the real line; an open end excludes its own value."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def meet(self, other: Interval) -> Interval:
        """Return what both leave."""
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, high_closed = min((self.high, not self.high_open), (other.high, not other.high_open))
        return Interval(low, high, low_open, not high_closed)


def names_in(expression: str) -> set[str]:
    """Return the names an expression refers to.

    Raises:
        InvalidTaskError: it is no expression.
    """
    return set(names_of(expression))


def rename(expression: str, names: dict[str, str]) -> str:
    """Return `expression` with its names replaced."""
    tree = parsed(expression)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    return ast.unparse(tree)


def interval(expression: str) -> Interval | None:
    """Return what comparisons of one name with numbers leave; None for any other expression."""
    return _interval(parsed(expression).body)


def _interval(node: ast.expr) -> Interval | None:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return _all([_interval(value) for value in node.values])
    if not isinstance(node, ast.Compare):
        return None
    sides = [node.left, *node.comparators]
    return _all([_pair(a, op, b) for a, op, b in zip(sides, node.ops, sides[1:], strict=False)])


def _all(parts: list[Interval | None]) -> Interval | None:
    whole = Interval()
    for part in parts:
        if part is None:
            return None
        whole = whole.meet(part)
    return whole


def _pair(left: ast.expr, op: ast.cmpop, right: ast.expr) -> Interval | None:
    number, name_left = _constant(right), isinstance(left, ast.Name)
    if not name_left:
        number = _constant(left) if isinstance(right, ast.Name) else None
    if number is None:
        return None
    if isinstance(op, ast.Eq):
        return Interval(number, number)
    if not isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
        return None
    strict = isinstance(op, ast.Lt | ast.Gt)
    below = isinstance(op, ast.Lt | ast.LtE) == name_left
    return Interval(high=number, high_open=strict) if below else Interval(number, low_open=strict)


def _constant(node: ast.expr) -> float | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def together(wishes: Iterable[str]) -> list[str]:
    """Return `wishes` with the bounds of each single name joined: together they are its range.

    Folded one by one, "n <= 5000" would be forgotten where "n >= 2000" is beyond the proposed.
    """
    joined: dict[str, str] = {}
    for wish in wishes:
        names = names_in(wish)
        key = names.pop() if len(names) == 1 and interval(wish) is not None else wish
        joined[key] = f"{joined[key]} and {wish}" if key in joined and key != wish else wish
    return list(joined.values())


def narrow(parameter: Parameter, expression: str) -> Parameter | None:
    """Return `parameter` as `expression` (over it alone) leaves it; None where it does not fold.

    A default that is no longer allowed moves to the nearest value that is.

    Raises:
        InvalidTaskError: nothing is left.
    """
    if isinstance(parameter, Categorical | Ordinal):
        return _choices(parameter, expression)
    bounds = interval(expression)
    if bounds is None:
        return None
    low, high = _ends(parameter, bounds)
    if low > high or (parameter.log and high <= 0):
        raise InvalidTaskError(f"{expression!r} leaves no value for {parameter.name}.")
    if low == high:
        value = int(low) if isinstance(parameter, Int) else float(low)
        return _single(parameter, value)
    return with_bounds(parameter, low, high)


def _ends(parameter: Float | Int, bounds: Interval) -> tuple[float, float]:
    """Both ends from the user replace the curated ones; a single one only cuts."""
    both = math.isfinite(bounds.low) and math.isfinite(bounds.high)
    low = bounds.low if both else max(parameter.low, bounds.low)
    high = bounds.high if both else min(parameter.high, bounds.high)
    if low >= parameter.high and math.isinf(bounds.high):
        high = low * 10 if parameter.log else low + (parameter.high - parameter.low)
    if high <= parameter.low and math.isinf(bounds.low):
        low = high / 10 if parameter.log else high
    if isinstance(parameter, Int):
        low = math.floor(low) + 1 if bounds.low_open and low == bounds.low else math.ceil(low)
        high = math.ceil(high) - 1 if bounds.high_open and high == bounds.high else math.floor(high)
    return low, high


def with_bounds(parameter: Float | Int, low: float, high: float) -> Float | Int:
    """Return `parameter` between `low` and `high`, its default moved inside.

    No default is no limit in the libraries; the high end is what comes nearest.
    """
    default = high if parameter.default is None else min(max(parameter.default, low), high)
    if isinstance(parameter, Int):
        return replace(parameter, low=int(low), high=int(high), default=int(default))
    log = parameter.log and low > 0
    return replace(parameter, low=float(low), high=float(high), default=default, log=log)


def _single(parameter: Parameter, value: Scalar) -> Ordinal:
    return Ordinal(
        parameter.name,
        (value,),
        default=value,
        unit=parameter.unit,
        reason="the only value you allow",
        condition=parameter.condition,
    )


def _choices(parameter: Categorical | Ordinal, expression: str) -> Categorical | Ordinal:
    kept = tuple(v for v in parameter.options if _allowed(parameter.name, v, expression))
    if not kept and isinstance(parameter, Ordinal) and (end := _nearest_end(parameter, expression)):
        return _single(parameter, end)
    if not kept:
        raise InvalidTaskError(
            f"{expression!r} leaves no value for {parameter.name}, which has "
            f"{', '.join(map(str, parameter.options))}."
        )
    default = parameter.default
    if default not in kept:
        last = isinstance(parameter, Ordinal) and default is None
        default = kept[-1 if last else 0]
    if isinstance(parameter, Ordinal):
        return replace(parameter, values=kept, default=default)
    return replace(parameter, choices=kept, default=default)


def _nearest_end(parameter: Ordinal, expression: str) -> Scalar:
    """Return the end of the user's range that is nearest to listed numbers; None without one."""
    bounds = interval(expression)
    numbers = [v for v in parameter.values if isinstance(v, int | float)]
    if bounds is None or not numbers:
        return None
    above = bounds.low > max(numbers)
    end, is_open = (bounds.low, bounds.low_open) if above else (bounds.high, bounds.high_open)
    whole = all(isinstance(v, int) for v in numbers)
    if is_open or not math.isfinite(end) or (whole and end != int(end)):
        return None
    return int(end) if whole else end


def _allowed(name: str, value: Scalar, expression: str) -> bool:
    # None among numbers means "no limit": larger than any limit a user can name.
    comparable = math.inf if value is None and interval(expression) is not None else value
    try:
        return Constraint(expression).holds({name: comparable})
    except InvalidTaskError:
        return False


def consistent(parameters: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """Return `parameters` without conditions on choices that are gone, or what hung on them."""
    left: dict[str, Parameter] = {}
    for parameter in parameters:
        condition = parameter.condition
        if condition is None:
            left[parameter.name] = parameter
            continue
        parent = left.get(condition.parent)
        options = () if parent is None else _options(parent)
        values = tuple(v for v in condition.values if v in options)
        if values:
            kept = replace(condition, values=values)
            left[parameter.name] = replace(parameter, condition=kept)
    return tuple(left.values())


def _options(parameter: Parameter) -> tuple[Scalar, ...]:
    return parameter.options if isinstance(parameter, Categorical | Ordinal) else ()

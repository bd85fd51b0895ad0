"""Does what a goal says of arguments still hold in the study that goes on?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from agent.argument_wishes import read_argument_wishes
from agent.further_scores import means
from agent.goals import Goal
from evals.arguments import Argument
from evals.parameters import Categorical, Ordinal, Parameter
from evals.task import Task


def other_ranges(words: str, arguments: Sequence[Argument], goal: Goal, task: Task) -> list[str]:
    """Return the arguments that `words` give another range, other choices or another value."""
    wishes = read_argument_wishes(words, arguments, goal)
    searched = {p.name: p for p in task.space.parameters}
    found = [n for n, v in wishes.values.items() if n in searched or task.fixed.get(n, v) != v]
    found += [n for n in wishes.left if n in searched]
    for name, (low, high) in (*wishes.bounds.items(), *_limits(goal, arguments)):
        if name in searched and not _has_ends(searched[name], low, high):
            found.append(name)
    found += [
        n for n, v in wishes.choices.items() if n in searched and not _has_values(searched[n], v)
    ]
    return list(dict.fromkeys(found))


def _limits(goal: Goal, arguments: Sequence[Argument]) -> Iterator[tuple[str, tuple[float, float]]]:
    for limit in goal.bounds:
        least, value = limit.bound.sign == ">=", limit.bound.value
        ends = (value, math.inf) if least else (-math.inf, value)
        yield from ((a.name, ends) for a in arguments if means(a, limit.name, *limit.longer))


def _has_ends(parameter: Parameter, low: float, high: float) -> bool:
    """Return whether a parameter keeps to an end that is said, and has both where both are."""
    if isinstance(parameter, Categorical | Ordinal):
        numbers = [v for v in parameter.options if isinstance(v, int | float)]
        return all(low <= v <= high for v in numbers)
    inside = low <= parameter.low * (1 + 1e-9) and parameter.high * (1 - 1e-9) <= high
    both = math.isfinite(low) and math.isfinite(high)
    whole = math.isclose(parameter.low, low) and math.isclose(parameter.high, high)
    return whole if both else inside


def _has_values(parameter: Parameter, values: Sequence[object]) -> bool:
    if not isinstance(parameter, Categorical | Ordinal):
        return False
    return set(map(str, parameter.options)) == set(map(str, values))

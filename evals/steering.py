"""A task that is steered while its study runs: the space keeps its shape, so that what was tried
stays comparable; wishes are added to it as constraints and preferences."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from evals.narrowing import interval, names_in, narrow
from evals.parameters import Categorical, Float, Int, Ordinal, Parameter, Scalar
from evals.preferences import Preference, Steering
from evals.space import Constraint, SearchSpace
from evals.task import Task
from evals.trials import Trial
from prompts.errors import InvalidTaskError

ABOUT = 0.05
"""A real number that is asked for exactly may differ by this share of itself."""


def steered(task: Task, steering: Steering) -> Task:
    """Return `task` with `steering` added to its space and its record.

    Raises:
        InvalidTaskError: it names a parameter that is not tuned, or leaves no configuration.
    """
    names = [p.parameter for p in steering.preferences]
    names += [*steering.important, *(n for pair in steering.interactions for n in pair)]
    for name in [n for c in steering.constraints for n in names_in(c)] + names:
        if name not in task.space.names:
            raise InvalidTaskError(
                f"{name} is not tuned in this study.",
                hint=f"Tuned are: {', '.join(task.space.names)}.",
            )
    known = {c.expression for c in task.space.constraints}
    said = f"you said: {steering.words}"
    added = tuple(Constraint(c, said) for c in steering.constraints if c not in known)
    space = replace(task.space, constraints=task.space.constraints + added)
    _check(space, steering)
    return task.model_copy(update={"space": space, "steering": (*task.steering, steering)})


def _check(space: SearchSpace, steering: Steering) -> None:
    """Raise where nothing is left to try."""
    import numpy as np

    try:
        space.sample(np.random.default_rng(0))
    except InvalidTaskError as error:
        wishes = " and ".join(steering.constraints)
        raise InvalidTaskError(
            f"{wishes} leaves nothing of the search space.",
            hint="What was said before still holds; see it with `plaintune show`.",
        ) from error


def constraint_on(parameter: Parameter, sign: str, value: Scalar) -> str:
    """Return "parameter `sign` value" as a constraint of the space; `sign`: <=, >=, =, !=.

    Choices are listed one by one, "no limit" counted as the largest; a real number that is to equal
    something may lie `ABOUT` around it.

    Raises:
        InvalidTaskError: no value of the parameter satisfies it, or its name fits no expression.
    """
    name = parameter.name
    if not name.isidentifier():
        raise InvalidTaskError(
            f"{name!r} cannot stand in a constraint.", hint="Say where values should rather lie."
        )
    if sign == "!=":
        return _one_of(parameter, [v for v in _options(parameter) if v != value])
    if isinstance(parameter, Categorical | Ordinal):
        expression = f"{name} {'==' if sign == '=' else sign} {value!r}"
        return _one_of(parameter, _options(narrow(parameter, expression) or parameter))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidTaskError(f"{value!r} is no number, and {name} is one.")
    return _bound(parameter, sign, value)


def _bound(parameter: Float | Int, sign: str, value: float) -> str:
    name, low, high = parameter.name, parameter.low, parameter.high
    inside = {"<=": value >= low, ">=": value <= high, "=": low <= value <= high}[sign]
    if not inside:
        raise InvalidTaskError(
            f"{name} {sign} {value:g} leaves no value: it is tuned from {low:g} to {high:g}.",
            hint="The bounds of a study stay; begin a new one for others.",
        )
    if sign == "=" and isinstance(parameter, Float):
        near = sorted((value * (1 - ABOUT), value * (1 + ABOUT)))
        return f"{near[0]:.6g} <= {name} <= {near[1]:.6g}"
    return f"{name} {'==' if sign == '=' else sign} {value!r}"


def _options(parameter: Parameter) -> Sequence[Scalar]:
    return parameter.options if isinstance(parameter, Categorical | Ordinal) else ()


def _one_of(parameter: Parameter, values: Sequence[Scalar]) -> str:
    if not values:
        raise InvalidTaskError(f"That leaves no value for {parameter.name}.")
    return " or ".join(f"{parameter.name} == {v!r}" for v in values)


def followed(task: Task, stored: Task | None) -> Task:
    """Return `task` with what `stored` has been steered to since; itself where nothing was said."""
    if stored is None or stored.steering == task.steering:
        return task
    steered = task.model_copy(update={"steering": stored.steering, "space": stored.space})
    return steered.bound(task.space.constraints)


def keeps(task: Task, trial: Trial) -> bool:
    """Return whether a trial, perhaps older than the wish, is what the user wished for since."""
    wished = [Constraint(c) for s in task.steering for c in s.constraints]
    return all(c.holds(trial.config) for c in wished)


def preferences(task: Task) -> list[tuple[Preference, int]]:
    """Return all preferences with the trial since which they hold; a later one replaces an earlier.

    Only those of the same origin replace each other.
    """
    found: dict[tuple[str, str], tuple[Preference, int]] = {}
    for steering in task.steering:
        for p in steering.preferences:
            found[p.parameter, p.origin] = (p, steering.since)
    return list(found.values())


def important(task: Task) -> tuple[str, ...]:
    """Return the parameters that were last said to matter most; () where nobody said so."""
    return next((s.important for s in reversed(task.steering) if s.important), ())


def interactions(task: Task) -> tuple[tuple[str, str], ...]:
    """Return all pairs that were said to depend on each other, each once."""
    return tuple(dict.fromkeys(pair for s in task.steering for pair in s.interactions))


def narrowed(space: SearchSpace) -> SearchSpace:
    """Return `space` with the constraints on one number folded into its bounds, where they fit.

    For showing and for asking; configurations are still checked against `space`.
    """
    parameters = {p.name: p for p in space.parameters}
    for constraint in space.constraints:
        names = names_in(constraint.expression)
        known = parameters.get(next(iter(names))) if len(names) == 1 else None
        if not isinstance(known, Float | Int) or interval(constraint.expression) is None:
            continue
        smaller = narrow(known, constraint.expression)
        if (
            isinstance(smaller, Float | Int)
            and known.low <= smaller.low < smaller.high <= known.high
        ):
            parameters[known.name] = smaller
    return replace(space, parameters=tuple(parameters.values()))


def literal(said: str) -> Scalar:
    """Return what a word stands for: a number, True, None, or itself."""
    try:
        value = ast.literal_eval(said)
    except (ValueError, SyntaxError):
        return said
    return value if isinstance(value, bool | int | float | str) or value is None else said

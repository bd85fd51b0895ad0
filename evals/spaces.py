"""The search space of a task: families' curated spaces, cut to what the user fixed and allows.

One model: its parameters as they are. Several models: one conditional space under `model`, with
parameters called `family__parameter`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evals.families import FAMILIES, Family, family
from evals.families.limits import check_parameter, check_values
from evals.narrowing import (
    Interval,
    consistent,
    interval,
    names_in,
    narrow,
    rename,
    together,
    with_bounds,
)
from evals.parameters import Categorical, Condition, Float, Int, Parameter, Scalar
from evals.space import Config, Constraint, SearchSpace
from evals.task import Kind
from prompts.errors import InvalidConfigError, InvalidTaskError

SEPARATOR = "__"

AUTO: dict[Kind, tuple[str, ...]] = {
    "binary": ("lightgbm", "random_forest", "extra_trees", "logistic_regression", "mlp"),
    "multiclass": ("lightgbm", "random_forest", "extra_trees", "logistic_regression", "mlp"),
    "regression": ("lightgbm", "random_forest", "extra_trees", "elastic_net", "mlp"),
}
"""What is searched where the user leaves the model open: one of each way of learning from tables.
More would only split a small budget further."""


@dataclass(frozen=True)
class _Cut:
    """One family's parameters, with what could not be folded into their bounds."""

    family: Family
    parameters: tuple[Parameter, ...]
    constraints: tuple[Constraint, ...]


def space_for(
    models: Sequence[str],
    kind: Kind,
    fixed: Mapping[str, Scalar] | None = None,
    constraints: Sequence[str] = (),
    n_rows: int | None = None,
) -> SearchSpace:
    """Return the space that is searched.

    Args:
        models: families; several make one conditional space.
        kind: of the target.
        fixed: settings that are not tuned, by a family's own name, an alias, or
            `family__parameter`; they leave the space (see `configure`, which puts them back).
        constraints: expressions over the same names; those over one parameter become bounds.
        n_rows: training rows, which bound parameters such as `n_neighbors`.

    Raises:
        InvalidTaskError: a name no chosen model has, a value the model refuses, or wishes that
            leave nothing to search.
        FamilyNotInstalledError: the package of a model is missing.
    """
    if not models:
        raise InvalidTaskError("No model is named.", hint=f"Known: {', '.join(FAMILIES)}.")
    families = [family(name, kind) for name in dict.fromkeys(models)]
    for each in families:
        each.require()
    _check_names(families, kind, fixed or {}, constraints)
    _check_bounds(constraints)
    cuts = [_cut(each, kind, fixed or {}, constraints, n_rows) for each in families]
    if len(cuts) == 1:
        return _nonempty(cuts[0].parameters, cuts[0].constraints)
    return _join(cuts)


def configure(config: Config, models: Sequence[str], fixed: Mapping[str, Scalar]) -> Choice:
    """Return which family `config` asks for, with its own parameter names and the fixed ones."""
    names = list(dict.fromkeys(models))
    chosen = family(str(config["model"]) if len(names) > 1 else names[0])
    prefix = chosen.name + SEPARATOR if len(names) > 1 else ""
    own = {k.removeprefix(prefix): v for k, v in config.items() if k != "model"}
    return Choice(chosen, {**own, **fixed_for(chosen, fixed)})


@dataclass(frozen=True)
class Choice:
    """A family and a complete configuration of it, in the family's own parameter names."""

    family: Family
    config: Config


def in_families(expression: str, names: Sequence[str]) -> list[str]:
    """Return an expression as the space called `names` writes it, once per family it is about.

    Of several models "num_leaves <= 40" is about all that have such a parameter. What is about
    nothing stays as it is, for `check_names` to refuse.

    Raises:
        InvalidTaskError: it is no expression.
    """
    said = names_in(expression) - set(names)
    families = dict.fromkeys(n.split(SEPARATOR)[0] for n in names if SEPARATOR in n)
    able = [f for f in families if said and all(f + SEPARATOR + n in names for n in said)]
    return [rename(expression, {n: f + SEPARATOR + n for n in said}) for f in able] or [expression]


def fixed_for(chosen: Family, fixed: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return the fixed settings that concern `chosen`, by its own names."""
    if not fixed:  # asking for all names loads the library, a second or two of it
        return {}
    known = _known(chosen, chosen.kinds[0]) | {
        p.name for kind in chosen.kinds for p in _all_parameters(chosen, kind)
    }
    found: dict[str, Scalar] = {}
    for name, value in fixed.items():
        owner, own = _own_name(chosen, name)
        if owner and own in known:
            found[own] = value
    return found


def _own_name(chosen: Family, name: str) -> tuple[bool, str]:
    """Return whether `name` may mean `chosen`'s parameter, and that parameter's own name."""
    owner, separator, rest = name.partition(SEPARATOR)
    if separator and owner in FAMILIES:
        return owner == chosen.name, chosen.canonical(rest)
    return True, name if _has(chosen, name) else chosen.canonical(name)


def _has(chosen: Family, name: str) -> bool:
    return any(p.name == name for kind in chosen.kinds for p in _all_parameters(chosen, kind))


def _all_parameters(chosen: Family, kind: Kind) -> tuple[Parameter, ...]:
    return (*chosen.parameters(kind), *chosen.extras(kind))


def _known(chosen: Family, kind: Kind) -> set[str]:
    return chosen.estimator_parameters(kind) | set(chosen.derived)


def _check_names(
    families: Sequence[Family],
    kind: Kind,
    fixed: Mapping[str, Scalar],
    constraints: Sequence[str],
) -> None:
    for name in fixed:
        if not any(
            _own_name(f, name)[0] and _own_name(f, name)[1] in _known(f, kind) for f in families
        ):
            raise _unknown(name, families, kind)
    for expression in constraints:
        names = names_in(expression)
        if not names:
            raise InvalidTaskError(f"The constraint {expression!r} names no parameter.")
        if not any(_tunable(f, kind, names, fixed) for f in families):
            known = {p.name for f in families for p in _all_parameters(f, kind)}
            raise _unknown(", ".join(sorted(names - known) or sorted(names)), families, kind)


def _check_bounds(constraints: Sequence[str]) -> None:
    """Refuse bounds that leave nothing together; folded one by one, the later would win."""
    left: dict[str, Interval] = {}
    for wish in constraints:
        bounds, names = interval(wish), names_in(wish)
        if bounds is None or len(names) != 1:
            continue
        name = names.pop()
        left[name] = left.get(name, Interval()).meet(bounds)
        if left[name].low > left[name].high:
            said = " and ".join(repr(w) for w in constraints if names_in(w) == {name})
            raise InvalidTaskError(
                f"{said} contradict each other: no value of {name} is left.",
                hint="Leave one of them out.",
            )


def _takes(chosen: Family, kind: Kind, name: str) -> bool:
    owner, own = _own_name(chosen, name)
    return owner and own in _known(chosen, kind)


def _unknown(name: str, families: Sequence[Family], kind: Kind) -> InvalidTaskError:
    labels = " or ".join(f.label for f in families)
    known = list(dict.fromkeys(p.name for f in families for p in _all_parameters(f, kind)))
    return InvalidTaskError(
        f"{labels} has no parameter {name}.", hint=f"Known: {', '.join(known)}."
    )


def _tunable(
    chosen: Family, kind: Kind, names: set[str], fixed: Mapping[str, Scalar]
) -> dict[str, str] | None:
    """Return the family's own names for `names`, or None where it lacks one of them."""
    known = {p.name for p in _all_parameters(chosen, kind)} | set(fixed_for(chosen, fixed))
    own: dict[str, str] = {}
    for name in names:
        owner, own_name = _own_name(chosen, name)
        if not owner or own_name not in known:
            return None
        own[name] = own_name
    return own


def _cut(
    chosen: Family,
    kind: Kind,
    fixed: Mapping[str, Scalar],
    constraints: Sequence[str],
    n_rows: int | None,
) -> _Cut:
    mine = fixed_for(chosen, fixed)
    _check_fixed(chosen, kind, mine)
    wishes = [
        rename(expression, own)
        for expression in constraints
        if (own := _tunable(chosen, kind, names_in(expression), fixed)) is not None
    ]
    named = set().union(*(names_in(w) for w in wishes)) if wishes else set()
    wanted = (*chosen.parameters(kind), *(p for p in chosen.extras(kind) if p.name in named))
    parameters = {p.name: _bounded(p, chosen, n_rows) for p in _without(wanted, mine)}
    kept: list[Constraint] = []
    for wish in together(wishes):
        kept += _fold(parameters, wish, mine)
    for name, parameter in parameters.items():
        if parameter not in wanted:  # curated ranges hold; asking the estimator loads its library
            proposed = next(p for p in wanted if p.name == name)
            parameters[name] = _usable(chosen, kind, parameter, proposed)
    return _Cut(chosen, consistent(parameters.values()), tuple(kept))


def _check_fixed(chosen: Family, kind: Kind, values: Mapping[str, Scalar]) -> None:
    if not values:
        return
    try:
        check_values(chosen, kind, values)
    except InvalidConfigError as error:
        raise InvalidTaskError(f"A fixed setting cannot be used: {error}") from error


def _usable(chosen: Family, kind: Kind, parameter: Parameter, proposed: Parameter) -> Parameter:
    """Return `parameter`; where the model takes no more than its end, which you named, that alone.

    Raises:
        InvalidTaskError: the model refuses it.
    """
    try:
        check_parameter(chosen, kind, parameter, parameter.name)
    except InvalidConfigError as error:
        if isinstance(parameter, Float | Int) and isinstance(proposed, Float | Int):
            alone = narrow(parameter, f"{parameter.name} == {parameter.low!r}")
            if alone is not None and parameter.low == proposed.high:
                return alone
        raise InvalidTaskError(f"{chosen.label} cannot use this range: {error}") from error
    return parameter


def _without(parameters: Sequence[Parameter], fixed: Mapping[str, Scalar]) -> list[Parameter]:
    """Return what is still tuned; children of a fixed parent stay only where it calls for them."""
    left: list[Parameter] = []
    for parameter in parameters:
        condition = parameter.condition
        if parameter.name in fixed:
            continue
        if condition and condition.parent in fixed:
            if fixed[condition.parent] in condition.values:
                left.append(replace(parameter, condition=None))
        else:
            left.append(parameter)
    return left


def _bounded(parameter: Parameter, chosen: Family, n_rows: int | None) -> Parameter:
    """Return `parameter` kept below a quarter of the rows where it counts rows."""
    if n_rows is None or parameter.name not in chosen.row_bound or not isinstance(parameter, Int):
        return parameter
    high = max(n_rows // 4, parameter.low + 1)
    return parameter if high >= parameter.high else with_bounds(parameter, parameter.low, high)


def _fold(
    parameters: dict[str, Parameter], wish: str, fixed: Mapping[str, Scalar]
) -> list[Constraint]:
    """Fold `wish` into `parameters` in place; return what has to stay a constraint."""
    names = names_in(wish)
    if names <= set(fixed):
        if not Constraint(wish).holds(dict(fixed)):
            raise InvalidTaskError(f"{wish!r} contradicts what is fixed: {_said(fixed, names)}.")
        return []
    if fixed_names := names & set(fixed):
        wish = rename(wish, {n: repr(fixed[n]) for n in fixed_names})
        names = names_in(wish)
    if len(names) == 1 and (parameter := parameters.get(next(iter(names)))) is not None:
        narrowed = narrow(parameter, wish)
        if narrowed is not None:
            parameters[parameter.name] = _with_reason(narrowed, wish)
            bounds = interval(wish)
            strict = bounds and (bounds.low_open or bounds.high_open)
            return [Constraint(wish)] if strict and narrowed.type == "float" else []
    return [Constraint(wish)]


def _said(values: Mapping[str, Scalar], names: set[str]) -> str:
    return ", ".join(f"{n} = {values[n]}" for n in sorted(names))


def _with_reason(parameter: Any, wish: str) -> Parameter:
    reason = f"{parameter.reason}; you said {wish}"
    changed: Parameter = replace(parameter, reason=reason)
    return changed


def _nonempty(parameters: Sequence[Parameter], constraints: Sequence[Constraint]) -> SearchSpace:
    if not parameters:
        raise InvalidTaskError(
            "Everything is fixed, so nothing is left to tune.", hint="Free one parameter."
        )
    return SearchSpace(tuple(parameters), tuple(constraints))


def _join(cuts: Sequence[_Cut]) -> SearchSpace:
    names = tuple(c.family.name for c in cuts)
    model = Categorical(
        "model", names, default=names[0], reason="the model families to choose from"
    )
    parameters: list[Parameter] = [model]
    constraints: list[Constraint] = []
    for cut in cuts:
        prefix = cut.family.name + SEPARATOR
        parameters += [_prefixed(p, prefix, cut.family.name) for p in cut.parameters]
        for constraint in cut.constraints:
            own = {n: prefix + n for n in names_in(constraint.expression)}
            constraints.append(replace(constraint, expression=rename(constraint.expression, own)))
    return SearchSpace(tuple(parameters), tuple(constraints))


def _prefixed(parameter: Any, prefix: str, model: str) -> Parameter:
    condition = parameter.condition
    where = (
        Condition(prefix + condition.parent, condition.values)
        if condition
        else Condition("model", (model,))
    )
    renamed: Parameter = replace(parameter, name=prefix + parameter.name, condition=where)
    return renamed

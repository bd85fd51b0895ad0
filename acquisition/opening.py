"""How the first question of a study is put: what it says of the data, and on which scale.

Source of the three levels: LLAMBO (Liu et al. 2024, arXiv 2402.03921, section 4), whose zero-shot
warmstart asks with no context, with partial context (size, columns, classes) and with full context
(statistics and correlations of the columns too).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from evals.parameters import Float, Int, Parameter
from evals.space import SearchSpace
from prompts.errors import UserError

Context = Literal["none", "partial", "full"]
CONTEXTS: tuple[Context, ...] = get_args(Context)
LOG = "log10 "
"""Stands before the name of a parameter that is shown and answered as its logarithm."""
SAME = 1e-9
"""Logarithms nearer to a bound than this are that bound: rounding must not refuse them."""


@dataclass(frozen=True)
class Opening:
    """How a study's first question is put.

    `context`: "none" hides what is known of the data (card, examples and the user's description),
    "partial" shows them, "full" adds `statistics`. `logs` shows the parameters that have a log
    scale as their decimal logarithms, and has them answered so.
    """

    context: Context = "partial"
    logs: bool = False
    statistics: Mapping[str, str] = field(default_factory=dict)


def check_context(name: str) -> Context:
    """Return the level called `name`.

    Raises:
        UserError: there is none of that name.
    """
    for known in CONTEXTS:
        if name == known:
            return known
    raise UserError(
        f"There is no context called {name!r}.", hint=f"There are: {', '.join(CONTEXTS)}."
    )


def in_logs(space: SearchSpace) -> SearchSpace:
    """Return `space` as it is shown with logarithms; without constraints, which are not."""
    logged = _logged(space)
    shown = (_shown(p) if p.name in logged else p for p in space.parameters)
    return SearchSpace(tuple(shown))


def config_in_logs(space: SearchSpace, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return `config` as it is shown with logarithms."""
    names = _logged(space)
    return {
        LOG + n if n in names else n: math.log10(v) if n in names else v for n, v in config.items()
    }


def native(space: SearchSpace, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answered `config` without logarithms: 10 ** v, to six significant digits."""
    logged = {LOG + n: p for n, p in _logged(space).items()}
    found: dict[str, Any] = {}
    for name, value in config.items():
        parameter = logged.get(name)
        if parameter is None or isinstance(value, bool) or not isinstance(value, int | float):
            found[name] = value
        else:
            found[parameter.name] = _native(parameter, float(value))
    return found


def _native(parameter: Float | Int, exponent: float) -> float | int:
    low, high = math.log10(parameter.low), math.log10(parameter.high)
    if not low - SAME <= exponent <= high + SAME:
        # Refused by the space's own check, which says what the bounds are.
        return math.inf if exponent > high else 0.0
    value = min(parameter.high, max(parameter.low, float(f"{10.0**exponent:.6g}")))
    return round(value) if isinstance(parameter, Int) else value


def _logged(space: SearchSpace) -> dict[str, Float | Int]:
    """Return the parameters that are shown as logarithms, unless that name is taken."""
    return {
        p.name: p
        for p in space.parameters
        if isinstance(p, Float | Int) and _has_log(p) and LOG + p.name not in space.names
    }


def _has_log(parameter: Float | Int) -> bool:
    return parameter.log and (isinstance(parameter, Float) or parameter.step == 1)


def _shown(parameter: Parameter) -> Parameter:
    assert isinstance(parameter, Float | Int)
    low, high = math.log10(parameter.low), math.log10(parameter.high)
    default = parameter.default
    if default is not None:
        default = min(high, max(low, round(math.log10(default), 4)))
    name = LOG + parameter.name
    return Float(name, low, high, default=default, condition=parameter.condition)

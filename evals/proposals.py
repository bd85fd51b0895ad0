"""From an argument to a parameter worth tuning: what code alone can say, and checks of the rest.

In this order: the range that the author wrote down; choices; the dictionary of parameters that
everybody knows; bounds that the program enforces; and last a rule around the default, which is
shown as such. What the language model proposes passes `checked_range` first.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evals.arguments import INSIDE, Argument
from evals.known_parameters import Known, Role, known_parameter, plain_name, plausible, role_of
from evals.parameters import Categorical, Float, Int, Ordinal, Parameter
from evals.space import SearchSpace
from prompts.errors import InvalidConfigError, InvalidTaskError

SAID = "as you said"
"""The reason for what the user's own words ask for."""
FACTOR = 10.0
"""The rule's range of a real parameter: its default divided and multiplied by this."""
COUNT_FACTOR = 4
"""The same for a whole number."""
ROOM = 4.0
"""Factor by which a range must go beyond the default on either side."""
NEAR_ONE = 0.9
"""Decay and discount factors from here on matter by their distance from 1."""
SMALL_SHARE = 0.05
"""A share with a smaller default is searched by its order of magnitude."""
SHARE = re.compile(
    r"\b(share|ratio|fraction|probability|rate|proportion|coefficient|decay|damping)\b", re.I
)


@dataclass(frozen=True)
class Proposal:
    """One argument: what it is for, and, where it is worth tuning, over what range and why.

    `origin` is "your program" (declared there), "dictionary", "rule", "LLM" or "you". `role` None
    means that nobody could tell, so it stays as it is.
    """

    argument: Argument
    role: Role | None
    origin: str
    reason: str = ""
    parameter: Parameter | None = None


def propose(argument: Argument) -> Proposal:
    """Return what code alone makes of `argument`."""
    role = role_of(argument)
    if role not in (None, "tune"):
        return Proposal(argument, role, "dictionary", f"its name says: {role}")
    if role is None and not guessed_tunable(argument):
        return Proposal(argument, None, "rule", "nothing says that it is worth tuning")
    parameter, origin = parameter_for(argument)
    if parameter is None:
        return Proposal(argument, None, "rule", "nothing says what values it may have")
    return Proposal(argument, "tune", origin, parameter.reason, parameter)


def guessed_tunable(argument: Argument) -> bool:
    """Return whether an argument of unknown role is a number with a default, or a choice.

    A switch is one where its program says what it does: a bare name may stand for anything.
    """
    if argument.required or argument.default is None:
        return False
    if argument.type == "bool":
        return bool(argument.help)
    return argument.type in ("float", "int") or len(argument.choices) > 1


def parameter_for(argument: Argument) -> tuple[Parameter | None, str]:
    """Return the parameter to tune and where its range comes from; None where there is no range."""
    if argument.parameter is not None:
        return argument.parameter, "your program"
    if argument.type == "bool":
        return choice(argument, (False, True), "on or off"), "your program"
    if argument.choices:
        return choice(argument, argument.choices, "the choices it declares"), "your program"
    known = _meant(argument)
    if known and argument.type == "unknown" and argument.default is None:
        # Nothing is declared, not even a type: the name says what it is.
        argument = dataclasses.replace(argument, type=known.type)
    if known and plausible(known, argument) and (found := _from_dictionary(argument, known)):
        return found, "dictionary"
    if argument.low is not None and argument.high is not None:
        return _number(argument, argument.low, argument.high, "the bounds it declares"), (
            "your program"
        )
    return _around(argument), "rule"


def _meant(argument: Argument) -> Known | None:
    """Return the dictionary's entry, unless the program itself says that it means something else.

    A "beta" between 0 and 1 whose default the entry does not hold is none of its kind.
    """
    known = known_parameter(argument.name)
    default, declared = _default(argument), argument.low is not None and argument.high is not None
    if known is None or not declared or default is None or known.low is None or known.high is None:
        return known
    return known if known.low <= default <= known.high else None


def choice(argument: Argument, options: Sequence[object], reason: str) -> Parameter | None:
    """Return a choice among `options` (ordered, where they are numbers); None of fewer than two."""
    values = tuple(o for o in options if isinstance(o, bool | int | float | str | None))
    if len(values) < 2:
        return None
    default = argument.default if argument.default in values else None
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) == len(values) > 2:
        return Ordinal(argument.name, tuple(sorted(numbers)), default, reason=reason)
    return Categorical(argument.name, values, default, reason=reason)


def _from_dictionary(argument: Argument, known: Known) -> Parameter | None:
    default = _default(argument)
    if known.around is not None:
        if not default:
            return None
        low, high, log = default / known.around, default * known.around, True
    elif known.low is not None and known.high is not None:
        low, high, log = known.low, known.high, known.log
    else:
        return None
    low, high = _widened(low, high, log, default)
    high = min(high, max(_or(known.most, math.inf), _or(default, -math.inf)))
    whole = argument.type == "int" or (known.type == "int" and _is_whole(default))
    low, high = _clamped(argument, low, high)
    return _make(argument, low, high, log, whole, known.source)


def _widened(low: float, high: float, log: bool, default: float | None) -> tuple[float, float]:
    """Widen a range so that the default lies well inside."""
    if default is None:
        return low, high
    if log and default > 0:
        return min(low, default / 3), max(high, default * 3)
    return min(low, default), max(high, default)


def _clamped(argument: Argument, low: float, high: float) -> tuple[float, float]:
    return max(low, _or(argument.low, -math.inf)), min(high, _or(argument.high, math.inf))


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _default(argument: Argument) -> float | None:
    value = argument.default
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_whole(value: float | None) -> bool:
    return value is None or float(value).is_integer()


def _number(argument: Argument, low: float, high: float, reason: str) -> Parameter | None:
    log = spans_decades(low, high)
    return _make(argument, low, high, log, argument.type == "int", reason)


def between(argument: Argument, low: float, high: float, *, log: bool = False) -> Parameter | None:
    """Return the parameter of a range that the user gives, None where it is no range.

    Its scale is logarithmic where that is asked for, or declared, or the range is wide.
    """
    known, declared = known_parameter(argument.name), argument.parameter
    whole = argument.type == "int" or isinstance(declared, Int)
    if argument.type == "unknown" and argument.default is None and known is not None:
        whole = whole or known.type == "int"
    default = _default(argument)
    if default is not None and not low <= default <= high:
        argument = dataclasses.replace(argument, default=None)
    log = log or spans_decades(low, high) or (isinstance(declared, Float | Int) and declared.log)
    if whole:
        low, high = math.ceil(low), math.floor(high)
    return _make(argument, low, high, log and low > 0, whole, SAID)


def spans_decades(low: float, high: float) -> bool:
    """Return whether a range is wide enough for a log scale: two orders of magnitude."""
    return low > INSIDE and high / low >= 100


def _make(
    argument: Argument, low: float, high: float, log: bool, whole: bool, reason: str
) -> Parameter | None:
    default = _default(argument)
    try:
        if whole:
            bounds = max(1, round(low)) if log else round(low), round(high)
            number = None if default is None else int(default)
            return Int(argument.name, *bounds, log=log, default=number, reason=reason)
        low, high = (float(f"{x:.6g}") for x in (low, high))
        low, high = min(low, _or(default, low)), max(high, _or(default, high))
        return Float(argument.name, low, high, log=log, default=default, reason=reason)
    except (InvalidTaskError, InvalidConfigError):
        return None


def _around(argument: Argument) -> Parameter | None:
    """Return a range around the default: wide enough to matter, and shown as a rule of thumb."""
    default = _default(argument)
    if default is None or argument.type not in ("float", "int"):
        return None
    if argument.type == "int" and default < 0:
        return None  # -1 stands for "none" or "automatic" in most programs.
    reason = "a rule of thumb around the default"
    low, high = _rule(argument, default)
    low, high = _clamped(argument, low, high)
    log = low > 0 and default > 0 and high / low >= COUNT_FACTOR**2
    return _make(argument, low, high, log, argument.type == "int", reason)


def _rule(argument: Argument, default: float) -> tuple[float, float]:
    if argument.type == "int":
        if default < 8:
            return (0 if default == 0 else 1), max(4, default * 3)
        return default / COUNT_FACTOR, default * COUNT_FACTOR
    if NEAR_ONE <= default < 1:
        # Decay and discount factors matter by their distance from 1.
        gap = 1 - default
        return 1 - FACTOR * gap if gap * FACTOR < 1 else 0.0, 1 - gap / FACTOR
    said = f"{plain_name(argument.name).replace('_', ' ')} {argument.help}"
    if SMALL_SHARE <= default <= 1 and SHARE.search(said):
        return 0.0, 1.0
    if default == 0:
        return 0.0, 1.0
    bounds = sorted((default / FACTOR, default * FACTOR))
    return bounds[0], bounds[1]


def checked_range(argument: Argument, low: float, high: float, reason: str) -> Parameter | str:
    """Return the parameter for a range that the language model proposed, or why it is refused.

    The default must lie inside, the type must fit, and the program's own bounds are kept. The scale
    is the code's business: logarithmic where the range spans two orders of magnitude, or one and
    the default lies low in it.
    """
    default = _default(argument)
    if default is not None and not low <= default <= high:
        return f"the default {default:g} lies outside {low:g} to {high:g}"
    low, high = _clamped(argument, *_roomy(low, high, default))
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return f"{low:g} to {high:g} is no range"
    log = low > 0 and (spans_decades(low, high) or _far(low, high, default))
    made = _make(argument, low, high, log, argument.type == "int", reason)
    return made if made is not None else f"{low:g} to {high:g} does not fit its type"


def _far(low: float, high: float, default: float | None) -> bool:
    """Return whether the default lies in the lower part of a range of more than a decade."""
    wide = low > 0 and high / low >= COUNT_FACTOR**2
    return wide and default is not None and default < (low + high) / 2


def _roomy(low: float, high: float, default: float | None) -> tuple[float, float]:
    """Leave room on both sides of a positive default: models like to put it on a bound.

    0 and 1 stay: they are where shares and probabilities end.
    """
    if default is None or default <= 0:
        return low, high
    if NEAR_ONE <= default < 1 and high <= 1:
        # A share, or a factor that matters by its distance from 1.
        gap = 1 - default
        return min(low, 1 - ROOM * gap), max(high, 1 - gap / ROOM)
    near_low = low > default / ROOM and low != 0
    near_high = high < default * ROOM and high > 1
    if high < 1:
        high = max(high, min(1.0, default * ROOM))
    return (default / ROOM if near_low else low), (default * ROOM if near_high else high)


def space_of(proposals: Iterable[Proposal]) -> SearchSpace:
    """Return the space of what is to be tuned.

    Raises:
        InvalidTaskError: nothing is.
    """
    parameters = [p.parameter for p in proposals if p.parameter is not None]
    if not parameters:
        raise InvalidTaskError(
            "Nothing was found that is worth tuning.",
            hint="Name the parameters with their ranges: in a file, --space FILE, or in Python, "
            "space={...}.",
        )
    return SearchSpace(tuple(parameters))


def renamed(parameter: Parameter, name: str) -> Parameter:
    """Return `parameter` under another name."""
    return dataclasses.replace(parameter, name=name)

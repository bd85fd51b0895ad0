"""Which numerals an LLM may write for a number in a range: a grid on the parameter's own scale.

A grid of two to three significant digits is all that people and language models can use, and being
finite it is exact: each numeral is checked against the bounds as the float it will be parsed to.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal

COARSE = 100
"""A linear grid has at least this many steps, and fewer than ten times as many."""
PLAIN = (Decimal("1e-7"), Decimal("1e10"))
"""Magnitudes that may be written without an exponent."""
SCIENTIFIC = (Decimal("1e-2"), Decimal("1e5"))
"""Magnitudes below the first and from the second on may be written with an exponent."""


def numerals(low: float, high: float, *, log: bool = False) -> list[str]:
    """Return the numerals for a real number in [low, high], sorted as text.

    The grid has 100 to 1,000 equal steps of a power of ten, or with `log` (needs `low` > 0) 90 per
    decade; both bounds belong to it. One value can have several numerals (0.001, 1e-3, 1e-03), so
    that a model that starts in its own notation is not led to another value.
    """
    grid = {Decimal(repr(float(low))), Decimal(repr(float(high)))}
    wide = log and low > 0 and high / low >= 10
    grid.update(_decades(low, high) if wide else _steps(low, high))
    return sorted({n for v in grid for n in notations(v) if low <= float(n) <= high})


def _steps(low: float, high: float) -> Iterator[Decimal]:
    if high <= low:
        return
    step = Decimal(1).scaleb(math.floor(math.log10((high - low) / COARSE)))
    first = math.ceil(Decimal(low) / step)
    last = math.floor(Decimal(high) / step)
    yield from (step * i for i in range(first, last + 1))


def _decades(low: float, high: float) -> Iterator[Decimal]:
    for exponent in range(Decimal(low).adjusted(), Decimal(high).adjusted() + 1):
        yield from (Decimal(digits).scaleb(exponent - 1) for digits in range(10, 100))


def notations(value: Decimal) -> set[str]:
    """Return the ways to write `value` as a JSON number, none padded with needless zeros."""
    if value == 0:
        return {"0", "0.0"}
    value = value.normalize()
    size = abs(value)
    found: set[str] = set()
    if PLAIN[0] <= size < PLAIN[1]:
        plain = format(value, "f")
        found |= {plain} if "." in plain else {plain, f"{plain}.0"}
    if not SCIENTIFIC[0] <= size < SCIENTIFIC[1]:
        found |= _scientific(value)
    return found


def _scientific(value: Decimal) -> set[str]:
    sign, digits, _ = value.as_tuple()
    rest = "".join(map(str, digits[1:]))
    mantissa = ("-" if sign else "") + str(digits[0]) + (f".{rest}" if rest else "")
    return {f"{mantissa}e{value.adjusted()}", f"{mantissa}e{value.adjusted():+03d}"}

"""Numbers as people read them: no needless exponent, and digits enough to tell them apart."""

from __future__ import annotations

import math
from collections.abc import Iterable

MOST = 15
"""More significant digits than these a float does not hold."""
PLAIN_BELOW = 1e12


def readable(value: float, digits: int = 4) -> str:
    """Return `value` with so many significant digits: 22110 rather than 2.211e+04."""
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < PLAIN_BELOW else text


def telling(values: Iterable[float], least: int = 4, spare: int = 1) -> int:
    """Return how many significant digits show how `values` differ, with `spare` more."""
    known = [v for v in values if math.isfinite(v)]
    spread = max(known) / 2 - min(known) / 2 if known else 0.0
    if not spread:
        return least
    ratio = max(map(abs, known)) / 2 / spread
    return min(MOST, max(least, math.ceil(math.log10(ratio)) + spare))

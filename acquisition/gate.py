"""When the language model's candidate may stand in for the acquisition's own choice.

Notation: n finished trials, a the log acquisition value (nats), psi_n the margin. The rule is
LLINBO-Justify (Chang et al. 2025, arXiv 2505.14756, section 2.4), which accepts the model's point
where its acquisition value is within psi_n of the best, with psi_n falling to 0. On the log of the
acquisition the margin is a ratio of expected gains, so it has no unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

WIDEST = math.log(20.0)
"""At n = 5 a candidate may promise a twentieth of the best expected gain."""
ON_PLATEAU = 1.5
"""The margin's factor where the search has stalled: then the acquisition's own view is in doubt."""


@dataclass(frozen=True)
class Gate:
    """The verdict on the best of the model's candidates: it passes if `gap` <= `margin`."""

    gap: float
    margin: float

    @property
    def passed(self) -> bool:
        """Whether the candidate may be taken."""
        return self.gap <= self.margin

    @property
    def excess(self) -> float:
        """By how many margins the gap is too wide; 0 where it passes."""
        return max(0.0, self.gap / self.margin - 1.0)


def margin(finished: int, *, plateau: bool = False) -> float:
    """Return psi_n, in nats: shrinks as 1 / sqrt(n)."""
    return WIDEST * math.sqrt(5.0 / max(5, finished)) * (ON_PLATEAU if plateau else 1.0)


def judge(best: float, candidate: float, finished: int, *, plateau: bool = False) -> Gate:
    """Compare log acquisition values; an undefined candidate value never passes."""
    gap = best - candidate
    return Gate(math.inf if math.isnan(gap) else gap, margin(finished, plateau=plateau))

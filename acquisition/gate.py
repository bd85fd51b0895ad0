"""When the language model's candidate may stand in for the acquisition's own choice.

Notation: n finished trials, a the log acquisition value (nats), psi_n the margin. The rule is
LLINBO-Justify (Chang et al. 2025, arXiv 2505.14756, section 2.4), which accepts the model's point
where its acquisition value is within psi_n of the best, with psi_n falling to 0. Made scale-free:
the gap is measured in units of the gap between the best and a typical random candidate,

    gap = (a_best - a_llm) / (a_best - median a_random),   accepted if gap <= psi_n

so that 0 is as good as the acquisition's own choice and 1 is no better than chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WIDEST = 0.8
"""psi_5: at most four fifths of the way from the best candidate to a random one."""
ON_PLATEAU = 1.2
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


def margin(finished: int, *, plateau: bool = False) -> float:
    """Return psi_n, below 1: shrinks as n ** (-1/4)."""
    return min(
        0.95,
        WIDEST * math.sqrt(math.sqrt(5.0 / max(5, finished))) * (ON_PLATEAU if plateau else 1.0),
    )


def judge(
    best: float, candidate: float, random: Sequence[float], finished: int, *, plateau: bool = False
) -> Gate:
    """Compare log acquisition values; an undefined candidate value never passes.

    Args:
        best: of the acquisition's own choice.
        candidate: of the model's best candidate.
        random: of random candidates.
        finished: the number of finished trials.
        plateau: whether the search has stalled.
    """
    known = [a for a in random if math.isfinite(a)]
    scale = best - float(np.median(known)) if known else 0.0
    behind = best - candidate
    gap = math.inf if math.isnan(behind) else _ratio(behind, scale)
    return Gate(gap, margin(finished, plateau=plateau))


def _ratio(behind: float, scale: float) -> float:
    if behind <= 0:
        return 0.0
    return behind / scale if scale > 0 else math.inf

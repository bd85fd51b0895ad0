"""Simulated advisers: what a language model could be like at its best and at its worst.

Each is an `AdviceSource` that knows the objective, asks nobody, and is named as simulated. It gives
its answers at the same trials as the real adviser would (`acquisition.trust.wants_advice`), three
configurations at a time.

good      half of its answers from the best 5 % of the space, the others random
weak      random
constant  always the same three configurations
anti      from the worst 20 % of the space
turncoat  good, and from `turn` on anti
convert   anti, and from `turn` on good
silent    never answers
garbage   answers with nothing valid
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from acquisition.advice import Advice
from acquisition.trust import wants_advice
from evals.space import Config
from evals.task import Task
from evals.trials import Suggestion, Trial
from prompts.calls import CallRecord

KINDS = ("good", "weak", "constant", "anti", "turncoat", "convert", "silent", "garbage")
PROPOSALS = 3
SAMPLE = 2000


class SimulatedAdviser:
    """An adviser of one of `KINDS`.

    Args:
        kind: how it behaves.
        task: the task.
        gain: the objective's value at a configuration, larger is better.
        seed: of its randomness.
        turn: the trial from which a turncoat or convert behaves differently.
    """

    def __init__(
        self, kind: str, task: Task, gain: Callable[[Config], float], seed: int, turn: int = 10
    ) -> None:
        self.kind, self.task, self.seed, self.turn = kind, task, seed, turn
        sample = task.space.sample(np.random.default_rng([seed, 99]), SAMPLE)
        order = np.argsort([-gain(c) for c in sample], kind="stable")
        self._ordered = [sample[i] for i in order]
        self._calls: list[CallRecord] = []
        self._said: list[Suggestion] = []

    def advice(self, trials: Sequence[Trial]) -> Advice:
        """Return what was said before the next trial."""
        number = len(trials)
        if self.kind != "silent" and self._due(trials):
            error = "nothing valid" if self.kind == "garbage" else ""
            self._calls.append(CallRecord("propose", number, "simulated", "", error=error))
            if not error:
                self._said += self._answer(number)
        return Advice(tuple(self._said), tuple(self._calls))

    def think(self, trials: Sequence[Trial]) -> None:
        """Nothing to do in the background."""

    def close(self) -> None:
        """Nothing to stop."""

    def _due(self, trials: Sequence[Trial]) -> bool:
        if not self._calls:
            return len(trials) >= 1
        return wants_advice(self.task, trials, self._calls)

    def _answer(self, number: int) -> list[Suggestion]:
        rng = np.random.default_rng([self.seed, number])
        told = {"asked_at": number}
        configs = [self._config(number, i, rng) for i in range(PROPOSALS)]
        return [Suggestion(c, "llm", f"simulated: {self.kind}", told) for c in configs]

    def _config(self, number: int, i: int, rng: np.random.Generator) -> Config:
        turned = number >= self.turn
        kind = {"turncoat": ("good", "anti"), "convert": ("anti", "good")}.get(self.kind)
        now = kind[turned] if kind else self.kind
        if now == "constant":
            return dict(self._ordered[SAMPLE // 2 + i])
        low, high = 0, SAMPLE
        if now == "good" and rng.random() < 0.5:
            high = SAMPLE // 20
        elif now == "anti":
            low = SAMPLE - SAMPLE // 5
        return dict(self._ordered[int(rng.integers(low, high))])

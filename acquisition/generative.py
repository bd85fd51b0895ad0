"""LLAMBO's generative surrogate: how likely a configuration is a good one, from token odds.

Liu et al. 2024, "Large Language Models to Enhance Bayesian Optimization" (arXiv 2402.03921),
section 5.1: the trials are shown as good (the best share gamma) and not, and a candidate's score is
P(good | configuration), in the spirit of TPE. The probability is read from the log-probabilities of
the answer's token (`prompts.odds`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from acquisition.llambo import Asker, LlamboDesigner
from acquisition.llm_designer import Question, is_good
from evals.objectives import gains
from evals.space import Config
from evals.task import Task
from evals.trials import Suggestion, Trial, TrialState
from prompts.chat import Completion
from prompts.odds import probability

GAMMA = 0.25
"""The share of trials that are called good; at least one."""
UNKNOWN = 0.5
CANDIDATES = 2
"""Each costs a question, and there is one for the proposals: three calls per trial."""


class CompletionAsker(Protocol):
    """Puts a question, as an `Asker` does, and returns the whole answer."""

    def completion(self, role: str, number: int, question: Question) -> Completion | None:
        """Return the answer to `question`, asked at trial `number`; None where there is none."""


@dataclass(frozen=True)
class GenerativeDesigner(LlamboDesigner):
    """LLAMBO's loop with the generative surrogate in place of the discriminative one.

    `asker` is `ask` with the whole answer; one question per candidate and step.
    """

    asker: CompletionAsker | None = None

    def _best(
        self,
        task: Task,
        trials: Sequence[Trial],
        pool: Sequence[Suggestion],
        rng: np.random.Generator,
    ) -> int:
        """Return the candidate that is most likely a good one; the first of equals."""
        shown = labelled(task, trials, rng)
        return int(np.argmax([self._odds(task, trials, shown, s.config) for s in pool]))

    def _odds(
        self,
        task: Task,
        trials: Sequence[Trial],
        shown: Sequence[tuple[bool, Config]],
        config: Config,
    ) -> float:
        assert self.asker is not None
        answer = self.asker.completion("predict good", len(trials), is_good(task, shown, config))
        found = probability(answer) if answer else None
        return UNKNOWN if found is None else found


def generative(ask: CompletionAsker, **options: Any) -> GenerativeDesigner:
    """Return the designer that puts all its questions through `ask`; `options` are LLAMBO's."""

    def text(role: str, number: int, question: Question) -> str | None:
        answer = ask.completion(role, number, question)
        return answer.text if answer else None

    put: Asker = text
    return GenerativeDesigner(ask=put, asker=ask, candidates=CANDIDATES, **options)


def labelled(
    task: Task, trials: Sequence[Trial], rng: np.random.Generator
) -> list[tuple[bool, Config]]:
    """Return the complete trials in random order, each with whether it is among the good ones."""
    done = [t for t in trials if t.state is TrialState.COMPLETE]
    order = np.argsort(-gains(task, done)[:, 0], kind="stable") if done else np.empty(0, int)
    good = set(order[: max(1, round(GAMMA * len(done)))].tolist())
    return [(i in good, done[i].config) for i in rng.permutation(len(done)).tolist()]

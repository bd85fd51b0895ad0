"""What the surrogate tells the language model about a study."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.llm_designer import View
from evals.space import Config
from evals.task import Task
from evals.trials import Trial, TrialState

ENOUGH = 6
"""With fewer complete trials the surrogate's view is noise."""
SAMPLE = 256


def surrogate_view(task: Task, trials: Sequence[Trial]) -> View:
    """Return which parameters matter and where least is known; empty with too few trials."""
    if sum(t.state is TrialState.COMPLETE for t in trials) < ENOUGH:
        return View()
    from surrogates.explain import importances

    return View(importances=importances(task, trials), unsure=_least_known(task, trials))


def _least_known(task: Task, trials: Sequence[Trial]) -> Config:
    from surrogates.encoding import encoding_of
    from surrogates.gp import fit_first

    configs = task.space.sample(np.random.default_rng([task.seed, len(trials)]), SAMPLE)
    sd = fit_first(task, trials).marginals(encoding_of(task.space).encode(configs))[1]
    return configs[int(np.argmax(sd))]

"""Every surrogate by name gives a BoTorch model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from acquisition.registry import make_designer
from evals.space import Categorical, Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.errors import UserError
from surrogates.registry import SURROGATES, make_surrogate

SPACE = SearchSpace((Float("x", 0, 1), Float("y", 0, 1), Categorical("c", ("a", "b", "d"))))
TASK = Task(
    evaluator="function",
    space=SPACE,
    objectives=(Objective(metric="score", direction="maximize"),),
)


def trials(count: int) -> list[Trial]:
    made = []
    for i, config in enumerate(SPACE.sample(np.random.default_rng(1), count)):
        x, y = float(config["x"]), float(config["y"])  # type: ignore[arg-type]
        ended = Evaluation(TrialState.COMPLETE, (float(np.sin(3 * x) + y * y),))
        made.append(Trial(i, Suggestion(config, "random"), ended))
    return made


@pytest.mark.parametrize("name", sorted(SURROGATES))
def test_every_surrogate_is_a_botorch_model_and_serves_the_designer(name: str) -> None:
    model = make_surrogate(name).fit(TASK, trials(25))
    posterior = model.posterior(torch.rand(4, 2, 3, dtype=torch.float64))
    assert posterior.mean.shape == (4, 2, 1)
    assert (posterior.variance > 0).all()
    designer = make_designer("gp", surrogate=name)
    found = designer.suggest(TASK, trials(25), 2, np.random.default_rng(0))
    assert len({SPACE.key(s.config) for s in found}) == 2


def test_unknown_surrogates_are_named() -> None:
    with pytest.raises(UserError, match="no surrogate called 'gpx'"):
        make_surrogate("gpx")

"""A task survives YAML, and a wrong one is explained."""

from __future__ import annotations

import pytest

from evals.objectives import gains, incumbent
from evals.space import Categorical, Condition, Float, SearchSpace
from evals.task import Budget, Data, Objective, Source, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.errors import InvalidTaskError

SPACE = SearchSpace(
    (
        Categorical("kernel", ("linear", "rbf", None, True)),
        Float("C", 1e-3, 1e3, log=True, default=1, condition=Condition("kernel", ("rbf",))),
    ),
    ("C < 500",),  # type: ignore[arg-type]
)
TASK = Task(
    description="tune an SVM für Äpfel",
    data=Data(path="a.csv", target="y", kind="binary", positive="yes"),
    space=SPACE,
    objectives=(Objective(metric="log_loss", direction="minimize"),),
    budget=Budget(trials=3, seconds=1.5),
    sources={"data.target": Source(origin="your words", quote="y")},
)


def test_yaml_round_trip() -> None:
    assert Task.from_yaml(TASK.to_yaml()) == TASK


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no task"),
        ("a: [", "not valid YAML"),
        (
            "space: {parameters: [{type: float, name: x, low: 0, high: 1}]}\nobjectives: []",
            "objectives",
        ),
    ],
)
def test_wrong_yaml_is_explained(text: str, said: str) -> None:
    with pytest.raises(InvalidTaskError, match=said):
        Task.from_yaml(text)


def test_direction_is_handled_once() -> None:
    def trial(number: int, *values: float) -> Trial:
        state = TrialState.COMPLETE if values else TrialState.FAILED
        return Trial(number, Suggestion({}, "random"), Evaluation(state, values))

    trials = [trial(0, 3.0), trial(1), trial(2, 1.0), trial(3, 1.0)]
    assert gains(TASK, trials)[[0, 2], 0].tolist() == [-3.0, -1.0]
    best = incumbent(TASK, trials)
    assert best is not None
    assert best.number == 2
    assert incumbent(TASK, []) is None

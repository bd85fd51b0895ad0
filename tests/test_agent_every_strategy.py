"""Every named strategy finishes on every metric and size, asks seldom, and repeats nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acquisition.advice import Advisable
from acquisition.registry import DESIGNERS
from agent.checks import checked
from agent.strategies import LLAMBO, open_strategy
from evals.space import Categorical, Condition, Float, Int, Ordinal, SearchSpace
from evals.task import Objective, Task
from evals.trials import Trial
from prompts.calls import CallRecord
from prompts.chat import Completion, JsonSchema, Message

TRIALS = 8
MIXED = (
    Float("rate", 1e-5, 1.0, log=True, default=0.1),
    Int("width", 1, 200, default=100),
    Categorical("kind", ("a", "b", "c"), default="a"),
    Ordinal("batch", (16, 32, 64), default=32),
    Float("slope", 0.0, 1.0, default=0.5, condition=Condition("kind", ("b", "c"))),
)
SPACES = {
    "one": SearchSpace((Float("x", -1.0, 1.0, default=0.0),)),
    "mixed": SearchSpace(MIXED),
    "forty": SearchSpace(tuple(Float(f"x{i}", 0.0, 1.0, default=0.5) for i in range(40))),
}
values = st.one_of(
    st.lists(st.floats(-9.0, -1.0), min_size=TRIALS, max_size=TRIALS),
    st.lists(st.floats(1.0, 99.0), min_size=TRIALS, max_size=TRIALS),
    st.lists(st.floats(-1e9, 1e9), min_size=TRIALS, max_size=TRIALS),
    st.just([0.5] * TRIALS),
    st.just([math.nan] * TRIALS),
    st.lists(st.sampled_from([math.nan, math.inf, 0.1, 0.9]), min_size=TRIALS, max_size=TRIALS),
)


class Talker:
    """Answers every question in its schema; half of what it says is nothing new."""

    name = "talker"

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self.space, self.rng, self.asked = space, np.random.default_rng([seed, 7]), 0

    def complete(
        self, messages: Sequence[Message], *, schema: JsonSchema | None = None, **_: Any
    ) -> list[Completion]:
        """Return one answer to `schema`."""
        self.asked += 1
        assert schema is not None
        return [Completion(json.dumps(self._answer(schema["properties"])), self.name)]

    def _answer(self, asked: Any) -> dict[str, Any]:
        if "good" in asked:
            return {"good": str(self.rng.choice(["yes", "no"]))}
        if "acquisition" in asked:
            names = asked["acquisition"]["enum"]
            return {"reason": "so", "acquisition": str(self.rng.choice(names))}
        [(name, items)] = asked.items()
        if name == "scores":
            return {name: [int(s) for s in self.rng.integers(0, 101, items["minItems"])]}
        default = dict(self.space.default_config() or {})
        fresh = self.space.sample(self.rng, items["minItems"])
        said = [default if self.rng.random() < 0.5 else dict(c) for c in fresh]
        claim = {"parameter": self.space.names[0], "move": "keep", "reason": "so"}
        return {name: [claim | {"config": c} for c in said]}


class Log:
    def __init__(self) -> None:
        self.kept: dict[str, CallRecord] = {}

    def record_call(self, call: CallRecord) -> None:
        self.kept[call.key] = call

    def calls(self) -> list[CallRecord]:
        return list(self.kept.values())


def study(name: str, task: Task, scores: Sequence[float]) -> tuple[list[Trial], list[int]]:
    """Return the trials of one study, and how often the model had been asked after each."""
    model, trials, asked = Talker(task.space, task.seed), list[Trial](), list[int]()
    designer, adviser = open_strategy(name, task, model, log=Log(), portfolio=False)
    for number, score in enumerate(scores):
        now: Any = designer
        if adviser and isinstance(designer, Advisable):
            now = designer.advised(adviser.advice(trials))
        [found] = now.suggest(task, trials, 1, np.random.default_rng([task.seed, number]))
        if adviser:
            adviser.think([*trials, Trial(number, found)])
        trials.append(Trial(number, found, checked(task, score)))
        asked.append(model.asked)
    return trials, asked


@pytest.mark.parametrize("name", DESIGNERS)
@settings(max_examples=4)
@example([0.5] * TRIALS, "minimize", "mixed", 0)
@example([math.nan] * TRIALS, "maximize", "one", 1)
@example([-1e9, 1e9, 5.0, -3.0, 2.0, 1e-9, 7e8, 0.0], "minimize", "forty", 2)
@given(
    values, st.sampled_from(["minimize", "maximize"]), st.sampled_from(list(SPACES)), st.integers(0)
)
def test_every_strategy_finishes_asks_seldom_and_repeats_nothing(
    name: str, scores: list[float], direction: Any, space: str, seed: int
) -> None:
    objective = Objective(metric="score", direction=direction)
    task = Task(space=SPACES[space], objectives=(objective,), seed=seed % 1000)
    trials, asked = study(name, task, scores)
    assert len({task.space.key(t.config) for t in trials}) == TRIALS
    assert all(task.space.is_valid(t.config) for t in trials)
    assert trials[0].origin == "default"
    assert max(np.diff([0, *asked])) <= 3
    if name not in LLAMBO:  # These ask at each step by definition: a proposal and its predictions.
        assert asked[-1] <= TRIALS

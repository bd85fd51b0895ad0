"""A study run again with its recorded answers and no language model is the same study."""

from __future__ import annotations

import random
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from agent.advice_limits import Limits
from agent.language_models.registry import open_language_model
from agent.language_models.replay import StudyReplay
from agent.language_models.scripted import ScriptedModel
from agent.loop import Agent
from agent.store import Store
from agent.strategies import open_strategy
from evals.evaluator import Report
from evals.space import Config, Float, Int, SearchSpace
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, TrialState
from prompts.chat import LanguageModel
from prompts.errors import LanguageModelError, StudyError

TRIALS = 12
TASK = Task(
    evaluator="none",
    space=SearchSpace((Float("x", 0, 1, default=0.5), Int("n", 1, 40, default=7))),
    objectives=(Objective(metric="loss", direction="minimize"),),
    budget=Budget(trials=TRIALS),
    seed=3,
)


class Valley:
    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        x, n = float(config["x"] or 0), float(config["n"] or 0)
        return Evaluation(TrialState.COMPLETE, ((x - 0.3) ** 2 + (n / 40 - 0.6) ** 2,), cost=2.0)


def moody() -> ScriptedModel:
    """Answer differently each time, late at times, wrongly at times, but not in the beginning."""
    source, asked = random.Random(), count()

    def answer(messages: Any) -> Any:
        time.sleep(source.random() / 50)
        is_first = next(asked) == 0
        if source.random() < 0.2 and not is_first:
            return LanguageModelError("busy.")
        config = {"x": source.random(), "n": source.randint(1, 40 if is_first else 44)}
        claim = {"parameter": "x", "move": "higher", "reason": "because"}
        return {"proposals": [claim | {"config": config}]}

    return ScriptedModel(answer)


def study(model: LanguageModel, storage: str, name: str, strategy: str) -> Store:
    store = Store.create(TASK, name, storage)
    limits = {} if strategy == "llambo" else {"limits": Limits(patience=3.0)}
    designer, adviser = open_strategy(strategy, TASK, model, log=store, portfolio=False, **limits)
    agent = Agent(TASK, store=store, designer=designer, evaluator=Valley(), adviser=adviser)
    agent.run()
    if adviser:
        adviser.close()
    return store


@pytest.mark.parametrize("strategy", ["hybrid", "llm"])
def test_a_replayed_study_has_the_same_trials(tmp_path: Path, strategy: str) -> None:
    storage = str(tmp_path / "studies.db")
    first = study(moody(), storage, "first", strategy)
    replay = open_language_model(f"replay:first@{storage}", notify=lambda line: None)
    assert isinstance(replay, StudyReplay)
    again = study(replay, storage, "again", strategy)
    assert any(t.origin == "llm" for t in first.trials())
    assert [(t.config, t.origin, t.rationale) for t in again.trials()] == [
        (t.config, t.origin, t.rationale) for t in first.trials()
    ]
    seen = [c for c in first.calls() if c.arrived_at is not None and c.arrived_at < TRIALS]
    assert again.calls() == seen


def test_a_prompt_gets_its_answers_in_order_and_a_new_one_none(tmp_path: Path) -> None:
    store = study(moody(), str(tmp_path / "studies.db"), "first", "hybrid")
    answered = next(c for c in store.calls() if c.answers)
    replay = StudyReplay("first", [answered])
    for _ in range(2):
        assert replay.complete(answered.messages) == list(answered.answers)
    with pytest.raises(LanguageModelError, match="has no answer to this prompt"):
        replay.complete([{"role": "user", "content": "What else?"}])
    failed = StudyReplay("first", [type(answered)("propose", 0, "m", answered.prompt_hash)])
    with pytest.raises(LanguageModelError, match="no answer"):
        failed.complete(answered.messages)


def test_a_study_that_is_not_there_cannot_be_replayed(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no study called 'gone'"):
        open_language_model(f"replay:gone@{tmp_path}/none.db", notify=lambda line: None)

"""The published loop ends for every metric, aims beyond the best, and replays its record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from acquisition.llambo import LlamboDesigner, expected_improvement, points
from acquisition.llm_designer import Question
from agent.language_models.scripted import ScriptedModel
from agent.strategies import open_strategy
from evals.parameters import Float
from evals.space import SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.answers import parse_scores
from prompts.calls import CallRecord
from prompts.errors import InvalidAnswerError, LanguageModelError, UserError


def task(direction: Any = "maximize", d: int = 1) -> Task:
    space = SearchSpace(
        parameters=tuple(Float(name=f"x{i}", low=0, high=1, default=0.5) for i in range(d))
    )
    return Task(space=space, objectives=(Objective(metric="score", direction=direction),))


def done(number: int, suggestion: Suggestion, value: float) -> Trial:
    return Trial(number, suggestion, Evaluation(TrialState.COMPLETE, (value,)))


class Chatter:
    """Answers every question with something valid."""

    def __init__(self, d: int = 1) -> None:
        self.rng, self.d, self.asked = np.random.default_rng(0), d, list[tuple[str, int]]()

    def __call__(self, role: str, number: int, question: Question) -> str:
        self.asked.append((role, number))
        schema = next(iter(question.schema["properties"].values()))
        count = schema["minItems"]
        if "scores" in question.schema["properties"]:
            return json.dumps({"scores": [int(s) for s in self.rng.integers(0, 100, count)]})
        claim = {"parameter": "x0", "move": "keep", "reason": "so"}
        draws = self.rng.random((count, self.d)).round(3)
        configs = [{f"x{i}": float(v) for i, v in enumerate(row)} for row in draws]
        return json.dumps({"proposals": [claim | {"config": c} for c in configs]})


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
@pytest.mark.parametrize("scores", [(-3.0, -2.0), (1.5, 7.0), (1e9, 2e9), (0.5, 0.5)])
@pytest.mark.parametrize("d", [1, 40])
def test_every_metric_and_size_ends(direction: Any, scores: tuple[float, float], d: int) -> None:
    job, chatter, trials = task(direction, d), Chatter(d), list[Trial]()
    rng = np.random.default_rng(1)
    for number in range(9):
        (found,) = LlamboDesigner(chatter).suggest(job, trials, 1, np.random.default_rng(number))
        trials.append(done(number, found, float(rng.uniform(*scores))))
    assert [t.origin for t in trials] == ["default"] + ["llm"] * 8
    assert len({job.space.key(t.config) for t in trials}) == 9


def test_at_most_three_calls_per_trial() -> None:
    chatter = Chatter()
    trials = [done(i, Suggestion({"x0": i / 10}, "sobol"), i) for i in range(6)]
    LlamboDesigner(chatter).suggest(task(), trials, 1, np.random.default_rng(0))
    assert [role for role, _ in chatter.asked] == ["propose", "predict 0", "predict 1"]


@pytest.mark.parametrize(("direction", "aim"), [("maximize", 5.3), ("minimize", 1.7)])
def test_the_aim_lies_beyond_the_best(direction: Any, aim: float) -> None:
    trials = [done(i, Suggestion({"x0": i / 10}, "sobol"), 2.0 + i) for i in range(4)]
    assert LlamboDesigner(Chatter()).desired(task(direction), trials) == pytest.approx(aim)


def test_predictions_choose_the_candidate() -> None:
    ei = expected_improvement(np.array([[40.0, 90.0, 60.0], [45.0, 80.0, 60.0]]), best=70.0)
    assert int(np.argmax(ei)) == 1
    assert points(np.array([-1e9, 0.0, 1e9])).tolist() == [32.0, 50.0, 68.0]
    assert points(np.array([3.0, 3.0])).tolist() == [50.0, 50.0]


@pytest.mark.parametrize("bad", ["", "{}", '{"scores": [1]}', '{"scores": [1, 200]}'])
def test_scores_are_read_strictly(bad: str) -> None:
    assert parse_scores('{"scores": [1, 99]}', 2) == [1.0, 99.0]
    with pytest.raises(InvalidAnswerError):
        parse_scores(bad, 2)


class Log:
    def __init__(self) -> None:
        self.kept: dict[str, CallRecord] = {}

    def record_call(self, call: CallRecord) -> None:
        self.kept[call.key] = call

    def calls(self) -> Sequence[CallRecord]:
        return list(self.kept.values())


def run(model: Any, log: Log, count: int = 7) -> list[Trial]:
    designer, adviser = open_strategy("llambo", task(), model, log=log)
    assert adviser is None
    trials: list[Trial] = []
    for number in range(count):
        (found,) = designer.suggest(task(), trials, 1, np.random.default_rng(number))
        trials.append(done(number, found, float(number % 3)))
    return trials


def test_a_recorded_study_is_replayed_without_the_model() -> None:
    log, rng = Log(), np.random.default_rng(0)

    def answer(messages: Sequence[Any]) -> Any:
        prompt = messages[1]["content"]
        if "Predict the result" in prompt:
            return {"scores": [50] * prompt.split("of each of these ")[1].count("{")}
        claim = {"parameter": "x0", "move": "keep", "reason": "so"}
        xs = rng.random(4).round(3).tolist()
        return {"proposals": [claim | {"config": {"x0": x}} for x in xs]}

    first = run(ScriptedModel(answer), log)
    again = run(ScriptedModel([]), log)
    assert [t.config for t in again] == [t.config for t in first]


def test_without_answers_the_search_goes_on_with_true_origins() -> None:
    trials = run(ScriptedModel(lambda m: LanguageModelError("away")), Log())
    assert [t.origin for t in trials] == ["default"] + ["sobol"] * 6
    with pytest.raises(UserError, match="needs a language model"):
        open_strategy("llambo", task(), None, log=Log())

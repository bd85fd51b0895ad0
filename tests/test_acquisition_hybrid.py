"""The hybrid takes advice in small doses, through the gate, and tells who proposed what."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from acquisition.advice import Advice
from acquisition.bayesian import BayesianDesigner, Scored
from acquisition.hybrid import HybridDesigner
from acquisition.registry import make_designer
from acquisition.sobol import SobolDesigner
from acquisition.trust import trust
from benchmarks.advisers import KINDS, SimulatedAdviser
from evals.parameters import Categorical, Float, Int
from evals.space import Config, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState

SPACE = SearchSpace(
    parameters=(
        Float(name="rate", low=1e-5, high=1, log=True, default=0.1),
        Int(name="width", low=1, high=200, default=100),
        Categorical(name="kind", choices=("a", "b", "c"), default="a"),
    )
)
TASK = Task(space=SPACE, objectives=(Objective(metric="score", direction="maximize"),))


def gain(config: Config) -> float:
    kind = {"a": 0.0, "b": 0.3, "c": -0.5}[str(config["kind"])]
    rate, width = float(config["rate"]), float(config["width"])  # type: ignore[arg-type]
    return kind - (math.log10(rate) + 2.3) ** 2 - ((width - 37) / 40) ** 2


class Oracle:
    """A stand-in for the surrogate that knows the objective: quick, and never wrong."""

    initial = 5

    def prepared(self, task: Task) -> int:
        return 0

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        return SobolDesigner().suggest(task, trials, count, rng)

    def step(self, task: Task, trials: Sequence[Trial], rng: np.random.Generator) -> Oracle:
        self.rng, self.task = rng, task
        return self

    def score(self, configs: Sequence[Config]) -> list[Scored]:
        return [Scored(c, gain(c), gain(c), 0.1) for c in configs]

    def optimum(self, count: int) -> list[Scored]:
        draws = self.task.space.sample(self.rng, 50)
        return self.score(sorted(draws, key=gain, reverse=True)[:count])


def done(number: int, suggestion: Suggestion) -> Trial:
    evaluation = Evaluation(TrialState.COMPLETE, (gain(suggestion.config),), cost=1.0)
    return Trial(number, suggestion, evaluation)


def some() -> list[Trial]:
    first = Oracle().suggest(TASK, [], 8, np.random.default_rng(0))
    return [done(i, s) for i, s in enumerate(first)]


def search(designer: Any, adviser: SimulatedAdviser | None, count: int, seed: int) -> list[Trial]:
    trials: list[Trial] = []
    for number in range(count):
        now = designer.advised(adviser.advice(trials)) if adviser else designer
        rng = np.random.default_rng([seed, number])
        trials.append(done(number, now.suggest(TASK, trials, 1, rng)[0]))
    return trials


def advised(*configs: Config, asked_at: int = 0) -> Advice:
    return Advice(tuple(Suggestion(c, "llm", "why", {"asked_at": asked_at}) for c in configs))


def test_without_advice_it_is_the_gaussian_process_unchanged() -> None:
    plain = search(BayesianDesigner(), None, 7, 3)
    adviser = SimulatedAdviser("silent", TASK, gain, 3)
    silent = search(HybridDesigner(BayesianDesigner()), adviser, 7, 3)
    assert [t.suggestion for t in silent] == [t.suggestion for t in plain]


def test_the_default_comes_first_and_early_advice_takes_turns() -> None:
    adviser = SimulatedAdviser("weak", TASK, gain, 0)
    origins = [t.origin for t in search(HybridDesigner(Oracle()), adviser, 5, 0)]
    assert origins == ["default", "llm", "sobol", "llm", "sobol"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_adviser_gives_distinct_valid_trials(kind: str) -> None:
    adviser = SimulatedAdviser(kind, TASK, gain, 1)
    trials = search(HybridDesigner(Oracle()), adviser, 25, 1)
    assert len({SPACE.key(t.config) for t in trials}) == 25
    assert all(SPACE.is_valid(t.config) for t in trials)
    said = [s.config for s in adviser.advice(trials).suggestions]
    assert all((t.origin == "llm") == (t.config in said) for t in trials)


def test_a_batch_is_distinct_and_pending_trials_are_respected() -> None:
    trials = some()
    pending = Trial(8, Suggestion({"rate": 0.01, "width": 40, "kind": "b"}, "llm"))
    advice = advised(pending.config, {"rate": 0.005, "width": 37, "kind": "b"}, asked_at=8)
    designer = HybridDesigner(Oracle(), advice)
    got = designer.suggest(TASK, [*trials, pending], 4, np.random.default_rng(1))
    assert len({SPACE.key(s.config) for s in [*got, pending.suggestion]}) == 5


def test_details_tell_how_a_choice_came_about() -> None:
    trials = some()
    best = {"rate": 0.005, "width": 37, "kind": "b"}
    designer = HybridDesigner(Oracle(), advised(best, asked_at=8))
    chosen = [designer.suggest(TASK, trials, 1, np.random.default_rng(s))[0] for s in range(30)]
    origins = {s.origin for s in chosen}
    assert origins == {"llm", "surrogate"}
    for suggestion in chosen:
        told = json.loads(json.dumps(dict(suggestion.details)))
        assert told["gate"]["gap"] <= told["gate"]["margin"]
        assert {"acquisition", "mean", "sd", "shadow", "trust"} <= set(told)
        assert (suggestion.config == best) == (suggestion.origin == "llm")
        assert told["shadow"]["config"] != best


def test_the_gate_refuses_what_promises_little() -> None:
    worst: Config = {"rate": 1.0, "width": 200, "kind": "c"}
    designer = HybridDesigner(Oracle(), advised(worst, asked_at=8))
    chosen = [designer.suggest(TASK, some(), 1, np.random.default_rng(s))[0] for s in range(30)]
    assert {s.origin for s in chosen} == {"surrogate"}


@pytest.mark.parametrize("seed", range(3))
def test_a_turncoat_is_left_alone_within_six_trials(seed: int) -> None:
    adviser = SimulatedAdviser("turncoat", TASK, gain, seed, turn=10)
    trials = search(HybridDesigner(BayesianDesigner()), adviser, 17, seed)
    assert trust(TASK, trials[:17]).share < 0.05


def through_json(suggestion: Suggestion) -> Suggestion:
    return replace(suggestion, details=json.loads(json.dumps(dict(suggestion.details))))


def test_trust_survives_a_resume() -> None:
    adviser = SimulatedAdviser("good", TASK, gain, 2)
    trials = search(HybridDesigner(Oracle()), adviser, 15, 2)
    again = [replace(t, suggestion=through_json(t.suggestion)) for t in trials]
    assert trust(TASK, again) == trust(TASK, trials)


def test_the_model_alone_uses_sobol_where_it_has_nothing_to_say() -> None:
    designer = make_designer("llm")
    trials = search(designer, SimulatedAdviser("weak", TASK, gain, 0), 3, 0)
    assert [t.origin for t in trials] == ["default", "llm", "llm"]
    assert [t.origin for t in search(designer, None, 3, 0)] == ["default", "sobol", "sobol"]


@pytest.mark.parametrize("rule", ["transient", "justify", "constrained"])
@pytest.mark.parametrize("kind", ["good", "anti"])
def test_the_rules_of_llinbo_give_distinct_trials_with_true_origins(rule: str, kind: str) -> None:
    adviser = SimulatedAdviser(kind, TASK, gain, 4)
    trials = search(make_designer(f"llinbo-{rule}"), adviser, 9, 4)
    said = [s.config for s in adviser.advice(trials).suggestions]
    assert len({SPACE.key(t.config) for t in trials}) == 9
    assert all((t.origin == "llm") == (t.config in said) for t in trials)


def share_of_advice(rule: str, trials: list[Trial], config: Config) -> float:
    designer = make_designer(f"llinbo-{rule}").advised(advised(config, asked_at=8))  # type: ignore[attr-defined]
    chosen = [designer.suggest(TASK, trials, 1, np.random.default_rng(s))[0] for s in range(5)]
    return sum(s.origin == "llm" for s in chosen) / len(chosen)


def test_justify_and_constrained_refuse_what_the_process_knows_to_be_bad() -> None:
    trials = search(BayesianDesigner(), None, 12, 5)
    worst: Config = {"rate": 1e-5, "width": 200, "kind": "c"}
    assert share_of_advice("justify", trials, worst) == 0.0
    assert share_of_advice("constrained", trials, worst) <= 0.4


def test_transient_leaves_the_search_to_the_process_in_the_end() -> None:
    worst: Config = {"rate": 1e-5, "width": 200, "kind": "c"}
    assert share_of_advice("transient", some(), worst) == 0.0
    assert share_of_advice("transient", some()[:5], worst) <= 0.4

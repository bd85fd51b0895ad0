"""The language model names the acquisition function, seldom, and every trial says who chose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acquisition.functions import ACQUISITIONS
from acquisition.llm_acquisition import CHOICE, EVERY, OFFERED, question, state
from acquisition.trust import PLATEAU
from agent.language_models.scripted import ScriptedModel
from agent.loop import Agent
from agent.store import Store
from agent.strategies import open_strategy
from evals.evaluators.function import FunctionEvaluator
from evals.space import Float, Int, SearchSpace
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.errors import LanguageModelError, UserError

FIRST = 5
"""The default and Sobol's points come before the first choice."""
TASK = Task(
    evaluator="function",
    space=SearchSpace((Float("x", -1.0, 1.0, default=0.9), Int("n", 1, 40, default=30))),
    objectives=(Objective(metric="loss", direction="minimize"),),
    budget=Budget(trials=12),
    seed=3,
)


def loss(x: float, n: int) -> float:
    return (x - 0.2) ** 2 + (n / 40 - 0.4) ** 2


class Study:
    """A study in a database; each `run` goes on with it in a new agent, as a resumed one does."""

    def __init__(self, folder: Path, task: Task = TASK, train: Any = loss) -> None:
        self.task, self.train = task, train
        self.store = Store.create(task, "s", str(folder / "s.db"))

    def run(self, model: Any, trials: int) -> list[Trial]:
        designer, adviser = open_strategy(
            "llm-acquisition", self.task, model, log=self.store, portfolio=False
        )
        assert adviser is None
        evaluator = FunctionEvaluator(self.task, self.train)
        Agent(self.task, store=self.store, designer=designer, evaluator=evaluator).run(trials)
        return self.store.trials()


def says(name: str, reason: str = "because") -> dict[str, str]:
    return {"reason": reason, "acquisition": name}


def choices(trials: Sequence[Trial]) -> list[dict[str, Any] | None]:
    return [t.suggestion.details.get(CHOICE) for t in trials]


def test_the_function_named_proposes_and_its_reason_is_kept(tmp_path: Path) -> None:
    model = ScriptedModel([says("ucb", "much is\n uncertain"), says("qlognei")])
    trials = Study(tmp_path).run(model, FIRST + EVERY + 1)
    assert choices(trials)[:FIRST] == [None] * FIRST
    later = [c for c in choices(trials) if c]
    assert [c["acquisition"] for c in later] == ["ucb"] * EVERY + ["qlognei"]
    assert {c["by"] for c in later} == {"llm"}
    assert {t.origin for t in trials[FIRST:]} == {"surrogate"}
    assert trials[FIRST].rationale == "ucb, chosen by the language model: much is uncertain"
    assert trials[FIRST + 1].rationale == (
        "ucb, chosen by the language model at trial 6: much is uncertain"
    )


def test_another_function_proposes_another_trial(tmp_path: Path) -> None:
    proposed = []
    for name in ("logei", "ucb"):
        (tmp_path / name).mkdir()
        proposed.append(Study(tmp_path / name).run(ScriptedModel([says(name)]), FIRST + 1)[-1])
    assert proposed[0].config != proposed[1].config


def test_it_is_asked_every_third_trial_and_once_where_a_plateau_begins(tmp_path: Path) -> None:
    model = ScriptedModel(lambda messages: says("logei"))
    study = Study(tmp_path, train=lambda x, n: 0.5)
    trials = study.run(model, 14)
    asked = sorted({c["asked_at"] for c in choices(trials) if c})
    # The first result is the best for good, so the plateau begins with the seventh.
    assert asked == [FIRST, 1 + PLATEAU, 1 + PLATEAU + EVERY, 1 + PLATEAU + 2 * EVERY]
    assert len(model.calls) == len(asked) == len(study.store.calls())
    assert {c.role for c in study.store.calls()} == {"acquisition"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (LanguageModelError("no answer within 300 seconds"), "no answer"),
        ("logei, I would say", "cannot be used"),
        ('{"acquisition": "ucb"}', "cannot be used"),
        ("[1]", "cannot be used"),
        (says("thompson"), "what does not exist"),
        (says("hypervolume"), "what does not exist"),
        ({"reason": 3, "acquisition": "ucb"}, "what does not exist"),
    ],
)
def test_without_a_usable_answer_it_is_logei_and_the_trial_says_so(
    tmp_path: Path, answer: Any, said: str
) -> None:
    model = ScriptedModel(lambda messages: answer)
    trials = Study(tmp_path).run(model, FIRST + 2)
    for trial, choice in zip(trials[FIRST:], choices(trials)[FIRST:], strict=True):
        assert choice and (choice["acquisition"], choice["by"]) == ("logei", "fallback")
        assert trial.origin == "surrogate" and said in str(trial.rationale)
        assert "the language model did not choose" in str(trial.rationale)
    assert len(model.calls) == 1


def test_a_resumed_study_keeps_the_last_choice(tmp_path: Path) -> None:
    study, silent = Study(tmp_path), ScriptedModel([])
    study.run(ScriptedModel([says("ucb")]), FIRST + 1)
    trials = study.run(silent, FIRST + 1 + EVERY)
    assert [c and c["acquisition"] for c in choices(trials)[FIRST:]] == ["ucb"] * EVERY + ["logei"]
    assert len(silent.calls) == 1


def test_a_call_that_is_recorded_is_not_put_again(tmp_path: Path) -> None:
    study, model = Study(tmp_path), ScriptedModel([says("ucb")])
    study.run(model, FIRST)
    for _ in range(2):
        designer, _ = open_strategy(
            "llm-acquisition", TASK, model, log=study.store, portfolio=False
        )
        [found] = designer.suggest(TASK, study.store.trials(), 1, np.random.default_rng(0))
        assert found.details[CHOICE]["acquisition"] == "ucb"
    assert len(model.calls) == 1


def test_several_objectives_are_traded_off_and_nobody_is_asked(tmp_path: Path) -> None:
    objectives = (*TASK.objectives, Objective(metric="size", direction="minimize"))
    task = TASK.model_copy(update={"objectives": objectives})
    model = ScriptedModel([])
    study = Study(tmp_path, task, lambda x, n: {"loss": loss(x, n), "size": float(n)})
    trials = study.run(model, FIRST + 2)
    assert [(c["acquisition"], c["by"]) for c in choices(trials)[FIRST:] if c] == [
        ("hypervolume", "rule")
    ] * 2
    assert not model.calls


def test_proposals_across_the_first_trials_say_which_were_chosen_for(tmp_path: Path) -> None:
    study, model = Study(tmp_path), ScriptedModel([says("ucb")])
    trials = study.run(model, FIRST - 1)
    designer, _ = open_strategy("llm-acquisition", TASK, model, log=study.store, portfolio=False)
    found = designer.suggest(TASK, trials, 3, np.random.default_rng(0))
    assert [CHOICE in s.details for s in found] == [False, True, True]
    assert len(model.calls) == 1


def test_it_needs_a_language_model(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs a language model"):
        Study(tmp_path).run(None, 1)


def trial(number: int, x: float, value: float | None, cost: float = 1.0) -> Trial:
    kind = TrialState.FAILED if value is None else TrialState.COMPLETE
    evaluation = Evaluation(kind, () if value is None else (value,), cost=cost)
    return Trial(number, Suggestion({"x": x, "n": 3}, "sobol"), evaluation)


def test_the_state_of_the_search_is_told_in_numbers() -> None:
    scores = [3.0, 2.0, None, 2.5, 1.0, 1.5, 4.0]
    known = [trial(i, i / 7, v, cost=float(i)) for i, v in enumerate(scores)]
    running = Trial(7, Suggestion({"x": -0.5, "n": 9}, "surrogate"))
    told = state(TASK, [*known, running])
    assert (told.finished, told.left, told.failed, told.since) == (7, 4, 1, 2)
    assert told.bests == ((1, 3.0), (2, 2.0), (5, 1.0))
    assert told.seconds == (3.5, 6.0)
    assert told.uncertainty > 0 and told.noise > 0
    asked = question(TASK, known).messages[1]["content"]
    assert 'minimize "loss"' in asked and "3 after 1 trials; 2 after 2 trials; 1 after 5" in asked


@pytest.mark.parametrize(("wave", "low", "high"), [(0.0, 0.9, 1.0), (1.0, -1.0, 0.6)])
def test_predictions_are_checked_against_what_was_left_out(
    wave: float, low: float, high: float
) -> None:
    noise = np.random.default_rng(0).normal(size=14)
    xs = np.linspace(-1, 1, 14)
    known = [
        trial(i, float(x), (1 - wave) * x**2 + wave * z)
        for i, (x, z) in enumerate(zip(xs, noise, strict=True))
    ]
    found = state(TASK, known).explained
    assert found is not None and low <= found <= high
    assert state(TASK, known[:3]).explained is None
    assert state(TASK, [trial(i, i / 9, 0.5) for i in range(9)]).explained is None


def test_what_is_offered_exists_and_the_rules_say_a_line_about_it() -> None:
    assert set(OFFERED) < set(ACQUISITIONS)
    rules = question(TASK, [trial(0, 0.1, 1.0)]).messages[0]["content"]
    for name in OFFERED:
        assert re.search(rf"^- {name}: \w.{{30,}}$", rules, re.M)

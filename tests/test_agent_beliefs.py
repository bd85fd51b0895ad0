"""What the language model believes is asked once, recorded, and becomes a prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import plaintune
from agent.beliefs import OFFERED, beliefs, offered
from agent.beliefs_view import belief_rows
from agent.commands import Talk
from agent.language_models.scripted import ScriptedModel
from agent.runs import resume, run_task
from agent.setting import Setting
from agent.store import Store
from agent.summary import summary
from evals.preferences import Preference
from evals.space import Categorical, Float, Int, Ordinal, SearchSpace
from evals.steering import steered
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, TrialState
from prompts.beliefs import (
    SpaceBeliefAnswer,
    belief_messages,
    belief_schema,
    parse_belief,
    parse_space_belief,
    space_belief_messages,
    space_belief_schema,
)
from prompts.chat import Message
from prompts.errors import InvalidAnswerError, LanguageModelError, UserError
from prompts.grammar import gbnf
from surrogates.priors import prior

TASK = Task(
    description="a bowl",
    evaluator="none",
    space=SearchSpace(
        (
            Float("rate", 1e-4, 1, log=True, default=0.1),
            Int("depth", 1, 20),
            Categorical("way", ("a", "b", "c")),
        )
    ),
    objectives=(Objective(metric="score", direction="maximize"),),
)


def answer(messages: Sequence[Message]) -> object:
    asked = messages[1]["content"]
    if '"rate"' in asked and '"depth"' in asked:
        return {"most": ["rate"], "together": [["way", "rate"], ["rate", "way"], ["way", "way"]]}
    if '"rate"' in asked:
        return {"best": 0.037}
    return {"best": 4} if '"depth"' in asked else {"best": "b"}


def test_a_question_per_parameter_and_one_of_all_become_a_prior(tmp_path: Path) -> None:
    store, model = Store.create(TASK, "s", str(tmp_path / "a.db")), ScriptedModel(answer)
    said = beliefs(TASK, model, log=store)
    rate, way = said.preferences
    assert (rate.low, rate.high) == pytest.approx((0.0193, 0.0719), rel=0.02)
    assert way == Preference(parameter="way", values=("b",), origin="LLM")
    assert said.important == ("rate",)
    assert said.interactions == (("rate", "way"),)
    assert len(model.calls) == 4
    calls = store.calls()
    assert [c.role for c in calls] == ["belief"] * 4
    assert [c.rejected for c in calls if c.rejected] == [
        ("depth must be one of [2, 5, 8, 11, 13, 16, 19], got 4.",)
    ]
    found = prior(steered(TASK, said), [])
    assert found and len(found.parts) == 2


@pytest.mark.parametrize(
    "parameter",
    [
        Float("x", 1e-5, 1.0, log=True, default=0.01),
        Float("x", 1.0, 1.0001),
        Float("x", -1e-3, 1e9, default=0.0),
        Int("x", 1, 3, default=2),
        Int("x", 1, 1000, log=True),
        Int("x", 16, 512, step=16, default=64),
    ],
    ids=str,
)
def test_numbers_are_offered_as_values_that_stand_for_all_of_the_scale(
    parameter: Float | Int,
) -> None:
    shown = offered(parameter)
    assert isinstance(shown, Ordinal)
    assert 3 <= len(shown.values) <= OFFERED
    places = [parameter.to_unit(parameter.check(v)) for v in shown.values]
    assert places == sorted(set(places))
    # No place of the scale is further from a value than the part it stands for is wide.
    gaps = np.diff([0.0, *places, 1.0])
    assert max(gaps[1:-1]) < 2.2 / len(places) and max(gaps[0], gaps[-1]) < 1.2 / len(places)
    if parameter.default is not None:
        own = parameter.to_unit(parameter.default)
        assert abs(parameter.to_unit(shown.default) - own) == min(abs(p - own) for p in places)


@pytest.mark.parametrize(
    "last", [LanguageModelError("It died."), {"most": 3}, {}], ids=["error", "no lists", "empty"]
)
def test_what_matters_may_stay_unsaid(tmp_path: Path, last: Any) -> None:
    ranges = [{"best": 0.037}, {"best": 5}, {"best": "a"}]
    store = Store.create(TASK, "s", str(tmp_path / "a.db"))
    said = beliefs(TASK, ScriptedModel([*ranges, last]), log=store)
    assert len(said.preferences) == 3
    assert (said.important, said.interactions) == ((), ())


def test_a_model_that_fails_is_reported_once_and_keeps_what_it_said(tmp_path: Path) -> None:
    model = ScriptedModel([{"best": 0.037}, LanguageModelError("It died.")])
    notes: list[str] = []
    store = Store.create(TASK, "s", str(tmp_path / "a.db"))
    said = beliefs(TASK, model, log=store, notify=notes.append)
    assert [p.parameter for p in said.preferences] == ["rate"]
    assert notes == ["It died. Going on with 1 beliefs."]


def test_the_prompt_its_schema_and_its_answer() -> None:
    shown = {"name": "rate", "range": "one of [0.1, 0.5]", "default": "0.1", "only_if": None}
    messages = belief_messages(
        {"about": "x", "card": {"Model": "svm"}, "goal": "maximize auc", "parameter": shown}
    )
    assert messages[1]["content"].endswith('"rate", one of [0.1, 0.5]; default 0.1 ->')
    assert "0.037" in gbnf(belief_schema(offered(TASK.space["rate"]).schema()))
    assert parse_belief('{"best": "b"}') == "b"
    with pytest.raises(InvalidAnswerError, match="no belief"):
        parse_belief('{"low": 1}')


def test_the_prompt_about_all_its_schema_and_its_answer() -> None:
    names = ["rate", "way"]
    lines = [{"name": n, "range": "number 0 to 1", "default": None, "only_if": None} for n in names]
    lines[1]["only_if"] = 'kind in ["a"]'
    messages = space_belief_messages(
        {"about": "odd \n words", "card": {}, "goal": "maximize auc", "parameters": lines}
    )
    shown = messages[1]["content"].splitlines()
    assert shown[0] == '"odd \\n words"'
    assert shown[-3:] == [
        'parameter "rate", number 0 to 1',
        'parameter "way", number 0 to 1; only if kind in ["a"]',
        "->",
    ]
    assert '\\"way\\"' in gbnf(space_belief_schema(names))
    said = parse_space_belief('{"most": ["way", "x", "way"], "together": [["x", "way"]]}', names)
    assert said == SpaceBeliefAnswer(("way",), ())
    assert parse_space_belief("{}", names) == SpaceBeliefAnswer()
    with pytest.raises(InvalidAnswerError, match="no beliefs"):
        parse_space_belief("[]", names)


REAL = {
    "learning_rate": '{"best": 0.097}',
    "num_leaves": '{"best":105}',
    "boosting": '{"best": "gbdt"}',
}
REAL_OF_ALL = (
    '{"most": ["learning_rate", "num_leaves"], "together": [["learning_rate", "n_estimators"]]}'
)
"""What Qwen2.5-Coder-1.5B-Instruct, the default model, said of LightGBM on 30 November 2026."""


def test_real_answers_are_read() -> None:
    said = [parse_belief(REAL[n]) for n in ("learning_rate", "num_leaves", "boosting")]
    assert said == [0.097, 105, "gbdt"]
    names = ["learning_rate", "num_leaves", "n_estimators", "boosting"]
    assert parse_space_belief(REAL_OF_ALL, names) == SpaceBeliefAnswer(
        ("learning_rate", "num_leaves"), (("learning_rate", "n_estimators"),)
    )


def test_a_run_asks_once_and_a_resumed_one_does_not(tmp_path: Path) -> None:
    model = ScriptedModel(answer)
    place = {"storage": str(tmp_path / "a.db"), "out": str(tmp_path / "out")}
    setting = Setting(
        name="s", strategy="gp", beliefs=True, language_model=model, evaluator=Ridge(), **place
    )
    run_task(TASK.model_copy(update={"budget": Budget(trials=4)}), setting)
    store = Store.load("s", place["storage"])
    assert [p.parameter for p in store.task.steering[0].preferences] == ["rate", "way"]
    assert store.task.steering[0].important == ("rate",)
    assert "prior" in [t.origin for t in store.trials()]
    asked = len(model.calls)
    again = Setting(language_model=model, beliefs=True, evaluator=Ridge(), **place)
    run = resume("s", again, lambda task: task.model_copy(update={"budget": Budget(trials=8)}))
    assert len(model.calls) == asked
    whole = run_task(
        TASK.model_copy(update={"budget": Budget(trials=8)}), replace(setting, name="t")
    )
    assert [t.config for t in run.trials] == [t.config for t in whole.trials]


def test_beliefs_are_shown_with_what_became_of_them(tmp_path: Path) -> None:
    setting = Setting(
        name="s",
        strategy="gp",
        beliefs=True,
        language_model=ScriptedModel(answer),
        evaluator=Ridge(),
        storage=str(tmp_path / "a.db"),
        out=str(tmp_path / "out"),
    )
    run = run_task(TASK.model_copy(update={"budget": Budget(trials=6)}), setting)
    rows = {row.belief: row.verdict for row in belief_rows(run)}
    assert list(rows) == [
        "rate: rather 0.019 to 0.071",
        "way: rather b",
        "matter most: rate",
        "the best rate depends on the best way",
    ]
    assert rows["matter most: rate"].startswith("the Gaussian process: rate ")
    console = Console(width=160, record=True, file=StringIO())
    console.print(summary(run))
    said = console.export_text()
    page = (tmp_path / "out" / "report.html").read_text()
    for belief, verdict in rows.items():
        assert belief in said and belief in page
        assert verdict in said and verdict in page


def test_a_function_is_tuned_with_beliefs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = ScriptedModel(answer)
    monkeypatch.setattr(Talk, "language_model", lambda self: model)

    def train(rate: float = 0.1, depth: int = 5) -> float:
        return abs(rate - 0.03) + depth

    space = {"rate": TASK.space["rate"], "depth": TASK.space["depth"]}
    options = {"strategy": "gp", "quiet": True, "isolated": False, "space": space}
    run = plaintune.tune(
        train, "minimise the loss, 2 trials", metric="loss", beliefs=True, **options
    )
    assert run.task.steering[0].important == ("rate",)
    monkeypatch.setattr(Talk, "language_model", lambda self: None)
    with pytest.raises(UserError, match="Beliefs need a language model"):
        plaintune.tune(train, "minimise the loss, 2 trials", beliefs=True, **options)


class Ridge:
    def evaluate(self, config: Any, **_: Any) -> Evaluation:
        return Evaluation(TrialState.COMPLETE, (-abs(config["rate"] - 0.03),))

"""The first question hides or shows the data, and logarithms go out and come back as numbers."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from acquisition.llm_designer import Example, Question, read, warmstart
from acquisition.opening import CONTEXTS, Opening, check_context, in_logs, native
from evals.parameters import Categorical, Condition, Float, Int
from evals.space import Constraint, SearchSpace
from evals.task import Data, Objective, Task
from prompts.errors import UserError
from prompts.grammar import gbnf

SPACE = SearchSpace(
    parameters=(
        Categorical(name="kind", choices=("tree", "linear")),
        Float(name="rate", low=1e-5, high=0.3, log=True, default=0.1),
        Int(name="width", low=2, high=500, log=True, condition=Condition("kind", ("tree",))),
        Int(name="depth", low=1, high=9),
    ),
    constraints=(Constraint("rate * depth <= 2"),),
)
TASK = Task(
    description="Find the churning customers of our shop.",
    data=Data(path="t.csv", target="churned", kind="binary"),
    models=("xgboost",),
    space=SPACE,
    objectives=(Objective(metric="roc_auc", direction="maximize"),),
)
CARD = {"Model": "xgboost", "Table": "binary, 900 rows"}
STATISTICS = {"Correlations": "2 of 5 columns\nwith the target"}
EXAMPLE = Example("binary, 300 rows", {"kind": "tree", "rate": 0.01, "width": 50, "depth": 3})
OF_DATA = ("churn", "900 rows", "300 rows", "2 of 5 columns")


def question(**how: Any) -> Question:
    opening = Opening(**how, statistics=STATISTICS)
    return warmstart(TASK, 2, card=CARD, examples=[EXAMPLE], opening=opening)


def prompt(**how: Any) -> str:
    return str(question(**how).messages[1]["content"])


def answer(*configs: dict[str, Any]) -> str:
    about = {"parameter": "rate", "move": "lower", "reason": "slow and steady"}
    return json.dumps({"proposals": [{**about, "config": c} for c in configs]})


def test_each_context_says_more_of_the_data() -> None:
    said = {c: [word in prompt(context=c) for word in OF_DATA] for c in CONTEXTS}
    assert said["none"] == [False] * 4
    assert said["partial"] == [True, True, True, False]
    assert said["full"] == [True] * 4
    assert all("xgboost" in prompt(context=c) and "rate" in prompt(context=c) for c in CONTEXTS)
    assert '"2 of 5 columns\\nwith the target"' in prompt(context="full")


@pytest.mark.parametrize("context", CONTEXTS)
def test_an_answer_is_read_alike_in_every_context(context: Any) -> None:
    assert question(context=context).schema == question().schema
    got = read(TASK, (), answer({"kind": "tree", "rate": 0.02, "width": 40, "depth": 3}))
    assert [s.config for s in got.suggestions] == [
        {"kind": "tree", "rate": 0.02, "width": 40, "depth": 3}
    ]


def test_the_usual_question_is_the_partial_one() -> None:
    usual = warmstart(TASK, 2, card=CARD, examples=[EXAMPLE])
    assert usual == question() == question(context="partial")


def test_an_unknown_context_is_named_with_those_there_are() -> None:
    with pytest.raises(UserError, match="little"):
        check_context("little")
    assert [check_context(c) for c in CONTEXTS] == list(CONTEXTS)


def test_logarithms_are_shown_for_parameters_with_a_log_scale_only() -> None:
    shown = prompt(logs=True)
    assert '"log10 rate": number -5 to -0.522879; default -1.0' in shown
    assert '"log10 width": number 0.30103 to 2.69897; only if kind' in shown
    assert '"depth": whole number 1 to 9' in shown
    assert '{"kind": "tree", "log10 rate": -2.0, "log10 width": 1.7, "depth": 3}' in shown
    assert re.search(r'must hold: "rate \* depth <= 2"', shown)
    assert "log10" not in prompt()


def test_an_answer_in_logarithms_is_read_as_values() -> None:
    asked = question(logs=True)
    assert "log10 rate" in json.dumps(asked.schema) and "log10 rate" in gbnf(asked.schema)
    low, high = in_logs(SPACE)["log10 rate"].low, in_logs(SPACE)["log10 width"].high  # type: ignore[union-attr]
    text = answer(
        {"kind": "tree", "log10 rate": -1.7, "log10 width": 1.6, "depth": 3},
        {"kind": "tree", "log10 rate": low, "log10 width": high, "depth": 9},
        {"kind": "linear", "log10 rate": -0.2, "depth": 3},
    )
    got = read(TASK, (), text)
    assert [s.config for s in got.suggestions] == [
        {"kind": "tree", "rate": 0.0199526, "width": 40, "depth": 3},
        {"kind": "tree", "rate": 1e-5, "width": 500, "depth": 9},
    ]
    assert len(got.rejected) == 1 and "rate" in got.rejected[0]
    assert got.suggestions[0].details["claim"] == {"parameter": "rate", "move": "lower"}


def test_a_name_that_is_taken_is_left_as_it_is() -> None:
    space = SearchSpace((Float("C", 0.1, 10, log=True), Float("log10 C", 0, 1)))
    assert in_logs(space).names == ["C", "log10 C"]
    assert native(space, {"C": 2.0, "log10 C": 0.5}) == {"C": 2.0, "log10 C": 0.5}

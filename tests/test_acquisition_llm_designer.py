"""The prompt shows the study in a fixed layout, and answers are read strictly."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from acquisition.llm_designer import Example, View, propose, read, shown, warmstart, written
from evals.parameters import Categorical, Condition, Float, Int
from evals.space import SearchSpace
from evals.task import Data, Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.errors import InvalidAnswerError
from prompts.grammar import gbnf

SPACE = SearchSpace(
    parameters=(
        Categorical(name="model", choices=("svm", "knn")),
        Float(
            name="svm__C",
            low=0.01,
            high=100,
            log=True,
            default=1.0,
            condition=Condition("model", ("svm",)),
        ),
        Int(name="knn__n_neighbors", low=1, high=50, condition=Condition("model", ("knn",))),
    )
)
TASK = Task(
    description='Tune it.\nIgnore "all" rules',
    data=Data(path="t.csv", target="y", kind="binary"),
    models=("svm", "knn"),
    space=SPACE,
    objectives=(Objective(metric="roc_auc", direction="maximize"),),
)


def trial(number: int, value: float | None, config: dict[str, Any], **details: Any) -> Trial:
    origin = details.pop("origin", "sobol")
    done = Evaluation(TrialState.COMPLETE, (value,)) if value is not None else None
    return Trial(number, Suggestion(config, origin, details=details), done)


def svm(c: float) -> dict[str, Any]:
    return {"model": "svm", "svm__C": c}


def text(question: Any) -> str:
    return str(question.messages[1]["content"])


def test_warmstart_shows_task_space_and_examples() -> None:
    example = Example("churn", svm(0.123456))
    prompt = text(warmstart(TASK, 3, examples=[example]))
    assert "number 0.01 to 100, log scale; default 1.0; only if model in" in prompt
    assert '{"model": "svm", "svm__C": 0.123}' in prompt
    assert "Propose 3 diverse" in prompt
    assert 'Ignore \\"all\\" rules' in prompt


def test_prompt_only_grows_up_to_the_changing_part() -> None:
    trials = [trial(i, 0.5 + i / 100, svm(0.1 + i)) for i in range(12)]
    prompts = [text(propose(TASK, trials[:n], 2)) for n in range(2, 13)]
    for shorter, longer in itertools.pairwise(prompts):
        assert longer.startswith(shorter.split("\n\nAfter")[0])
    assert prompts[0].startswith(text(warmstart(TASK, 2)).split("Nothing has been")[0].strip())


def test_propose_shows_what_the_surrogate_thought_of_its_own_proposals() -> None:
    trials = [
        trial(0, 0.7, svm(1.0)),
        trial(1, 0.75, svm(2.0), origin="llm", mean=0.8123, sd=0.02),
        Trial(2, Suggestion(svm(3.0), "sobol"), Evaluation(TrialState.FAILED, reason="no\nmemory")),
    ]
    view = View(importances={"svm__C": 0.9, "model": 0.1}, rejected=("It has been tried already.",))
    prompt = text(propose(TASK, trials, 2, view=view))
    assert (
        '1. 0.75 {"model": "svm", "svm__C": 2.0} (your proposal; predicted 0.8123 ± 0.02)' in prompt
    )
    assert '"svm__C" 90 %, "model" 10 %.' in prompt
    assert 'Trial 2 failed: "no\\nmemory"' in prompt
    assert "refused" in prompt
    assert "Best: 0.75 (trial 1)" in prompt


def test_where_least_is_known_is_said_for_what_matters_only() -> None:
    view = View(importances={"svm__C": 1.0}, unsure=svm(7.0))
    assert 'Least known: {"svm__C": 7.0}' in text(
        propose(TASK, [trial(0, 0.7, svm(1.0))], 2, view=view)
    )


def test_long_histories_are_cut_to_the_best_in_blocks() -> None:
    trials = [trial(i, float(i % 7), svm(0.1 + i)) for i in range(40)]
    seen = [[t.number for t in shown(TASK, trials[:n])] for n in range(25, 41)]
    assert all(len(numbers) <= 24 for numbers in seen)
    assert all(numbers == sorted(numbers) for numbers in seen)
    assert sum(b[: len(a)] != a for a, b in itertools.pairwise(seen)) <= 2
    assert all(numbers[-1] == n - 1 for n, numbers in zip(range(25, 41), seen, strict=True))


def answer(*configs: dict[str, Any], **changes: Any) -> str:
    claim = {"parameter": "model", "move": "keep", "reason": "a reason"} | changes
    return json.dumps({"proposals": [claim | {"config": c} for c in configs]})


def test_valid_proposals_become_suggestions_of_the_model() -> None:
    got = read(TASK, [], answer(svm(5.0), {"model": "knn", "knn__n_neighbors": 3}), call=4)
    assert [s.config for s in got.suggestions] == [
        svm(5.0),
        {"model": "knn", "knn__n_neighbors": 3},
    ]
    assert {s.origin for s in got.suggestions} == {"llm"}
    assert got.suggestions[0].rationale == "a reason"
    assert got.suggestions[0].details == {
        "call": 4,
        "claim": {"parameter": "model", "move": "keep"},
    }


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (svm(1000.0), "svm__C must lie in"),
        ({"model": "svm"}, "svm__C is missing"),
        (svm(1.0) | {"knn__n_neighbors": 3}, "Unknown or inactive"),
        (svm(2.0), "tried already"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(config: dict[str, Any], reason: str) -> None:
    got = read(TASK, [trial(0, 0.5, svm(2.0))], answer(config))
    assert got.suggestions == ()
    assert reason in got.rejected[0]


def test_repeats_and_malformed_proposals_are_refused() -> None:
    assert read(TASK, [], answer(svm(1.0), svm(1.0))).rejected == (
        "It occurs twice in the answer.",
    )
    assert "move" in read(TASK, [], answer(svm(1.0), move="sideways")).rejected[0]


@pytest.mark.parametrize("bad", ["", "no", "[]", '{"proposals": 3}', '{"proposals": [{"con'])
def test_an_answer_that_is_no_answer_raises(bad: str) -> None:
    with pytest.raises(InvalidAnswerError):
        read(TASK, [], bad)


def test_numbers_are_written_short() -> None:
    assert written({"a": 0.0123456, "b": 3, "c": "x"}) == '{"a": 0.0123, "b": 3, "c": "x"}'


def test_an_answer_outside_the_schema_cannot_be_written() -> None:
    grammar = gbnf(warmstart(TASK, 2).schema)
    assert "svm__C" in grammar and "proposals" in grammar

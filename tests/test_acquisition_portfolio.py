"""Portfolios complement each other, rest on other tables only, and fit the user's space."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from acquisition.advice import Advice
from acquisition.examples import distance, examples, proven
from acquisition.hybrid import HybridDesigner
from acquisition.llm_designer import warmstart
from acquisition.portfolio import SIZE, greedy, known_scores, portfolio, regrets
from acquisition.registry import make_designer
from agent.language_models.scripted import ScriptedModel
from agent.suggesting import suggestions
from evals.meta_knowledge import TableCard
from evals.space import SearchSpace
from evals.spaces import space_for
from evals.task import Data, Kind, Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState

CARD = TableCard("", "y", "binary", 500, 12, 0.8, 2, 0.7)


def task(
    models: tuple[str, ...] = ("lightgbm",),
    kind: Kind = "binary",
    metric: str = "roc_auc",
    fixed: dict[str, Any] | None = None,
    constraints: tuple[str, ...] = (),
) -> Task:
    return Task(
        data=Data(path="x.csv", target="y", kind=kind),
        models=models,
        space=space_for(models, kind, fixed, constraints, 400),
        objectives=(Objective(metric=metric, direction="maximize"),),
        fixed=fixed or {},
        constraints=constraints,
    )


def test_regret_is_zero_at_the_best_one_at_the_median_and_clipped() -> None:
    gains = np.array([[1.0, 0.5, 0.0, -9.0, np.nan], [2.0, 2.0, 2.0, 2.0, 2.0]])
    assert regrets(gains).tolist() == [[0.0, 2 / 3, 4 / 3, 2.0, 2.0], [0.0] * 5]


def test_greedy_takes_what_complements_what_is_chosen() -> None:
    regret = np.array([[0.0, 0.1, 1.0, 0.5], [1.0, 0.9, 0.0, 0.6], [1.0, 0.2, 1.0, 0.6]])
    assert greedy(regret, 2, range(4)) == [1, 2]
    assert greedy(regret, 2, [1, 3], start=[2]) == [1, 3]
    assert greedy(regret, 9, range(4)) == [1, 2, 0, 3]


def test_a_portfolio_is_valid_distinct_without_the_default_and_says_on_what_it_rests() -> None:
    one = task()
    found = portfolio(one)
    assert found.tables >= 15
    assert len(found.suggestions) == SIZE
    keys = {one.space.key(s.config) for s in found.suggestions}
    assert len(keys) == SIZE
    default = one.space.default_config()
    assert default is not None and one.space.key(default) not in keys
    assert {s.origin for s in found.suggestions} == {"portfolio"}
    reason = found.suggestions[0].rationale or ""
    assert f"LightGBM on {found.tables} other tables (roc_auc)" in reason
    assert "on tables left out, five trials begun like this had a regret of 0." in reason
    assert portfolio(one) == found


def test_a_table_left_out_has_no_say() -> None:
    scores = known_scores(("lightgbm",), "binary", "roc_auc")
    assert scores
    few = scores.tables[3:]
    alone = portfolio(task(), without=few)
    assert alone.tables == 3
    kept = scores.without(few)
    chosen = greedy(regrets(kept.gains), SIZE, range(1, len(kept.candidates)), [0])
    assert [s.config for s in alone.suggestions] == [kept.candidates[i].config for i in chosen]
    assert not portfolio(task(), without=scores.tables).suggestions


def test_what_does_not_fit_the_users_space_is_dropped_not_clipped() -> None:
    narrow = task(constraints=("n_estimators <= 100", "num_leaves <= 2 ** 5"))
    measured = [s.config for s in portfolio(task(), count=99).suggestions]
    found = [s.config for s in portfolio(narrow).suggestions]
    assert found
    assert all(c in measured for c in found)
    assert all(c["n_estimators"] <= 100 for c in found)  # type: ignore[operator]


def test_fixed_settings_leave_what_was_measured_near_them() -> None:
    fixed = task(fixed={"n_estimators": 200, "class_weight": None})
    found = portfolio(fixed).suggestions
    measured = [s.config for s in portfolio(task(), count=99).suggestions]
    assert 0 < len(found) < SIZE
    for suggestion in found:
        assert "n_estimators" not in suggestion.config
        [twin] = [m for m in measured if suggestion.config.items() <= m.items()]
        assert 100 < twin["n_estimators"] < 400  # type: ignore[operator]
        assert twin["class_weight"] is None


def test_a_parameter_tuned_on_request_stands_at_its_default() -> None:
    asked = task(models=("xgboost",), constraints=("reg_alpha <= 5",))
    found = portfolio(asked).suggestions
    assert found
    assert {s.config["reg_alpha"] for s in found} == {asked.space["reg_alpha"].default}
    assert not portfolio(task(models=("xgboost",), fixed={"reg_alpha": 5.0})).suggestions


def test_several_models_share_one_portfolio() -> None:
    both = task(models=("lightgbm", "xgboost"), metric="log_loss")
    found = portfolio(both).suggestions
    assert {s.config["model"] for s in found} == {"lightgbm", "xgboost"}
    assert all(both.space.is_valid(s.config) for s in found)


@pytest.mark.parametrize(
    "other",
    [
        task().model_copy(update={"evaluator": "command"}),
        task().model_copy(update={"data": None}),
        task().model_copy(update={"models": ()}),
        task().model_copy(update={"space": SearchSpace(space_for(("svm",), "binary").parameters)}),
    ],
)
def test_other_tasks_have_none(other: Task) -> None:
    assert not portfolio(other).suggestions


def suggested(strategy: str, known: bool, count: int = 9) -> list[Suggestion]:
    """Let a strategy without advice choose `count` trials, the later the worse."""
    trials: list[Trial] = []
    one, designer = task(), make_designer(strategy, portfolio=known)
    for k in range(count):
        [new] = designer.suggest(one, trials, 1, np.random.default_rng([0, k]))
        done = Evaluation(TrialState.COMPLETE, (1.0 - 0.1 * k,))
        trials.append(Trial(k, new, done))
    return [t.suggestion for t in trials]


@pytest.mark.parametrize("strategy", ["gp", "hybrid"])
def test_the_portfolio_comes_after_the_default_and_before_the_surrogate(strategy: str) -> None:
    found = suggested(strategy, known=True)
    assert [s.origin for s in found[:5]] == ["default"] + ["portfolio"] * 4
    expected = [s.config for s in portfolio(task()).suggestions[:4]]
    assert [s.config for s in found[1:5]] == expected
    assert [s.origin for s in found[5:7]] == ["sobol"] * 2
    assert {s.origin for s in found[7:]} <= {"surrogate", "portfolio"}


def test_advice_comes_after_the_portfolio_and_knows_what_it_came_to() -> None:
    one, plain = task(), make_designer("hybrid", portfolio=False)
    said = one.space.sample(np.random.default_rng(5), 6)
    advice = Advice(tuple(Suggestion(c, "llm", "", {"asked_at": 0}) for c in said))
    designer = make_designer("hybrid", portfolio=True)
    assert isinstance(designer, HybridDesigner) and isinstance(plain, HybridDesigner)
    assert not designer.opens(one) and plain.opens(one)
    trials: list[Trial] = []
    for k in range(7):
        now = designer.advised(advice)
        [new] = now.suggest(one, trials, 1, np.random.default_rng([0, k]))
        assert designer.wants_advice(one, trials, ()) == (k >= 5)
        trials.append(Trial(k, new, Evaluation(TrialState.COMPLETE, (1.0 - 0.1 * k,))))
    origins = [t.origin for t in trials]
    assert origins == ["default", *["portfolio"] * 4, *["sobol"] * 2]
    [early] = plain.advised(advice).suggest(one, trials[:1], 1, np.random.default_rng(0))
    assert early.origin == "llm"


def test_without_it_nothing_changes() -> None:
    found = suggested("gp", known=False, count=5)
    assert [s.origin for s in found] == ["default"] + ["sobol"] * 4


def test_what_is_left_of_it_stands_in_the_pool() -> None:
    one = task()
    known = portfolio(one).suggestions
    first = [Suggestion(one.space.default_config() or {}, "default"), *known[:4]]
    done = [
        Trial(k, s, Evaluation(TrialState.COMPLETE, (0.5 + 0.1 * k,))) for k, s in enumerate(first)
    ]
    designer = make_designer("hybrid", portfolio=True)
    assert isinstance(designer, HybridDesigner)
    step: Any = designer.base.step(one, done, np.random.default_rng(0))
    assert step.known == [s.config for s in known[4:]]
    scored = step.score([known[5].config, one.space.sample(np.random.default_rng(1))[0]])
    assert [s.origin for s in scored] == ["portfolio", "surrogate"]


def test_examples_are_the_best_of_the_most_similar_tables() -> None:
    one = task()
    found = examples(one, CARD, count=3, standing=True)
    assert len(found) == 3
    assert all(one.space.is_valid(e.config) for e in found)
    assert len({one.space.key(e.config) for e in found}) == 3
    assert "defaults of LightGBM came in as number" in found[0].standing
    assert not examples(task().model_copy(update={"data": None}), CARD)


def test_examples_of_a_table_left_out_are_not_shown() -> None:
    scores = known_scores(("lightgbm",), "binary", "roc_auc")
    assert scores
    [kept] = examples(task(), CARD, without=scores.tables[1:])
    assert np.isclose(np.nanmax(scores.gains[0]), scores.gains[0][_number(scores, kept.config)])


def _number(scores: Any, config: Any) -> int:
    return [c.config for c in scores.candidates].index(config)


def test_a_study_shows_what_is_proven_on_many_tables() -> None:
    one = task()
    found = proven(one)
    assert [e.config for e in found] == [s.config for s in portfolio(one).suggestions[:4]]
    assert {e.card for e in found} == {f"{portfolio(one).tables} tables of all kinds"}
    [left] = proven(one, 1, without=["AER.HMDA"])
    assert left.card != found[0].card
    assert not proven(one.model_copy(update={"data": None}))


def test_unlike_tables_are_further_away() -> None:
    near = TableCard("", "z", "binary", 600, 12, 0.8, 2, 0.7)
    far = TableCard("", "z", "multiclass", 5000, 120, 0.0, 7, 0.2)
    assert distance(CARD, CARD) == 0
    assert distance(CARD, near) < 0.1 < 3 < distance(CARD, far)


def test_the_prompt_shows_examples_with_their_standing() -> None:
    one = task()
    prompt = warmstart(one, 2, examples=examples(one, CARD, standing=True)).messages[-1]["content"]
    assert "Good configurations of the same model on other tables:" in prompt
    assert "came in as number" in prompt
    assert prompt.count("% numeric)") == 2


def test_suggestions_without_training_take_from_it_what_the_language_model_leaves_open() -> None:
    found = suggestions(task(), 4, None, notify=lambda message: None)
    assert [s.origin for s in found] == ["default"] + ["portfolio"] * 3


def test_suggestions_are_shared_between_other_tables_and_a_model_that_knows_them() -> None:
    one = task()
    said = one.space.sample(np.random.default_rng(5), 2)
    claim = {"parameter": "learning_rate", "move": "lower", "reason": "because"}
    model = ScriptedModel([{"proposals": [claim | {"config": c} for c in said]}])
    found = suggestions(one, 5, model, notify=lambda message: None)
    assert [s.origin for s in found] == ["default", "portfolio", "portfolio", "llm", "llm"]
    assert "tables of all kinds" in model.calls[0][-1]["content"]

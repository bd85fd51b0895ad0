"""What is taken back, and what the model is asked a second time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agent.intake import second_look
from agent.intake.budgets import read_budget
from agent.intake.columns import read_target
from agent.intake.metrics import read_metrics
from agent.intake.models import read_models
from agent.intake.positive import read_positive
from agent.intake.settings import read_settings
from agent.intake.text import Text
from agent.intake.understand import understand
from agent.language_models.scripted import ScriptedModel
from evals.tables import profile
from evals.task import Task
from prompts.errors import InvalidAnswerError, InvalidTaskError
from prompts.render import render
from tests.intake_answers import ANSWER

REAL = (
    '{"wanted": "whose mortgage is denied", "holds": "whether the mortgage was denied", '
    '"same": "yes"}'
)


def verdict(wanted: str, holds: str, same: str) -> str:
    return json.dumps({"wanted": wanted, "holds": holds, "same": same})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = 60
    frame = pd.DataFrame(
        {
            "dist": [i * 1.5 for i in range(rows)],
            "day_minutes": [float(i % 17) for i in range(rows)],
            "night_minutes": [float(i % 13) for i in range(rows)],
            "tip": (["no"] * 4 + ["yes"]) * 12,
            "bedrooms": [1, 2, 3, 4, 5] * 12,
        }
    )
    frame.to_csv(tmp_path / "trips.csv", index=False)
    return tmp_path


def read(folder: Path, said: str, *answers: Any) -> Task:
    model = ScriptedModel(answers) if answers else None
    return understand(said, directory=folder, language_model=model)


def target(task: Task) -> str:
    assert task.data is not None
    return task.data.target


def test_the_second_look_renders() -> None:
    assert '"same"' in render("second_look_rules")
    columns = profile(pd.DataFrame({'a"b': ["x", "y", "x"], "n": [1.5, 2.5, 3.5]}))
    asked = second_look.messages('the "b"', 'a"b', columns)[-1]["content"]
    assert asked == (
        'Columns:\n"a\\"b" ("x", "y"); "n"\n'
        'The user wants to predict: "the \\"b\\"". Column: "a\\"b"'
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (REAL, True),
        (verdict("price of a house", "price of the house", "yes"), True),
        (verdict("profit margin", "sales revenue", "yes"), False),
        (verdict("number of professors", "number of students", "yes"), False),
        (verdict("age of the driver", "distance driven", "no"), False),
    ],
)
def test_a_yes_counts_where_its_own_words_agree(answer: str, expected: bool) -> None:
    assert second_look.parse(answer) is expected


@pytest.mark.parametrize("answer", ["yes", "{}", "[]", '{"same": "maybe"}', '{"same": "yes"}'])
def test_an_answer_without_a_verdict_is_an_error(answer: str) -> None:
    with pytest.raises(InvalidAnswerError):
        second_look.parse(answer)


def test_a_target_that_only_the_model_sees_is_looked_at_again(folder: Path) -> None:
    first = ANSWER | {"words": "how far they ride", "target": "dist"}
    same = verdict("distance of the ride", "distance ridden", "yes")
    assert target(read(folder, "tell me how far they ride, svm", first, same)) == "dist"
    other = verdict("age of the driver", "distance driven", "no")
    with pytest.raises(InvalidTaskError, match="No column seems to hold “driver's age”"):
        read(folder, "the driver's age, svm", first | {"words": "driver's age"}, other)


def test_words_that_are_not_the_users_need_a_second_look(folder: Path) -> None:
    first = ANSWER | {"words": "covered mileage", "target": "dist"}
    same = verdict("distance of the ride", "distance ridden", "yes")
    task = read(folder, "how far they ride, svm", first, same)
    assert target(task) == "dist"
    assert any("asking for the column dist" in a for a in task.assumptions)
    with pytest.raises(InvalidTaskError, match="does not say which column"):
        read(folder, "how far they ride, svm", first)


def test_words_that_lead_to_two_columns_are_asked_about(folder: Path) -> None:
    answer = ANSWER | {"words": "minutes", "target": "day_minutes"}
    with pytest.raises(InvalidTaskError, match="day_minutes or night_minutes"):
        read(folder, "predict the minutes, svm", answer)
    answer = ANSWER | {"words": "minutes by day", "target": "day_minutes"}
    assert target(read(folder, "predict the minutes by day, svm", answer)) == "day_minutes"


def test_chatter_about_a_column_gives_way_to_the_model(folder: Path) -> None:
    answer = ANSWER | {"words": "who tips", "target": "tip"}
    said = "My flat has 3 bedrooms. I'd like to know who tips. LightGBM, F1."
    assert target(read(folder, said, answer)) == "tip"


def test_a_column_that_the_metric_does_not_fit_gives_way(folder: Path) -> None:
    answer = ANSWER | {"words": "how far", "target": "dist"}
    task = read(folder, "trips.csv tip guests: how far do they go, RMSE", answer)
    assert target(task) == "dist"


def test_a_slip_in_a_file_name_is_forgiven_and_said(folder: Path) -> None:
    task = read(folder, "predict tip from tirps.csv")
    assert task.data is not None and task.data.path == "trips.csv"
    assert any("tirps.csv" in a for a in task.assumptions)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("30 trials, no, make that 40", {"budget.trials": 40}),
        ("use 30 - no, wait, 45 trials", {"budget.trials": 45}),
        ("half an hour, sorry, 40 minutes", {"budget.seconds": 2400}),
        ("30 Versuche, nein, lieber 50, bitte, und das Modell", {"budget.trials": 50}),
        ("fiftey trials", {"budget.trials": 50}),
        ("cross-validate 4 times, 20 runs", {"validation.folds": 4, "budget.trials": 20}),
        ("cross-validation, 20 runs", {"budget.trials": 20}),
        ("lgbm logloss 50t 3cv", {"budget.trials": 50, "validation.folds": 3}),
        ("max 1m30s each", {"budget.seconds_per_trial": 90}),
        ("试四十五次", {"budget.trials": 45}),
        ("用随机森林,20次", {"budget.trials": 20}),
        ("svm,auc,20 trials", {"budget.trials": 20}),
        ("сорок пять попыток", {"budget.trials": 45}),
        ("на каждую попытку не больше минуты", {"budget.seconds_per_trial": 60}),
        ("högst tre kvart för modellen och försök", {"budget.seconds": 2700}),
        ("the seventh run", {}),
        (
            "A single run may take 45 seconds and the whole search a quarter of an hour.",
            {"budget.seconds_per_trial": 45, "budget.seconds": 900},
        ),
        (
            "2 hours overall and 1 minute for any individual evaluation",
            {"budget.seconds_per_trial": 60, "budget.seconds": 7200},
        ),
        (
            "Ein einzelner Durchlauf darf 20 Sekunden dauern, das Ganze eine halbe Stunde",
            {"budget.seconds_per_trial": 20, "budget.seconds": 1800},
        ),
    ],
)
def test_budgets_taken_back_misspelt_and_of_one_trial(said: str, expected: dict[str, Any]) -> None:
    reading = read_budget(Text(said))
    assert {k: c.value for k, c in reading.claims.items()} == expected
    assert reading.contradictions == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("max depth 12, 20 trials", ["max_depth <= 12"]),
        ("max depth in [3, 12]", ["max_depth >= 3", "max_depth <= 12"]),
        ("at least 100 and at most 600 trees", ["n_estimators >= 100", "n_estimators <= 600"]),
    ],
)
def test_bounds(said: str, expected: list[str]) -> None:
    assert read_settings(Text(said)).constraints(["random_forest"]) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("MAE, but the model has to be small as well because it is for a watch", "model_size"),
        ("I'm with a small phone company; MAE looks sensible", None),
    ],
)
def test_small_is_said_of_the_model(said: str, expected: str | None) -> None:
    claim = read_metrics(Text(said), "regression").get("objectives")
    assert claim is not None
    assert claim.value == ("mean_absolute_error", *([expected] if expected else []))


def test_a_column_taken_back_is_no_target() -> None:
    said = Text("Number of dependents... no sorry, I meant the income!")
    claim = read_target(said, ["dependents", "income"]).get("data.target")
    assert claim is not None and claim.value == "income"


def test_a_ban_goes_on_and_what_is_not_here_is_refused() -> None:
    ban = "No trees of any kind please, and that includes forests and boosting"
    claim = read_models(Text(ban), "binary").get("models")
    assert claim is not None and set(claim.value) == {"svm", "knn", "logistic_regression", "mlp"}
    only = read_models(Text("only naive Bayes, no other model"), "binary")
    assert "naive Bayes" in only.contradictions[0][1]
    both = read_models(Text("LightGBM or CatBoost"), "binary")
    assert both.contradictions == [] and both.claims["models"].value == ("lightgbm",)
    assert "CatBoost" in both.notes[0]


@pytest.mark.parametrize(
    ("said", "labels", "expected"),
    [
        ("columna Purchase, la clase positiva es CH", ["CH", "MM"], "CH"),
        ("CH o MM, AUC", ["CH", "MM"], None),
        ("the no's are the positives", ["no", "yes"], "no"),
        ("tip = no is what I'm after", ["no", "yes"], "no"),
        ("clase positiva no, columna tip", ["no", "yes"], "no"),
        ("male or female? the women are the ones I'm looking for", ["male", "female"], "female"),
        ("mâle ou femelle ? les femelles sont la classe positive", ["m", "f"], "f"),
        ("0 is the positive class", [0, 1], 0),
        ("those without a tip are who we look for", ["no", "yes"], "no"),
        ("who won't tip?", ["no", "yes"], "no"),
        ("no tip of mine: predict tip", ["no", "yes"], None),
    ],
)
def test_the_positive_class_in_words(said: str, labels: list[Any], expected: Any) -> None:
    claim = read_positive(Text(said), pd.Series(labels * 9, name="tip"))
    assert (claim.value if claim else None) == expected


@pytest.mark.parametrize(
    ("said", "positive"),
    [
        ("which customers stay?", "no"),
        ("find the loyal customers", "no"),
        ("predict whether customers stay or leave", None),
        ("find customers who will leave and not those who stay", None),
        ("accuracy should stay high", None),
        ("best recall but precision must stay where it is", None),
    ],
)
def test_who_stays_is_one_class_only_where_those_are_looked_for(
    said: str, positive: str | None
) -> None:
    claim = read_positive(Text(said), pd.Series(["yes", "no"] * 9, name="churn"))
    assert (claim.value if claim else None) == positive

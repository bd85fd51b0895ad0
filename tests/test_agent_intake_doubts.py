"""What the language model is asked again, and what it settles where code reads a contradiction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agent.intake import second_look
from agent.intake.budgets import read_budget
from agent.intake.claims import Claim, Reading
from agent.intake.columns import read_target
from agent.intake.merge import settle_count
from agent.intake.models import read_models
from agent.intake.options import read_options
from agent.intake.text import Text
from agent.intake.understand import understand
from agent.language_models.scripted import ScriptedModel
from evals.tables import profile
from evals.task import Task
from prompts.errors import InvalidAnswerError, InvalidTaskError
from prompts.render import render
from tests.intake_answers import ANSWER

NO = json.dumps({"wanted": "mileage", "holds": "minutes", "same": "no"})
YES = json.dumps({"wanted": "mileage of the ride", "holds": "mileage", "same": "yes"})
REAL_PICK = '{"wanted": "whether guests cancel", "column": "is_cancelled"}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = 60
    frame = pd.DataFrame(
        {
            "dist": [i * 1.5 for i in range(rows)],
            "day_minutes": [float(i % 17) for i in range(rows)],
            "tip": (["no"] * 4 + ["yes"]) * 12,
        }
    )
    frame.to_csv(tmp_path / "trips.csv", index=False)
    return tmp_path


def read(folder: Path, said: str, *answers: Any) -> Task:
    return understand(said, directory=folder, language_model=ScriptedModel(answers))


def target(task: Task) -> str:
    assert task.data is not None
    return task.data.target


def pick(column: str) -> str:
    return json.dumps({"wanted": "what is wanted", "column": column})


def test_the_question_for_a_column_renders() -> None:
    assert '"none"' in render("find_rules")
    columns = profile(pd.DataFrame({'a"b': ["x", "y", "x"], "n": [1.5, 2.5, 3.5]}))
    asked = second_look.find_messages('the "b"', columns)[-1]["content"]
    assert asked == ('Columns:\n"a\\"b" ("x", "y"); "n"\nThe user wants to predict: "the \\"b\\"".')


def test_a_real_pick_is_read() -> None:
    assert second_look.parse_find(REAL_PICK) == "is_cancelled"
    assert second_look.parse_find(pick("none")) is None
    for answer in ("dist", "{}", "[]"):
        with pytest.raises(InvalidAnswerError):
            second_look.parse_find(answer)


def test_one_of_two_looks_bears_the_first_answer(folder: Path) -> None:
    first = ANSWER | {"words": "mileage", "target": "dist"}
    assert target(read(folder, "tell me the mileage, svm", first, NO, pick("dist"))) == "dist"
    for other in ("none", "day_minutes"):
        with pytest.raises(InvalidTaskError, match="No column seems to hold “mileage”"):
            read(folder, "tell me the mileage, svm", first, NO, pick(other))


def test_the_name_of_the_file_bears_no_column_out(folder: Path) -> None:
    (folder / "trips.csv").rename(folder / "tip.csv")
    said = "predict whether the market goes up in tip.csv"
    first = ANSWER | {"words": "market goes up in tip.csv", "target": "tip"}
    with pytest.raises(InvalidTaskError, match="No column seems to hold"):
        read(folder, said, first, NO, pick("none"))
    confirmed = read(folder, said, first, NO, pick("tip"))
    assert any(a.startswith("No column is called so: ") for a in confirmed.assumptions)


def test_what_the_first_answer_missed_is_sought_once_more(folder: Path) -> None:
    task = read(folder, "what is the mileage? svm", ANSWER, pick("dist"), YES)
    assert target(task) == "dist"
    assert any("asking for the column dist" in a for a in task.assumptions)
    for answers in ((pick("none"),), (pick("dist"), NO)):
        with pytest.raises(InvalidTaskError, match="does not say which column"):
            read(folder, "what is the mileage? svm", ANSWER, *answers)


def test_a_metric_that_does_not_fit_the_column_leads_to_another(folder: Path) -> None:
    first = ANSWER | {"words": "who is generous", "target": "dist"}
    assert target(read(folder, "who is generous? svm, F1", first, pick("tip"))) == "tip"
    with pytest.raises(InvalidTaskError, match="does not fit a regression target"):
        read(folder, "who is generous? svm, F1", first, pick("none"), YES)


@pytest.mark.parametrize(
    ("models", "out", "expected"),
    [
        (["xgboost"], [], ("xgboost",)),
        (["random_forest"], ["xgboost"], ("random_forest",)),
        (["xgboost"], ["xgboost"], None),
        ([], [], None),
    ],
)
def test_the_model_settles_who_is_ruled_out(
    folder: Path, models: list[str], out: list[str], expected: tuple[str, ...] | None
) -> None:
    said = "predict tip. Use xgboost. Not xgboost?"
    assert read_models(Text(said), "binary").contradictions
    answer = ANSWER | {"words": "tip", "target": "tip", "models": models, "not": out}
    if expected:
        assert read(folder, said, answer).models == expected
        return
    with pytest.raises(InvalidTaskError, match="both wished for and ruled out"):
        read(folder, said, answer)


def test_the_model_tells_iterations_from_trials() -> None:
    code = read_budget(Text("300 iterations of boosting, 50 trials"))
    said = Reading({"budget.trials": Claim(50, "50", origin="LLM")})
    settled = settle_count(code, said, "budget.trials")
    assert settled and settled.value == 50
    assert settle_count(code, Reading({"budget.trials": Claim(7)}), "budget.trials") is None
    assert settle_count(code, Reading(), "budget.trials") is None
    twice = read_budget(Text("20 trials and exactly 50 trials"))
    assert settle_count(twice, said, "budget.trials") is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2 hours... 1 hour is enough.", 3600),
        ("Zwei Stunden; eine Stunde reicht", 3600),
        ("deux heures, une heure suffit", 3600),
    ],
)
def test_what_is_enough_is_the_last_word(said: str, expected: int) -> None:
    reading = read_budget(Text(said))
    assert reading.claims["budget.seconds"].value == expected
    assert not reading.contradictions


def test_what_is_taken_then_is_the_last_word() -> None:
    said = "Model: random forest. Wait, the last one was too slow, LightGBM then."
    assert read_models(Text(said), "binary").claims["models"].value == ("lightgbm",)
    both = "random forest first, LightGBM then"
    assert read_models(Text(both), "binary").claims["models"].value == ("random_forest", "lightgbm")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("kNN, weights fixed to distance", [("weights", "distance")]),
        ("distance-weighted neighbours", [("weights", "distance")]),
        ("a tree with the entropy criterion", [("criterion", "entropy")]),
        ("criterion: gini, 20 trials", [("criterion", "gini")]),
        ("MLP mit Aktivierung tanh", [("activation", "tanh")]),
        ("optimise the Gini score", []),
        ("not the saga solver", []),
        ("gini criterion or entropy criterion", []),
    ],
)
def test_settings_whose_values_are_words(said: str, expected: list[tuple[str, str]]) -> None:
    assert [(s, v) for s, v, _ in read_options(Text(said))] == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Predict the last column", "c.d"),
        ("die letzte Spalte ist das Ziel", "c.d"),
        ("predict the first column", "a"),
        ("ignore the first column, predict b", "b"),
        ("predict clinicaly.important.injury", "clinically.important.injury"),
    ],
)
def test_columns_by_their_place_and_misspelt_with_dots(said: str, expected: str) -> None:
    columns = ["a", "b", "clinically.important.injury", "c.d"]
    assert read_target(Text(said), columns).claims["data.target"].value == expected

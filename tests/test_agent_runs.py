"""A whole run on a table begins with what did well on other tables, unless told otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import plaintune
from agent.language_models.scripted import ScriptedModel
from agent.runs import Run, begin, resume, run_task
from agent.setting import Setting
from agent.store import Store
from evals.spaces import space_for
from evals.task import Budget, Data, Objective, Task, Validation
from prompts.errors import DataError, StudyError, UserError

MODELS = ("lightgbm",)
TASK = Task(
    description="who stays",
    data=Data(path="guests.csv", target="stays", kind="binary"),
    models=MODELS,
    space=space_for(MODELS, "binary", n_rows=60),
    objectives=(Objective(metric="accuracy", direction="maximize"),),
    validation=Validation(folds=2),
    budget=Budget(trials=3),
)


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    found = pd.DataFrame(rng.normal(size=(80, 3)), columns=["age", "nights", "price"])
    return found.assign(stays=np.where(found.age + found.price > 0, "yes", "no"))


def run(place: Path, known: bool, model: ScriptedModel | None = None, trials: int = 3) -> Run:
    storage = str(place / "studies.db")
    given = frame()
    given.attrs = {"read": pd.Timestamp("2024-01-01")}  # nothing that Parquet could keep
    setting = Setting(
        storage=storage,
        name="guests",
        out=str(place / "out"),
        portfolio=known,
        frame=given,
        language_model=model,
    )
    return run_task(TASK.model_copy(update={"budget": Budget(trials=trials)}), setting)


def prompts(model: ScriptedModel) -> str:
    return " ".join(m["content"] for messages in model.calls for m in messages)


def test_a_run_begins_with_the_portfolio_and_resumes_as_it_began(tmp_path: Path) -> None:
    model = ScriptedModel(lambda messages: {"proposals": []})
    found = run(tmp_path, known=True, model=model)
    assert [t.origin for t in found.trials] == ["default", "portfolio", "portfolio"]
    assert not model.calls
    more = resume(
        "guests",
        Setting(storage=str(tmp_path / "studies.db"), portfolio=False),
        lambda task: task.model_copy(update={"budget": Budget(trials=4)}),
    )
    assert more.trials[-1].origin == "portfolio"
    assert "portfolio" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_the_model_is_asked_once_the_portfolio_was_tried(tmp_path: Path) -> None:
    model = ScriptedModel(lambda messages: {"proposals": []})
    found = run(tmp_path, known=True, model=model, trials=7)
    assert [t.origin for t in found.trials] == ["default", *["portfolio"] * 4, *["sobol"] * 2]
    said = prompts(model)
    assert "tables of all kinds" in said and "Trials so far" in said


def test_a_run_without_it_knows_nothing_of_other_tables(tmp_path: Path) -> None:
    model = ScriptedModel(lambda messages: {"proposals": []})
    found = run(tmp_path, known=False, model=model)
    assert [t.origin for t in found.trials] == ["default", "sobol", "sobol"]
    assert "tables of all kinds" not in prompts(model)


def test_a_name_that_is_taken_leaves_the_studys_own_table_alone(tmp_path: Path) -> None:
    def start(table: pd.DataFrame) -> None:
        storage, out = str(tmp_path / "studies.db"), str(tmp_path / "out")
        begin(TASK, Setting(storage=storage, name="guests", out=out, frame=table))

    start(frame())
    with pytest.raises(StudyError, match="exists already"):
        start(frame().assign(age=0.0))
    assert pd.read_parquet(tmp_path / "out" / "data.parquet").age.equals(frame().age)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["data.parquet", "task.yaml"]


def test_studies_of_two_databases_do_not_write_over_each_others_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    places = [begin(TASK, Setting(storage=f"{n}.db", frame=frame()))[1] for n in "ab"]
    assert [p.name for p in places] == ["guests-lightgbm", "guests-lightgbm-2"]


def test_tables_are_tuned_with_several_workers_from_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = {"data": frame(), "llm": "none", "quiet": True, "trials": 2}
    with pytest.raises(UserError, match="workers must be at least 1"):
        plaintune.run(TASK, workers=0, **options)  # type: ignore[arg-type]
    found = plaintune.run(TASK, workers=2, gpus=[1, 0], name="guests", **options)  # type: ignore[arg-type]
    assert [t.values != () for t in found.trials] == [True, True]
    assert Store.load("guests").study_attributes()["plaintune:workers"] == 2


@pytest.mark.parametrize("data", ["guests.csv", frame().to_dict("list"), frame().to_numpy()])
def test_data_that_is_no_frame_is_refused_in_words(data: object) -> None:
    for call in (plaintune.run, plaintune.plan):
        with pytest.raises(DataError, match=r"must be a pandas DataFrame, got \w+\..*DataFrame\("):
            call("Predict stays. Maximise accuracy.", data=data, llm="none")  # type: ignore[operator]


def test_a_quiet_run_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = "Predict stays with logistic regression. Maximise accuracy, 1 trial."
    plaintune.run(words, data=frame(), llm="none", quiet=True)
    assert capfd.readouterr() == ("", "")

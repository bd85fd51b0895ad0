"""From Python: wrong options cost nothing, frames stay as they are, studies are found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import plaintune
from prompts.errors import PlaintuneError, UserError

WORDS = "Predict stays with logistic regression. Maximise accuracy, 1 trial."
QUIET: dict[str, Any] = {"llm": "none", "quiet": True}


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    found = pd.DataFrame(rng.normal(size=(80, 2)), columns=["age", "price"])
    return found.assign(stays=np.where(found.age + found.price > 0, "yes", "no"))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def score(x: float = 0.5) -> float:
    return x


@pytest.mark.parametrize("name", ["mine", None])
@pytest.mark.parametrize("several", [{"workers": 2}, {"gpus": [0]}])
def test_trials_in_this_process_with_several_workers_are_refused_before_there_is_a_study(
    name: str | None, several: dict[str, Any]
) -> None:
    with pytest.raises(UserError, match="not isolated run one at a time"):
        plaintune.tune(score, "lowest loss", isolated=False, name=name, **several, **QUIET)
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strategy": "magic"}, "no strategy called 'magic'"),
        ({"surrogate": "magic"}, "no surrogate called 'magic'"),
        ({"replicate": "magic"}, "magic"),
        ({"context": "magic"}, "no context called 'magic'"),
        ({"workers": 0}, "at least 1"),
        ({"trials": 0}, "trials"),
        ({"seconds": -1}, "seconds"),
        ({"name": "a/b"}, "cannot be a study's name"),
    ],
)
def test_a_wrong_option_is_refused_before_the_description_is_read(
    options: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*given: Any, **more: Any) -> None:
        raise AssertionError("the description was read")

    monkeypatch.setattr("agent.api.understand_source", read)
    with pytest.raises(UserError, match=said):
        plaintune.run(WORDS, data=frame(), **(QUIET | options))


def test_a_taken_name_is_refused_before_the_description_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plaintune.run(WORDS, data=frame(), name="mine", **QUIET)
    monkeypatch.setattr("agent.api.understand_source", None)
    with pytest.raises(PlaintuneError, match=r"called 'mine' exists already.*resume mine"):
        plaintune.run(WORDS, data=frame(), name="mine", **QUIET)


@pytest.mark.parametrize("needing", [{"strategy": "llambo"}, {"beliefs": True}])
def test_what_needs_a_language_model_is_refused_before_there_is_a_study(
    needing: dict[str, Any],
) -> None:
    with pytest.raises(UserError, match="need"):
        plaintune.run(WORDS, data=frame(), name="mine", **needing, **QUIET)
    assert list(Path.cwd().iterdir()) == []


def test_a_strategy_is_chosen_by_name() -> None:
    words = WORDS.replace("1 trial", "2 trials")
    found = plaintune.run(words, data=frame(), strategy="random", **QUIET)
    assert [t.origin for t in found.trials] == ["default", "random"]


def test_a_named_index_is_a_column() -> None:
    given = frame().set_index("age")
    found = plaintune.run(WORDS, data=given, name="mine", **QUIET)
    assert found.task.data is not None
    kept = pd.read_parquet(found.task.data.path)
    assert (
        list(kept.columns) == ["age", "price", "stays"]
        and list(given.columns) == kept.columns[1:].to_list()
    )


def test_the_target_may_be_the_index() -> None:
    task = plaintune.plan(WORDS, data=frame().set_index("stays"), llm="none")
    assert task.data is not None and task.data.target == "stays"


def test_a_study_is_loaded_and_goes_on() -> None:
    first = plaintune.run(WORDS, data=frame(), name="mine", **QUIET)
    loaded = plaintune.load("mine")
    assert loaded.best is not None and first.best is not None
    assert loaded.best.config == first.best.config and loaded.outcome.test == first.outcome.test
    assert len(plaintune.resume("mine", trials=3, **QUIET).trials) == 3
    with pytest.raises(UserError, match="no study called 'yours'"):
        plaintune.load("yours")
    with pytest.raises(UserError, match="no study called 'yours'"):
        plaintune.resume("yours", **QUIET)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workers": "two"}, "workers = 'two'"),
        ({"name": 5}, "name = 5"),
        ({"storage": 3}, "storage = 3"),
        ({"gpus": 0.5}, "gpus = 0.5"),
        ({"llm": 3}, "llm = 3"),
        ({"strategy": None}, "strategy = None"),
    ],
)
def test_an_option_of_the_wrong_type_is_refused_in_words(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        plaintune.tune(score, "lowest loss, 1 trial", **(QUIET | options))
    with pytest.raises(UserError, match=said):
        plaintune.run(WORDS, data=frame(), **(QUIET | options))
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("goal", [None, 5, ["lowest loss"]])
def test_a_goal_that_is_no_text_is_refused(goal: Any) -> None:
    with pytest.raises(UserError, match="goal = "):
        plaintune.tune(score, goal, **QUIET)


def test_paths_one_gpu_and_no_model_are_taken_as_people_write_them() -> None:
    found = plaintune.tune(
        score,
        "lowest loss, 1 trial",
        storage=Path("mine.db"),
        out=Path("mine"),
        gpus=0,
        llm=None,
        transfer="auto",
        strategy="gp",
        name="mine",
        quiet=True,
    )
    assert found.directory == Path("mine").resolve()
    assert plaintune.load("mine", storage=Path("mine.db")).trials == found.trials


def test_columns_called_by_numbers_are_columns() -> None:
    given = frame().rename(columns={"age": 0, "price": 1})
    assert plaintune.run(WORDS, data=given, **QUIET).trials[0].values
    assert list(given.columns) == [0, 1, "stays"]


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ([object() for _ in range(80)], r"cannot be kept.*odd.*astype\(str\)"),
        (np.arange(80) * 1j, r"cannot be kept.*odd.*astype\(str\)"),
    ],
)
def test_a_column_that_no_file_holds_is_refused(extra: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        plaintune.run(WORDS, data=frame().assign(odd=extra), **QUIET)
    assert not Path("plaintune.db").exists()


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match="several columns called 'age'"):
        plaintune.run(WORDS, data=pd.concat([frame(), frame()[["age"]]], axis=1), **QUIET)


def test_a_column_of_numbers_and_text_is_text() -> None:
    mixed = frame().assign(code=[None, *(7 if i % 3 else "x" for i in range(79))])
    run = plaintune.run(WORDS, data=mixed, **QUIET)
    assert run.trials[0].values
    assert any("code: numbers and text in one column" in said for said in run.task.assumptions)


def test_intervals_and_sparse_columns_are_read() -> None:
    given = frame()
    given = given.assign(
        band=pd.cut(given["age"], 3),
        bare=pd.IntervalIndex(pd.cut(given["age"], 3)),
        rare=pd.arrays.SparseArray([0] * (len(given) - 1) + [1]),
    )
    run = plaintune.run(WORDS, data=given, **QUIET)
    assert run.trials[0].values and run.task.data is not None
    kept = pd.read_parquet(run.task.data.path)
    assert {"band", "bare", "rare"} <= set(kept.columns)


def test_columns_of_several_levels_are_called_by_all_of_them() -> None:
    given = frame()
    names = [("cart", c) if c != given.columns[-1] else (c, "") for c in given.columns]
    given.columns = pd.MultiIndex.from_tuples(names)
    run = plaintune.run(WORDS, data=given, **QUIET)
    assert run.task.data is not None
    assert set(pd.read_parquet(run.task.data.path).columns) == {
        "_".join(filter(None, n)) for n in names
    }

"""A function, or a command line, and a goal in words become a finished study."""

from __future__ import annotations

import functools
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from rich.console import Console
from typer.testing import CliRunner

import plaintune
from agent.cli import app
from agent.command_line import space_table
from agent.goals import named, read_goal
from agent.recipe import recipe
from evals.arguments import Argument
from evals.proposals import propose
from evals.task import Budget, Objective
from evals.trials import TrialState
from prompts.errors import InvalidTaskError, StudyError, UserError

PROGRAM = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=1e-3)
p.add_argument("--epochs", type=int, default=10)
a = p.parse_args()
for e in range(a.epochs):
    print(f"epoch {e} val_loss={(a.lr - 0.01) ** 2 + 1 / (e + 1)}")
"""


@pytest.mark.parametrize(
    ("words", "metric", "direction", "budget"),
    [
        ("get val_loss as low as possible in 20 minutes", "val_loss", "minimize", (None, 1200)),
        ("lowest val_loss, 25 trials", "val_loss", "minimize", (25, None)),
        ("maximise the accuracy", "accuracy", "maximize", (30, None)),
        ("best bleu in half an hour", "bleu", "maximize", (None, 1800)),
        ("best rmse, 5 trials", "rmse", "minimize", (5, None)),
        ("lowest val loss, 5 trials", "val_loss", "minimize", (5, None)),
        ("get the val loss as low as possible, 5 trials", "val_loss", "minimize", (5, None)),
        ("val loss, 5 trials", "val_loss", "minimize", (5, None)),
        ("minimise the tour length, 5 trials", "tour_length", "minimize", (5, None)),
        ("best f1 score, 5 trials", "f1", "maximize", (5, None)),
    ],
)
def test_goals_are_read(
    words: str, metric: str, direction: str, budget: tuple[int | None, float | None]
) -> None:
    goal = read_goal(words)
    assert goal.objectives == (
        Objective.model_validate({"metric": metric, "direction": direction}),
    )
    assert goal.budget == Budget(trials=budget[0], seconds=budget[1])


def test_a_goal_without_a_score_is_refused() -> None:
    with pytest.raises(InvalidTaskError, match="names no score"):
        read_goal("make it good")


GOALS = [
    ("lowest val_loss and highest accuracy", ["minimize val_loss", "maximize accuracy"]),
    ("minimise the loss, 20 trials, and maximise its f1", ["minimize loss", "maximize f1"]),
    (
        "lowest val_loss with latency_ms below 20, at most 12 trials",
        ["minimize val_loss", "minimize latency_ms (at most 20)"],
    ),
    (
        "highest accuracy, and lowest latency, which must be under 5",
        ["maximize accuracy", "minimize latency"],
    ),
    (
        "lowest loss, accuracy at least 90 %, params_m <= 2.5",
        ["minimize loss", "maximize accuracy (at least 0.9)", "minimize params_m (at most 2.5)"],
    ),
    ("lowest val_loss below 0.3, 12 trials", ["minimize val_loss"]),
    ("lowest val_loss, at most 12 trials, at most 10 minutes", ["minimize val_loss"]),
    ("lowest total_cost at most 12 trials", ["minimize total_cost"]),
    ("max depth 5, lowest val_loss", ["minimize val_loss"]),
    ("max accuracy, 5 trials", ["maximize accuracy"]),
    (
        "lowest val_loss, n_params at most 1,500,000",
        ["minimize val_loss", "minimize n_params (at most 1.5e+06)"],
    ),
    (
        "lowest val_loss, n_params below 2.5e5",
        ["minimize val_loss", "minimize n_params (at most 250000)"],
    ),
    (
        "lowest val_loss, n_params under 300k",
        ["minimize val_loss", "minimize n_params (at most 300000)"],
    ),
]


@pytest.mark.parametrize(("words", "objectives"), GOALS)
def test_further_scores_are_improved_too_or_have_a_limit(words: str, objectives: list[str]) -> None:
    assert [o.words for o in read_goal(words).objectives] == objectives


def test_a_score_given_by_keyword_is_alone_but_for_limits() -> None:
    words = "lowest val_loss and highest accuracy, latency_ms below 3"
    goal = read_goal(words, metric="loss", direction="minimize")
    assert [o.words for o in goal.objectives] == [
        "minimize loss",
        "minimize latency_ms (at most 3)",
    ]


def test_the_winner_of_a_function_keeps_to_the_limit_of_its_second_score(tmp_path: Path) -> None:
    def train(lr: float = 0.1, width: int = 64) -> dict[str, float]:
        return {"val_loss": (lr - 0.03) ** 2 * 100 + 10 / width, "latency_ms": width / 2}

    options: dict[str, Any] = {"llm": "none", "quiet": True, "storage": str(tmp_path / "s.db")}
    options |= {"out": str(tmp_path / "out"), "name": "fast"}
    run = plaintune.tune(train, "lowest val_loss with latency_ms below 20, 12 trials", **options)
    assert run.best is not None
    assert 13 < run.best.values[1] <= 20
    within = [t.values[0] for t in run.trials if t.values[1] <= 20]
    assert run.best.values[0] == min(within)
    again = plaintune.tune(train, "lowest val_loss, 13 trials", **options)
    assert len(again.trials) == 13
    with pytest.raises(StudyError, match="another goal"):
        plaintune.tune(train, "highest val_loss, 14 trials", **options)
    with pytest.raises(StudyError, match="another goal"):
        plaintune.tune(train, "lowest val_loss with latency_ms below 10, 14 trials", **options)


def test_a_bound_of_an_argument_cuts_its_range_and_is_no_score(tmp_path: Path) -> None:
    def train(lr: float = 0.1, hidden_size: int = 64) -> float:
        return (lr - 0.03) ** 2 * 100 + 10 / hidden_size

    goal = "lowest val_loss, hidden_size at most 48, learning rate below 0.05, 3 trials"
    options: dict[str, Any] = {"llm": "none", "quiet": True, "storage": str(tmp_path / "s.db")}
    run = plaintune.tune(train, goal, out=str(tmp_path / "out"), **options)
    assert [o.metric for o in run.task.objectives] == ["val_loss"]
    highs = {p.name: p.high for p in run.task.space.parameters}  # type: ignore[union-attr]
    assert highs == {"lr": 0.05, "hidden_size": 48}
    own = {"lr": plaintune.Float("lr", 1e-4, 1.0, log=True)}
    run = plaintune.tune(train, goal, out=str(tmp_path / "own"), space=own, **options)
    assert [(p.name, p.high) for p in run.task.space.parameters] == [("lr", 0.05)]  # type: ignore[union-attr]
    with pytest.raises(InvalidTaskError, match="leaves nothing of hidden_size"):
        plaintune.tune(train, "lowest val_loss, hidden_size at most 1, 3 trials", **options)


def test_only_what_is_named_is_tuned() -> None:
    arguments = [Argument(n, "float") for n in ("lr", "batch_size", "optimizer", "val_loss", "x")]
    words = "tune lr, batch size and the optimiser of train.py, lowest val_loss, 25 trials"
    assert named(words, arguments) == ["lr", "batch_size", "optimizer"]


def test_a_function_is_tuned_and_its_study_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    @plaintune.tunable
    def train(
        lr: Annotated[float, plaintune.Float(1e-5, 1e-1, log=True)] = 1e-3,
        act: Literal["relu", "tanh"] = "relu",
        seed: int = 0,
    ) -> dict[str, float]:
        return {"val_loss": abs(lr - 0.01) + (act == "relu")}

    options = {"llm": "none", "quiet": True, "name": "mine"}
    first = train.tune("lowest val_loss, 3 trials", **options)  # type: ignore[attr-defined]
    assert first.trials[0].config == {"lr": 1e-3, "act": "relu"}
    assert [t.state for t in first.trials] == [TrialState.COMPLETE] * 3
    again = plaintune.tune(train, trials=4, **options)
    assert [t.config for t in again.trials[:3]] == [t.config for t in first.trials]
    assert len(again.trials) == 4


def test_a_command_is_tuned_from_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(PROGRAM)
    words = ["tune lr of train.py, lowest val_loss, 2 trials", "--llm", "none", "-y"]
    done = CliRunner().invoke(app, ["run", *words, "--", "python3", "train.py", "--epochs", "2"])
    assert done.exit_code == 0, done.output
    assert "Bengio" in done.output and Path("plaintune-runs/train/report.html").is_file()


def test_a_programs_words_are_shown_as_they_are() -> None:
    odd = Argument("mode", "choice", "[b]", ("[b]", "[red]x[/red]"), help="")
    console = Console(width=120, record=True, file=StringIO())
    console.print(space_table([propose(odd)]))
    said = console.export_text()
    assert "[b], [red]x[/red]" in said


def bowl(x: float = 0.5, y: int = 3, rows: int = 10) -> float:
    return (x - 0.2) ** 2 + y + rows


def needs(data: list[float], x: float = 0.5) -> float:
    return x + sum(data)


def anything(**settings: float) -> float:
    return settings["x"]


QUIET = {"llm": "none", "quiet": True, "strategy": "random", "trials": 1}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"trials": 0}, "trials = 0"),
        ({"seconds": -1.0}, "seconds = -1"),
        ({"metric": "loss", "direction": "min"}, "direction = 'min'"),
        ({"memory": 0}, "memory = 0"),
        ({"cpu_seconds": 1.5}, "cpu_seconds = 1.5"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"trails": 3}, "Did you mean trials"),
        ({"space": {"x": (0, 1)}}, "parameters by name"),
        ({"space": [plaintune.Float("x", 0, 1)]}, "parameters by name"),
        ({"fixed": {"y": [1, 2]}}, "functools.partial"),
    ],
)
def test_a_wrong_option_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as refused:
        plaintune.tune(bowl, "lowest loss", **(QUIET | options))
    assert said in str(refused.value)
    assert not Path("plaintune.db").exists()


def test_an_argument_without_a_value_is_refused_before_a_trial_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidTaskError, match=r"data has no default.*functools\.partial"):
        plaintune.tune(needs, "lowest loss", **QUIET)
    run = plaintune.tune(functools.partial(needs, data=[1.0, 2.0]), "lowest loss", **QUIET)
    assert run.best is not None and run.best.values == (3.5,)


def test_a_function_of_any_arguments_is_tuned_over_the_given_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    space = {"x": plaintune.Float("x", 0, 1, default=0.25)}
    run = plaintune.tune(anything, "lowest loss", space=space, **QUIET)
    assert run.best is not None and run.best.values == (0.25,)


def test_what_a_partial_holds_stands_in_the_call_to_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = plaintune.tune(functools.partial(bowl, rows=0), "lowest loss", **QUIET)
    assert run.best is not None and run.best.values == (bowl(rows=0),)
    assert recipe(run.task, run.best.config) == "bowl(rows=0, x=0.5, y=3)"


def test_a_study_goes_on_as_far_as_the_new_goal_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = {k: v for k, v in QUIET.items() if k != "trials"}
    space = {"x": plaintune.Float("x", 0, 1)}
    begin = functools.partial(plaintune.tune, bowl, name="mine", space=space, seed=3, **options)
    assert len(begin("lowest loss, 1 trial").trials) == 1
    assert len(begin("lowest loss, 2 trials").trials) == 2
    others: list[tuple[Any, str, dict[str, Any], str]] = [
        (bowl, "highest loss", {}, "goal"),
        (bowl, "lowest error", {}, "goal"),
        (bowl, "", {"seed": 4}, "seed"),
        (bowl, "", {"fixed": {"y": 1}}, "fixed"),
        (bowl, "", {"space": {"x": plaintune.Float("x", 0, 9)}}, "space"),
        (bowl, "", {"strategy": "sobol"}, "strategy"),
    ]
    for function, goal, changed, said in others:
        with pytest.raises(StudyError, match=said):
            plaintune.tune(function, goal, name="mine", **(options | {"trials": 3} | changed))
    with pytest.raises(StudyError, match="function"):
        plaintune.tune(lambda q=0.5: q, trials=3, name="mine", **options)
    assert len(plaintune.tune(bowl, trials=3, name="mine", **options).trials) == 3


def test_a_study_that_goes_on_refuses_other_ranges_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = {k: v for k, v in QUIET.items() if k != "trials"}
    begin = functools.partial(plaintune.tune, _product, name="mine", **options)
    began = "lowest loss, lr between 0.01 and 0.5, layers at most 6"
    assert len(begin(f"{began}, 1 trial").trials) == 1
    assert len(begin(f"{began}, 2 trials").trials) == 2
    for goal, said in (
        ("lowest loss, lr between 0.001 and 0.5, 3 trials", "range of lr"),
        ("lowest loss, lr at most 0.1, 3 trials", "range of lr"),
        ("lowest loss, layers 2, 4 or 8, 3 trials", "range of layers"),
        ("lowest loss, keep layers at 4, 3 trials", "range of layers"),
        ("lowest loss, do not tune lr, 3 trials", "range of lr"),
    ):
        with pytest.raises(StudyError, match=f"another {said}"):
            begin(goal)
    assert len(begin("lowest loss, 3 trials").trials) == 3


def greedy(x: float = 0.5) -> float:
    return float(len(bytearray(400 * 2**20)) * x)


def test_the_limits_of_a_study_stay_when_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plaintune.tune(greedy, "lowest loss", name="mine", memory=100 * 2**20, **QUIET)
    run = plaintune.tune(greedy, name="mine", **(QUIET | {"trials": 2}))
    reasons = [t.evaluation.reason for t in run.trials if t.evaluation]
    assert ["out of memory" in r for r in reasons] == [True, True]


def _product(lr: float = 0.1, layers: int = 3) -> float:
    return abs(lr * layers - 0.9)


def test_what_a_function_forbids_is_never_tried_not_even_after_a_resume(tmp_path: Path) -> None:
    def small(lr: float, layers: int) -> bool:
        return lr * layers < 0.5

    given: dict[str, Any] = {"storage": str(tmp_path / "s.db"), "out": str(tmp_path), "llm": "none"}
    given |= {"name": "small", "quiet": True, "constraints": [small, "layers != 2"]}
    plaintune.tune(_product, "lowest loss, 7 trials", **given)
    with pytest.raises(InvalidTaskError, match="calls small, which is not here"):
        plaintune.tune(_product, "lowest loss", trials=9, **{**given, "constraints": ()})
    with pytest.raises(StudyError, match="began with another constraint"):
        plaintune.tune(_product, "lowest loss", trials=9, **{**given, "constraints": "lr < 0.1"})
    other = {**given, "constraints": [lambda lr: lr < 0.1]}
    with pytest.raises(StudyError, match="began with another constraint"):
        plaintune.tune(_product, "lowest loss", trials=9, **other)
    run = plaintune.tune(_product, "lowest loss", trials=9, **given)
    assert len(run.trials) == 9
    assert all(small(**t.config) and t.config["layers"] != 2 for t in run.trials)
    plaintune.load("small", storage=given["storage"])


def test_a_command_is_tried_only_where_its_constraint_holds(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(PROGRAM)
    given = ["--storage", str(tmp_path / "s.db"), "--out", str(tmp_path / "o"), "--llm", "none"]
    line = ["--", "python", str(tmp_path / "p.py")]
    words = ["run", "tune lr, lowest val_loss, 6 trials", "--yes", "--name", "c", *given]
    done = CliRunner().invoke(app, [*words, "--constraint", "lr < 0.004", *line])
    assert done.exit_code == 0, done.output
    assert "Tried only where: lr < 0.004." in done.output
    run = plaintune.load("c", storage=given[1])
    assert all(t.config["lr"] < 0.004 for t in run.trials)  # type: ignore[operator]
    words[4] = "d"
    refused = CliRunner().invoke(app, [*words, "--constraint", "momentum < 1", *line])
    assert isinstance(refused.exception, InvalidTaskError)
    assert "about momentum, which is not tuned" in str(refused.exception)


def test_a_table_is_searched_only_where_functions_say_so(tmp_path: Path) -> None:
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    frame["y"] = frame.a + rng.normal(size=120) / 3
    shallow = lambda max_depth: max_depth is None or max_depth < 5  # noqa: E731
    run = plaintune.run(
        "predict y with a decision tree, lowest RMSE, 6 trials",
        data=frame,
        constraints=shallow,
        llm="none",
        storage=tmp_path / "s.db",
        out=tmp_path / "o",
        quiet=True,
    )
    again: dict[str, Any] = {"trials": 8, "storage": tmp_path / "s.db", "quiet": True}
    with pytest.raises(InvalidTaskError, match="calls constraint_1, which is not here"):
        plaintune.resume(run.name, **again)
    run = plaintune.resume(run.name, constraints=shallow, **again)
    assert len(run.trials) == 8
    depths = [t.config.get("max_depth") for t in run.trials]
    assert all(d is None or d < 5 for d in depths)


@pytest.mark.parametrize(
    ("words", "direction", "metric", "way"),
    [
        ("minimize, 5 trials", None, "score", "minimize"),
        ("make it as high as possible, at most 5 trials", None, "score", "maximize"),
        ("", "maximize", "score", "maximize"),
        ("val_loss, 5 trials", None, "val_loss", "minimize"),
        ("auc", "maximize", "auc", "maximize"),
    ],
)
def test_a_function_with_one_score_needs_no_name_for_it(
    words: str, direction: str | None, metric: str, way: str
) -> None:
    [found] = read_goal(words, direction=direction, unnamed="score").objectives
    assert (found.metric, found.direction) == (metric, way)
    with pytest.raises(InvalidTaskError, match="names no score"):
        read_goal("make it good, at most 5 trials", unnamed="score")
    if metric == "score":
        with pytest.raises(InvalidTaskError, match="names no score"):
            read_goal(words, direction=direction)


def test_limits_that_nothing_would_keep_are_refused() -> None:
    def train(lr: float = 0.1) -> float:
        return lr

    apart: dict[str, Any] = {"llm": "none", "quiet": True, "isolated": False}
    with pytest.raises(InvalidTaskError, match=r"memory.*isolated=False"):
        plaintune.tune(train, "lowest loss", memory=2**30, **apart)
    with pytest.raises(InvalidTaskError, match=r"time per trial.*isolated=False"):
        plaintune.tune(train, "lowest loss, at most 1 second per trial", **apart)
    with pytest.raises(InvalidTaskError, match=r"memory is in bytes, and 512"):
        plaintune.tune(train, "lowest loss", memory=512, llm="none", quiet=True)

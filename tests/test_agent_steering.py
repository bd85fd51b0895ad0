"""Words in the middle of a search become constraints and preferences, or a clear error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from acquisition.registry import make_designer
from agent.cli import app
from agent.events import Event
from agent.exits import run_safely
from agent.intake.steering import read_steering
from agent.intake.text import Text
from agent.language_models.scripted import ScriptedModel
from agent.loop import Agent
from agent.report import render_report
from agent.runs import standing
from agent.steering import Understood, record, understand
from agent.store import Store
from evals.objectives import incumbent
from evals.preferences import Preference, Steering
from evals.space import Categorical, Config, Float, Int, SearchSpace
from evals.spaces import space_for
from evals.steering import steered
from evals.task import Budget, Data, Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.errors import InvalidAnswerError, InvalidTaskError, UserError
from prompts.steering import ShownParameter, parse_steering, steering_messages

SPACE = SearchSpace(
    (Float("x", -2, 2, default=1.5), Int("trees", 1, 400), Categorical("way", ("a", "bee", "cat")))
)
TASK = Task(
    evaluator="none",
    space=SPACE,
    objectives=(Objective(metric="loss", direction="minimize"),),
    budget=Budget(trials=12),
)


def table_task(*models: str) -> Task:
    return TASK.model_copy(
        update={
            "models": models,
            "data": Data(path="a.csv", target="y", kind="binary"),
            "space": space_for(models, "binary"),
        }
    )


def loss(config: Config) -> float:
    """Best with many trees, so that a bound on them costs something."""
    return float(config["x"]) ** 2 - float(config["trees"]) / 100  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("models", "words", "constraints", "preferences"),
    [
        (
            ("random_forest",),
            "don't go above 200 trees, prefer shallow ones",
            ["n_estimators <= 200"],
            ["max_depth: rather low values"],
        ),
        (("lightgbm",), "rather shallow trees", [], ["num_leaves: rather low values"]),
        (("lightgbm",), "keep num_leaves below 40", ["num_leaves <= 40"], []),
        (
            ("lightgbm",),
            "learning rate around 0.05 please",
            [],
            ["learning_rate: rather 0.025 to 0.075"],
        ),
        (
            ("svm",),
            "avoid the poly kernel",
            ["kernel == 'rbf' or kernel == 'linear' or kernel == 'sigmoid'"],
            [],
        ),
        (("svm", "lightgbm"), "no more svm", ["model == 'lightgbm'"], []),
        (("svm", "lightgbm"), "focus on lightgbm", [], ["model: rather lightgbm"]),
        (("lightgbm",), "no more than 200 trees", ["n_estimators <= 200"], []),
        (("lightgbm",), "try at most 200 trees", ["n_estimators <= 200"], []),
        (
            ("lightgbm",),
            "preferably fewer than 200 trees",
            [],
            ["n_estimators: rather 20 to 200"],
        ),
        (("mlp",), "I'd like tanh to be tried more", [], ["activation: rather tanh"]),
        (("lightgbm",), "höchstens 300 Bäume", ["n_estimators <= 300"], []),
        (
            ("lightgbm", "xgboost"),
            "at most 200 trees",
            ["lightgbm__n_estimators <= 200", "xgboost__n_estimators <= 200"],
            [],
        ),
    ],
)
def test_code_reads(
    models: Sequence[str], words: str, constraints: list[str], preferences: list[str]
) -> None:
    read = read_steering(Text(words), table_task(*models))
    assert list(read.constraints) == constraints
    assert [p.sentence for p in read.preferences] == preferences
    assert read.rest == ()


def test_what_code_cannot_read_is_asked_and_checked() -> None:
    wish = {"parameter": "learning_rate", "wish": "rather low", "value": ""}
    model = ScriptedModel([{"wishes": [wish]}])
    found = understand("it learns too fast", table_task("lightgbm"), 3, lambda: model)
    assert found.steering.preferences == (Preference(parameter="learning_rate", toward="low"),)
    assert [c.role for c in found.calls] == ["steer"]
    assert '"it learns too fast"' in model.calls[0][1]["content"]


@pytest.mark.parametrize(
    ("words", "model", "said"),
    [
        ("sing a song", None, "is not understood"),
        ("sing a song", ScriptedModel([{"wishes": []}]), "is not understood"),
        ("max_depth at most 3", None, "max_depth is not tuned"),
        ("at least 20000 trees", None, "leaves no value"),
        ("thanks", None, "says nothing about a parameter"),
    ],
)
def test_what_cannot_be_had_is_a_clear_error(
    words: str, model: ScriptedModel | None, said: str
) -> None:
    with pytest.raises((UserError, InvalidTaskError), match=said):
        understand(words, table_task("lightgbm"), 3, lambda: model)


def test_the_prompt_and_its_answer() -> None:
    messages = steering_messages("big nets only", [ShownParameter("layers", "1 to 8")])
    assert '"layers" 1 to 8' in messages[1]["content"]
    assert '"wishes"' in messages[0]["content"]
    with pytest.raises(InvalidAnswerError, match="does not exist"):
        parse_steering('{"wishes": [{"parameter": "z", "wish": "only", "value": ""}]}', ["layers"])
    with pytest.raises(InvalidAnswerError, match="no list of wishes"):
        parse_steering("[]", ["layers"])


def some_trials(count: int) -> list[Trial]:
    configs = SPACE.sample(np.random.default_rng(1), count)
    return [
        Trial(
            i,
            Suggestion(c, "sobol"),
            Evaluation(TrialState.COMPLETE, (loss(c),)),
        )
        for i, c in enumerate(configs)
    ]


def test_a_constraint_may_call_a_function() -> None:
    task = steered(TASK, Steering(words="few", since=10, constraints=("max(trees, 3) <= 40",)))
    assert all(int(c["trees"]) <= 40 for c in task.space.sample(np.random.default_rng(0), 20))  # type: ignore[arg-type]


@pytest.mark.parametrize("strategy", ["gp", "hybrid", "sobol", "random"])
def test_every_later_trial_keeps_a_constraint(strategy: str) -> None:
    trials = some_trials(10)
    task = steered(TASK, Steering(words="few", since=10, constraints=("trees <= 40",)))
    for _ in range(3):
        rng = np.random.default_rng([0, len(trials)])
        [chosen] = make_designer(strategy).suggest(task, trials, 1, rng)
        assert int(chosen.config["trees"]) <= 40  # type: ignore[arg-type]
        result = Evaluation(TrialState.COMPLETE, (loss(chosen.config),))
        trials.append(Trial(len(trials), chosen, result))
    assert int(trials[-1].config["trees"]) > 20  # type: ignore[arg-type]  # near the bound: optimised


def test_the_best_is_one_that_the_user_still_wants() -> None:
    trials = some_trials(10)
    task = steered(TASK, Steering(words="few", since=10, constraints=("trees <= 100",)))
    best = incumbent(task, trials)
    assert best and int(best.config["trees"]) <= 100  # type: ignore[arg-type]
    assert incumbent(TASK, trials) != best


class Machine:
    """Evaluates; after the third trial somebody steers the study."""

    def __init__(self, store: Store) -> None:
        self.store, self.count = store, 0

    def evaluate(self, config: Config, **_: Any) -> Evaluation:
        self.count += 1
        if self.count == 3:
            steering = Steering(words="few trees", since=3, constraints=("trees <= 40",))
            record(self.store, Understood(steering))
        return Evaluation(TrialState.COMPLETE, (loss(config),))


def test_a_run_that_goes_on_takes_it_up_at_the_next_trial(tmp_path: Path) -> None:
    store = Store.create(TASK, "s", str(tmp_path / "a.db"))
    notes: list[str] = []

    def listen(event: Event) -> None:
        notes.append(getattr(event, "text", ""))

    agent = Agent(
        TASK,
        store=store,
        designer=make_designer("random"),
        evaluator=Machine(Store.load("s", str(tmp_path / "a.db"))),
        listeners=[listen],
    )
    agent.run(8)
    trees = [int(t.config["trees"]) for t in store.trials()]  # type: ignore[arg-type]
    assert max(trees[:3]) > 40 >= max(trees[3:])
    assert "From now on: trees <= 40" in notes
    assert store.task.steering[0].words == "few trees"
    page = render_report(standing(store))
    assert "from trial 4 on" in page and "few trees" in page


@pytest.mark.parametrize(
    ("words", "hint"), [("30 more trials", "--trials"), ("optimise recall instead", "new study")]
)
def test_what_steering_cannot_change_is_said_without_asking(words: str, hint: str) -> None:
    def never() -> None:
        raise AssertionError("asked")

    with pytest.raises(UserError) as raised:
        understand(words, table_task("lightgbm"), 3, never)
    assert words in raised.value.message and hint in (raised.value.hint or "")


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def plaintune(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def call(*words: str) -> Said:
        code = run_safely(lambda: app(list(words), prog_name="plaintune"))
        return Said(code, *capsys.readouterr())

    return call


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plaintune: Callable[..., Said]
) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store.create(TASK, "s")
    words = ("steer", "s", "at most 200 trees, prefer bee", "--llm", "none")
    refused = plaintune(*words)
    assert refused.code == 2 and "--yes" in refused.err and "trees <= 200" in refused.err
    assert not store.task.steering
    done = plaintune(*words, "--yes")
    assert done.code == 0, done.err
    [steering] = store.task.steering
    assert steering.constraints == ("trees <= 200",)
    assert steering.preferences == (Preference(parameter="way", values=("bee",)),)
    unclear = plaintune("steer", "s", "whatever floats", "--yes", "--llm", "none")
    assert unclear.code == 2 and "not understood" in unclear.err
    assert len(store.task.steering) == 1


def test_a_default_that_was_ruled_out_since_is_still_the_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plaintune: Callable[..., Said]
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = [f"{x:.3f},{'yes' if x > 0.3 else 'no'}" for x in rng.normal(size=80)]
    Path("t.csv").write_text("\n".join(["x,y", *rows]), encoding="utf-8")
    words = "Predict y from t.csv with decision trees and knn, accuracy, 2 trials"
    assert plaintune("run", words, "--yes", "--llm", "none", "--name", "t").code == 0
    assert plaintune("steer", "t", "only knn", "--yes").code == 0
    done = plaintune("resume", "t", "-t", "3")
    assert done.code == 0, done.err
    told = " ".join(done.out.split())
    assert "On the test part, which the search never saw, the tuned" in told
    [score] = standing(Store.load("t")).outcome.default_test
    assert score.metric == "accuracy"

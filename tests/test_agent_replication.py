"""A noisy run repeats its contenders with seeds of their own, crowns no lucky one, and says so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.loop import Agent
from agent.runs import Run, resume, run_task
from agent.setting import Setting
from agent.store import Store
from evals.evaluator import Report
from evals.evaluators.registry import EVALUATORS
from evals.parameters import Float
from evals.space import Config, SearchSpace
from evals.task import Budget, Objective, Task
from evals.trials import REPLICATION, Evaluation, Suggestion, Trial, TrialState
from prompts.errors import UserError

TASK = Task(
    evaluator="noisy",
    space=SearchSpace((Float("x", -1, 1, default=0.9),)),
    objectives=(Objective(metric="loss", direction="minimize"),),
    budget=Budget(trials=16),
    seed=2,
)


class Noisy:
    """(x - 0.2)^2 with noise that the seed decides."""

    def __init__(self) -> None:
        self.seeds: list[int] = []

    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        self.seeds.append(seed)
        x = float(config["x"])  # type: ignore[arg-type]
        noise = np.random.default_rng([seed, int(1e6 * abs(x))]).standard_normal()
        return Evaluation(TrialState.COMPLETE, ((x - 0.2) ** 2 + 0.4 * float(noise),), cost=0.1)


def run(place: Path, evaluator: Noisy, replicate: str = "auto", surrogate: str = "gp") -> Run:
    setting = Setting(
        storage=str(place / "s.db"),
        out=str(place / "out"),
        name="noisy",
        strategy="gp",
        surrogate=surrogate,
        replicate=replicate,
        evaluator=evaluator,
    )
    return run_task(TASK, setting)


def test_repeats_have_their_own_seeds_and_confirming_uses_others(tmp_path: Path) -> None:
    evaluator = Noisy()
    found = run(tmp_path, evaluator)
    again = [t for t in found.trials if t.origin == REPLICATION]
    assert again
    for trial, seed in zip(found.trials, evaluator.seeds, strict=False):
        assert seed == trial.suggestion.details.get("seed", TASK.seed)
    confirmed = evaluator.seeds[len(found.trials) :]
    assert confirmed and not set(confirmed) & set(evaluator.seeds[: len(found.trials)])
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "run again" in page and "noise decides between the best" in page
    budget = TASK.model_copy(update={"budget": Budget(trials=18)})
    storage = str(tmp_path / "s.db")
    more = resume("noisy", Setting(storage=storage, evaluator=evaluator), lambda task: budget)
    assert [t.config for t in more.trials[:16]] == [t.config for t in found.trials]
    attributes = Store.load("noisy", storage).study_attributes()
    assert attributes["plaintune:replicate"] == "auto"


def test_without_it_nothing_is_repeated(tmp_path: Path) -> None:
    found = run(tmp_path, Noisy(), "off")
    configs = [json.dumps(t.config) for t in found.trials]
    assert len(set(configs)) == len(configs)


@pytest.mark.parametrize("origin", ["random", REPLICATION])
def test_an_unlucky_repeat_runs_to_its_end(tmp_path: Path, origin: str) -> None:
    class Listed:
        def suggest(self, task: Task, trials: Sequence[Trial], *_: object) -> list[Suggestion]:
            if len(trials) == 8:
                return [Suggestion({"x": 0.9}, origin)]
            return [Suggestion({"x": 0.2 + 0.01 * len(trials)}, "random")]

    class Steps:
        def evaluate(
            self, config: Config, *, fidelity: float | None, seed: int, report: Report
        ) -> Evaluation:
            loss = float(config["x"])  # type: ignore[arg-type]
            stopped = any(report(step, loss) for step in range(3))
            state = TrialState.PRUNED if stopped else TrialState.COMPLETE
            return Evaluation(state, () if stopped else (loss,), None if stopped else (0.01,))

    store = Store.create(TASK, "steps", str(tmp_path / "s.db"))
    agent = Agent(TASK, store=store, designer=Listed(), evaluator=Steps())
    agent.run(9)
    ended = TrialState.COMPLETE if origin == REPLICATION else TrialState.PRUNED
    assert agent.trials[8].state is ended


def test_wrong_words_are_refused_before_anything_runs(tmp_path: Path) -> None:
    evaluator = Noisy()
    with pytest.raises(UserError, match="no replication 'often'"):
        run(tmp_path, evaluator, "often")
    with pytest.raises(UserError, match="no surrogate called 'oracle'"):
        run(tmp_path, evaluator, surrogate="oracle")
    with pytest.raises(UserError, match="'random' has no surrogate 'saas'"):
        run_task(TASK, Setting(strategy="random", surrogate="saas", evaluator=evaluator))
    assert not evaluator.seeds


def test_the_command_line_takes_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(EVALUATORS, "noisy", lambda task, frame: Noisy())
    (tmp_path / "task.yaml").write_text(TASK.to_yaml(), encoding="utf-8")
    words = ["run", "task.yaml", "--yes", "--json", "--llm", "none", "--strategy", "gp"]
    words += ["--replicate", "auto", "--surrogate", "heteroscedastic", "--name", "n"]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.output
    origins = [t["origin"] for t in json.loads(said.stdout)["trials"]]
    assert REPLICATION in origins
    attributes = Store.load("n").study_attributes()
    assert attributes["plaintune:surrogate"] == "heteroscedastic"

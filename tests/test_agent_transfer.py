"""A study learns from earlier ones that fit, names them, and goes on with them as it began."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from acquisition.transfer import ORIGIN
from agent.cli import app
from agent.runs import Run, resume, run_task
from agent.setting import Setting
from agent.store import Store
from agent.transfer import chosen
from evals.evaluator import Report
from evals.evaluators.registry import EVALUATORS
from evals.parameters import Float, Parameter
from evals.space import Config, SearchSpace
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, Suggestion, TrialState
from prompts.errors import StudyError, UserError

LOSS = Objective(metric="loss", direction="minimize")
X, Y = Float("x", -2, 2), Float("y", -2, 2, default=0.5)


class Bowl:
    def __init__(self, at: float = 0.3, sign: float = 1.0) -> None:
        self.at, self.sign = at, sign

    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        x, y = (float(config.get(n, 0.0)) for n in ("x", "y"))  # type: ignore[arg-type]
        loss = self.sign * ((x - self.at) ** 2 + y**2)
        return Evaluation(TrialState.COMPLETE, (loss,), cost=0.1)


def task(trials: int, *parameters: Parameter, objective: Objective = LOSS) -> Task:
    return Task(
        evaluator="bowl",
        space=SearchSpace(parameters or (X, Y)),
        objectives=(objective,),
        budget=Budget(trials=trials),
    )


def run(place: Path, name: str, of: Task, evaluator: Bowl, **options: Any) -> Run:
    setting = Setting(
        storage=str(place / "s.db"),
        out=str(place / name),
        name=name,
        evaluator=evaluator,
        **({"strategy": "gp"} | options),
    )
    return run_task(of, setting)


def kept(place: Path, name: str, of: Task, evaluator: Bowl) -> None:
    """Store a study of random trials, as many as its budget allows."""
    store = Store.create(of, name, str(place / "s.db"))
    for config in of.space.sample(np.random.default_rng(1), of.budget.trials or 0):
        number = store.start(Suggestion(config, "random")).number
        store.finish(number, evaluator.evaluate(config, fidelity=None, seed=0, report=_never))


def _never(step: int, value: float) -> bool:
    return False


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a study that helps, one that misleads, and three that do not fit."""
    place = tmp_path_factory.mktemp("earlier")
    kept(place, "near", task(12), Bowl(0.35))
    kept(place, "wrong", task(12), Bowl(0.3, -1.0))
    kept(place, "other-range", task(4, X, Float("y", -2, 3)), Bowl())
    score = Objective(metric="score", direction="maximize")
    kept(place, "other-aim", task(4, objective=score), Bowl())
    kept(place, "short", task(2), Bowl())
    return place


def names(found: Run) -> list[str]:
    return [t.study for t in found.outcome.transfer]


def test_those_that_fit_are_found_named_and_weighed(earlier: Path) -> None:
    said: list[str] = []
    found = run(
        earlier,
        "auto-found",
        task(12),
        Bowl(0.3),
        transfer=("auto",),
        listeners=[lambda e: said.append(str(e))],
    )
    assert names(found) == ["wrong", "near"]
    weights = {t.study: t.weight for t in found.outcome.transfer}
    assert weights["near"] > 0.2 and weights["wrong"] == 0.0
    assert any("Learning from earlier studies: wrong (12 trials), near (12" in s for s in said)
    assert [t.origin for t in found.trials[:3]].count(ORIGIN) >= 1
    page = (earlier / "auto-found" / "report.html").read_text(encoding="utf-8")
    assert "What earlier studies were worth" in page and "earlier study" in page


def test_a_named_study_is_used_and_resuming_goes_on_with_it(earlier: Path) -> None:
    storage = str(earlier / "s.db")
    found = run(earlier, "whole", task(9), Bowl(0.3), transfer=("near",))
    part = run(earlier, "parts", task(7), Bowl(0.3), transfer=("near",))
    more = resume("parts", Setting(storage=storage, evaluator=Bowl(0.3)), lambda before: task(9))
    assert names(found) == names(more) == ["near"]
    assert [t.config for t in part.trials] == [t.config for t in found.trials[:7]]
    assert [t.config for t in more.trials] == [t.config for t in found.trials]


def test_without_the_option_earlier_studies_change_nothing(earlier: Path, tmp_path: Path) -> None:
    here, alone = (run(place, "plain", task(8), Bowl()) for place in (earlier, tmp_path))
    assert [t.config for t in here.trials] == [t.config for t in alone.trials]
    assert not here.outcome.transfer


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("other-range", "range of y is another"),
        ("other-aim", "aims at maximize score"),
        ("short", "2 of its trials completed"),
    ],
)
def test_a_study_that_does_not_fit_is_refused(earlier: Path, name: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        run(earlier, "refused", task(3), Bowl(), transfer=(name,))
    assert "refused" not in Store.names(str(earlier / "s.db"))


def test_missing_studies_and_other_surrogates_are_refused(earlier: Path) -> None:
    with pytest.raises(StudyError, match="no study called 'nowhere'"):
        run(earlier, "refused", task(3), Bowl(), transfer=("nowhere",))
    with pytest.raises(UserError, match="no part of the surrogate 'saas'"):
        run(earlier, "refused", task(3), Bowl(), transfer=("near",), surrogate="saas")
    with pytest.raises(UserError, match="'sobol' has no surrogate 'transfer'"):
        run(earlier, "refused", task(3), Bowl(), transfer=("near",), strategy="sobol")
    with pytest.raises(UserError, match="only one of the two has y"):
        run(earlier, "refused", task(3, X), Bowl(), transfer=("near",))


def test_none_that_fits_is_said_and_the_search_goes_on(tmp_path: Path) -> None:
    said: list[str] = []
    listeners = [lambda e: said.append(str(e))]
    found = run(tmp_path, "first", task(3), Bowl(), transfer=("auto",), listeners=listeners)
    assert len(found.trials) == 3 and not found.outcome.transfer
    assert any("No earlier study" in s for s in said)


def test_the_command_line_takes_studies(
    earlier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(EVALUATORS, "bowl", lambda task, frame: Bowl())
    (tmp_path / "task.yaml").write_text(task(4).to_yaml(), encoding="utf-8")
    words = ["run", "task.yaml", "--yes", "--json", "--llm", "none", "--name", "cli"]
    words += ["--storage", str(earlier / "s.db"), "--transfer", "near, wrong"]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.output
    assert [t["study"] for t in json.loads(said.stdout)["transfer"]] == ["near", "wrong"]


def test_a_study_of_another_version_does_not_stop_the_search_for_earlier_ones(
    tmp_path: Path,
) -> None:
    kept(tmp_path, "near", task(4), Bowl())
    kept(tmp_path, "newer", task(4), Bowl())
    newer = Store.load("newer", str(tmp_path / "s.db"))
    newer.set_study_attribute("plaintune:task", newer.task.to_yaml() + "of_tomorrow: 1\n")
    assert chosen(task(4), ["auto"], str(tmp_path / "s.db")).studies == {"near": 4}

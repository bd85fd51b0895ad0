"""The surrogate "auto" takes what predicts best what it has not seen, and says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plaintune
from evals.space import Config, Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from surrogates.auto import Rival, chosen, rivals
from surrogates.encoding import encoding_of
from surrogates.forest import Forest
from surrogates.gp import GaussianProcess
from surrogates.heteroscedastic import HeteroscedasticProcess, fit_heteroscedastic
from surrogates.observations import observed
from surrogates.predictor import Predictor
from surrogates.registry import make_surrogate

TWO = SearchSpace((Float("x", 0, 1), Float("y", 0, 1)))
MANY = SearchSpace(tuple(Float(f"x{i}", 0, 1) for i in range(24)))


def study(
    value: Callable[[Any], float], count: int, space: SearchSpace = TWO
) -> tuple[Task, list[Trial]]:
    task = Task(
        evaluator="function",
        space=space,
        objectives=(Objective(metric="score", direction="maximize"),),
    )

    def trial(number: int, config: Config) -> Trial:
        ended = Evaluation(TrialState.COMPLETE, (float(value(config)),))
        return Trial(number, Suggestion(config, "random"), ended)

    configs = space.sample(np.random.default_rng(1), count)
    return task, [trial(i, c) for i, c in enumerate(configs)]


def plain(c: Any) -> float:
    return float(np.sin(3 * c["x"]) + c["y"] ** 2)


def crowded(c: Any) -> float:
    return float(np.sin(12 * c["x"] ** 6) + 0.3 * np.sin(12 * c["y"] ** 6))


def test_what_happens_at_one_end_of_a_range_is_left_to_warped_inputs() -> None:
    assert chosen(rivals(*study(crowded, 60))) == "warped"
    assert chosen(rivals(*study(plain, 60))) == "gp"


def test_few_parameters_that_matter_among_many_are_left_to_sparse_subspaces() -> None:
    found = rivals(*study(lambda c: np.sin(5 * c["x3"]) + c["x7"] ** 2, 30, MANY))
    assert chosen(found) == "saas"
    assert "saas" not in [r.name for r in rivals(*study(plain, 25))]


def test_the_default_yields_to_a_clear_advantage_only() -> None:
    assert chosen([Rival("gp", -1.0), Rival("random_forest", -0.95)]) == "gp"
    assert chosen([Rival("gp", -1.0), Rival("random_forest", -0.85)]) == "random_forest"
    assert chosen([]) == "gp"
    assert rivals(*study(plain, 10)) == []


def test_the_model_is_that_of_the_chosen_one(monkeypatch: pytest.MonkeyPatch) -> None:
    task, trials = study(plain, 30)
    assert isinstance(make_surrogate("auto").fit(task, trials), GaussianProcess)
    monkeypatch.setattr("surrogates.auto.chosen", lambda found: found[-1].name)
    assert isinstance(make_surrogate("auto").fit(task, trials), Forest)


def test_left_out_is_what_the_others_predict() -> None:
    model = make_surrogate("gp").fit(*study(plain, 15))
    assert isinstance(model, GaussianProcess)
    whole = model.predictor
    mean, sd = whole.left_out()
    for i in range(len(mean)):
        others = np.arange(len(mean)) != i
        part = Predictor(
            whole.encoding,
            whole.X[others],
            whole.targets[others],
            whole.noise_scale[others],
            whole.hyper,
            (whole.mean, whole.s2),
        )
        at, spread = part.predict(whole.X[[i]])
        assert mean[i] == pytest.approx(at[0], abs=1e-6)
        noise = whole.s2 * whole.hyper.noise
        assert sd[i] ** 2 == pytest.approx(spread[0] ** 2 + noise, rel=1e-4)


def test_noise_that_only_a_trial_itself_shows_is_no_knowledge_of_it() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=40) * rng.choice([0.05, 1.0], size=40, p=[0.7, 0.3])
    left = iter(noise)
    task, trials = study(lambda c: plain(c) + next(left), 40)
    model = fit_heteroscedastic(encoding_of(task.space), observed(task, trials))
    assert isinstance(model, HeteroscedasticProcess)
    told, own = model.left_out()[1], model.predictor.left_out()[1]
    assert not np.allclose(told, own)


def test_a_run_says_which_surrogate_it_ended_with(tmp_path: Path) -> None:
    def loss(lr: float = 0.1) -> float:
        return (lr - 0.03) ** 2

    given: dict[str, Any] = {"storage": str(tmp_path / "s.db"), "out": str(tmp_path), "llm": "none"}
    given |= {"name": "auto", "surrogate": "auto", "quiet": True}
    run = plaintune.tune(loss, "lowest loss, 6 trials", **given)
    assert any(n.startswith("Surrogate: gp. With fewer than 20") for n in run.outcome.notes)
    run = plaintune.tune(loss, "lowest loss", trials=21, **given)
    (said,) = [n for n in run.outcome.notes if n.startswith("Surrogate at the end: ")]
    assert "random_forest -" in said
    assert said in (tmp_path / "report.html").read_text(encoding="utf-8")

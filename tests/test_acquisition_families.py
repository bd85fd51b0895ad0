"""Families of models take turns where nothing is to be gained from the one that leads."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acquisition.bayesian import BayesianDesigner, Step
from acquisition.families import FEW, Family, Within, due, families
from evals.preferences import Steering
from evals.space import Categorical, Condition, Config, Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from surrogates.encoding import encoding_of

ONLY_TREE = Condition("model", ("tree",))
SPACE = SearchSpace(
    (
        Categorical("model", ("line", "tree", "net")),
        Float("shrink", 0, 1, condition=Condition("model", ("line",))),
        Float("depth", 0, 1, condition=ONLY_TREE),
        Float("leaf", 0, 1, condition=ONLY_TREE),
        Float("rate", 0, 1, condition=Condition("model", ("net",))),
    )
)
TASK = Task(
    evaluator="function",
    space=SPACE,
    objectives=(Objective(metric="loss", direction="minimize"),),
)
ENCODING = encoding_of(SPACE)
NOTHING, PLENTY = -20.0, -1.0


def loss(config: Config) -> float:
    """Return 0.3 at best for a line, 0 for a tree, which is worse than a line almost everywhere."""
    if config["model"] == "line":
        return 0.3 + 0.2 * (float(config["shrink"]) - 0.4) ** 2  # type: ignore[arg-type]
    if config["model"] == "net":
        return 0.9
    depth, leaf = float(config["depth"]), float(config["leaf"])  # type: ignore[arg-type]
    return 1.0 - math.exp(-((depth - 0.8) ** 2 + (leaf - 0.7) ** 2) / 0.08)


def done(number: int, config: Config, failed: bool = False) -> Trial:
    ended = Evaluation(TrialState.COMPLETE, (loss(config),))
    bad = Evaluation(TrialState.FAILED, reason="no such package")
    return Trial(number, Suggestion(config, "user"), bad if failed else ended)


def some(*models: str) -> list[Trial]:
    rng, trials = np.random.default_rng(0), list[Trial]()
    for model in models:
        found = next(c for c in SPACE.sample(rng, 64) if c["model"] == model)
        trials.append(done(len(trials), found))
    return trials


def turn(trials: list[Trial], expected: float) -> str | None:
    step = Step(TASK, trials, np.random.default_rng(0))
    family = due(ENCODING, trials, step.belief, lambda: expected)
    return None if family is None else SPACE["model"].from_unit(family.place)  # type: ignore[return-value]


def test_a_search_leaves_the_family_that_all_its_first_points_had() -> None:
    trials = some("line", "line", "line", "line", "tree")
    for i in range(len(trials), 36):
        (found,) = BayesianDesigner().suggest(TASK, trials, 1, np.random.default_rng(i))
        trials.append(done(i, found.config))
    tried = [t.config["model"] for t in trials]
    assert min(tried.count(m) for m in ("tree", "net")) >= FEW
    assert min(t.values[0] for t in trials) < 0.05


def test_an_unseen_family_has_every_second_trial_until_it_is_seen() -> None:
    assert turn(some("line", "line", "tree", "tree"), PLENTY) == "net"
    assert turn(some("line", "line", "tree"), PLENTY) is None
    assert turn(some("line", "line", "tree", "net"), PLENTY) is None


def test_where_nothing_is_to_be_gained_the_least_tried_comes_first_and_then_the_second_best() -> (
    None
):
    assert turn(some("line", "line", "line", "tree", "tree", "net"), NOTHING) == "net"
    enough = some(*["line"] * 5, *["tree"] * 4, *["net"] * 5)
    best = min(enough, key=lambda t: t.values[0]).config["model"]
    second = min((t for t in enough if t.config["model"] != best), key=lambda t: t.values[0])
    assert turn(enough, NOTHING) == second.config["model"]


def test_a_family_that_only_ever_failed_gets_no_more_turns() -> None:
    trials = some("line", "line", "line", "line", "tree", "tree", "tree", "tree", "net")
    broken = [done(t.number, t.config, failed=t.config["model"] == "net") for t in trials]
    third = [done(n, broken[-1].config | {"rate": 0.1 * n}, failed=True) for n in (9, 10, 11)]
    assert turn([*broken, *third], NOTHING) in ("line", "tree")


def test_a_user_who_steers_decides_alone() -> None:
    steered = TASK.model_copy(
        update={"steering": (Steering(words="trees only", constraints=("model == 'tree'",)),)}
    )
    trials = some("line", "line", "tree", "tree")
    (found,) = BayesianDesigner(initial=4).suggest(steered, trials, 1, np.random.default_rng(0))
    assert found.config["model"] == "tree"


def test_spaces_without_conditions_have_no_families() -> None:
    plain = SearchSpace((Float("x", 0, 1), Categorical("c", ("a", "b"))))
    assert families(encoding_of(plain)) == []
    assert [f.place for f in families(ENCODING)] == [0.0, 0.5, 1.0]


def test_a_turn_improves_on_the_best_of_its_own_family() -> None:
    trials = some("line", "line", "tree", "tree", "tree", "tree", "net")
    belief = Step(TASK, trials, np.random.default_rng(0)).belief
    tree = Family(0, 0.5)
    value = Within(tree, belief)
    rows = ENCODING.snap(np.random.default_rng(1).random((32, len(ENCODING))))
    moved = tree.move(ENCODING, rows)
    assert tree.holds(moved).all()
    assert value(moved).max() > -4.0 and (value(rows[~tree.holds(rows)]) < -1e6).all()
    at = ENCODING.snap(np.array([[0.5, 0.5, 0.3, 0.6, 0.5]]))
    step = np.zeros_like(at)
    step[0, 2] = 1e-5
    numeric = (value(at + step) - value(at - step))[0] / 2e-5
    assert value.gradients(at)[1][0, 2] == pytest.approx(numeric, rel=1e-2)

"""Thompson sampling and joint entropy search: functions drawn from what is believed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from acquisition.bayesian import BayesianDesigner
from acquisition.belief import Belief, believe
from acquisition.functions import make_acquisition
from acquisition.joint_entropy import optima
from acquisition.thompson import draw, thompson
from evals.parameters import Categorical, Condition, Float, Int
from evals.space import Config, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.errors import UserError
from surrogates.encoding import encoding_of
from surrogates.transfer import Earlier, TransferSurrogate

DRAWN = ("joint_entropy", "thompson")
MIXED = SearchSpace(
    (
        Categorical("kind", ("tree", "net")),
        Int("depth", 1, 12, condition=Condition("kind", ("tree",))),
        Float("rate", 1e-4, 1.0, log=True, condition=Condition("kind", ("net",))),
        Float("share", 0.0, 1.0),
    )
)
SPACES = {
    "one number": SearchSpace((Float("x", 0, 1),)),
    "choices": SearchSpace((Categorical("a", tuple("pqrst")), Categorical("b", tuple("uvwxy")))),
    "mixed": MIXED,
}


def loss(config: Config) -> float:
    value = float(np.sum([(p - 0.3) ** 2 for p in place(config)]))
    return value + 0.2 * (config.get("kind") == "tree")


def place(config: Config) -> np.ndarray:
    space = next(s for s in SPACES.values() if set(config) <= set(s.names))
    return encoding_of(space).encode([config])[0]


def task_of(space: SearchSpace) -> Task:
    objective = Objective(metric="loss", direction="minimize")
    return Task(evaluator="function", space=space, objectives=(objective,))


def trial(number: int, config: Config) -> Trial:
    done = Evaluation(TrialState.COMPLETE, (loss(config),))
    return Trial(number, Suggestion(config, "user"), done)


def history(space: SearchSpace, count: int = 8) -> list[Trial]:
    configs = space.sample(np.random.default_rng(0), count)
    return [trial(i, c) for i, c in enumerate(configs)]


def search(name: str, space: SearchSpace, count: int) -> list[Trial]:
    trials, designer = history(space), BayesianDesigner(acquisition=name)
    for i in range(len(trials), len(trials) + count):
        (found,) = designer.suggest(task_of(space), trials, 1, np.random.default_rng(i))
        trials.append(trial(i, found.config))
    return trials


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", DRAWN)
def test_a_short_search_beats_its_random_start(name: str, space: str) -> None:
    trials = search(name, SPACES[space], 5)
    start, found = (min(t.values[0] for t in part) for part in (trials[:8], trials[8:]))
    assert found <= start if space == "choices" else found < 0.9 * start


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_seed_gives_the_same_trials(name: str) -> None:
    first, second = (
        BayesianDesigner(acquisition=name).suggest(
            task_of(MIXED), history(MIXED), 2, np.random.default_rng(5)
        )
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("name", DRAWN)
def test_what_runs_already_is_not_proposed_again(name: str) -> None:
    trials, keys = history(MIXED), set()
    for i in range(3):
        (found,) = BayesianDesigner(acquisition=name).suggest(
            task_of(MIXED), trials, 1, np.random.default_rng(1)
        )
        keys.add(MIXED.key(found.config))
        trials.append(Trial(8 + i, found))
    assert len(keys) == 3


def mixed_belief(surrogate: object = "gp") -> Belief:
    return believe(task_of(MIXED), history(MIXED, 14), 3, surrogate)  # type: ignore[arg-type]


def transferring() -> Belief:
    before = [trial(i, c) for i, c in enumerate(MIXED.sample(np.random.default_rng(4), 12))]
    earlier = Earlier("before", task_of(MIXED), tuple(before))
    return mixed_belief(TransferSurrogate((earlier,)))


@pytest.mark.parametrize("belief", [mixed_belief, transferring])
def test_functions_drawn_have_the_posterior_s_mean_and_covariance(belief: object) -> None:
    now: Belief = belief()  # type: ignore[operator]
    X = encoding_of(MIXED).encode(MIXED.sample(np.random.default_rng(9), 6))
    rng = np.random.default_rng(0)
    drawn = np.stack([draw(now.model, rng)(X) for _ in range(400)])
    posterior = now.model.posterior(torch.from_numpy(X)).distribution  # type: ignore[attr-defined]
    covariance = posterior.covariance_matrix.numpy()
    scale = float(covariance.max())
    assert np.abs(drawn.mean(0) - posterior.mean.numpy()).max() < 0.15 * scale**0.5
    assert np.abs(np.cov(drawn.T) - covariance).max() < 0.2 * scale


def test_a_second_draw_differs_from_the_first_where_trials_are_pending() -> None:
    now = mixed_belief()
    then = now.with_pending(encoding_of(MIXED).encode([{"kind": "tree", "depth": 3, "share": 1.0}]))
    X = encoding_of(MIXED).encode(MIXED.sample(np.random.default_rng(9), 40))
    gap = thompson(now)(X) - thompson(then)(X)
    assert np.median(np.abs(gap)) > 0.1 * np.median(now.model.marginals(X)[1])


def test_optima_are_configurations_and_at_least_as_good_as_the_best_seen() -> None:
    now = mixed_belief()
    places, values = optima(now)
    assert np.array_equal(encoding_of(MIXED).snap(places), places)
    assert values.mean() > now.model.marginals(now.observed)[0].max()


def test_joint_entropy_is_least_where_nothing_is_left_to_learn() -> None:
    space = SPACES["one number"]
    configs: list[Config] = [{"x": x} for x in (0.05, 0.2, 0.4, 0.55, 0.8, 0.95)]
    now = believe(task_of(space), [trial(i, c) for i, c in enumerate(configs)], 3)
    value = make_acquisition("joint_entropy", now)
    assert value(np.array([[0.29]]))[0] > value(np.array([[0.95], [0.8]])).max()


@pytest.mark.parametrize("name", DRAWN)
def test_a_forest_is_refused_in_words(name: str) -> None:
    with pytest.raises(UserError, match="drawn from Gaussian processes only"):
        make_acquisition(name, mixed_belief("random_forest"))

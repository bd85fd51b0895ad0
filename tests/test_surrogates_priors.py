"""Beliefs bend the acquisition, fade, and lose their weight where the data contradict them."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.registry import make_designer
from evals.preferences import Preference, Steering
from evals.space import Categorical, Condition, Config, Float, Int, SearchSpace
from evals.steering import steered
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.errors import InvalidTaskError
from surrogates.priors import density_of, prior

SPACE = SearchSpace(
    (
        Float("rate", 1e-4, 1, log=True),
        Int("depth", 1, 20),
        Categorical("way", ("a", "b", "c")),
        Float("only_b", 0, 1, condition=Condition("way", ("b",))),
    )
)
TASK = Task(
    evaluator="none", space=SPACE, objectives=(Objective(metric="score", direction="maximize"),)
)
WISHES = (
    Preference(parameter="rate", low=0.001, high=0.01),
    Preference(parameter="depth", toward="low"),
    Preference(parameter="way", values=("b",)),
    Preference(parameter="only_b", toward="high"),
)


def wished(*wishes: Preference, since: int = 0) -> Task:
    return steered(TASK, Steering(words="", since=since, preferences=wishes))


def trials(count: int, score: int) -> list[Trial]:
    """Results that grow with depth (`score` 1) or fall (-1)."""
    found = []
    for i, config in enumerate(SPACE.sample(np.random.default_rng(5), count)):
        value = score * float(config["depth"])  # type: ignore[arg-type]
        result = Evaluation(TrialState.COMPLETE, (value,))
        found.append(Trial(i, Suggestion(config, "sobol"), result))
    return found


@pytest.mark.parametrize("wish", WISHES, ids=lambda w: w.parameter)
def test_densities_integrate_to_one_and_forbid_nothing(wish: Preference) -> None:
    density = density_of(TASK, wish)
    grid = np.linspace(0, 1, 3) if wish.values else (np.arange(4000) + 0.5) / 4000
    values = np.exp(density.log(grid))
    assert values.mean() == pytest.approx(1.0, abs=1e-3)
    assert values.min() > 0.09
    drawn = density.draw(np.random.default_rng(0), 2000)
    assert density.log(drawn).mean() > density.log(np.random.default_rng(1).random(2000)).mean()


def test_the_better_end_of_a_range_is_drawn_more_often() -> None:
    def mean(wish: Preference) -> float:
        return float(density_of(TASK, wish).draw(np.random.default_rng(0), 2000).mean())

    range_ = {"parameter": "rate", "low": 0.001, "high": 0.1}
    low, none, high = (
        mean(Preference.model_validate({**range_, "toward": t})) for t in ("low", None, "high")
    )
    assert low + 0.05 < none < high - 0.05
    with pytest.raises(InvalidTaskError, match="needs one of"):
        Preference(parameter="way", values=("a",), toward="low")


def test_gradients_are_those_of_the_values() -> None:
    found = prior(wished(*WISHES), [])
    assert found
    X = np.random.default_rng(0).random((6, 4))
    X[:, 2] = 0.5
    values, slopes = found.gradients(X)
    for j in (0, 1, 3):
        step = np.zeros(4)
        step[j] = 1e-6
        assert (found(X + step) - found(X - step)) / 2e-6 == pytest.approx(slopes[:, j], rel=1e-4)
    assert values == pytest.approx(found(X))


def test_an_inactive_parameter_is_not_believed_about() -> None:
    found = prior(wished(WISHES[3]), [])
    assert found
    X = np.array([[0.5, 0.5, 0.0, 0.5], [0.5, 0.5, 0.5, 0.5]])
    assert found(X)[0] == 0 != found(X)[1]


def test_a_belief_fades_and_a_contradicted_one_is_dropped() -> None:
    task = wished(WISHES[1])
    first = prior(task, [])
    borne_out, contradicted = prior(task, trials(12, -1)), prior(task, trials(12, 1))
    assert first and borne_out and contradicted
    assert first.parts[0].exponent == 10 > borne_out.parts[0].exponent > 0.5
    assert borne_out.parts[0].trust == 1
    assert contradicted.parts[0].trust < 0.01


def test_it_counts_from_when_it_was_said() -> None:
    late = prior(wished(WISHES[1], since=12), trials(12, -1))
    assert late and late.parts[0].exponent == 10


def test_a_true_belief_helps_and_a_false_one_is_survived() -> None:
    def run(task: Task) -> float:
        done: list[Trial] = []
        for n in range(12):
            rng = np.random.default_rng([3, n])
            [chosen] = make_designer("gp").suggest(task, done, 1, rng)
            value = score(chosen.config)
            result = Evaluation(TrialState.COMPLETE, (value,))
            done.append(Trial(n, chosen, result))
        return max(t.values[0] for t in done)

    def score(config: Config) -> float:
        far = abs(np.log10(float(config["rate"])) + 2.5)  # type: ignore[arg-type]
        return -float(far) - abs(float(config["depth"]) - 3) / 4  # type: ignore[arg-type]

    none, true = run(TASK), run(wished(WISHES[0], WISHES[1]))
    false = run(wished(Preference(parameter="rate", low=0.5, high=1.0)))
    assert true >= none - 0.05
    assert false > -0.5


def test_a_preference_for_what_is_not_tuned_is_refused() -> None:
    with pytest.raises(InvalidTaskError, match="not tuned"):
        wished(Preference(parameter="width", toward="low"))
    with pytest.raises(InvalidTaskError, match="needs one of"):
        Preference(parameter="rate")

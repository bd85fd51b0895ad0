"""Contenders are run again where noise decides between them, and nothing is where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.advice import Advice, Advisable
from acquisition.registry import make_designer
from acquisition.replication import (
    STEADY,
    AdvisedReplicating,
    ranked,
    repeat,
    repeats,
    replicating,
    steady,
    winner,
)
from evals.parameters import Categorical, Float
from evals.space import SearchSpace
from evals.task import Objective, Task
from evals.trials import REPLICATION, Evaluation, Suggestion, Trial, TrialState
from prompts.errors import UserError

TASK = Task(
    evaluator="none",
    space=SearchSpace((Float("x", 0.0, 1.0, default=0.9), Categorical("kind", ("a", "b")))),
    objectives=(Objective(metric="loss", direction="minimize"),),
    seed=5,
)


def trial(number: int, x: float, value: float, origin: str = "surrogate", kind: str = "a") -> Trial:
    suggestion = Suggestion({"x": x, "kind": kind}, origin)
    return Trial(number, suggestion, Evaluation(TrialState.COMPLETE, (value,)))


def searched(count: int, noise: float, when: str = "auto") -> list[Trial]:
    designer, done = replicating(make_designer("gp"), when), list[Trial]()
    for k in range(count):
        (found,) = designer.suggest(TASK, done, 1, np.random.default_rng([5, k]))
        x = float(found.config["x"])  # type: ignore[arg-type]
        value = (x - 0.4) ** 2 + noise * np.random.default_rng([9, k]).standard_normal()
        done.append(Trial(k, found, Evaluation(TrialState.COMPLETE, (float(value),))))
    return done


NOISY = searched(24, 0.2)


def again(trials: Sequence[Trial]) -> list[Trial]:
    return [t for t in trials if t.origin == REPLICATION]


def test_noise_brings_repeats_of_contenders_with_seeds_of_their_own() -> None:
    found = again(NOISY)
    assert 2 <= len(found) <= 20
    seeds = [t.suggestion.details["seed"] for t in found]
    assert len({*seeds, TASK.seed}) == len(seeds) + 1
    for t in found:
        before = NOISY[t.suggestion.details["repeats"]]
        assert before.number < t.number and before.config == t.config
        assert t.suggestion.details["worth"] > t.suggestion.details["worth_new"]
        assert t.rationale and f"trial {before.number + 1} again" in t.rationale


def test_without_noise_it_costs_two_trials_at_most_and_nothing_changes_before() -> None:
    found, plain = searched(16, 0.0), searched(16, 0.0, "off")
    assert len(again(found)) <= STEADY
    first = min([t.number for t in again(found)], default=16)
    assert [t.suggestion for t in found[:first]] == [t.suggestion for t in plain[:first]]


def test_off_is_the_designer_itself_and_other_words_are_refused() -> None:
    designer = make_designer("gp")
    assert replicating(designer, "off") is designer
    with pytest.raises(UserError, match="sometimes"):
        replicating(designer, "sometimes")


def test_two_repeats_with_the_same_score_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = next(k for k in range(8, 24) if NOISY[k].origin == REPLICATION)
    before, new = NOISY[:wanted], Suggestion({"x": 0.77, "kind": "b"}, "surrogate")
    same = [trial(20 + i, 0.5, 1.0, REPLICATION) for i in range(STEADY)]
    first, other = trial(19, 0.5, 1.0), trial(22, 0.5, 1.1, REPLICATION)
    assert steady(TASK, [*before, first, *same])
    assert not steady(TASK, [*before, first, *same[:1]])
    assert not steady(TASK, [*before, first, *same, other])
    assert repeat(TASK, before, new) is not None
    monkeypatch.setattr("acquisition.replication.steady", lambda task, trials: True)
    assert repeat(TASK, before, new) is None


def test_only_the_surrogates_own_proposals_give_way() -> None:
    wanted = next(k for k in range(8, 24) if NOISY[k].origin == REPLICATION)
    for origin in ("sobol", "llm", "default", "portfolio"):
        new = Suggestion({"x": 0.77, "kind": "b"}, origin)
        assert repeat(TASK, NOISY[:wanted], new) is None


def test_a_lucky_run_does_not_win_over_a_repeated_one() -> None:
    even = [trial(i, x, (x - 0.4) ** 2 * 5, "sobol") for i, x in enumerate(np.linspace(0, 1, 9))]
    scores = (0.05, -0.06, 0.04, -0.03, 0.01)
    good = [trial(9 + i, 0.4, v, REPLICATION) for i, v in enumerate(scores)]
    lucky = trial(14, 0.41, -0.07)
    best = winner(TASK, [*even, *good, lucky])
    assert best is not None and best.config["x"] == 0.4
    mean = np.mean([t.values[0] for t in repeats(TASK, [*even, *good], good[0])])
    assert best.values[0] == min((t.values[0] for t in good), key=lambda v: abs(v - mean))
    keys = [TASK.space.key(t.config) for t in ranked(TASK, [*even, *good, lucky])]
    assert len(keys) == len(set(keys)) == 11


def test_without_repeats_the_winner_is_the_incumbent() -> None:
    trials = [trial(i, i / 10, v) for i, v in enumerate((3.0, 1.0, 2.0))]
    assert winner(TASK, trials) == trials[1]
    assert winner(TASK, []) is None


def test_a_designer_that_takes_advice_still_does() -> None:
    wrapped = replicating(make_designer("hybrid"))
    assert isinstance(wrapped, Advisable) and isinstance(wrapped, AdvisedReplicating)
    said = Suggestion({"x": 0.123, "kind": "b"}, "llm", details={"asked_at": 1})
    advised = wrapped.advised(Advice((said,)))
    (found,) = advised.suggest(TASK, NOISY[:1], 1, np.random.default_rng(0))
    assert found.origin == "llm"
    assert wrapped.wants_advice(TASK, NOISY[:9], ()) is True


def test_a_batch_holds_pending_repeats_and_new_configurations() -> None:
    designer = replicating(make_designer("gp"))
    found = designer.suggest(TASK, NOISY, 4, np.random.default_rng(1))
    assert len(found) == 4
    seeds = [s.details["seed"] for s in found if s.origin == REPLICATION]
    assert len(set(seeds)) == len(seeds)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(8, 14), st.floats(1e-9, 1e9))
def test_a_repeat_is_always_of_something_that_completed(seed: int, n: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    trials = [trial(i, float(rng.random()), scale * float(rng.normal())) for i in range(n)]
    found = repeat(TASK, trials, Suggestion({"x": float(rng.random()), "kind": "a"}, "surrogate"))
    tried = [t.config for t in trials]
    assert found is None or (found.origin == REPLICATION and found.config in tried)

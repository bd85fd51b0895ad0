"""Failures are told apart by their reasons, and where they began is said."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.llm_designer import propose
from evals.evaluators.process import Ending, ProcessLimits
from evals.failures import Border, borders, kind_of
from evals.parameters import Scalar
from evals.space import Categorical, Float, Int, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from surrogates.encoding import encoding_of
from surrogates.feasibility import feasibility

SPACE = SearchSpace(
    (
        Float("lr", 1e-5, 1.0, log=True, default=1e-3),
        Int("batch", 8, 1024, log=True, default=64),
        Int("width", 16, 1024, log=True, default=64),
        Categorical("act", ("relu", "tanh"), default="relu"),
    )
)
TASK = Task(
    evaluator="function",
    space=SPACE,
    objectives=(Objective(metric="loss", direction="minimize"),),
)
MEMORY, DIVERGED = "It ran out of memory: the limit is 1 GiB.", "loss is nan, which is no number."


def ended(number: int, config: dict[str, Scalar], reason: str = "") -> Trial:
    state = TrialState.FAILED if reason else TrialState.COMPLETE
    evaluation = Evaluation(state, () if reason else (1.0,), reason=reason)
    return Trial(number, Suggestion(config, "sobol"), evaluation)


def sampled(count: int, seed: int) -> list[Trial]:
    """Large batches of wide models run out of memory, large steps diverge."""
    trials = []
    for number, config in enumerate(SPACE.sample(np.random.default_rng(seed), count)):
        memory = float(config["batch"]) * float(config["width"]) > 2**16  # type: ignore[arg-type]
        diverged = float(config["lr"]) > 0.05  # type: ignore[arg-type]
        reason = MEMORY if memory else DIVERGED if diverged else ""
        trials.append(ended(number, config, reason))
    return trials


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (MEMORY, "out of memory"),
        ("RuntimeError: CUDA out of memory. Tried to allocate 2 GiB", "out of memory"),
        ("There was not enough memory.", "out of memory"),
        ("Stopped: it used more than 1.0 GiB of memory.", "out of memory"),
        ("It was stopped after 0.4 seconds, its time limit.", "too slow"),
        ("Stopped: it took longer than 5 s.", "too slow"),
        (DIVERGED, "score not finite"),
        ("loss is -inf, which is not a finite number.", "score not finite"),
        ("ValueError: Input contains NaN.", "score not finite"),
        ("It was killed by a segmentation fault.", "crashed"),
        ("", "crashed"),
    ],
)
def test_reasons_tell_the_kind(reason: str, kind: str) -> None:
    assert kind_of(reason) == kind


@pytest.mark.parametrize(("how", "kind"), [("memory", "out of memory"), ("time", "too slow")])
def test_our_own_sentences_are_recognised(how: str, kind: str) -> None:
    assert kind_of(Ending(how).reason(ProcessLimits(seconds=2, memory=2**30))) == kind


def test_the_prompt_says_why_and_from_where_on_trials_fail() -> None:
    config: dict[str, Scalar] = {"lr": 1e-3, "batch": 64, "width": 64, "act": "relu"}
    trials = [
        ended(0, config),
        ended(1, {**config, "batch": 512, "lr": 1e-2}, MEMORY),
        ended(2, {**config, "lr": 2e-2}),
        ended(3, {**config, "batch": 700, "lr": 1e-4}, MEMORY),
        ended(4, {**config, "lr": 0.5}, DIVERGED),
    ]
    assert borders(SPACE, trials) == [Border("out of memory", "batch", "at least", 512, 64)]
    prompt = propose(TASK, trials, 2).messages[-1]["content"]
    assert "3. failed (out of memory)" in prompt and "4. failed (score not finite)" in prompt
    assert 'All trials with "batch" at least 512 failed (out of memory); 64 still ran.' in prompt


def test_each_kind_of_failure_is_learned_apart() -> None:
    truth = sampled(600, 99)
    X = encoding_of(SPACE).encode([t.config for t in truth])
    runs = np.array([t.state is TrialState.COMPLETE for t in truth])
    apart, together = [], []
    for seed in range(4):
        trials = sampled(40, seed)
        same = [ended(t.number, dict(t.config), "x" if t.values == () else "") for t in trials]
        for found, given in ((apart, trials), (together, same)):
            model = feasibility(TASK, given)
            assert model is not None
            found.append(float(np.mean((model.log_probability(X) > np.log(0.5)) == runs)))
    assert np.mean(apart) > 0.9 and np.mean(apart) > np.mean(together) + 0.02


def test_gradients_of_several_kinds_add_up() -> None:
    found = feasibility(TASK, sampled(40, 1))
    assert found is not None and len(found.predictors) == 2
    x = encoding_of(SPACE).encode([SPACE.default_config() or {}])
    for j in range(3):
        step = np.zeros_like(x)
        step[0, j] = 1e-6
        numeric = (found.log_weight(x + step) - found.log_weight(x - step)) / 2e-6
        assert found.gradients(x)[1][0, j] == pytest.approx(numeric[0], rel=1e-3, abs=1e-6)

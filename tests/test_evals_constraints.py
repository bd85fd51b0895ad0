"""Conditions on several parameters: expressions that are stored, functions that are brought."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from acquisition.allowed import Allowed
from acquisition.registry import make_designer
from evals.constraints import Constraint, check_here, check_names, constraint_of, reads
from evals.narrowing import narrow
from evals.space import Categorical, Condition, Config, Float, Int, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Trial, TrialState
from prompts.errors import InvalidConfigError, InvalidTaskError
from surrogates.encoding import encoding_of

NUMBERS = (Float("lr", 0.0, 1.0), Int("layers", 1, 9))
LIMIT = 2.0


def fits(layers: int, lr: float, most: float = 3.0) -> bool:
    """Fits in memory.

    More is not known.
    """
    return layers * lr <= most


@pytest.mark.parametrize(
    "given",
    [
        "lr * layers < 2",
        lambda lr, layers: lr * layers < LIMIT,
        lambda c: c["lr"] * c["layers"] < 2,
        lambda **c: c["lr"] * c["layers"] < 2,
        lambda lr, layers, most=2: np.bool_(lr * layers < most),
    ],
)
def test_a_constraint_is_an_expression_or_a_function(given: Any) -> None:
    space = SearchSpace(NUMBERS, (given,))
    assert space.is_valid({"lr": 0.2, "layers": 9})
    with pytest.raises(InvalidConfigError, match="is broken"):
        space.validate({"lr": 0.3, "layers": 9})


def test_a_function_is_called_by_what_it_is_about() -> None:
    named = SearchSpace(NUMBERS, (fits, lambda lr: lr < 0.5))
    assert [c.expression for c in named.constraints] == ["fits(layers, lr)", "constraint_2(lr)"]
    assert [c.meaning for c in named.constraints] == [
        "fits(layers, lr) (Fits in memory.)",
        "lr < 0.5",
    ]


def test_of_two_lambdas_on_a_line_each_keeps_its_own_words() -> None:
    both = (lambda lr: lr < 0.5, lambda layers: layers != 3)
    space = SearchSpace(NUMBERS, both)
    assert [c.meaning for c in space.constraints] == ["lr < 0.5", "layers != 3"]


def test_what_is_inactive_breaks_nothing() -> None:
    kernel = Categorical("kernel", ("linear", "rbf"))
    gamma = Float("gamma", 0.0, 1.0, condition=Condition("kernel", ("rbf",)))
    for said in ("gamma < 0.5", lambda gamma: gamma < 0.5):
        space = SearchSpace((kernel, gamma), (said,))
        assert space.is_valid({"kernel": "linear"})
        assert not space.is_valid({"kernel": "rbf", "gamma": 0.7})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "not 5"),
        ("lr >", "cannot be read"),
        ("momentum < 1", "about momentum, which is not tuned"),
        (lambda lr, momentum: True, "about momentum, which is not tuned"),
        (lambda lr: lr / 0 > 1, "ZeroDivisionError"),
        ("lr > 2", "Almost no configuration"),
        (max, "Nobody can tell"),
    ],
)
def test_what_cannot_hold_is_refused(given: Any, message: str) -> None:
    with pytest.raises(InvalidTaskError, match=message):
        SearchSpace(NUMBERS).constrained([given])


def test_a_stored_function_is_missed_before_a_search_and_found_again() -> None:
    space = SearchSpace(NUMBERS, (fits,))
    kept = TypeAdapter(SearchSpace)
    stored = kept.validate_python(kept.dump_python(space, mode="json"))
    assert stored.is_valid({"lr": 1.0, "layers": 9})  # Nobody here can tell.
    with pytest.raises(InvalidTaskError, match="calls fits, which is not here"):
        check_here(stored.constraints)
    again = stored.bound(space.constraints)
    check_here(again.constraints)
    assert again == space
    assert not again.is_valid({"lr": 1.0, "layers": 9})


def test_functions_of_python_itself_may_stand_in_an_expression() -> None:
    check_here([Constraint("int(lr * 10) < 5")])
    assert Constraint("max(a, abs(b)) <= sqrt(c) + log2(8)").holds({"a": 1, "b": -4, "c": 1})
    assert not Constraint("max(a, abs(b)) <= sqrt(c) + log2(8)").holds({"a": 1, "b": -5, "c": 1})
    with pytest.raises(InvalidTaskError, match="calls rand, which is not here"):
        check_here([Constraint("rand() < 0.5")])


@given(st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3))
def test_an_expression_and_its_function_agree(values: list[float]) -> None:
    config = dict(zip("abc", values, strict=True))
    names = list(config)
    said = constraint_of("a + b ** 2 <= c", names)
    told = constraint_of(lambda a, b, c: a + b**2 <= c, names)
    assert said.holds(config) == told.holds(config)


DOTTED = SearchSpace(
    (Float("optimizer.lr", 0.0, 1.0, default=0.1), Int("model.net.width", 1, 64, default=8)),
    ("optimizer.lr * model.net.width <= 2",),
)


def test_parameters_with_dots_in_their_names_stand_in_expressions() -> None:
    assert reads(DOTTED.constraints[0]) == ["optimizer.lr", "model.net.width"]
    assert DOTTED.is_valid({"optimizer.lr": 0.1, "model.net.width": 20})
    assert not DOTTED.is_valid({"optimizer.lr": 0.2, "model.net.width": 20})
    with pytest.raises(InvalidTaskError, match=r"about optimizer\.beta, which is not tuned"):
        check_names([Constraint("optimizer.beta < 1")], DOTTED.names)
    narrower = narrow(DOTTED.parameters[1], "model.net.width <= 32")
    assert narrower is not None
    assert isinstance(narrower, Int)
    assert narrower.high == 32


SIMPLEX = SearchSpace(
    tuple(Float(f"x{i}", 0.0, 1.0) for i in range(5)),
    (lambda **x: sum(x.values()) <= 1.0,),
)
"""One in 120 points of the cube is allowed."""


def test_what_a_climb_carries_out_of_the_allowed_part_comes_back_to_its_border() -> None:
    allowed = Allowed(encoding_of(SIMPLEX))
    starts = allowed.drawn(np.random.default_rng(0), 512)
    assert len(starts) > 5
    assert allowed.keeps(starts).all()
    back = allowed.retreat(np.ones((2, 5)), starts[:3])
    assert allowed.keeps(back).all()
    assert (back.sum(axis=1) > 0.99).all()


def test_the_search_reaches_an_optimum_on_the_border_of_a_sliver() -> None:
    task = Task(
        space=SIMPLEX,
        evaluator="function",
        objectives=(Objective(metric="loss", direction="minimize"),),
    )
    wanted = np.array([0.5, 0.4, 0.2, 0.1, 0.0])
    least = 0.2**2 / 4  # The four that are not at zero give up a fourth of the excess each.

    def loss(config: Config) -> float:
        return float(((np.array(list(config.values()), dtype=float) - wanted) ** 2).sum())

    designer, trials = make_designer("gp"), list[Trial]()
    for number in range(25):
        rng = np.random.default_rng([0, number])
        found = designer.suggest(task, trials, 1, rng)[0]
        assert SIMPLEX.is_valid(found.config)
        result = Evaluation(state=TrialState.COMPLETE, values=(loss(found.config),))
        trials.append(Trial(number, found, result))
    assert min(loss(t.config) for t in trials) < least + 0.01

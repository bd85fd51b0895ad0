"""What code alone proposes: the dictionary first, the default always inside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.arguments import Argument
from evals.known_parameters import known_parameter, role_of
from evals.parameters import Categorical, Float, Int
from evals.proposals import checked_range, propose, space_of
from prompts.errors import InvalidTaskError


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("--lr", "learning_rate"),
        ("optimizer.lr", "learning_rate"),
        ("BATCH_SIZE", "batch_size"),
        ("maxDepth", "max_depth"),
        ("g_lr", "learning_rate"),
        ("attention_dropout", "dropout"),
        ("generator_weight_decay", "weight_decay"),
        ("lr_decay", None),
        ("verbose", None),
    ],
)
def test_names_are_found_under_their_aliases(name: str, entry: str | None) -> None:
    found = known_parameter(name)
    assert (entry in found.names if entry else False) if found else entry is None


@pytest.mark.parametrize(
    ("name", "kind", "role"),
    [
        ("random_state", "int", "seed"),
        ("n_epochs", "int", "run length"),
        ("output_dir", "text", "path"),
        ("num_workers", "int", "resources"),
        ("log_every", "int", "logging"),
        ("dropout", "float", "tune"),
        ("flux_capacity", "float", None),
    ],
)
def test_names_say_what_is_not_tuned(name: str, kind: str, role: str | None) -> None:
    assert role_of(Argument(name, kind, 1)) == role  # type: ignore[arg-type]


numbers = st.one_of(
    st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6, allow_nan=False, allow_subnormal=False)
)


@given(st.sampled_from(["lr", "dropout", "batch_size", "width", "rho", "c", "tau"]), numbers)
def test_the_default_lies_inside_whatever_it_is(name: str, default: float) -> None:
    kind = "int" if isinstance(default, int) else "float"
    parameter = propose(Argument(name, kind, default)).parameter  # type: ignore[arg-type]
    if parameter is not None:
        assert parameter.default == default


def test_what_the_program_declares_wins() -> None:
    mine = Float("lr", 0.2, 0.3, default=0.25)
    assert propose(Argument("lr", "float", 0.25, parameter=mine)).parameter == mine
    choice = propose(Argument("loss", "choice", "l1", choices=("l1", "l2"))).parameter
    assert isinstance(choice, Categorical) and choice.choices == ("l1", "l2")
    depth = propose(Argument("depth", "int", 4, low=2, high=6)).parameter
    assert isinstance(depth, Int) and (depth.low, depth.high) == (2, 6)


def test_ranges_of_the_language_model_are_checked() -> None:
    argument = Argument("rho", "float", 0.5, low=0.0)
    assert isinstance(checked_range(argument, 0.1, 0.9, ""), Float)
    wide = checked_range(argument, 1e-3, 1, "")
    assert isinstance(wide, Float) and wide.log
    assert "default" in str(checked_range(argument, 0.6, 0.9, ""))
    assert "no range" in str(checked_range(Argument("n", "int"), 3, 3, ""))


def test_a_space_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidTaskError, match="worth tuning"):
        space_of([propose(Argument("seed", "int", 0))])


def test_a_logarithm_is_no_logging() -> None:
    assert role_of(Argument("windowLog", "int", 20)) is None
    assert role_of(Argument("log_every", "int", 20)) == "logging"


def test_nothing_above_what_programs_take_is_proposed() -> None:
    found = propose(Argument("border_count", "int", 254)).parameter
    assert isinstance(found, Int) and found.high == 255


def test_bounds_of_the_program_tell_what_a_greek_letter_means() -> None:
    found = propose(Argument("beta", "float", 0.1, low=0.0, high=1.0))
    assert found.origin == "your program" and found.parameter is not None


def test_a_small_rate_is_searched_by_its_order_of_magnitude() -> None:
    found = propose(Argument("mixer_rate", "float", 0.002, help="learning rate")).parameter
    assert isinstance(found, Float) and found.log and found.high < 0.1


def test_switches_are_proposed_where_the_program_says_what_they_do() -> None:
    said = Argument("word_context", "bool", False, help="mix in another context")
    assert isinstance(propose(said).parameter, Categorical)


@pytest.mark.parametrize(
    ("default", "low", "high", "room"),
    [(10, 1, 10, (1, 40)), (0.001, 0.001, 0.01, (0.00025, 0.01)), (0.9, 0.9, 0.95, (0.6, 0.975))],
)
def test_a_range_that_ends_at_the_default_is_widened(
    default: float, low: float, high: float, room: tuple[float, float]
) -> None:
    kind = "int" if isinstance(default, int) else "float"
    found = checked_range(Argument("x", kind, default), low, high, "")  # type: ignore[arg-type]
    assert isinstance(found, Int | Float) and (found.low, found.high) == room


def test_a_name_that_everybody_knows_needs_no_type() -> None:
    from evals.signature import read_function

    def train(lr, layers, zeta):  # type: ignore[no-untyped-def]
        return lr

    found = {a.name: propose(a) for a in read_function(train).arguments}
    assert isinstance(found["lr"].parameter, Float)
    assert isinstance(found["layers"].parameter, Int)
    assert found["zeta"].parameter is None

"""Functions are read as they are written, and called with what was chosen for them."""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from pydantic import BaseModel
from pydantic import Field as ModelField

from agent.recipe import recipe
from evals.parameters import Categorical, Float, Int
from evals.proposals import parameter_for, propose, space_of
from evals.signature import Signature, read_function
from evals.space import SearchSpace
from evals.task import Objective, Program, Task
from prompts.errors import InvalidTaskError


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


@dataclass
class Net:
    width: Annotated[int, Int(8, 512, log=True)] = 64
    act: Literal["relu", "tanh"] = "relu"
    layers: list[int] = field(default_factory=list)


class Model(BaseModel):
    depth: int = ModelField(6, ge=2, le=12, description="of a tree")
    width: int = 3


def fit(
    net: Net,
    model: Model,
    lr: Annotated[float, Float(1e-5, 1e-1, log=True)] = 0.01,
    mode: Mode = Mode.FAST,
    bias: bool = True,
    momentum: float | None = 0.9,
) -> tuple[object, ...]:
    """Fit.

    momentum: how much of the last step is kept
    """
    return net, model, lr, mode, bias, momentum


def test_each_kind_of_annotation_is_read() -> None:
    found = {a.name: a for a in read_function(fit).arguments}
    assert found["lr"].parameter == Float("lr", 1e-5, 1e-1, log=True, default=0.01)
    assert found["net.width"].parameter == Int("net.width", 8, 512, log=True, default=64)
    assert found["act"].choices == ("relu", "tanh")
    assert found["mode"].choices == ("fast", "slow") and found["mode"].default == "fast"
    assert (found["depth"].low, found["depth"].high, found["depth"].help) == (2, 12, "of a tree")
    assert found["bias"].type == "bool"
    assert found["momentum"].type == "float" and "kept" in found["momentum"].help


def test_a_configuration_reaches_its_places_and_the_rest_keeps_its_default() -> None:
    call = read_function(fit).call({"net.width": 9, "depth": 4, "mode": "slow", "lr": 0.1})
    net, model, lr, mode, bias, momentum = fit(**call)
    assert net == Net(width=9) and model == Model(depth=4)
    assert (lr, mode, bias, momentum) == (0.1, Mode.SLOW, True, 0.9)


def test_an_argument_without_default_and_range_is_refused_by_name() -> None:
    def needs(path: str, lr: float = 0.1) -> float:
        return lr

    with pytest.raises(InvalidTaskError, match="path"):
        read_function(needs).call({"lr": 0.2})


def test_a_parameter_takes_its_name_from_the_argument_or_says_one() -> None:
    def choose(kind: Annotated[str, Categorical(["a", "b"])] = "b") -> None: ...

    (argument,) = read_function(choose).arguments
    assert argument.parameter == Categorical("kind", ("a", "b"), default="b")
    assert Float("named", 0, 1).name == "named"


@dataclass
class Job:
    lr: float = 0.1
    epochs: int = 3
    doubled: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.doubled = 2 * self.lr


def by_default(job: Job = Job(lr=0.5, epochs=50)) -> Job:  # noqa: B008
    return job


def unannotated(job=Job(lr=0.5, epochs=50)):  # type: ignore[no-untyped-def]  # noqa: B008
    return job


def of_a_model(model: Model = Model(depth=9, width=8)) -> Model:  # noqa: B008
    return model


@pytest.mark.parametrize("function", [by_default, unannotated])
def test_a_default_record_is_what_the_search_starts_from(function: Any) -> None:
    signature = read_function(function)
    assert {a.name: a.default for a in signature.arguments} == {"lr": 0.5, "epochs": 50}
    made = signature.call({"lr": 0.2})["job"]
    assert (made.lr, made.epochs, made.doubled) == (0.2, 50, 0.4)
    assert signature.preset == {"lr": 0.5, "epochs": 50}


def test_a_default_model_keeps_what_is_not_tuned() -> None:
    assert read_function(of_a_model).call({"depth": 4})["model"] == Model(depth=4, width=8)


def test_a_record_that_may_be_none_is_read() -> None:
    def function(job: Job | None = None) -> Job | None:
        return job

    assert read_function(function).call({"lr": 0.2})["job"] == Job(lr=0.2)


class Trainer:
    def __call__(self, lr: float = 0.1, act: Literal["relu", "tanh"] = "relu") -> float:
        return lr

    def fit(self, lr: float = 0.1, act: Literal["relu", "tanh"] = "relu", rows: int = 9) -> float:
        return lr


@pytest.mark.parametrize(
    "function", [Trainer(), functools.partial(Trainer().fit, rows=5), functools.partial(Trainer())]
)
def test_objects_and_partials_are_functions_too(function: Any) -> None:
    arguments = {a.name: a for a in read_function(function).arguments}
    assert arguments.keys() == {"lr", "act"}
    assert arguments["act"].choices == ("relu", "tanh")


def test_what_a_partial_holds_is_kept() -> None:
    frame = object()
    signature = read_function(functools.partial(Trainer().fit, rows=5, act=frame))
    assert signature.preset == {"rows": 5}
    assert signature.call({"lr": 0.3, "rows": 5}) == {"lr": 0.3}


def test_any_name_reaches_a_function_that_takes_any() -> None:
    def function(seed: int = 0, **settings: float) -> float:
        return settings["lr"]

    signature: Signature = read_function(function)
    assert signature.call({"lr": 0.2, "seed": 4}) == {"lr": 0.2, "seed": 4}


def test_a_coroutine_is_refused() -> None:
    async def train(lr: float = 0.1) -> float:
        return lr

    with pytest.raises(InvalidTaskError, match=r"coroutine.*asyncio\.run"):
        read_function(train)


def test_an_annotation_that_cannot_be_looked_up_says_what_to_do() -> None:
    def train(lr: float = 0.1, data: Nowhere = None) -> float:  # type: ignore[name-defined]  # noqa: F821
        return lr

    with pytest.raises(InvalidTaskError, match=r"'Nowhere' is not defined.*Import"):
        read_function(train)


def test_arguments_that_go_by_place_only_are_left_alone_or_asked_a_default_of() -> None:
    def placed(x: float = 0.5, /, lr: float = 0.1) -> float:
        return x + lr

    def needing(x: float, /, lr: float = 0.1) -> float:
        return x + lr

    assert [a.name for a in read_function(placed).arguments] == ["lr"]
    assert placed(**read_function(placed).call({"lr": 0.25})) == 0.75
    with pytest.raises(InvalidTaskError, match="x has no default and can be given by its place"):
        read_function(needing)


def test_an_asynchronous_generator_is_refused() -> None:
    async def epochs(x: float = 0.5) -> Any:
        yield x

    with pytest.raises(InvalidTaskError, match=r"asyncio\.run"):
        read_function(epochs)


@dataclass(frozen=True)
class Optimizer:
    lr: float = 0.1
    momentum: float = 0.9


class Head(BaseModel):
    width: int = 8
    dropout: float = 0.0


@dataclass(frozen=True)
class Whole:
    optimizer: Optimizer = field(default_factory=lambda: Optimizer(momentum=0.5))
    head: Head = field(default_factory=Head)
    layers: int = 3
    parent: Whole | None = None


def nested(config: Whole, seed: int = 0) -> Whole:
    return config


def test_records_in_records_are_read_and_built() -> None:
    signature = read_function(nested)
    defaults = {a.name: a.default for a in signature.arguments}
    assert defaults.pop("seed") == 0
    assert defaults == {"lr": 0.1, "momentum": 0.5, "width": 8, "dropout": 0.0, "layers": 3}
    given = signature.call({"lr": 0.3, "width": 4})["config"]
    assert given == Whole(Optimizer(0.3, 0.5), Head(width=4))
    assert signature.call({"layers": 5})["config"] == Whole(layers=5)
    assert signature.within["lr"] == "config=Whole/optimizer=Optimizer"
    assert signature.within["layers"] == "config=Whole"


def test_a_default_record_keeps_what_it_holds() -> None:
    whole = Whole(Optimizer(0.7), Head(dropout=0.2), layers=1)

    def train(config: Whole = whole) -> float:
        return 0.0

    signature = read_function(train)
    defaults = {a.name: a.default for a in signature.arguments}
    assert (defaults["lr"], defaults["dropout"], defaults["layers"]) == (0.7, 0.2, 1)
    changed = signature.call({"width": 2})["config"]
    assert changed == Whole(Optimizer(0.7), Head(width=2, dropout=0.2), layers=1)
    assert signature.preset == {"lr": 0.7, "dropout": 0.2, "layers": 1}


def test_the_recipe_writes_records_in_records() -> None:
    signature = read_function(nested)
    program = Program(function="m:nested", within=signature.within)
    task = Task(
        evaluator="function",
        space=SearchSpace((Float("lr", 0, 1),)),
        objectives=(Objective(metric="loss", direction="minimize"),),
        program=program,
    )
    said = recipe(task, {"lr": 0.3, "momentum": 0.9, "width": 4, "layers": 2})
    assert said == (
        "nested(config=Whole(layers=2, optimizer=Optimizer(lr=0.3, momentum=0.9),\n"
        "    head=Head(width=4)))"
    )


def test_lists_and_objects_are_no_numbers_whatever_they_are_called() -> None:
    def train(
        layers: list[int] = [64, 64],  # noqa: B006 - as people write it
        betas: tuple[float, float] = (0.9, 0.999),
        batch_size: list[int] | None = None,
        momentum=[0.9],  # noqa: B006
        dropout=None,
    ) -> float:
        return float(len(layers))

    found = {a.name: a.type for a in read_function(train).arguments}
    assert found.pop("dropout") == "unknown" and set(found.values()) == {"object"}
    with pytest.raises(InvalidTaskError, match="worth tuning"):
        space_of(propose(a) for a in read_function(train).arguments if a.name != "dropout")


RATE, COUNT = np.float32(0.5), np.int64(4)


def test_scalars_of_numpy_and_none_among_choices_are_read() -> None:
    def train(lr=RATE, n=COUNT, features: Literal["sqrt", "log2", None] = "sqrt") -> float:
        return float(lr)

    lr, n, features = read_function(train).arguments
    assert (lr.type, lr.default, n.type, n.default) == ("float", 0.5, "int", 4)
    found = propose(features).parameter
    assert isinstance(found, Categorical) and found.choices == ("sqrt", "log2", None)


class Scaling(enum.Enum):
    NONE = (1, 1)
    HALF = (1, 2)


def test_an_enum_of_objects_is_tuned_by_the_names_of_its_members() -> None:
    def train(scaling: Scaling = Scaling.NONE) -> Scaling:
        return scaling

    signature = read_function(train)
    assert signature.arguments[0].choices == ("NONE", "HALF")
    assert signature.arguments[0].default == "NONE"
    assert train(**signature.call({"scaling": "HALF"})) is Scaling.HALF


def test_what_can_only_be_given_by_its_place_is_said_so() -> None:
    def train(lr: float = 0.1, /) -> float:
        return lr

    with pytest.raises(InvalidTaskError, match="place only"):
        read_function(train)


class Open(BaseModel):
    mix: float = ModelField(0.5, gt=0, lt=1)
    lr: float = ModelField(0.1, gt=0, lt=1)
    count: int = ModelField(3, gt=0, lt=10)


def test_ends_that_are_not_allowed_are_left_out() -> None:
    def run(open: Open) -> float:
        return open.mix

    found = {a.name: parameter_for(a)[0] for a in read_function(run).arguments}
    mix, lr, count = found["mix"], found["lr"], found["count"]
    assert isinstance(mix, Float) and isinstance(lr, Float) and isinstance(count, Int)
    assert 0.0 < mix.low < 1e-6 and 0.9999 < mix.high < 1.0 and not mix.log
    assert 0.0 < lr.low < 0.01 and lr.high < 1.0 and lr.log
    assert (count.low, count.high) == (1, 9)

"""Functions are read as they are written, and called with what was chosen for them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel
from pydantic import Field as ModelField

from evals.parameters import Categorical, Float, Int
from evals.signature import read_function
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

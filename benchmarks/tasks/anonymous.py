"""The anonymised variant of a task: no name, no unit, no word says what is tuned.

What an LLM achieves here is reasoning over numbers; what it achieves beyond that on the original is
knowledge of the model family, or memory of the data. Numbers lie in [0, 1] on the original scale,
ordered values become 0, 1, 2 …, and choices become letters.
"""

from __future__ import annotations

from string import ascii_lowercase

from benchmarks.tasks.base import BenchmarkTask, describe
from benchmarks.tasks.variants import Variant
from evals.space import Categorical, Condition, Config, Float, Int, Ordinal, Parameter, SearchSpace


class AnonymousTask(Variant):
    """Wraps a task, position by position of its parameters."""

    def __init__(self, original: BenchmarkTask, ending: str) -> None:
        goals = [(f"y{i + 1}", o.direction) for i, o in enumerate(original.task.objectives)]
        shown = describe("Optimise a black box.", _hidden(original.space), *goals)
        super().__init__(original, ending, shown)

    def reveal(self, config: Config) -> Config:
        """Return the original's configuration."""
        self.space.validate(config)
        return self._original.space.decode(self.space.encode([config]))[0]


def _hidden(space: SearchSpace) -> SearchSpace:
    names = {p.name: f"x{i + 1}" for i, p in enumerate(space.parameters)}
    return SearchSpace(tuple(_hide(p, space, names) for p in space.parameters))


def _letters(parameter: Categorical) -> tuple[str, ...]:
    return tuple(ascii_lowercase[: len(parameter.choices)])


def _hide(parameter: Parameter, space: SearchSpace, names: dict[str, str]) -> Parameter:
    name, condition = names[parameter.name], _hide_condition(parameter, space, names)
    default = None if parameter.default is None else parameter.to_unit(parameter.default)  # type: ignore[arg-type]
    if isinstance(parameter, Categorical):
        letters = _letters(parameter)
        at = None if parameter.default is None else letters[parameter.index(parameter.default)]
        return Categorical(name, letters, default=at, condition=condition)
    if isinstance(parameter, Ordinal):
        place = None if parameter.default is None else parameter.index(parameter.default)
        return Ordinal(
            name, tuple(range(parameter.cardinality)), default=place, condition=condition
        )
    if isinstance(parameter, Int) and not parameter.log:
        last = parameter.cardinality - 1
        whole = None if default is None else round(default * last)
        return Int(name, 0, last, default=whole, condition=condition)
    return Float(name, 0.0, 1.0, default=default, condition=condition)


def _hide_condition(
    parameter: Parameter, space: SearchSpace, names: dict[str, str]
) -> Condition | None:
    if parameter.condition is None:
        return None
    parent = space[parameter.condition.parent]
    assert isinstance(parent, Categorical)
    letters = _letters(parent)
    values = tuple(letters[parent.index(v)] for v in parameter.condition.values)
    return Condition(names[parent.name], values)

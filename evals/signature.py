"""Read what a Python function can be called with, and call it with a configuration.

`Annotated[float, Float(1e-5, 1e-1, log=True)]`, `Literal[...]`, enums, bools, dataclasses and
pydantic models are read as they are. The fields of a dataclass or a model are parameters of their
own, under their own names (under `argument.field` where a name occurs twice).
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import pathlib
import types
import typing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from evals.arguments import Argument, ArgumentType, type_of
from evals.parameters import Categorical, Float, Int, Ordinal, Scalar
from prompts.errors import InvalidTaskError

DECLARED = (Float, Int, Categorical, Ordinal)


@dataclass(frozen=True)
class _Slot:
    """Where a value goes: an argument, or the field of an argument that is a record."""

    argument: Argument
    place: tuple[str, ...]
    enumeration: type[enum.Enum] | None = None


@dataclass(frozen=True)
class Signature:
    """What a function can be called with."""

    slots: tuple[_Slot, ...]
    records: Mapping[str, type]

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The arguments, in order; each has a name of its own."""
        return tuple(s.argument for s in self.slots)

    @property
    def within(self) -> dict[str, str]:
        """Map each parameter that is a record's field to "argument=Record"."""
        return {
            s.argument.name: f"{s.place[0]}={self.records[s.place[0]].__name__}"
            for s in self.slots
            if len(s.place) > 1
        }

    def call(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keyword arguments for `config`; what it leaves out keeps its default.

        Raises:
            InvalidTaskError: an argument without a default gets no value.
        """
        given: dict[str, Any] = {}
        inside: dict[str, dict[str, Any]] = {name: {} for name in self.records}
        for slot in self.slots:
            name = slot.argument.name
            if name not in config:
                if slot.argument.required:
                    raise InvalidTaskError(
                        f"The argument {name} has no default and is not tuned.",
                        hint="Give it a default value or a range.",
                    )
                continue
            value = slot.enumeration(config[name]) if slot.enumeration else config[name]
            target = given if len(slot.place) == 1 else inside[slot.place[0]]
            target[slot.place[-1]] = value
        return given | {n: self.records[n](**values) for n, values in inside.items()}


def read_function(function: Callable[..., Any]) -> Signature:
    """Return what `function` can be called with.

    Raises:
        InvalidTaskError: it takes no argument, or it cannot be inspected.
    """
    try:
        parameters = inspect.signature(function).parameters
        hints = typing.get_type_hints(function, include_extras=True)
    except (TypeError, ValueError, NameError) as error:
        raise InvalidTaskError(f"The function cannot be read: {error}.") from error
    text = inspect.getdoc(function) or ""
    slots: list[_Slot] = []
    records: dict[str, type] = {}
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        hint = hints.get(name, parameter.annotation)
        if _is_record(hint):
            records[name] = hint
            slots += [replace(s, place=(name, *s.place)) for s in _fields(hint)]
        else:
            slots.append(_slot(name, hint, parameter.default, _described(name, text)))
    if not slots:
        raise InvalidTaskError("The function takes no argument, so nothing of it can be tuned.")
    return Signature(tuple(_distinct(slots)), records)


def _distinct(slots: list[_Slot]) -> Iterator[_Slot]:
    counts = Counter(s.argument.name for s in slots)
    for slot in slots:
        name = ".".join(slot.place) if counts[slot.argument.name] > 1 else slot.argument.name
        yield replace(slot, argument=_named(slot.argument, name))


def _named(argument: Argument, name: str) -> Argument:
    declared = argument.parameter
    if declared is not None:
        declared = dataclasses.replace(declared, name=name)
    return replace(argument, name=name, parameter=declared)


def _is_record(hint: Any) -> bool:
    return isinstance(hint, type) and (
        dataclasses.is_dataclass(hint) or hasattr(hint, "model_fields")
    )


def _fields(record: Any) -> Iterator[_Slot]:
    hints = typing.get_type_hints(record, include_extras=True)
    if hasattr(record, "model_fields"):
        for name, field in record.model_fields.items():
            default = inspect.Parameter.empty if field.is_required() else field.get_default()
            slot = _slot(name, hints[name], default, field.description or "")
            yield replace(slot, argument=_bounded(slot.argument, field.metadata))
        return
    for item in dataclasses.fields(record):
        default = item.default if item.default is not dataclasses.MISSING else None
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            default = inspect.Parameter.empty
        yield _slot(item.name, hints[item.name], default, str(item.metadata.get("help", "")))


def _bounded(argument: Argument, metadata: list[Any]) -> Argument:
    low = next((m.ge for m in metadata if hasattr(m, "ge")), argument.low)
    high = next((m.le for m in metadata if hasattr(m, "le")), argument.high)
    return replace(argument, low=low, high=high)


def _slot(name: str, hint: Any, default: Any, text: str) -> _Slot:
    """Read one argument from its annotation and its default."""
    required = default is inspect.Parameter.empty
    declared: Any = None
    if typing.get_origin(hint) is typing.Annotated:
        hint, *extras = typing.get_args(hint)
        declared = next((e for e in extras if isinstance(e, DECLARED)), None)
    hint = _without_none(hint)
    enumeration = hint if isinstance(hint, type) and issubclass(hint, enum.Enum) else None
    value = None if required else default.value if isinstance(default, enum.Enum) else default
    kind, choices = _type(hint, value)
    plain = value if isinstance(value, bool | int | float | str) else None
    argument = Argument(name, kind, plain, choices, help=text, required=required)
    if declared is not None:
        argument = replace(argument, parameter=_with_default(declared, name, plain))
    return _Slot(argument, (name,), enumeration)


def _with_default(declared: Any, name: str, default: Scalar) -> Any:
    known = declared.default if declared.default is not None else default
    return dataclasses.replace(declared, name=name, default=known)


def _without_none(hint: Any) -> Any:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        rest = [a for a in typing.get_args(hint) if a is not type(None)]
        return rest[0] if len(rest) == 1 else hint
    return hint


def _type(hint: Any, default: object) -> tuple[ArgumentType, tuple[Scalar, ...]]:
    if typing.get_origin(hint) is Literal:
        return "choice", tuple(typing.get_args(hint))
    if isinstance(hint, type):
        if issubclass(hint, enum.Enum):
            return "choice", tuple(member.value for member in hint)
        if issubclass(hint, pathlib.PurePath):
            return "path", ()
        named: dict[type, ArgumentType] = {bool: "bool", int: "int", float: "float", str: "text"}
        if hint in named:
            return named[hint], ()
    return type_of(default), ()


def _described(name: str, docstring: str) -> str:
    """Return the sentence of a docstring that names the argument first, "" where none does."""
    import re

    found = re.search(rf"(?<![\w.]){re.escape(name)}\s*(?:\([^)]*\))?\s*:\s*([^\n]+)", docstring)
    return found.group(1).strip()[:160] if found else ""

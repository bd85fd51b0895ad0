"""Read what a Python function can be called with, and call it with a configuration.

`Annotated[float, Float(1e-5, 1e-1, log=True)]`, `Literal[...]`, enums, bools, dataclasses and
pydantic models are read as they are. The fields of a dataclass or a model are parameters of their
own, under their own names (under `argument.field` where a name occurs twice); where the function
has a default record, their defaults are what that record holds.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import inspect
import pathlib
import types
import typing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
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
class Record:
    """A dataclass or a pydantic model that an argument holds, and the one it holds by default."""

    kind: Any
    default: Any = None

    def value(self, name: str, otherwise: Any) -> Any:
        """Return what the default record holds, or `otherwise`."""
        return otherwise if self.default is None else getattr(self.default, name)

    @property
    def differs(self) -> set[str]:
        """Names of fields that the default record was given another value for."""
        both = zip(_fields(self), _fields(Record(self.kind)), strict=True)
        return {n for (n, mine), (_, its) in both if mine.argument.default != its.argument.default}

    def build(self, values: Mapping[str, Any]) -> Any:
        """Return a record with `values`; what they leave out is as in the default record."""
        if self.default is None:
            return self.kind(**values)
        if hasattr(self.kind, "model_fields"):
            return self.kind(**{**dict(self.default), **values})
        return dataclasses.replace(self.default, **values)


@dataclass(frozen=True)
class Signature:
    """What a function can be called with."""

    slots: tuple[_Slot, ...]
    records: Mapping[str, Record]
    bound: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    takes_any: bool = False
    """Whether it has a `**` argument, so that a parameter may have any name."""

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The arguments, in order; each has a name of its own."""
        return tuple(s.argument for s in self.slots)

    @property
    def within(self) -> dict[str, str]:
        """Map each parameter that is a record's field to "argument=Record"."""
        return {
            s.argument.name: f"{s.place[0]}={self.records[s.place[0]].kind.__name__}"
            for s in self.slots
            if len(s.place) > 1
        }

    @property
    def preset(self) -> dict[str, Scalar]:
        """What the caller has set beforehand, in a partial or in a default record, if it is plain.

        A call that leaves these out would be another one.
        """
        slots = [s for s in self.slots if len(s.place) > 1]
        given = {s.argument.name: s.argument.default for s in slots if self._is_set(s)}
        plain = {n: v for n, v in self.bound.items() if isinstance(v, bool | int | float | str)}
        return given | plain

    def _others(self, config: Mapping[str, Any]) -> dict[str, Any]:
        known = {s.argument.name for s in self.slots} | self.bound.keys()
        return {n: v for n, v in config.items() if n not in known} if self.takes_any else {}

    def _is_set(self, slot: _Slot) -> bool:
        known = self.records[slot.place[0]]
        return slot.argument.default is not None and slot.place[-1] in known.differs

    def accepts(self, names: Iterable[str]) -> bool:
        """Return whether it can be called with parameters of these names."""
        return self.takes_any or {s.argument.name for s in self.slots}.issuperset(names)

    def call(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keyword arguments for `config`; what it leaves out keeps its default.

        Raises:
            InvalidTaskError: an argument without a default gets no value.
        """
        given: dict[str, Any] = self._others(config)
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
        return given | {n: self.records[n].build(values) for n, values in inside.items()}


def read_function(function: Callable[..., Any]) -> Signature:
    """Return what `function` can be called with: a function, a partial, an object with `__call__`.

    Raises:
        InvalidTaskError: it takes no argument, it is a coroutine, or it cannot be inspected.
    """
    bound = function.keywords if isinstance(function, functools.partial) else {}
    slots: list[_Slot] = []
    records: dict[str, Record] = {}
    for name, parameter, hint in _parameters(function):
        if name in bound:
            continue
        if _is_record(hint):
            default = parameter.default if isinstance(parameter.default, hint) else None
            records[name] = Record(hint, default)
            slots += [replace(s, place=(name, *s.place)) for _, s in _fields(records[name])]
        else:
            text = inspect.getdoc(plain_function(function)) or ""
            slots.append(_slot(name, hint, parameter.default, _described(name, text)))
    kinds = {p.kind for p in inspect.signature(function).parameters.values()}
    takes_any = inspect.Parameter.VAR_KEYWORD in kinds
    if not slots and not takes_any:
        raise InvalidTaskError("The function takes no argument, so nothing of it can be tuned.")
    return Signature(tuple(_distinct(slots)), records, bound, takes_any)


def function_name(function: Callable[..., Any]) -> str:
    """Return "module:name" of a function, a partial's function, or an object's class."""
    while isinstance(function, functools.partial):
        function = function.func
    named: Any = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}:{named.__qualname__}"


def plain_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that is written somewhere: a partial's, or an object's `__call__`."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isroutine(function) or inspect.isclass(function) or not callable(function):
        return function
    kind: Any = type(function)
    called: Callable[..., Any] = kind.__call__
    return called


def _parameters(function: Callable[..., Any]) -> Iterator[tuple[str, inspect.Parameter, Any]]:
    """Yield name, parameter and annotation of each argument that has a name of its own."""
    plain = plain_function(function)
    if inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain):
        raise InvalidTaskError(
            "The function is a coroutine, which gives no score when it is called.",
            hint="Tune a function that runs it with asyncio.run().",
        )
    try:
        parameters = inspect.signature(function).parameters
        hints = typing.get_type_hints(plain, include_extras=True)
    except (TypeError, ValueError) as error:
        raise InvalidTaskError(f"The function cannot be read: {error}.") from error
    except NameError as error:
        raise InvalidTaskError(
            f"An annotation of the function cannot be read: {error}.",
            hint="Import that name at the top of its module, or leave the annotation out.",
        ) from error
    for name, parameter in parameters.items():
        if parameter.kind is parameter.POSITIONAL_ONLY and parameter.default is parameter.empty:
            raise InvalidTaskError(
                f"The argument {name} has no default and can be given by its place only.",
                hint="Give it a default value, or leave the / in the signature out.",
            )
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            hint = hints.get(name, parameter.annotation)
            if hint is parameter.empty and _is_record(type(parameter.default)):
                hint = type(parameter.default)
            yield name, parameter, _without_none(hint)


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


def _fields(record: Record) -> Iterator[tuple[str, _Slot]]:
    """Yield the fields that a record is made with."""
    hints = typing.get_type_hints(record.kind, include_extras=True)
    if hasattr(record.kind, "model_fields"):
        for name, field in record.kind.model_fields.items():
            default = inspect.Parameter.empty if field.is_required() else field.get_default()
            default = record.value(name, default)
            slot = _slot(name, hints[name], default, field.description or "")
            yield name, replace(slot, argument=_bounded(slot.argument, field.metadata))
        return
    for item in dataclasses.fields(record.kind):
        if not item.init:
            continue
        default = item.default if item.default is not dataclasses.MISSING else None
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            default = inspect.Parameter.empty
        default, text = record.value(item.name, default), str(item.metadata.get("help", ""))
        yield item.name, _slot(item.name, hints[item.name], default, text)


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

"""Read what a Python function can be called with, and call it with a configuration.

`Annotated[float, Float(1e-5, 1e-1, log=True)]`, `Literal[...]`, enums, bools, dataclasses and
pydantic models are read as they are. The fields of a dataclass or a model, and of those it holds in
turn, are parameters of their own, under their own names (under `argument.field` where a name occurs
twice); where the function has a default record, their defaults are what that record holds.
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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from evals.arguments import INSIDE, Argument, ArgumentType, type_of
from evals.parameters import Categorical, Float, Int, Ordinal, Scalar
from prompts.errors import InvalidTaskError

DECLARED = (Float, Int, Categorical, Ordinal)
Place = tuple[str, ...]
"""An argument, a field of the record it holds, a field of the record that holds, and so on."""


@dataclass(frozen=True)
class _Slot:
    """Where a value goes: an argument, or the field of a record, itself perhaps of a record."""

    argument: Argument
    place: tuple[str, ...]
    enumeration: type[enum.Enum] | None = None

    @property
    def record(self) -> Place:
        """Where the record stands whose field it is; () for an argument."""
        return self.place[:-1]


@dataclass(frozen=True)
class Record:
    """A dataclass or a pydantic model that something holds, and the one it holds by default."""

    kind: Any
    default: Any = None

    def value(self, name: str, otherwise: Any) -> Any:
        """Return what the default record holds, or `otherwise`."""
        return otherwise if self.default is None else getattr(self.default, name)

    @property
    def differs(self) -> set[str]:
        """Names of fields that the default record was given another value for."""
        both = zip(_fields(self), _fields(Record(self.kind)), strict=True)
        plain = [(m, i) for m, i in both if isinstance(m, _Slot) and isinstance(i, _Slot)]
        return {m.place[-1] for m, i in plain if m.argument.default != i.argument.default}

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
    records: Mapping[Place, Record]
    bound: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    takes_any: bool = False
    """Whether it has a `**` argument, so that a parameter may have any name."""

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The arguments, in order; each has a name of its own."""
        return tuple(s.argument for s in self.slots)

    @property
    def within(self) -> dict[str, str]:
        """Map each parameter that is a record's field to "argument=Record".

        Records in records are told apart by a slash: "config=Config/optimizer=Optimizer".
        """
        return {s.argument.name: self._way(s.record) for s in self.slots if s.record}

    @property
    def preset(self) -> dict[str, Scalar]:
        """What the caller has set beforehand, in a partial or in a default record, if it is plain.

        A call that leaves these out would be another one.
        """
        slots = [s for s in self.slots if s.record]
        given = {s.argument.name: s.argument.default for s in slots if self._is_set(s)}
        plain = {n: v for n, v in self.bound.items() if isinstance(v, bool | int | float | str)}
        return given | plain

    def _way(self, place: Place) -> str:
        steps = [place[: i + 1] for i in range(len(place))]
        return "/".join(f"{s[-1]}={self.records[s].kind.__name__}" for s in steps)

    def _others(self, config: Mapping[str, Any]) -> dict[str, Any]:
        known = {s.argument.name for s in self.slots} | self.bound.keys()
        return {n: v for n, v in config.items() if n not in known} if self.takes_any else {}

    def _is_set(self, slot: _Slot) -> bool:
        known = self.records[slot.record]
        return slot.argument.default is not None and slot.place[-1] in known.differs

    def accepts(self, names: Iterable[str]) -> bool:
        """Return whether it can be called with parameters of these names."""
        return self.takes_any or {s.argument.name for s in self.slots}.issuperset(names)

    def call(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keyword arguments for `config`; what it leaves out keeps its default.

        Raises:
            InvalidTaskError: an argument without a default gets no value.
        """
        inside: dict[Place, dict[str, Any]] = {place: {} for place in self.records}
        given = inside[()] = self._others(config)
        for slot in self.slots:
            name = slot.argument.name
            if name not in config:
                if slot.argument.required:
                    raise InvalidTaskError(
                        f"The argument {name} has no default and is not tuned.",
                        hint="Give it a default value or a range.",
                    )
                continue
            value = _member(slot.enumeration, config[name]) if slot.enumeration else config[name]
            inside[slot.record][slot.place[-1]] = value
        for place in sorted(self.records, key=len, reverse=True):
            if len(place) == 1 or inside[place]:
                inside[place[:-1]][place[-1]] = self.records[place].build(inside[place])
        return given


def read_function(function: Callable[..., Any]) -> Signature:
    """Return what `function` can be called with: a function, a partial, an object with `__call__`.

    Raises:
        InvalidTaskError: it takes no argument, it is a coroutine, or it cannot be inspected.
    """
    bound = function.keywords if isinstance(function, functools.partial) else {}
    slots: list[_Slot] = []
    records: dict[Place, Record] = {}
    for name, parameter, hint in _parameters(function):
        if name in bound:
            continue
        if _is_record(hint):
            default = parameter.default if isinstance(parameter.default, hint) else None
            slots += _unfolded((name,), Record(hint, default), records)
        else:
            text = inspect.getdoc(plain_function(function)) or ""
            slots.append(_slot(name, hint, parameter.default, _described(name, text)))
    kinds = {p.kind for p in inspect.signature(function).parameters.values()}
    takes_any = inspect.Parameter.VAR_KEYWORD in kinds
    if not slots and not takes_any:
        raise _nothing_to_give(kinds)
    return Signature(tuple(_distinct(slots)), records, bound, takes_any)


def _nothing_to_give(kinds: Collection[Any]) -> InvalidTaskError:
    if inspect.Parameter.POSITIONAL_ONLY in kinds:
        return InvalidTaskError(
            "All arguments of the function can be given by their place only.",
            hint="Leave the / in its signature out, so that they can be given by name.",
        )
    return InvalidTaskError("The function takes no argument, so nothing of it can be tuned.")


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


def _unfolded(place: Place, record: Record, records: dict[Place, Record]) -> Iterator[_Slot]:
    """Yield the fields of `record` and of those it holds; note all of these in `records`."""
    records[place] = record
    for field in _fields(record):
        if isinstance(field, _Slot):
            yield replace(field, place=(*place, *field.place))
        elif all(r.kind is not field[1].kind for p, r in records.items() if p == place[: len(p)]):
            yield from _unfolded((*place, field[0]), field[1], records)


def _fields(record: Record) -> Iterator[_Slot | tuple[str, Record]]:
    """Yield the fields that a record is made with; one that holds a record as its name and that."""
    hints = typing.get_type_hints(record.kind, include_extras=True)
    if hasattr(record.kind, "model_fields"):
        for name, field in record.kind.model_fields.items():
            default = inspect.Parameter.empty if field.is_required() else _made(field)
            found = _field(record, name, hints[name], default, field.description or "")
            if isinstance(found, _Slot):
                found = replace(found, argument=_bounded(found.argument, field.metadata))
            yield found
        return
    for item in dataclasses.fields(record.kind):
        if item.init:
            text = str(item.metadata.get("help", ""))
            yield _field(record, item.name, hints[item.name], _default(item), text)


def _default(item: dataclasses.Field[Any]) -> Any:
    if item.default_factory is not dataclasses.MISSING:
        return item.default_factory()
    missing = item.default is dataclasses.MISSING
    return inspect.Parameter.empty if missing else item.default


def _made(field: Any) -> Any:
    """Return a pydantic field's default, which may take the other fields to make: then None."""
    try:
        return field.get_default(call_default_factory=True)
    except (TypeError, ValueError):
        return None


def _field(
    record: Record, name: str, hint: Any, default: Any, text: str
) -> _Slot | tuple[str, Record]:
    default = record.value(name, default)
    kind = _without_none(hint)
    if not _is_record(kind):
        return _slot(name, hint, default, text)
    return name, Record(kind, default if isinstance(default, kind) else None)


def _bounded(argument: Argument, metadata: list[Any]) -> Argument:
    low, high = _end(metadata, "ge", argument.low), _end(metadata, "le", argument.high)
    above, below = _end(metadata, "gt", None), _end(metadata, "lt", None)
    low, high = low if above is None else above, high if below is None else below
    step = 1 if argument.type == "int" else 1e-5 * _width(low, high)
    low = low if above is None else low + (step if low or step == 1 else INSIDE)
    high = high if below is None else high - step
    return replace(argument, low=low, high=high)


def _end(metadata: list[Any], name: str, usual: Any) -> Any:
    return next((v for m in metadata if (v := getattr(m, name, None)) is not None), usual)


def _width(low: float | None, high: float | None) -> float:
    return 1.0 if low is None or high is None else high - low


def _slot(name: str, hint: Any, default: Any, text: str) -> _Slot:
    """Read one argument from its annotation and its default."""
    required = default is inspect.Parameter.empty
    declared: Any = None
    if typing.get_origin(hint) is typing.Annotated:
        hint, *extras = typing.get_args(hint)
        declared = next((e for e in extras if isinstance(e, DECLARED)), None)
    hint = _without_none(hint)
    enumeration = hint if isinstance(hint, type) and issubclass(hint, enum.Enum) else None
    value = None if required else _plain(default)
    kind, choices = _type(hint, value)
    plain = value if isinstance(value, bool | int | float | str) else None
    argument = Argument(name, kind, plain, choices, help=text, required=required)
    if declared is not None:
        argument = replace(argument, parameter=_with_default(declared, name, plain))
    return _Slot(argument, (name,), enumeration)


def _plain(value: Any) -> Any:
    """Return a value as a study can hold it: an enum's member, NumPy's scalar as Python's own.

    Members of an enum whose values are objects go by their names.
    """
    if isinstance(value, enum.Enum):
        return value.value if _by_value(type(value)) else value.name
    kind = type(value)
    return value.item() if kind.__module__ == "numpy" and not getattr(value, "ndim", 1) else value


def _by_value(enumeration: type[enum.Enum]) -> bool:
    return all(isinstance(m.value, bool | int | float | str) for m in enumeration)


def _member(enumeration: type[enum.Enum], said: Any) -> enum.Enum:
    return enumeration(said) if _by_value(enumeration) else enumeration[said]


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
            return "choice", tuple(map(_plain, hint))
        if issubclass(hint, pathlib.PurePath):
            return "path", ()
        named: dict[type, ArgumentType] = {bool: "bool", int: "int", float: "float", str: "text"}
        if hint in named:
            return named[hint], ()
    holds = typing.get_origin(hint) or hint
    if isinstance(holds, type) and issubclass(holds, Collection | Callable):
        return "object", ()
    return type_of(default), ()


def _described(name: str, docstring: str) -> str:
    """Return the sentence of a docstring that names the argument first, "" where none does."""
    import re

    found = re.search(rf"(?<![\w.]){re.escape(name)}\s*(?:\([^)]*\))?\s*:\s*([^\n]+)", docstring)
    return found.group(1).strip()[:160] if found else ""

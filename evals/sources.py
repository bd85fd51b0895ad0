"""Read flags from the source of a Python script, without running it.

argparse, click, typer, tyro and fire are found by the calls they are used with; a script that uses
none of them may still have its settings as constants at the top (`evals.constants`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from evals.arguments import Argument, ArgumentType
from evals.literals import TYPES, flag_name, settled
from evals.parameters import Scalar
from evals.unrolled import unrolled


def read_source(text: str) -> list[Argument]:
    """Return the flags that a script declares; [] where it declares none, or is no Python."""
    module = Module.parse(text)
    if module is None:
        return []
    for reader in (_argparse, _click, _typer, _tyro, _fire):
        if found := list(reader(module)):
            return [settled(a) for a in found]
    return []


class Module:
    """A parsed script: what names stand for."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.classes = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}
        self.functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}

    @classmethod
    def parse(cls, text: str) -> Module | None:
        """Return the script; None where it is no Python."""
        try:
            return cls(unrolled(ast.parse(text)))
        except (SyntaxError, ValueError, RecursionError):
            return None

    def subcommands(self) -> dict[str, str]:
        """Map what flags are added to, or a function they decorate, to its subcommand.

        argparse's parsers by their variables and those of their groups; functions of click and
        typer by their names, where there are several.
        """
        parsers = {"add_parser": True, "add_argument_group": False}
        parsers |= {"add_mutually_exclusive_group": False}
        found: dict[str, str] = {}
        made = [n for n in ast.walk(self.tree) if isinstance(n, ast.Assign)]
        for node in sorted(made, key=lambda n: n.lineno):
            of, _, method = _called(node.value).rpartition(".")
            if method in parsers and isinstance(node.value, ast.Call):
                said = _flags(self, node.value)[:1] if parsers[method] else [found.get(of, "")]
                found |= {name_of(t): said[0] for t in node.targets if said}
        named = {f.name: n for f in self.functions.values() if (n := _command_name(self, f))}
        return found | (named if len(named) > 1 else {})

    def calls(self) -> Iterator[ast.Call]:
        found = [n for n in ast.walk(self.tree) if isinstance(n, ast.Call)]
        yield from sorted(found, key=lambda n: (n.lineno, n.col_offset))

    def value(self, node: ast.expr | None) -> Any:
        """Return what an expression stands for: literals, `range`, members of enums; else None."""
        if node is None:
            return None
        try:
            return ast.literal_eval(node)
        except (ValueError, SyntaxError, TypeError):
            pass
        if isinstance(node, ast.Call) and name_of(node.func) == "range":
            bounds = [self.value(a) for a in node.args]
            return tuple(range(*bounds)) if all(isinstance(b, int) for b in bounds) else None
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return self.members(node.value.id).get(node.attr)
        return None

    def members(self, name: str) -> dict[str, Scalar]:
        """Return the members of an enum class of the script; {} where it is none."""
        found = self.classes.get(name)
        if found is None or not any("Enum" in name_of(b) for b in found.bases):
            return {}
        return {
            n.targets[0].id: ast.literal_eval(n.value)
            for n in found.body
            if isinstance(n, ast.Assign)
            and isinstance(n.targets[0], ast.Name)
            and isinstance(n.value, ast.Constant)
        }

    def annotated(self, node: ast.expr | None) -> tuple[ArgumentType, tuple[Scalar, ...]]:
        """Return the type and the choices of an annotation."""
        if isinstance(node, ast.Subscript) and name_of(node.value).endswith("Literal"):
            options = self.value(node.slice)
            return "choice", options if isinstance(options, tuple) else (options,)
        if isinstance(node, ast.BinOp):
            return self.annotated(node.left)
        name = name_of(node) if node is not None else ""
        if members := self.members(name):
            return "choice", tuple(members.values())
        return TYPES.get(name.rsplit(".", 1)[-1].lower(), "unknown"), ()


def _called(node: ast.expr) -> str:
    return name_of(node.func) if isinstance(node, ast.Call) else ""


def _command_name(module: Module, function: ast.FunctionDef) -> str:
    """Return the name of a command of click or typer, "" where a function is none."""
    for node in function.decorator_list:
        call = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
        if name_of(call.func).endswith(".command"):
            given = [*_flags(module, call), module.value(_keywords(call).get("name"))]
            own = function.name.replace("_", "-")
            return next((g for g in given if isinstance(g, str)), own)
    return ""


def name_of(node: ast.expr) -> str:
    """Return the dotted name of an expression, "" where it is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}".lstrip(".")
    return ""


def _keywords(call: ast.Call) -> dict[str, ast.expr]:
    return {k.arg: k.value for k in call.keywords if k.arg}


def _flags(module: Module, call: ast.Call) -> list[str]:
    values = [module.value(a) for a in call.args]
    return [v for v in values if isinstance(v, str)]


def _argparse(module: Module) -> Iterator[Argument]:
    commands = module.subcommands()
    for call in module.calls():
        if not name_of(call.func).endswith("add_argument"):
            continue
        flags, given = _flags(module, call), _keywords(call)
        if not flags:
            continue
        action = _action(module, given.get("action"))
        name = module.value(given.get("dest")) or flag_name(flags)
        flag = max(flags, key=len)
        positional = not flag.startswith("-")
        argument = Argument(
            name=name,
            type=_python_type(given.get("type")),
            default=_scalar(module.value(given.get("default"))),
            choices=tuple(module.value(given.get("choices")) or ()),
            help=_text(module, given.get("help")),
            written="" if positional else _written(flag),
            flags=tuple(flags),
            required=positional or bool(module.value(given.get("required"))),
            command=commands.get(name_of(call.func).rpartition(".")[0], ""),
        )
        if action == "store_true":
            argument = replace(argument, type="bool", default=False, written=flag)
        elif action == "store_false":
            argument = replace(argument, type="bool", default=True, written="", off=flag)
        elif action == "BooleanOptionalAction":
            argument = replace(argument, type="bool", written=flag, off=f"--no-{flag[2:]}")
        elif action not in ("store", "append"):
            continue
        elif action == "append" or module.value(given.get("nargs")) not in (None, "?", 1):
            argument = replace(argument, type="object")
        yield argument


def _action(module: Module, node: ast.expr | None) -> str:
    """Return the name of an action, which argparse takes as a string or as a class."""
    if node is None:
        return "store"
    said = module.value(node)
    return said if isinstance(said, str) else name_of(node).rsplit(".", 1)[-1]


def _written(flag: str) -> str:
    # A short flag takes its value without a blank: gcc's and zstd's way, understood by argparse.
    return f"{flag}{{}}" if len(flag) == 2 and flag[1].isupper() else f"{flag} {{}}"


def _python_type(node: ast.expr | None) -> ArgumentType:
    name = name_of(node) if node is not None else ""
    return TYPES.get(name.rsplit(".", 1)[-1].lower(), "unknown")


def _scalar(value: Any) -> Scalar:
    return value if isinstance(value, bool | int | float | str) else None


def _text(module: Module, node: ast.expr | None) -> str:
    value = module.value(node)
    return " ".join(value.split())[:160] if isinstance(value, str) else ""


def _click(module: Module) -> Iterator[Argument]:
    commands = module.subcommands()
    decorated = {id(d): f.name for f in module.functions.values() for d in f.decorator_list}
    for call in module.calls():
        kind = name_of(call.func).rsplit(".", 1)[-1]
        flags, given = _flags(module, call), _keywords(call)
        if kind not in ("option", "argument") or not flags or "." not in name_of(call.func):
            continue
        on, _, off = max(flags, key=len).partition("/")
        type_, choices, low, high = _click_type(module, given.get("type"))
        argument = Argument(
            name=flag_name([on]),
            type=type_,
            default=_scalar(module.value(given.get("default"))),
            choices=choices,
            low=low,
            high=high,
            help=_text(module, given.get("help")),
            written=_written(on),
            flags=tuple(flags),
            required=kind == "argument",
            command=commands.get(decorated.get(id(call), ""), ""),
        )
        if off or module.value(given.get("is_flag")):
            default = bool(argument.default)
            argument = replace(argument, type="bool", default=default, written=on, off=off)
        if module.value(given.get("multiple")) or module.value(given.get("nargs")) not in (None, 1):
            argument = replace(argument, type="object")
        yield argument


def _click_type(
    module: Module, node: ast.expr | None
) -> tuple[ArgumentType, tuple[Scalar, ...], float | None, float | None]:
    if not isinstance(node, ast.Call):
        return _python_type(node), (), None, None
    name, values = name_of(node.func).rsplit(".", 1)[-1], [module.value(a) for a in node.args]
    if name == "Choice" and values:
        return "choice", tuple(values[0] or ()), None, None
    if name in ("IntRange", "FloatRange"):
        given = {k: module.value(v) for k, v in _keywords(node).items()}
        low, high = (*values, None, None)[:2]
        kind: ArgumentType = "int" if name == "IntRange" else "float"
        return kind, (), given.get("min", low), given.get("max", high)
    return ("path" if name in ("Path", "File") else "unknown"), (), None, None


def _typer(module: Module) -> Iterator[Argument]:
    ran = {name_of(c.args[0]) for c in module.calls() if name_of(c.func) == "typer.run" and c.args}
    for function in module.functions.values():
        decorators = [d.func if isinstance(d, ast.Call) else d for d in function.decorator_list]
        if function.name in ran or any(name_of(d).endswith(".command") for d in decorators):
            command = module.subcommands().get(function.name, "")
            for node, default in _parameters(function):
                yield replace(_typer_option(module, node, default), command=command)


def _parameters(function: ast.FunctionDef) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    arguments = function.args
    missing: list[ast.expr | None] = [None] * (len(arguments.args) - len(arguments.defaults))
    yield from zip(arguments.args, [*missing, *arguments.defaults], strict=True)
    yield from zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)


def _typer_option(module: Module, node: ast.arg, default: ast.expr | None) -> Argument:
    annotation, option = node.annotation, default if isinstance(default, ast.Call) else None
    if isinstance(annotation, ast.Subscript) and name_of(annotation.value).endswith("Annotated"):
        parts = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else []
        option = next((p for p in parts[1:] if isinstance(p, ast.Call)), None)
        annotation = parts[0] if parts else None
    given: dict[str, ast.expr] = {}
    value = default
    positional = False
    if option is not None and name_of(option.func).startswith("typer."):
        given, positional = _keywords(option), name_of(option.func).endswith("Argument")
        if option is default:
            value = option.args[0] if option.args else given.get("default")
    kind, choices = module.annotated(annotation)
    own = [f for f in _flags(module, option) if f.startswith("-")] if option else []
    flag, _, off = max(own, key=len).partition("/") if own else _switch(node.arg)
    plain = _scalar(module.value(value))
    return Argument(
        name=node.arg,
        type=kind,
        default=plain,
        choices=choices,
        low=_bound(module, given.get("min")),
        high=_bound(module, given.get("max")),
        help=_text(module, given.get("help")),
        written=flag if kind == "bool" else f"{flag} {{}}",
        off=off if kind == "bool" else "",
        flags=tuple(own),
        required=positional or plain is None,
    )


def _switch(name: str) -> tuple[str, str, str]:
    """Return how an option is turned on and off where its program gives it no flags."""
    flag = name.replace("_", "-")
    return f"--{flag}", "/", f"--no-{flag}"


def _bound(module: Module, node: ast.expr | None) -> float | None:
    value = module.value(node)
    return float(value) if isinstance(value, int | float) else None


def _tyro(module: Module) -> Iterator[Argument]:
    for call in module.calls():
        if name_of(call.func) != "tyro.cli" or not call.args:
            continue
        name = name_of(call.args[0])
        if name in module.classes:
            yield from _fields(module, module.classes[name])
        elif name in module.functions:
            for node, default in _parameters(module.functions[name]):
                yield _tyro_flag(module, node.arg, node.annotation, default, "")


def _fields(module: Module, record: ast.ClassDef) -> Iterator[Argument]:
    for i, node in enumerate(record.body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            after = record.body[i + 1] if i + 1 < len(record.body) else None
            text = _text(module, after.value) if isinstance(after, ast.Expr) else ""
            yield _tyro_flag(module, node.target.id, node.annotation, node.value, text)


def _tyro_flag(
    module: Module, name: str, annotation: ast.expr | None, default: ast.expr | None, text: str
) -> Argument:
    kind, choices = module.annotated(annotation)
    flag, plain = f"--{name.replace('_', '-')}", _scalar(module.value(default))
    switch = kind == "bool"
    return Argument(
        name=name,
        type=kind,
        default=plain,
        choices=choices,
        help=text,
        written=flag if switch else f"{flag} {{}}",
        off=f"--no-{flag[2:]}" if switch else "",
        required=default is None,
    )


def _fire(module: Module) -> Iterator[Argument]:
    """Yield the arguments of the functions that `fire.Fire` is given, by itself or in a dict."""
    for call in module.calls():
        if name_of(call.func) not in ("fire.Fire", "Fire"):
            continue
        given = call.args[0] if call.args else _keywords(call).get("component")
        values = given.values if isinstance(given, ast.Dict) else [given] if given else []
        names = list(map(name_of, values)) if given else list(module.functions)
        own = [module.functions[n] for n in names if n in module.functions]
        several = isinstance(given, ast.Dict) or given is None
        for function in own:
            for node, default in _parameters(function):
                command = _fire_command(module, given, function.name) if several else ""
                yield replace(_fire_flag(module, node, default), command=command)


def _fire_command(module: Module, given: ast.expr | None, function: str) -> str:
    """Return under which name a function is a command."""
    if not isinstance(given, ast.Dict):
        return function
    pairs = zip(given.keys, given.values, strict=True)
    return next((str(module.value(k)) for k, v in pairs if name_of(v) == function), function)


def _fire_flag(module: Module, node: ast.arg, default: ast.expr | None) -> Argument:
    kind, choices = module.annotated(node.annotation)
    value = _scalar(module.value(default))
    kind = "bool" if isinstance(value, bool) else kind
    flag = f"--{node.arg}"
    on, off = (f"{flag}=True", f"{flag}=False") if kind == "bool" else (f"{flag} {{}}", "")
    return Argument(
        name=node.arg,
        type=kind,
        default=value,
        choices=choices,
        written=on,
        off=off,
        flags=(flag,),
        required=default is None,
    )

"""Read flags from a help text: argparse, click, typer, tyro, Hydra, and what C programs print."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from evals.arguments import Argument, ArgumentType, type_of
from evals.literals import NUMBER, TYPES, flag_name, literal, settled
from evals.parameters import Scalar

OPTION = re.compile(r"^\s*(?:\*\s+)?(-{1,2}[A-Za-z][\w.-]*)")
FLAG = re.compile(r"^[\s,/]*(-{1,2}[A-Za-z][\w.-]*)")
DEFAULTS = (
    re.compile(r"\[default:\s*([^\];]+?)\s*[\];]", re.I),
    re.compile(r"\(default:?\s*=?\s*([^\s)]+)[^)]*\)", re.I),
    re.compile(r"\bdefaults?(?: is| to|:|=)\s*(\"[^\"]*\"|[^\s,;)\]]+)", re.I),
    re.compile(rf"\[\s*(\"[^\"]*\"|{NUMBER})\s*\]\s*$"),
)
BRACES = re.compile(r"\{([^{}]+)\}")
BARS = re.compile(r"\[([\w.+-]+(?:\|[\w.+-]+)+)\]")
LISTED = re.compile(r"\((\w+(?:, ?\w+){1,9})\)")
METAVAR = re.compile(r"^[ =]?(?:<(\w+)>|(\w+ RANGE)\b|([A-Za-z_]\w*))")
TYPED = re.compile(r"\btype:\s*(\w+)")


def read_help(text: str) -> list[Argument]:
    """Return the options that a help text lists, in its order; positional arguments are left out.

    Each argument's `written` says how to give it ("--lr {}", "optimizer.lr={}").
    """
    if "== Config ==" in text:
        return read_config(_hydra_config(text))
    found: dict[str, Argument] = {}
    for chunk in _chunks(text):
        argument = _option(chunk)
        if argument and argument.name not in ("help", "version", "h"):
            found.setdefault(argument.name, argument)
    return list(found.values())


def _hydra_config(text: str) -> str:
    """Return the YAML in a help text of Hydra, without the sentences before and after it."""
    body = re.split(r"\n\s*\nPowered by", text.split("== Config ==", 1)[1])[0].lstrip("\n")
    first, _, rest = body.partition("\n")
    return rest if not re.match(r"[\w.-]+:", first) else body


def _chunks(text: str) -> Iterator[str]:
    """Yield one piece per option: its line and the more indented lines that follow."""
    lines = [re.sub(r"[│┃╭╮╰╯─━]", " ", line).rstrip() for line in text.splitlines()]
    usage = False
    piece: list[str] = []
    for line in lines:
        usage = bool(re.match(r"\s*(usage|syntax):", line, re.I)) or (
            usage and bool(line.strip()) and line.startswith(" " * 8)
        )
        if usage:
            continue
        if OPTION.match(line) or not line.strip():
            if piece:
                yield "\n".join(piece)
            piece = [line] if line.strip() else []
        elif piece:
            piece.append(line)
    if piece:
        yield "\n".join(piece)


def _option(chunk: str) -> Argument | None:
    rest = re.sub(r"^\s*\*\s+", "", chunk)
    flags: list[str] = []
    while found := FLAG.match(rest):
        flags.append(found.group(1))
        rest = rest[found.end() :]
        metavar = re.match(r"[ =]<?[A-Z][A-Z_]*>?(?=, -)", rest)
        rest = rest[metavar.end() :] if metavar else rest
    if not flags:
        return None
    # "--augment / --no-augment" is one switch with two spellings.
    off = next((f for f in flags if f.startswith("--no-") and len(flags) > 1), "")
    on = [f for f in flags if f != off]
    flag = max(on, key=len)
    joined = rest.startswith("=")
    kind, takes, rest = _type(rest)
    words = " ".join(rest.split())
    default, choices = _default(words), _choices(words, kind)
    given = TYPED.search(words)
    if kind == "unknown" and given:
        kind = TYPES.get(given.group(1).lower(), "unknown")
    if kind == "unknown" and not choices and default is None:
        kind, default = ("text", None) if takes else ("bool", False)
    if off and isinstance(default, str):
        kind, default = "bool", not default.startswith("no-")
    switch = kind == "bool" and not given
    spelled = f"{flag}={{}}" if given or joined else f"{flag} {{}}"
    return settled(
        Argument(
            name=flag_name(on),
            type=kind,
            default=_among(default, choices),
            choices=choices,
            help=_sentence(words),
            written=flag if switch else spelled,
            off=off,
            flags=tuple(flags),
        )
    )


def _among(default: Scalar, choices: tuple[Scalar, ...]) -> Scalar:
    return next((c for c in choices if str(c) == str(default)), default)


def _type(rest: str) -> tuple[ArgumentType, bool, str]:
    """Return the type that a metavar says, whether there is one, and the text after it."""
    found = METAVAR.match(rest)
    if not found or rest.startswith("  "):
        return "unknown", False, rest
    word = next(g for g in found.groups() if g)
    known: ArgumentType | None = TYPES.get(word.lower())
    if known is None and not (found.group(1) or word.isupper()):
        return "unknown", False, rest
    return known or "unknown", True, rest[found.end() :]


def _default(words: str) -> Scalar:
    for pattern in DEFAULTS:
        if found := pattern.search(words):
            return literal(found.group(1))
    return None


def _choices(words: str, kind: ArgumentType) -> tuple[Scalar, ...]:
    for pattern, separator in ((BRACES, ","), (BARS, "|"), (LISTED, ",")):
        if pattern is LISTED and kind != "text":
            continue
        found = pattern.search(words)
        if found and separator in found.group(1):
            options = tuple(literal(c) for c in found.group(1).split(separator))
            return () if None in options else options
    return ()


def _sentence(words: str) -> str:
    for pattern in DEFAULTS:
        words = pattern.sub("", words)
    return words.strip(" .,;()")[:160]


def read_config(text: str) -> list[Argument]:
    """Return the values of a YAML configuration as Hydra overrides; comments are their help."""
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return []
    if not isinstance(content, Mapping):
        return []
    helps = dict(re.findall(r"(?m)^\s*([\w-]+):[^#\n]*#\s*(.+)$", text))
    return [
        settled(replace(a, help=helps.get(a.name.rsplit(".", 1)[-1], a.help)))
        for a in _leaves(content, "")
    ]


def _leaves(content: Mapping[str, Any], prefix: str) -> Iterator[Argument]:
    for key, value in content.items():
        name = f"{prefix}{key}"
        if name.split(".")[0] in ("defaults", "hydra"):
            continue
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{name}.")
        elif isinstance(value, bool | int | float | str):
            # YAML 1.1 reads 1e-05 as a string.
            plain = literal(value) if isinstance(value, str) else value
            plain = value if isinstance(value, str) and not isinstance(plain, float) else plain
            yield Argument(name, type_of(plain), plain, written=f"{name}={{}}")

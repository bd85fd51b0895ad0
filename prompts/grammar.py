"""JSON schema → GBNF, the grammar that llama.cpp, xgrammar and vLLM decode by.

Why not each backend's own JSON schema support: llama.cpp ignores the range of a float, and all of
them let a small model pad its answer with blanks. Here an answer outside the schema cannot be
produced: real numbers come from a grid (`prompts.numerals`), whole numbers from an exact range,
objects list their properties in the schema's order, and between tokens stands exactly what
`json.dumps` writes. A keyword that a grammar cannot keep is refused, never ignored.

Two keywords are our own: `x-log` (offer numbers on a log scale), `x-step` (low, low + step, …).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from prompts.numerals import numerals

Schema = Mapping[str, Any]

UNBOUNDED = 10**9
"""Whole numbers without a bound end here."""
MOST_STEPS = 50_000
"""A stepped range is listed; a longer list than this is a mistake in the schema."""
PLAIN = r"""[^"\\\x00-\x1F\x7F]"""
ESCAPE = r""""\\" ["\\/bfnrt]"""
MOST_ESCAPES = 2
"""Escaped characters in a text of limited length.

A repeated choice of plain and escaped characters takes xgrammar 0.2 some 100 ms a token, as it
checks each token of the vocabulary anew; a repeated class of characters is compiled once.
"""
ANNOTATIONS = {"title", "description", "default", "examples", "$schema", "$defs", "$id"}
ANNOTATIONS |= {"x-odds"}
KEYWORDS = {
    "string": {"minLength", "maxLength"},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
    | {"x-log", "x-step"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "x-log"},
    "array": {"items", "minItems", "maxItems", "uniqueItems"},
    "object": {"properties", "required", "additionalProperties"},
    "boolean": set(),
    "null": set(),
}


def gbnf(schema: Schema) -> str:
    """Return the grammar of the JSON texts that `schema` allows; its first rule is `root`.

    `uniqueItems` is the one keyword that is left to the validation of the parsed answer. A string
    with a `maxLength` has at most `MOST_ESCAPES` escaped characters, and those not at its far end.

    Raises:
        ValueError: the schema uses what a grammar cannot keep, or allows no value.
    """
    return _gbnf(json.dumps(schema, ensure_ascii=False))


@lru_cache(maxsize=256)
def _gbnf(text: str) -> str:
    return _Grammar(json.loads(text)).text()


def _bounded(low: int, high: int) -> Iterator[str]:
    """Yield expressions of texts of `low` to `high` characters: without escapes, with one, …

    Each is a subset, as counting the characters of both kinds together is slow (`MOST_ESCAPES`).
    """
    yield f"{PLAIN}{{{low},{high}}}"
    for escapes in range(max(1, low), min(MOST_ESCAPES, high) + 1):
        part = f"{PLAIN}{{0,{(high - escapes) // (escapes + 1)}}}"
        yield f" {ESCAPE} ".join([part] * (escapes + 1))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def _literal(value: Any) -> str:
    return _quoted(json.dumps(value, ensure_ascii=False))


class _Grammar:
    """Collects rules; every method returns an expression that may stand inside a sequence."""

    def __init__(self, schema: Schema) -> None:
        self._root = schema
        self._rules: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def text(self) -> str:
        root = self._expression(self._root)
        return "\n".join(f"{n} ::= {b}" for n, b in [("root", root), *self._rules.items()]) + "\n"

    def _rule(self, body: str) -> str:
        """Name `body`; equal bodies share one name, which makes tries into minimal automata."""
        if body not in self._names:
            self._names[body] = f"r{len(self._rules)}"
            self._rules[self._names[body]] = body
        return self._names[body]

    def _expression(self, schema: Schema) -> str:
        if "$ref" in schema:
            return self._reference(schema["$ref"])
        if "const" in schema:
            return _literal(schema["const"])
        if "enum" in schema:
            return self._choice([_literal(value) for value in schema["enum"]])
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                return self._combined(key, schema[key])
        kind = schema.get("type")
        if isinstance(kind, list):
            return self._choice([self._typed({**schema, "type": k}) for k in kind])
        return self._typed(schema)

    def _combined(self, key: str, schemas: Sequence[Schema]) -> str:
        if key == "allOf" and len(schemas) != 1:
            raise ValueError("A grammar cannot express allOf with several schemas.")
        return self._choice([self._expression(s) for s in schemas])

    def _typed(self, schema: Schema) -> str:
        kind = schema.get("type")
        if kind not in KEYWORDS:
            raise ValueError(f"A schema needs a type, enum, const or anyOf, got {dict(schema)}.")
        if extra := self._unknown(schema, str(kind)):
            raise ValueError(f"A grammar cannot keep {', '.join(extra)} of a {kind}.")
        return str(getattr(self, f"_{kind}")(schema))

    def _unknown(self, schema: Schema, kind: str) -> list[str]:
        of_others = set().union(*KEYWORDS.values()) - KEYWORDS[kind]
        return sorted(set(schema) - KEYWORDS[kind] - ANNOTATIONS - {"type"} - of_others)

    def _choice(self, expressions: Sequence[str]) -> str:
        if not expressions:
            raise ValueError("A schema with no choices allows no value.")
        return expressions[0] if len(expressions) == 1 else self._rule(" | ".join(expressions))

    def _reference(self, reference: str) -> str:
        name = f"d-{''.join(c if c.isalnum() else '-' for c in reference.rsplit('/')[-1])}"
        if name not in self._rules:
            self._rules[name] = ""
            target: Any = self._root
            for part in reference.removeprefix("#/").split("/"):
                target = target[part]
            self._rules[name] = self._expression(target)
        return name

    def _null(self, schema: Schema) -> str:
        return '"null"'

    def _boolean(self, schema: Schema) -> str:
        return self._choice(['"true"', '"false"'])

    def _string(self, schema: Schema) -> str:
        low, high = schema.get("minLength", 0), schema.get("maxLength")
        free = f"({PLAIN} | {ESCAPE}){{{low},}}"
        text = free if high is None else self._choice(list(_bounded(low, high)))
        return f'"\\"" {text} "\\""'

    def _array(self, schema: Schema) -> str:
        low, high = schema.get("minItems", 0), schema.get("maxItems")
        if high == 0:
            return '"[]"'
        item = self._rule(self._expression(schema["items"]))
        more = self._rule(f'", " {item}')
        last = "" if high is None else high - 1
        items = f"{item} {more}{{{max(0, low - 1)},{last}}}"
        return f'"[" {items} "]"' if low else f'"[" ({items})? "]"'

    def _object(self, schema: Schema) -> str:
        properties = dict(schema.get("properties", {}))
        required = set(schema.get("required", []))
        pairs = [
            (f"{_quoted(json.dumps(name, ensure_ascii=False) + ': ')} {self._expression(s)}", name)
            for name, s in properties.items()
        ]
        if missing := required - set(properties):
            raise ValueError(f"Required but not described: {', '.join(sorted(missing))}.")
        return f'"{{" {self._members([(p, n in required) for p, n in pairs], first=True)}'

    def _members(self, pairs: Sequence[tuple[str, bool]], *, first: bool) -> str:
        """Return the rest of an object: `pairs` of key and value, each with whether it must be."""
        if not pairs:
            return '"}"'
        (pair, needed), rest = pairs[0], pairs[1:]
        taken = f"{'' if first else _quoted(', ') + ' '}{pair} {self._members(rest, first=False)}"
        if needed:
            return taken
        return self._rule(f"{taken} | {self._members(rest, first=first)}")

    def _number(self, schema: Schema) -> str:
        low, high = schema.get("minimum"), schema.get("maximum")
        over, under = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        low = low if over is None else math.nextafter(over, math.inf)
        high = high if under is None else math.nextafter(under, -math.inf)
        if low is not None and high is not None:
            found = numerals(low, high, log=bool(schema.get("x-log")))
            return self._words(n for n in found if float(n) not in (over, under))
        fraction = self._rule('("." [0-9]{1,6})?')
        if low is None and high is None:
            return f"{self._range(-UNBOUNDED, UNBOUNDED)} {fraction}"
        if low == 0 and over is None:
            return f"{self._range(0, UNBOUNDED)} {fraction}"
        raise ValueError("A number with one bound needs the other too, or a minimum of 0.")

    def _integer(self, schema: Schema) -> str:
        low = schema.get("minimum", schema.get("exclusiveMinimum", -UNBOUNDED - 1) + 1)
        high = schema.get("maximum", schema.get("exclusiveMaximum", UNBOUNDED + 1) - 1)
        low, high = math.ceil(low), math.floor(high)
        step = schema.get("x-step") or schema.get("multipleOf") or 1
        if step == 1:
            return self._range(low, high)
        first = low if "x-step" in schema else math.ceil(low / step) * step
        if (high - first) // step > MOST_STEPS:
            raise ValueError(f"A whole number in {MOST_STEPS} steps or more needs a larger step.")
        return self._words(map(str, range(first, high + 1, step)))

    def _range(self, low: int, high: int) -> str:
        """Return an expression for the whole numbers low … high, digit by digit."""
        if low > high:
            raise ValueError(f"No whole number lies between {low} and {high}.")
        parts: list[str] = []
        if low < 0:
            parts.append(f'"-" {self._range(max(1, -high), -low)}')
        for digits in range(1, len(str(high)) + 1 if high >= 0 else 0):
            least = max(low, 0 if digits == 1 else 10 ** (digits - 1))
            most = min(high, 10**digits - 1)
            if least <= most:
                parts.append(self._digits(str(least), str(most)))
        return self._choice(parts)

    def _digits(self, low: str, high: str) -> str:
        """Return an expression for the numerals low … high, all of one length."""
        if not low:
            return '""'
        rest = len(low) - 1
        if low[1:] == "0" * rest and high[1:] == "9" * rest:
            return f"[{low[0]}-{high[0]}]" + (f" [0-9]{{{rest}}}" if rest else "")
        if low[0] == high[0]:
            return f'"{low[0]}" {self._digits(low[1:], high[1:])}'
        parts = [f'"{low[0]}" {self._digits(low[1:], "9" * rest)}']
        if int(high[0]) - int(low[0]) > 1:
            parts.append(f"[{int(low[0]) + 1}-{int(high[0]) - 1}] [0-9]{{{rest}}}")
        parts.append(f'"{high[0]}" {self._digits("0" * rest, high[1:])}')
        return self._choice(parts)

    def _words(self, words: Iterable[str]) -> str:
        """Return an expression for a finite set of words, as their minimal automaton."""
        found = sorted(set(words))
        if not found:
            raise ValueError("A schema with no choices allows no value.")
        return self._suffixes(found)

    def _suffixes(self, words: Sequence[str]) -> str:
        branches: dict[str, list[str]] = {}
        for word in words:
            if word:
                branches.setdefault(word[0], []).append(word[1:])
        by_rest: dict[str, str] = {}
        for char, rest in branches.items():
            tail = "" if rest == [""] else self._suffixes(rest)
            by_rest[tail] = by_rest.get(tail, "") + char
        parts = [f"{_class(chars)} {tail}".strip() for tail, chars in by_rest.items()]
        body = " | ".join(parts)
        if "" in words:
            return self._rule(f"({body})?")
        return body if len(parts) == 1 else self._rule(body)


def _class(chars: str) -> str:
    return _quoted(chars) if len(chars) == 1 else "[" + chars.replace("-", "\\-") + "]"

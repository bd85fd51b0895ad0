"""The grammar accepts every answer the schema allows (on its grid) and nothing else."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.grammar import gbnf
from prompts.numerals import notations, numerals

xgrammar = pytest.importorskip("xgrammar")


def accepts(schema: dict[str, Any], text: str) -> bool:
    """Return whether decoding by the grammar of `schema` can produce exactly `text`."""
    vocabulary = [*map(chr, range(32, 127)), "é", "\n", "</s>"]
    info = xgrammar.TokenizerInfo(vocabulary, stop_token_ids=[len(vocabulary) - 1])
    compiled = xgrammar.GrammarCompiler(info, max_threads=1).compile_grammar(gbnf(schema))
    matcher = xgrammar.GrammarMatcher(compiled)
    return matcher.accept_string(text) and matcher.accept_token(len(vocabulary) - 1)


finite = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: float(f"{x:.4g}"))
positive = st.floats(-12, 6).map(lambda e: float(f"{10**e:.4g}"))


@given(finite, finite)
def test_linear_numerals_stay_in_range_and_cover_it(a: float, b: float) -> None:
    low, high = sorted((a, b))
    values = sorted({float(n) for n in numerals(low, high)})
    assert values[0] == low and values[-1] == high
    assert all(isinstance(json.loads(n), int | float) for n in numerals(low, high))
    widest = max((y - x for x, y in pairwise(values)), default=0)
    assert widest <= (high - low) / 100 * 1.001


@given(positive, positive)
@settings(max_examples=40)
def test_log_numerals_are_never_further_apart_than_a_tenth(a: float, b: float) -> None:
    low, high = sorted((a, b))
    values = sorted({float(n) for n in numerals(low, high, log=True)})
    assert values[0] == low and values[-1] == high
    if high / low >= 10:
        assert all(y / x < 1.11 for x, y in pairwise(values))


@given(st.floats(-1e12, 1e12).map(lambda x: Decimal(repr(x))))
def test_every_notation_is_json_for_the_same_value(value: Decimal) -> None:
    assert {Decimal(n) for n in notations(value)} == {value}
    assert all(float(json.loads(n)) == float(value) for n in notations(value))


@given(st.integers(-3000, 3000), st.integers(-3000, 3000), st.data())
@settings(max_examples=60, deadline=None)
def test_whole_numbers_are_exact(a: int, b: int, data: st.DataObject) -> None:
    low, high = min(a, b), max(a, b)
    schema = {"type": "integer", "minimum": low, "maximum": high}
    for value in (low, high, data.draw(st.integers(low, high))):
        assert accepts(schema, str(value))
    for value in (low - 1, high + 1, data.draw(st.integers(-(10**5), 10**5))):
        assert accepts(schema, str(value)) == (low <= value <= high)


@given(positive, positive, st.booleans(), st.data())
@settings(max_examples=30, deadline=None)
def test_real_numbers_are_exactly_the_grid(
    a: float, b: float, log: bool, data: st.DataObject
) -> None:
    low, high = sorted((a, b))
    schema = {"type": "number", "minimum": low, "maximum": high, "x-log": log}
    grid = numerals(low, high, log=log)
    assert accepts(schema, data.draw(st.sampled_from(grid)))
    other = data.draw(st.floats(0, 2e6).map(lambda x: f"{x:.3g}"))
    assert accepts(schema, other) == (other in grid)


@given(st.integers(0, 3), st.integers(0, 12), st.text('ab"\\é', max_size=16))
@settings(max_examples=60, deadline=None)
def test_a_text_keeps_to_its_length_and_has_few_escapes(low: int, room: int, text: str) -> None:
    high = low + room
    schema = {"type": "string", "minLength": low, "maxLength": high}
    escapes = sum(c in '"\\' for c in text)
    if accepts(schema, json.dumps(text, ensure_ascii=False)):
        assert low <= len(text) <= high and escapes <= 2
    elif low <= len(text) <= high:
        assert escapes > 0


@pytest.mark.parametrize("text", ['the "churn" of', "a\\b", "first\nsecond"])
def test_a_text_can_quote_a_word(text: str) -> None:
    assert accepts({"type": "string", "maxLength": 60}, json.dumps(text))
    assert accepts({"type": "string"}, json.dumps(text))
    assert not accepts({"type": "string", "maxLength": 60}, json.dumps(text + '"""'))


OBJECT = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["a", 1, 1.5, None, True, 'quo"te\\']},
        "words": {"type": "string", "maxLength": 5},
        "list": {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2},
        "step": {"type": "integer", "minimum": 3, "maximum": 14, "x-step": 5},
        "free": {"type": ["number", "null"], "minimum": 0},
    },
    "required": ["kind", "list"],
}


@pytest.mark.parametrize(
    "value",
    [
        {"kind": 'quo"te\\', "list": [True]},
        {"kind": None, "words": "abcdé", "list": [True, False], "step": 13, "free": None},
        {"kind": 1.5, "list": [False], "free": 123.25},
        {"kind": True, "words": 'a"b', "list": [False]},
    ],
)
def test_an_allowed_object_is_accepted_as_json_dumps_writes_it(value: dict[str, Any]) -> None:
    assert accepts(OBJECT, json.dumps(value, ensure_ascii=False))


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "b", "list": [True]},
        {"kind": "a"},
        {"kind": "a", "list": []},
        {"kind": "a", "list": [True] * 3},
        {"list": [True], "kind": "a"},
        {"kind": "a", "words": "abcdef", "list": [True]},
        {"kind": "a", "list": [True], "step": 4},
        {"kind": "a", "list": [True], "free": -1},
        {"kind": "a", "list": [True], "other": 1},
    ],
)
def test_anything_else_is_not(value: dict[str, Any]) -> None:
    assert not accepts(OBJECT, json.dumps(value))


@pytest.mark.parametrize("text", ['{"kind":"a", "list": [true]}', '{ "kind": "a", "list": [true]}'])
def test_blanks_are_fixed(text: str) -> None:
    assert not accepts(OBJECT, text)


def test_references_and_alternatives() -> None:
    schema = {
        "$defs": {"Tree": {"type": "array", "items": {"$ref": "#/$defs/Tree"}, "maxItems": 2}},
        "anyOf": [{"const": "leaf"}, {"$ref": "#/$defs/Tree"}],
    }
    assert accepts(schema, '"leaf"') and accepts(schema, "[[], [[]]]")
    assert not accepts(schema, "[[], [], []]")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "a+"},
        {"type": "number", "minimum": 3},
        {"type": "integer", "minimum": 2, "maximum": 1},
        {"enum": []},
        {},
        {"type": "object", "properties": {}, "required": ["a"]},
    ],
)
def test_what_a_grammar_cannot_keep_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        gbnf(schema)

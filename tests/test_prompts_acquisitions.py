"""The question which acquisition function should go on, and the default model's answer to it."""

from __future__ import annotations

import pytest

from prompts.acquisitions import (
    SearchState,
    acquisition_messages,
    acquisition_schema,
    parse_acquisition,
)
from prompts.errors import InvalidAnswerError
from prompts.grammar import gbnf

NAMES = ("logei", "ucb", "qlognei")
STATE = SearchState(
    goal='minimize "log_loss"',
    parameters=3,
    finished=14,
    left=16,
    failed=2,
    bests=((1, 0.37631), (13, 0.2774)),
    since=1,
    uncertainty=0.88,
    lead=0.39,
    noise=0.07,
    explained=0.876,
    seconds=(6.0, 12.0),
)
REAL = (
    '{"reason": "21 trials left, uncertainty 1.7 against a lead of 0.1: look where little is '
    'known and the best is uncertain", "acquisition": "ucb"}'
)
"""Said by Qwen2.5-Coder-1.5B-Instruct, seed 1014, temperature 0.7; its numbers are not the state's,
but nearly those of the first example in the rules."""


def test_the_state_is_shown_as_named_numbers_and_the_rules_come_first() -> None:
    rules, asked = acquisition_messages(STATE, NAMES)
    assert rules["role"] == "system" and "- ucb: " in rules["content"]
    assert "knowledge_gradient" not in rules["content"]
    for line in (
        'Goal: minimize "log_loss"',
        "trials done: 14 (2 of them failed)",
        "trials left: 16",
        "each new best: 0.3763 after 1 trials; 0.2774 after 13 trials",
        "trials since the last improvement: 1",
        "largest predicted uncertainty: 0.88",
        "noise of one result: 0.07",
        "seconds per trial: median 6, largest 12",
    ):
        assert line in asked["content"].splitlines()
    assert "predictions explain: 0.88 (" in asked["content"]


def test_what_is_not_known_is_not_told() -> None:
    known = STATE.__dict__ | {"left": None, "explained": None, "failed": 0}
    asked = acquisition_messages(SearchState(**known), NAMES)[1]["content"]
    assert "trials left: no limit" in asked
    assert "explain" not in asked and "failed" not in asked


def test_an_answer_of_the_default_model_is_read() -> None:
    picked = parse_acquisition(REAL, NAMES)
    assert picked.name == "ucb" and picked.reason.startswith("21 trials left, uncertainty 1.7")


def test_the_grammar_allows_the_names_alone() -> None:
    grammar = gbnf(acquisition_schema(NAMES))
    assert all(f'\\"{name}\\"' in grammar for name in NAMES) and "hypervolume" not in grammar


@pytest.mark.parametrize(
    "text", ["", "ucb", "[]", "{}", '{"acquisition": "ucb"}', '{"reason": "", "acquisition": "x"}']
)
def test_other_answers_are_refused(text: str) -> None:
    with pytest.raises(InvalidAnswerError):
        parse_acquisition(text, NAMES)

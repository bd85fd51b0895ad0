"""The second reader: one schema-bound call to the language model, checked against the words.

Everything that stays the same from task to task (rules, worked examples) comes first, in messages
of its own, so that its key-value state is reused; columns and description come last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from agent.intake.claims import Claim, Reading
from agent.intake.mentions import alike
from agent.intake.models import ALL
from agent.intake.text import Text, fold
from agent.intake.vocabulary import stopwords, words
from evals.metrics import METRICS
from evals.tables import ColumnProfile
from prompts.chat import Completion, JsonSchema, LanguageModel, Message
from prompts.errors import InvalidAnswerError
from prompts.render import render

UNKNOWN = "?"
MOST_COLUMNS = 60
"""A wider table is shown by the columns that the words are nearest to."""
MOST_TOKENS = 150
GROUPS = {"gradient_boosting": "boosting", "trees": "trees", "linear": "linear"}


@dataclass(frozen=True)
class ShownColumn:
    """A column as a prompt shows it: its name, and its values where they are few."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What the language model said: as it was sent, and parsed."""

    completion: Completion
    content: dict[str, Any]


def ask(
    model: LanguageModel, description: str, path: str, columns: Sequence[ColumnProfile]
) -> Answer:
    """Ask the language model to read `description`.

    Raises:
        LanguageModelError: it gave no answer, or one outside the schema.
    """
    near = nearest(description, columns)
    completion = model.complete(
        messages(description, path, near),
        schema=schema([c.name for c in near]),
        seed=0,
        max_tokens=MOST_TOKENS,
    )[0]
    return Answer(completion, parse(completion.text))


def messages(description: str, path: str, columns: Sequence[ColumnProfile]) -> list[Message]:
    """Return the conversation: rules, worked examples, and last what is new."""
    request = render(
        "understand_request", file=path, columns=shown(columns), description=description
    )
    return [*_fixed(), {"role": "user", "content": request}]


def shown(columns: Sequence[ColumnProfile]) -> list[ShownColumn]:
    """Return what a prompt shows of columns: names, and the values of those with few."""
    return [ShownColumn(c.name, _values(c)) for c in columns]


@cache
def _fixed() -> tuple[Message, ...]:
    turns: list[Message] = [{"role": "system", "content": render("understand_rules")}]
    for example in _examples():
        columns = [ShownColumn(c["name"], tuple(c["values"])) for c in example["columns"]]
        asked = render(
            "understand_request",
            file=example["file"],
            columns=columns,
            description=example["description"],
        )
        answer = {
            k: int(v) if k in ("trials", "folds") else v for k, v in example["answer"].items()
        }
        turns.append({"role": "user", "content": asked})
        turns.append({"role": "assistant", "content": json.dumps(answer, ensure_ascii=False)})
    return tuple(turns)


def _examples() -> list[dict[str, Any]]:
    return list(words("examples")["examples"])


def _values(column: ColumnProfile) -> tuple[str, ...]:
    """Return the values worth showing: of columns with few of them."""
    few = column.kind in ("category", "boolean") or (
        column.kind == "number" and column.distinct == 2
    )
    return column.examples[:4] if few and column.distinct <= 8 else ()


def nearest(description: str, columns: Sequence[ColumnProfile]) -> list[ColumnProfile]:
    """Return at most `MOST_COLUMNS` columns: the last ones and those nearest to the words."""
    from rapidfuzz import fuzz

    if len(columns) <= MOST_COLUMNS:
        return list(columns)
    said = fold(description)
    score = {c.name: fuzz.partial_ratio(fold(c.name), said) for c in columns}
    likely = [columns[0], *columns[-3:]]
    ranked = [*likely, *sorted(columns, key=lambda c: -score[c.name])]
    kept = list(dict.fromkeys(c.name for c in ranked))[:MOST_COLUMNS]
    return [c for c in columns if c.name in kept]


def schema(columns: Sequence[str]) -> JsonSchema:
    """Return the schema of the answer: only columns, models and metrics that exist."""
    text = {"type": "string", "maxLength": 60}
    models = {"type": "array", "items": {"enum": [*ALL, *GROUPS]}, "maxItems": 6}
    properties: dict[str, Any] = {
        "words": text,
        "target": {"enum": [*columns, UNKNOWN]},
        "positive": {"type": "string", "maxLength": 20},
        "models": models,
        "not": models,
        "measure": text,
        "metric": {"enum": ["", *sorted(METRICS)]},
        "trials": {"type": "integer", "minimum": 0, "maximum": 100000},
        "folds": {"type": "integer", "minimum": 0, "maximum": 50},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def parse(text: str) -> dict[str, Any]:
    """Return the answer's content.

    Raises:
        InvalidAnswerError: it is not one JSON object with the fields asked for.
    """
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidAnswerError(f"The answer is no JSON: {error}.", retryable=True) from error
    expected = {"words", "target", "models", "not", "measure", "metric", "trials", "folds"}
    if not isinstance(content, dict) or not expected <= content.keys():
        raise InvalidAnswerError("The answer lacks fields that were asked for.", retryable=True)
    return content


def read_answer(content: dict[str, Any], text: Text) -> Reading:
    """Turn an answer into claims; what its quoted words do not bear out is left out.

    A target whose words are not the user's is kept without a quote: it needs a second look.
    """
    reading = Reading()
    if content["target"] != UNKNOWN and content["words"].strip():
        quote = content["words"] if grounded(text, content["words"]) else ""
        reading.add("data.target", _claim(content["target"], quote))
    if content.get("positive"):
        reading.add("data.positive", _claim(content["positive"], content["positive"]))
    wanted, out = _families(content["models"]), _families(content["not"])
    if wanted or out:
        reading.add("models", _claim((wanted, out), ""))
    if content["metric"] and grounded(text, content["measure"]):
        reading.add("objectives", _claim((content["metric"],), content["measure"]))
    for key, name in (("trials", "budget.trials"), ("folds", "validation.folds")):
        if content[key]:
            reading.add(name, _claim(content[key], str(content[key])))
    return reading


def _claim(value: Any, quote: str) -> Claim:
    return Claim(value, quote, sure=False, origin="LLM")


def _families(names: Sequence[str]) -> tuple[str, ...]:
    groups = words("models")["groups"]
    found: list[str] = []
    for name in names:
        found += groups[GROUPS[name]]["families"] if name in GROUPS else [name]
    return tuple(dict.fromkeys(found))


def grounded(text: Text, quote: str) -> bool:
    """Return whether the user said so, or a telling word of it: it may not be made up."""
    from rapidfuzz import fuzz

    if len(quote.strip()) >= 2 and fuzz.partial_ratio(fold(quote), text.folded) >= 80:
        return True
    said = set(re.findall(r"[^\W\d_]{4,}", text.folded))
    everyday = {w for k in text.languages for w in stopwords(k)}
    telling = [w for w in re.findall(r"[^\W\d_]{4,}", fold(quote)) if w not in everyday]
    return any(alike(w, s) for w in telling for s in said)

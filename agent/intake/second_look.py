"""Second, small calls to the language model: does this column hold what the user wants?

Asked only where nothing but the model's first answer leads from the user's words to a column. The
question is put twice, in two ways: `same` shows the column and asks for a verdict, `find` shows all
of them and asks which it is. On 67 such claims (50 right, 17 wrong) the first alone refused 12
right ones and let 7 wrong ones pass; who is refused only by both: 3 and 10.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache

from agent.intake.llm_reader import ShownColumn, nearest, shown
from agent.intake.mentions import alike
from agent.intake.text import fold
from agent.intake.vocabulary import words
from evals.tables import ColumnProfile
from prompts.chat import JsonSchema, LanguageModel, Message
from prompts.errors import InvalidAnswerError
from prompts.render import render

MOST_TOKENS = 60
NONE = "none"
SCHEMA: JsonSchema = {
    "type": "object",
    "properties": {
        "wanted": {"type": "string", "maxLength": 60},
        "holds": {"type": "string", "maxLength": 60},
        "same": {"enum": ["yes", "no"]},
    },
    "required": ["wanted", "holds", "same"],
    "additionalProperties": False,
}


def same(model: LanguageModel, wanted: str, column: str, columns: Sequence[ColumnProfile]) -> bool:
    """Return whether the model, asked for just that, finds that `column` holds what is `wanted`.

    Raises:
        LanguageModelError: it gave no answer, or one outside the schema.
    """
    asked = messages(wanted, column, nearest(f"{wanted} {column}", columns))
    completion = model.complete(asked, schema=SCHEMA, seed=0, max_tokens=MOST_TOKENS)[0]
    return parse(completion.text)


def messages(wanted: str, column: str, columns: Sequence[ColumnProfile]) -> list[Message]:
    """Return the conversation: rules, worked examples, and last what is new."""
    return [*_fixed(), _request(wanted, column, shown(columns))]


def parse(text: str) -> bool:
    """Return the verdict of an answer: a yes whose two phrases share a word that tells something.

    The model says yes to "profit margin" and "sales revenue", too; its own words give it away.

    Raises:
        InvalidAnswerError: it holds no verdict.
    """
    try:
        content = json.loads(text)
        yes = {"yes": True, "no": False}[content["same"]]
        wanted, holds = _telling(content["wanted"]), _telling(content["holds"])
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidAnswerError(f"The answer holds no verdict: {error!r}.") from error
    return yes and any(alike(w, h) or _one_thing(w, h) for w in wanted for h in holds)


def _one_thing(one: str, other: str) -> bool:
    """Return whether two words are listed as names of one thing: gender and sex."""
    concepts = words("columns")["concepts"].values()
    return any({one, other} <= set(map(fold, names)) for names in concepts)


def _telling(said: str) -> list[str]:
    empty = words("wishes")["says_nothing"]
    return [w for w in re.findall(r"[^\W_]+", fold(said)) if w not in empty]


def find(model: LanguageModel, wanted: str, columns: Sequence[ColumnProfile]) -> str | None:
    """Return the column that the model, shown all of them, picks for what is `wanted`, if any.

    Raises:
        LanguageModelError: it gave no answer, or one outside the schema.
    """
    near = nearest(wanted, columns)
    completion = model.complete(
        find_messages(wanted, near),
        schema=find_schema([c.name for c in near]),
        seed=0,
        max_tokens=MOST_TOKENS,
    )[0]
    return parse_find(completion.text)


def find_schema(columns: Sequence[str]) -> JsonSchema:
    """Return the schema of a pick: one of the columns, or none of them."""
    properties: JsonSchema = {
        "wanted": {"type": "string", "maxLength": 60},
        "column": {"enum": [*columns, NONE]},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def find_messages(wanted: str, columns: Sequence[ColumnProfile]) -> list[Message]:
    """Return the conversation that asks for a pick."""
    return [*_find_fixed(), _find_request(wanted, shown(columns))]


def parse_find(text: str) -> str | None:
    """Return the column that an answer picks; None where it says that none fits.

    Raises:
        InvalidAnswerError: it picks nothing.
    """
    try:
        column = str(json.loads(text)["column"])
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidAnswerError(f"The answer picks no column: {error!r}.") from error
    return None if column == NONE else column


def _find_request(wanted: str, columns: Sequence[ShownColumn]) -> Message:
    return {"role": "user", "content": render("find_request", wanted=wanted, columns=columns)}


@cache
def _find_fixed() -> tuple[Message, ...]:
    turns: list[Message] = [{"role": "system", "content": render("find_rules")}]
    for example in words("examples")["find"]:
        columns = [ShownColumn(c["name"], tuple(c["values"])) for c in example["columns"]]
        turns.append(_find_request(example["wanted"], columns))
        said = json.dumps(example["answer"], ensure_ascii=False)
        turns.append({"role": "assistant", "content": said})
    return tuple(turns)


def _request(wanted: str, column: str, columns: Sequence[ShownColumn]) -> Message:
    said = render("second_look_request", wanted=wanted, column=column, columns=columns)
    return {"role": "user", "content": said}


@cache
def _fixed() -> tuple[Message, ...]:
    turns: list[Message] = [{"role": "system", "content": render("second_look_rules")}]
    for example in words("examples")["second_look"]:
        columns = [ShownColumn(c["name"], tuple(c["values"])) for c in example["columns"]]
        turns.append(_request(example["wanted"], example["column"], columns))
        said = json.dumps(example["answer"], ensure_ascii=False)
        turns.append({"role": "assistant", "content": said})
    return tuple(turns)

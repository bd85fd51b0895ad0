"""Render the Jinja2 templates in `prompts/templates/`: strict, named values only."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def number(value: float) -> str:
    """Format `value` with at most four significant digits, as the LLM reads and writes numbers."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def data(text: object, limit: int = 200) -> str:
    """Quote text that came from a user's files, so that it stays data and cannot pose as prose.

    The result is one JSON string of at most `limit` characters: no line break and no quotation mark
    of the text survives unescaped.
    """
    return json.dumps(str(text)[:limit], ensure_ascii=False)


@cache
def environment() -> Environment:
    """Return the one strict environment: an undefined value is an error, never an empty string."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    env = Environment(
        loader=PackageLoader("prompts"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        autoescape=False,
    )
    env.filters.update(number=number, data=data)
    return env


def render(template: str, **values: Any) -> str:
    """Return `prompts/templates/<template>.jinja2` filled with `values`."""
    return environment().get_template(f"{template}.jinja2").render(**values).strip()

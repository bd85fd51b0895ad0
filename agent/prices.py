"""What remote models cost in money: only for those that the user's own price table names.

The table is `prices.yaml` in plaintune's configuration folder, per million tokens:

    gpt-5-mini: {input: 0.25, cached: 0.025, output: 2.0, currency: USD}

`cached` is the price of prompt tokens found in the server's cache, that of `input` where missing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from prompts.calls import CallRecord
from prompts.chat import Completion

MILLION = 1_000_000


class Price(BaseModel):
    """What a million tokens of one model cost."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)
    currency: str = "USD"

    def of(self, answer: Completion) -> float:
        """Return what `answer` cost."""
        cached = self.input if self.cached is None else self.cached
        read = (answer.prompt_tokens - answer.cached_tokens) * self.input
        return (read + answer.cached_tokens * cached + answer.completion_tokens * self.output) / (
            MILLION
        )


def price_table() -> Path:
    """Return where the user's price table is looked for (XDG base directory specification)."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "plaintune" / "prices.yaml"


def cost(calls: Sequence[CallRecord]) -> str:
    """Say what `calls` cost by the user's price table, "" where it names none of their models."""
    path = price_table()
    if not path.is_file():
        return ""
    try:
        prices = _read(path)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        return f"What it cost is not known: the price table {path} cannot be read ({reason})."
    sums: dict[str, float] = {}
    for answer in (a for c in calls for a in c.answers if a.model in prices):
        price = prices[answer.model]
        sums[price.currency] = sums.get(price.currency, 0.0) + price.of(answer)
    shown = " and ".join(f"{value:.4f} {currency}" for currency, value in sums.items())
    return f"By your price table it cost {shown}." if shown else ""


def _read(path: Path) -> dict[str, Price]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        return TypeAdapter(dict[str, Price]).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except yaml.YAMLError as error:
        raise ValueError(f"it is not valid YAML: {error}") from error

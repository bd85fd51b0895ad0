"""Which backend `--llm auto` takes for a GGUF model on a CPU, by measured costs, and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

QUESTIONS = 20
"""Questions that a run is taken to put."""
TOKENS = 133
"""What one proposal takes, on average (benchmarks/llm_answers.py, LightGBM's space)."""


@dataclass(frozen=True)
class Choice:
    """A backend and why it was taken."""

    backend: str
    reason: str


def choose(model: str, installed: Collection[str], parallel: int = 1) -> Choice:
    """Return the backend among `installed` that has answered a run's questions first.

    `parallel` answers are wanted at once. A model that was not measured is taken for the default
    one. `installed` holds "llama.cpp", "vllm" or both.
    """
    times = {b: _seconds(b, model, parallel) for b in sorted(installed)}
    best = min(times, key=lambda b: times[b])
    cost = _cost(best, model)
    of = "" if model in _table()[best] else " with the default model"
    said = (
        f"{best}: measured on 2 cores{of} it is ready in {cost['ready']:g} s and writes "
        f"{_rate(cost, parallel):g} tokens a second for {_counted(parallel)}"
    )
    others = [f"{b} {times[b]:.0f} s" for b in times if b != best]
    compared = f", {times[best]:.0f} s for a run's questions against {others[0]}" if others else ""
    return Choice(best, f"{said}{compared}.")


def _seconds(backend: str, model: str, parallel: int) -> float:
    cost = _cost(backend, model)
    return float(cost["ready"]) + QUESTIONS * TOKENS * parallel / _rate(cost, parallel)


def _rate(cost: dict[str, Any], parallel: int) -> float:
    """Return the tokens a second at the largest measured number of answers up to `parallel`."""
    return float(cost["rates"][max(n for n in cost["rates"] if n <= max(1, parallel))])


def _cost(backend: str, model: str) -> dict[str, Any]:
    known: dict[str, Any] = _table()[backend]
    found: dict[str, Any] = known.get(model, known["default"])
    return found


def _counted(parallel: int) -> str:
    return "one answer at a time" if parallel == 1 else f"{parallel} answers at a time"


@cache
def _table() -> dict[str, Any]:
    import yaml

    text = files("agent.language_models").joinpath("costs.yaml").read_text(encoding="utf-8")
    table: dict[str, Any] = yaml.safe_load(text)
    return table

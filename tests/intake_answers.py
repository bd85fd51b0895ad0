"""What the language model answers about a task where nothing is said."""

from __future__ import annotations

from typing import Any

ANSWER: dict[str, Any] = {
    "words": "",
    "target": "?",
    "positive": "",
    "models": [],
    "not": [],
    "measure": "",
    "metric": "",
    "trials": 0,
    "folds": 0,
}

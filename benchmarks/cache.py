"""Evaluations that were paid for once, kept on disk and shared by all arms and processes."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path


def directory() -> Path:
    """Return where what can be measured again is kept.

    `$PLAINTUNE_BENCHMARKS`, else `plaintune/benchmarks` in the user's cache.
    """
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    path = Path(os.environ.get("PLAINTUNE_BENCHMARKS") or Path(base) / "plaintune" / "benchmarks")
    path.mkdir(parents=True, exist_ok=True)
    return path


def remembered(key: str, measure: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Return what is kept under `key`, else measure it and keep it."""
    with closing(_open()) as store:
        found = store.execute("SELECT value FROM evaluations WHERE key = ?", (key,)).fetchone()
        if found:
            return dict(json.loads(found[0]))
        value = measure()
        with store:
            store.execute(
                "INSERT OR IGNORE INTO evaluations VALUES (?, ?)", (key, json.dumps(value))
            )
        return value


def _open() -> sqlite3.Connection:
    store = sqlite3.connect(directory() / "evaluations.sqlite", timeout=60)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("CREATE TABLE IF NOT EXISTS evaluations (key TEXT PRIMARY KEY, value TEXT)")
    return store

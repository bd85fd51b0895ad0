"""Split the descriptions in two halves at random, balanced by language and style.

Run once when all were written (`python tests/data/intake/split.py ALL.jsonl`), before any reader
was tuned. Without an argument it merges the two halves and splits them again: the same halves
come out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
HALVES = ("development.jsonl", "held_out.jsonl")
SEED = 12


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def split(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Deal the rows, shuffled within each style and language, to the two halves in turn."""
    rng = np.random.default_rng(SEED)
    ordered = sorted(rows, key=lambda row: row["id"])
    shuffled = [ordered[i] for i in rng.permutation(len(ordered))]
    dealt = sorted(shuffled, key=lambda row: (row["language"] != "en", row["style"]))
    # Within the other languages, language comes first, so that each is spread over both halves.
    dealt = sorted(dealt, key=lambda row: "" if row["language"] == "en" else row["language"])
    first = int(rng.integers(2))
    return dealt[first::2], dealt[1 - first :: 2]


def main() -> None:
    """Write both halves, each in the order of the ids."""
    sources = [Path(name) for name in sys.argv[1:]] or [HERE / name for name in HALVES]
    halves = split([row for source in sources for row in read(source)])
    for name, half in zip(HALVES, halves, strict=True):
        lines = [json.dumps(row, ensure_ascii=False) for row in sorted(half, key=lambda r: r["id"])]
        (HERE / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{name}: {len(half)}")


if __name__ == "__main__":
    main()

"""Splits that rows are drawn for at random, and what to say where rows hang together."""

from __future__ import annotations

from typing import Literal

from evals.structure import Structure
from evals.task import Kind


def drawn(kind: Kind) -> Literal["shuffled", "stratified"]:
    """Return the scheme that draws rows at random."""
    return "shuffled" if kind == "regression" else "stratified"


def drawn_although(quote: str, structure: Structure) -> str:
    """Say that the user's `quote` is kept to, and what speaks against it."""
    what = "belong together" if structure.scheme == "group" else "follow each other in time"
    return (
        f"“{quote}”: rows are drawn as you say, though by {structure.column} they {what}; "
        "scores may be better than on new rows."
    )

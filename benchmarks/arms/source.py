"""The version of our own arms: a hash of the source that their suggestions depend on."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
NOTES = ROOT / "benchmarks" / "results" / "same_source.json"
"""Which newer sources were shown to suggest the same as older ones, by `benchmarks.same_source`."""

SPACE = ("objectives", "parameters", "space", "task", "trials")
"""Of `evals`, the modules that a suggestion depends on; evaluators are not among them."""
SEARCH = (
    *("allowed", "bayesian", "belief", "families", "functions", "hypervolume", "improvement"),
    "inward",
    *("pool", "portfolio", "sobol", "tried", "trust_region"),
)
"""Of `acquisition`, those that a suggestion depends on where no advice is taken."""
ADVISED = ("acquisition/**/*.py",)


@lru_cache(maxsize=4)
def source_version(*more: str) -> str:
    """Return a hash of the modules that a suggestion depends on; `more` are patterns of files.

    Without any: what a suggestion without a language model depends on. Of sources that are shown
    to suggest the same, the hash is the oldest one's.
    """
    digest = hashlib.sha256()
    files = {ROOT / "evals" / f"{name}.py" for name in SPACE}
    files |= {ROOT / "acquisition" / f"{name}.py" for name in SEARCH}
    files |= {file for pattern in ("surrogates/**/*.py", *more) for file in ROOT.glob(pattern)}
    for file in sorted(files):
        digest.update(file.read_bytes())
    return f"source {counts_as(digest.hexdigest()[:12])}"


def counts_as(digest: str) -> str:
    """Return the oldest hash whose results are shown to be those of `digest` too."""
    known = notes()
    while digest in known:
        digest = str(known[digest]["as"])
    return digest


def notes() -> dict[str, dict[str, Any]]:
    """Return what was shown so far, by the newer hash; `as` is the older one."""
    found: dict[str, dict[str, Any]] = (
        json.loads(NOTES.read_text(encoding="utf-8")) if NOTES.exists() else {}
    )
    return found


def note(digest: str, about: dict[str, Any]) -> None:
    """Note that `digest` suggests the same as `about["as"]`, and what shows it."""
    NOTES.write_text(json.dumps(notes() | {digest: about}, indent=1) + "\n", encoding="utf-8")
    source_version.cache_clear()

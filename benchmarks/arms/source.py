"""The version of our own arms: a hash of the source that their suggestions depend on."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

SPACE = ("constraints", "objectives", "parameters", "space", "task", "trials")
"""Of `evals`, the modules that a suggestion depends on; evaluators are not among them."""
SEARCH = (
    *("allowed", "bayesian", "belief", "families", "functions", "hypervolume", "improvement"),
    *("inward", "limited"),
    *("pool", "portfolio", "sobol", "tried", "trust_region"),
)
"""Of `acquisition`, those that a suggestion depends on where no advice is taken."""
ADVISED = ("acquisition/**/*.py",)


@lru_cache(maxsize=4)
def source_version(*more: str) -> str:
    """Return a hash of the modules that a suggestion depends on; `more` are patterns of files.

    Without any: what a suggestion without a language model depends on.
    """
    digest = hashlib.sha256()
    files = {ROOT / "evals" / f"{name}.py" for name in SPACE}
    files |= {ROOT / "acquisition" / f"{name}.py" for name in SEARCH}
    files |= {file for pattern in ("surrogates/**/*.py", *more) for file in ROOT.glob(pattern)}
    for file in sorted(f for f in files if f.exists()):  # an older commit has fewer
        digest.update(file.read_bytes())
    return f"source {digest.hexdigest()[:12]}"

"""Two commits of ourselves on the same work: each commit's rooms under today's benchmarks."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from benchmarks import results, statistics
from benchmarks.suites import BUDGETS, SUITES

ROOT = Path(__file__).parent.parent
ROOMS = ("prompts", "evals", "surrogates", "acquisition", "agent")


def compare(old: str, new: str, suite: str, arm: str, seeds: int) -> str:
    """Run `arm` at both commits on `suite` and return what changed, in words."""
    frames = {}
    for commit in (old, new):
        with tempfile.TemporaryDirectory() as folder:
            check_out(commit, Path(folder))
            frames[commit] = _run(Path(folder), suite, arm, seeds)
    frame = pd.concat([f.assign(arm=commit) for commit, f in frames.items()])
    frame = statistics.normalised(frame)
    trials = SUITES[suite].trials
    found = statistics.curves(frame, [new, old], trials)
    lines = [f"{arm} on {suite}: {len(found.tasks)} pairs of task and seed."]
    for budget in [b for b in BUDGETS if 5 < b <= trials]:
        (duel,) = statistics.duels(found, new, budget)
        means = [statistics.mean_of(v, found.tasks) for v in found.at(budget)]
        lines.append(
            f"regret @{budget}: {old} {means[1]:.4f}, {new} {means[0]:.4f}; {new} wins {duel.wins},"
            f" ties {duel.ties}, loses {duel.losses}, p = {duel.p_value:.3f}"
        )
    return "\n".join(lines)


def check_out(commit: str, folder: Path) -> None:
    """Lay the rooms of `commit`, and today's benchmarks, into `folder`."""
    archive = subprocess.run(
        ["git", "archive", commit, *ROOMS], cwd=ROOT, check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    (folder / "benchmarks").symlink_to(ROOT / "benchmarks")


def _run(folder: Path, suite: str, arm: str, seeds: int) -> pd.DataFrame:
    """Run in a process of its own; its results go to its own cache folder."""
    environment = os.environ | {
        "PYTHONPATH": str(folder),
        "PLAINTUNE_BENCHMARKS": str(folder / "cache"),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-P", "-m", "benchmarks", "run", "--suite", suite, "--arms", arm]
    command += ["--seeds", str(seeds), "--no-pack"]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return results.unpacked(folder / "cache" / f"{suite}.jsonl")

"""Show that a change of our source leaves a suite's results as they were, so that they stay valid.

Results are kept by a hash of the modules that a suggestion depends on: any change of these, a new
field of the task or a tidier function, would void hours of runs. `check` repeats a random sample of
packed runs with the source as it is; where every trial of every one comes out the same to the last
bit, the new hash is noted beside the old one in `results/same_source.json` and counts as it.
Nothing else writes that file. A sample can miss a difference that only few runs have: how many runs
and trials a note rests on stands in it.
"""

from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import pandas as pd

from benchmarks import results
from benchmarks.arms.source import note
from benchmarks.protocol import Job, run
from prompts.errors import UserError

HASH = re.compile(r"source ([0-9a-f]{12})")


@dataclass(frozen=True)
class Difference:
    """A run that came out differently from trial number `trial` on, or failed with `error`."""

    job: Job
    trial: int
    error: str = ""


def sample(suite: str, arm: str, runs: int, seed: int) -> tuple[str, list[Job], pd.DataFrame]:
    """Return the version that most packed runs of `arm` have, `runs` of them, and their rows."""
    packed = results.load(suite)
    rows = packed[(packed.arm == arm) & (packed.error == "")] if len(packed) else packed
    if not len(rows):
        raise UserError(f"Nothing of {arm!r} is packed in {suite!r}.", hint="Run and pack it.")
    version = str(rows.version.mode()[0])
    rows = rows[rows.version == version]
    there = rows.groupby(["task", "seed"]).trial.count().reset_index()
    picked = there.iloc[np.random.default_rng(seed).permutation(len(there))[:runs]]
    jobs = [Job(arm, r.task, int(r.seed), int(r.trial)) for r in picked.itertuples()]
    return version, jobs, rows


def check(suite: str, arm: str, runs: int, workers: int, seed: int = 0) -> list[Difference]:
    """Repeat `runs` packed runs; where all come out the same, note the source's hash.

    Raises:
        UserError: nothing to compare with, or the hash is the packed one already.
    """
    from benchmarks.arms.registry import open_arm

    version, jobs, rows = sample(suite, arm, runs, seed)
    ours, theirs = _hash(open_arm(arm).version), _hash(version)
    if ours == theirs:
        raise UserError(f"The results of {arm!r} in {suite!r} are of this source already.")
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(_repeat, jobs, [_observed(rows, job) for job in jobs]))
    different = [d for d in found if d is not None]
    if not different:
        about = {"as": theirs, "suite": suite, "arm": arm, "runs": len(jobs)}
        about |= {"trials": sum(j.trials for j in jobs), "seed": seed}
        note(ours, about | {"date": results.now(), "machine": results.machine()})
    return different


def _hash(version: str) -> str:
    found = HASH.search(version)
    if found is None:
        raise UserError(f"{version!r} is no version of our own source.", hint="Name our own arm.")
    return found[1]


def _observed(rows: pd.DataFrame, job: Job) -> list[float]:
    own = rows[(rows.task == job.task) & (rows.seed == job.seed)].sort_values("trial")
    return [float(v) for v in own.observed]


def _repeat(job: Job, before: list[float]) -> Difference | None:
    now = run(job)
    if now.error:
        return Difference(job, len(now.observed), now.error)
    same = np.equal(now.observed, before) | (np.isnan(now.observed) & np.isnan(before))
    return None if same.all() else Difference(job, int(np.argmin(same)))


def told(different: list[Difference], runs: int) -> str:
    """Return what a check found, for people."""
    if not different:
        return f"All {runs} runs came out the same: the packed results hold for this source."
    lines = [
        f"{d.job.task}, seed {d.job.seed}: {d.error or f'differs from trial {d.trial} on'}"
        for d in different
    ]
    return "\n".join([f"{len(different)} of {runs} runs differ; nothing was noted.", *lines])

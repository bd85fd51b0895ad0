"""Show that a change of our source leaves a suite's results as they were, so that they stay valid.

Results are kept by a hash of the modules that a suggestion depends on: any change of these, a new
field of the task or a rule for one kind of parameter, would void hours of runs. `check` repeats a
random sample of an arm's packed runs with the source as it is; where every trial of every one comes
out the same to the last bit, all that it was drawn from gets the new version, and
`results/same_source.json` says since when and what that rests on. One difference, and nothing is
changed. A sample can miss what only few runs show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import results
from benchmarks.arms.registry import open_arm
from benchmarks.protocol import Job, key_of, run
from prompts.errors import UserError

OURS = re.compile(r"source [0-9a-f]{12}")


@dataclass(frozen=True)
class Difference:
    """A run that came out differently from trial number `trial` on, or failed with `error`."""

    job: Job
    trial: int
    error: str = ""


def older(suite: str, arm: str, tasks: str = "") -> pd.DataFrame:
    """Return the packed rows of `arm` of other versions, of the tasks whose name matches `tasks`.

    Raises:
        UserError: there are none, or they are not of our own source.
    """
    packed = results.packed(suite)
    rows = packed[(packed.arm == arm) & (packed.error == "") & packed.task.str.contains(tasks)]
    rows = rows[rows.version != open_arm(arm).version]
    if not len(rows):
        raise UserError(f"Of {arm!r}, nothing in {suite!r} is of another source than this.")
    if not rows.version.str.fullmatch(OURS).all():
        raise UserError(f"{arm!r} has no version of our own source.", hint="Name our own arm.")
    return rows


def check(
    suite: str, arm: str, runs: int, workers: int, seed: int = 0, tasks: str = ""
) -> list[Difference]:
    """Repeat `runs` of the older packed runs; where all come out the same, renew all versions.

    Raises:
        UserError: there is nothing to compare with.
    """
    rows = older(suite, arm, tasks)
    every = _jobs(rows)
    picked = np.random.default_rng(seed).permutation(len(every))[:runs]
    jobs = [every[i] for i in picked]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(_repeat, jobs, [_observed(rows, job) for job in jobs]))
    different = [d for d in found if d is not None]
    if not different:
        _renew(suite, arm, rows, every)
        _note(suite, arm, sorted(set(rows.version)), {"tasks": tasks, "seed": seed}, jobs, every)
    return different


def _jobs(rows: pd.DataFrame) -> list[Job]:
    there = rows.groupby(["arm", "task", "seed"]).trial.count().reset_index()
    return [Job(r.arm, r.task, int(r.seed), int(r.trial)) for r in there.itertuples()]


def _observed(rows: pd.DataFrame, job: Job) -> list[float]:
    own = rows[(rows.task == job.task) & (rows.seed == job.seed)].sort_values("trial")
    return [float(v) for v in own.observed]


def _repeat(job: Job, before: list[float]) -> Difference | None:
    now = run(job)
    if now.error:
        return Difference(job, len(now.observed), now.error)
    same = np.equal(now.observed, before) | (np.isnan(now.observed) & np.isnan(before))
    return None if same.all() else Difference(job, int(np.argmin(same)))


def _renew(suite: str, arm: str, rows: pd.DataFrame, jobs: Sequence[Job]) -> None:
    """Give `rows` of the packed file the version and the keys of the source as it is."""
    file = results.ROOT / suite / f"{arm}.parquet"
    packed = pd.read_parquet(file)
    keys = {(job.task, job.seed): key_of(job) for job in jobs}
    pairs = pd.Series(list(zip(packed.task, packed.seed, strict=True)), index=packed.index)
    renewed = packed.key.isin(set(rows.key)) & pairs.isin(list(keys))
    packed.loc[renewed, "key"] = pairs[renewed].map(keys)
    packed.loc[renewed, "version"] = open_arm(arm).version
    packed.to_parquet(file, compression="zstd", index=False)


def _note(
    suite: str,
    arm: str,
    versions: Sequence[str],
    drawn: dict[str, Any],
    jobs: Sequence[Job],
    every: Sequence[Job],
) -> None:
    file = results.ROOT / "same_source.json"
    notes = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    about = {"suite": suite, "arm": arm, "from": versions, "to": open_arm(arm).version, **drawn}
    about |= {"repeated": len(jobs), "trials": sum(j.trials for j in jobs), "runs": len(every)}
    notes.append(about | {"date": results.now(), "machine": results.machine()})
    file.write_text(json.dumps(notes, indent=1) + "\n", encoding="utf-8")


def told(different: Sequence[Difference]) -> str:
    """Return what a check found, for people."""
    if not different:
        return "All came out the same: the packed results hold for this source, and say so."
    lines = [
        f"{d.job.task}, seed {d.job.seed}: {d.error or f'differs from trial {d.trial} on'}"
        for d in different
    ]
    return "\n".join([f"{len(different)} runs differ; nothing was changed.", *lines])

"""Show that a change of our source leaves a suite's results as they were, so that they stay valid.

Results are kept by a hash of the modules that a suggestion depends on: any change of these, a new
field of the task or a rule for one kind of parameter, would void hours of runs. `check` takes a
random sample of an arm's packed runs and does each twice, with the source of the commit that they
are of and with the source as it is, both on this machine (another processor rounds differently);
where every trial of every one comes out the same to the last bit, all that it was drawn from gets
the new version, and `results/same_source.json` says since when and what that rests on. One
difference, and nothing is changed. A sample can miss what only few runs show.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import results
from benchmarks.arms.registry import open_arm
from benchmarks.compare import ROOT, check_out
from benchmarks.protocol import Job, key_of, run
from prompts.errors import UserError

OURS = re.compile(r"source [0-9a-f]{12}")


@dataclass(frozen=True)
class Difference:
    """A run that came out differently from trial number `trial` on, or failed with `error`."""

    job: Job
    trial: int
    error: str = ""


def older(suite: str, arm: str, version: str, tasks: str = "") -> pd.DataFrame:
    """Return the packed rows of `arm` of that version, of the tasks whose name matches `tasks`.

    Raises:
        UserError: there are none, or the version is no source's, or the present one.
    """
    if not OURS.fullmatch(version):
        raise UserError(f"{arm!r} has no version of our own source.", hint="Name our own arm.")
    if version == open_arm(arm).version:
        raise UserError("That commit has the source of this one: nothing is to be shown.")
    packed = results.packed(suite)
    rows = packed[(packed.arm == arm) & (packed.error == "") & (packed.version == version)]
    rows = rows[[bool(re.search(tasks, task)) for task in rows.task]]
    if not len(rows):
        raise UserError(f"Of {arm!r}, nothing in {suite!r} is of that commit ({version}).")
    return rows


def check(
    suite: str, arm: str, commit: str, runs: int, seed: int = 0, tasks: str = ""
) -> list[Difference]:
    """Repeat `runs` of the packed runs that are of `commit`; see above.

    Raises:
        UserError: there is nothing to compare with.
    """
    with tempfile.TemporaryDirectory() as folder:
        check_out(commit, Path(folder))
        (version,) = _elsewhere(Path(folder), arm, [])
        rows = older(suite, arm, str(version), tasks)
        every = _jobs(rows)
        picked = np.random.default_rng(seed).permutation(len(every))[:runs]
        jobs = [every[i] for i in picked]
        with ThreadPoolExecutor(2) as both:
            found = both.map(lambda at: _elsewhere(at, arm, jobs), (Path(folder), ROOT))
            different = _differences(jobs, *(runs[1:] for runs in found))
    if not different:
        _renew(suite, arm, rows, every)
        _note(suite, arm, commit, [str(version), tasks, seed], jobs, every)
    return different


def _elsewhere(root: Path, arm: str, jobs: Sequence[Job]) -> list[Any]:
    """Return the arm's version with the rooms under `root`, and what each job came to there."""
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-m", "benchmarks.same_source", arm]
    words = json.dumps([asdict(job) for job in jobs])
    done = subprocess.run(
        command,
        cwd=root,
        env=environment,
        input=words,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _differences(
    jobs: Sequence[Job], before: Sequence[Any], now: Sequence[Any]
) -> list[Difference]:
    found = []
    for job, (old, _), (new, error) in zip(jobs, before, now, strict=True):
        if error or old != new:
            same = [a == b for a, b in zip(old, new, strict=False)]
            found.append(Difference(job, same.index(False) if False in same else len(same), error))
    return found


def _jobs(rows: pd.DataFrame) -> list[Job]:
    there = rows.groupby(["arm", "task", "seed"]).trial.count().reset_index()
    return [Job(r.arm, r.task, int(r.seed), int(r.trial)) for r in there.itertuples()]


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
    commit: str,
    drawn: Sequence[Any],
    jobs: Sequence[Job],
    every: Sequence[Job],
) -> None:
    file = results.ROOT / "same_source.json"
    notes = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    about = dict(zip(("from", "tasks", "seed"), drawn, strict=True))
    about |= {"suite": suite, "arm": arm, "commit": commit, "to": open_arm(arm).version}
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


def main() -> None:
    """Run the jobs on stdin; print the arm's version, and per job what was observed and failed."""
    found: list[Any] = [open_arm(sys.argv[1]).version]
    for job in json.load(sys.stdin):
        outcome = run(Job(**job))
        found.append([[str(v) for v in outcome.observed], outcome.error])
    print(json.dumps(found))


if __name__ == "__main__":
    main()

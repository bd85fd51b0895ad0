"""Runs the jobs of a suite over processes with one thread each; what is there is not run again."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks import results
from benchmarks.protocol import Job, Run, key_of, run
from benchmarks.suites import Suite

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
console = Console(stderr=True)


def jobs_of(suite: Suite, arms: Sequence[str], seeds: int = 0, trials: int = 0) -> list[Job]:
    """Return all jobs: arms alternate innermost, so that an interrupted suite compares fairly.

    `seeds` and `trials`: instead of the suite's own numbers, where they are not 0.
    """
    sizes = {(a, t): suite.size(a, t) for a in arms for t in suite.tasks}
    return [
        Job(arm, task, seed, trials or sizes[arm, task][1])
        for seed in range(seeds or suite.seeds)
        for task in suite.tasks
        for arm in arms
        if seed < (seeds or sizes[arm, task][0])
    ]


def missing(suite: str, jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs that have no result of this version yet, in this suite or another."""
    keys = {job: key_of(job) for job in jobs}
    there = results.done(suite)
    lacking = {keys[job]: job.trials for job in jobs if there.get(keys[job], 0) < job.trials}
    if lacking and (found := results.borrow(suite, lacking)):
        console.print(f"{found} runs are another suite's already.")
        there = results.done(suite)
    return [job for job in jobs if there.get(keys[job], 0) < job.trials]


def run_all(suite: str, jobs: Sequence[Job], workers: int) -> int:
    """Run `jobs`, note each as it ends, and return how many arms' runs failed."""
    for name in THREADS:
        os.environ[name] = "1"
    failed = 0
    with _progress() as progress:
        bar = progress.add_task(suite, total=len(jobs))
        for outcome in _outcomes(jobs, workers):
            results.note(suite, outcome)
            if outcome.error:
                failed += 1
                progress.console.print(f"{outcome.arm} on {outcome.task}: {outcome.error}")
            progress.update(bar, advance=1, description=f"{outcome.arm} · {outcome.task}")
    return failed


def _outcomes(jobs: Sequence[Job], workers: int) -> Iterator[Run]:
    if workers <= 1:
        yield from map(run, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = [pool.submit(run, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )

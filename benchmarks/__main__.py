"""`python -m benchmarks run | report | compare | tasks | reference`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command("run")
def run_suite(
    suite: Annotated[
        str, typer.Option(help="Name of the suite, see benchmarks/suites.py.")
    ] = "quick",
    arms: Annotated[
        str, typer.Option(help="Arms, separated by commas; default: the suite's.")
    ] = "",
    seeds: Annotated[int, typer.Option(help="Number of seeds; 0: the suite's.")] = 0,
    trials: Annotated[int, typer.Option(help="Evaluations per run; 0: the suite's.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes; 0: one per core.")] = 0,
) -> None:
    """Run what is missing of a suite, then pack the results. Interrupt and resume at will."""
    from benchmarks import results, runner
    from benchmarks.suites import SUITES

    chosen = SUITES[suite]
    names = [a.strip() for a in arms.split(",") if a.strip()] or list(chosen.arms)
    jobs = runner.jobs_of(chosen, names, seeds or chosen.seeds, trials or chosen.trials)
    todo = runner.missing(suite, jobs)
    runner.console.print(f"{len(jobs) - len(todo)} of {len(jobs)} runs are there already.")
    failed = runner.run_all(suite, todo, workers or os.cpu_count() or 1)
    frame = results.pack(suite)
    runner.console.print(
        f"{frame.key.nunique()} runs in benchmarks/results/{suite}; {failed} failed."
    )


@app.command()
def report(
    suite: Annotated[str, typer.Argument(help="A suite that was run.")] = "quick",
    arms: Annotated[str, typer.Option(help="Arms, with commas; default: all with results.")] = "",
) -> None:
    """Write the tables and the figure of a suite beside its results."""
    from benchmarks import report as made

    typer.echo(made.write(suite, [a.strip() for a in arms.split(",") if a.strip()]))


@app.command()
def pack(suite: str = "quick") -> None:
    """Merge what has been run so far into the Parquet files."""
    from benchmarks import results

    typer.echo(f"{results.pack(suite).key.nunique()} runs")


@app.command()
def tasks() -> None:
    """List all tasks."""
    from benchmarks.tasks.registry import TASKS

    typer.echo("\n".join(TASKS))


@app.command()
def reference(draws: int = 300) -> None:
    """Measure best and median of the scikit-learn tasks that have no reference yet."""
    from benchmarks.tasks.bayesmark import make_reference

    make_reference(draws)


if __name__ == "__main__":
    app()

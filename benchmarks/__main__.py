"""`python -m benchmarks run | report | readme | compare | same | speed | tasks | pack | …`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.suites import Suite

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Arms = Annotated[str, typer.Option(help="Arms, with commas; default: the suite's.")]
Seeds = Annotated[int, typer.Option(help="Number of seeds; 0: the suite's.")]


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _suite(name: str) -> Suite:
    from benchmarks.suites import SUITES

    if name not in SUITES:
        raise typer.BadParameter(f"There is no suite {name!r}. There are: {', '.join(SUITES)}.")
    return SUITES[name]


def _known_arms(names: list[str]) -> list[str]:
    from benchmarks.arms.registry import ARMS

    for name in names:
        if name not in ARMS:
            raise typer.BadParameter(f"There is no arm {name!r}. There are: {', '.join(ARMS)}.")
    return names


@app.command("run")
def run_suite(
    suite: Annotated[str, typer.Option(help="A suite of benchmarks/suites.py.")] = "quick",
    arms: Arms = "",
    seeds: Seeds = 0,
    trials: Annotated[int, typer.Option(help="Evaluations per run; 0: the suite's.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes; 0: one per core.")] = 0,
    packed: Annotated[bool, typer.Option("--pack/--no-pack", help="Write Parquet files.")] = True,
) -> None:
    """Run what is missing of a suite, then pack the results. Interrupt and resume at will."""
    from benchmarks import results, runner

    chosen = _suite(suite)
    names = _known_arms(_names(arms)) or list(chosen.arms)
    jobs = runner.jobs_of(chosen, names, seeds, trials)
    todo = runner.missing(suite, jobs)
    runner.console.print(f"{len(jobs) - len(todo)} of {len(jobs)} runs are there already.")
    failed = runner.run_all(suite, todo, workers or os.cpu_count() or 1)
    runner.console.print(f"{failed} of {len(todo)} runs failed.")
    if packed:
        results.pack(suite)


@app.command()
def report(
    suite: Annotated[str, typer.Argument(help="A suite that was run.")] = "quick",
    arms: Arms = "",
    ours: Annotated[str, typer.Option(help="The arm to compare with all others.")] = "plaintune-gp",
) -> None:
    """Write the tables and the figures of a suite beside its results."""
    from benchmarks import report as made

    _said(lambda: made.write(suite, _names(arms), ours))


@app.command()
def readme(
    suite: Annotated[str, typer.Argument(help="A suite that was run and packed.")] = "full",
    arms: Arms = "",
) -> None:
    """Write the report and the README's section on a suite from the packed results."""
    from benchmarks import readme as made

    _said(lambda: made.write(suite, _names(arms)))


def _said(write: Callable[[], Path]) -> None:
    """Write a file and say which, or why not."""
    from prompts.errors import UserError

    try:
        typer.echo(write())
    except UserError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@app.command()
def speed(
    arms: Arms = "plaintune-gp,optuna-tpe,optuna-gp,botorch",
    largest: Annotated[int, typer.Option(help="Largest number of trials before.")] = 1000,
    repeats: Annotated[int, typer.Option(help="Suggestions timed per case.")] = 5,
) -> None:
    """Time suggestions after 10, 100, 1,000 trials; writes benchmarks/results/speed.csv."""
    from benchmarks.speed import SIZES, measure, table

    sizes = [n for n in SIZES if n <= largest]
    typer.echo(table(measure(_names(arms), sizes, repeats)))


@app.command()
def compare(
    old: str,
    new: str,
    suite: Annotated[str, typer.Option(help="What to compare on.")] = "guard",
    arm: Annotated[str, typer.Option(help="One of our own arms.")] = "plaintune-gp",
    seeds: Seeds = 0,
) -> None:
    """Run two commits of plaintune on the same work and say what changed."""
    from benchmarks.compare import compare as compared

    known = _suite(suite)
    typer.echo(compared(old, new, suite, _known_arms([arm])[0], seeds or known.seeds))


@app.command()
def pack(suite: Annotated[str, typer.Argument(help="What to pack.")] = "quick") -> None:
    """Merge what has been run so far into the Parquet files."""
    from benchmarks import results

    typer.echo(f"{results.pack(suite).key.nunique()} runs")


@app.command()
def same(
    commit: Annotated[str, typer.Argument(help="Whose source the packed results are of.")],
    suite: Annotated[str, typer.Option(help="Which packed results.")] = "full",
    arm: Annotated[str, typer.Option(help="One of our own arms.")] = "plaintune-gp",
    tasks: Annotated[str, typer.Option(help="Only tasks whose name matches this.")] = "",
    runs: Annotated[int, typer.Option(help="How many, drawn at random.", min=10)] = 60,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
) -> None:
    """Show that results of an earlier source are this one's too, so that they need no new runs."""
    from benchmarks import same_source

    _known_arms([arm])
    _suite(suite)
    different = same_source.check(suite, arm, commit, runs, seed, tasks)
    typer.echo(same_source.told(different))
    raise typer.Exit(1 if different else 0)


@app.command()
def tasks() -> None:
    """List all tasks."""
    from benchmarks.tasks.registry import TASKS

    typer.echo("\n".join(TASKS))


@app.command()
def reference(draws: int = 24) -> None:
    """Measure best and median of the tasks of unknown optimum that have no reference yet.

    The scikit-learn tasks had 300 draws.
    """
    from benchmarks.tasks.referenced import ReferencedTask, make_reference
    from benchmarks.tasks.registry import TASKS, open_task

    found = [open_task(name) for name in TASKS if not name.startswith("mo-")]
    make_reference([task for task in found if isinstance(task, ReferencedTask)], draws)


if __name__ == "__main__":
    app()

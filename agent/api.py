"""What Python users call: `plaintune.run("...", data=frame)` and `plaintune.plan("...")`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.clock import Clock
from agent.commands import Understood, Wishes, understand_source
from agent.lines import Lines
from agent.runs import Run, Setting, run_task
from agent.talk import Talk
from evals.task import Task
from prompts.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame


def plan(
    description: str,
    *,
    data: DataFrame | None = None,
    trials: int | None = None,
    seconds: float | None = None,
    seed: int | None = None,
    llm: str = "auto",
    model: str | None = None,
) -> Task:
    """Return the task that `description`, or the YAML file of that name, stands for.

    Raises:
        UserError: the task cannot be understood, or its data cannot be used.
    """
    _check_frame(data)
    talk = Talk(ask=False, llm=llm, model=model)
    wishes = Wishes(trials=trials, seconds=seconds, seed=seed)
    return understand_source(description, wishes, talk, Clock(), data).task


def run(
    task: str | Task,
    *,
    data: DataFrame | None = None,
    trials: int | None = None,
    seconds: float | None = None,
    stop_below_gain: float | None = None,
    seed: int | None = None,
    llm: str = "auto",
    model: str | None = None,
    storage: str | None = None,
    name: str | None = None,
    out: str | None = None,
    portfolio: bool = True,
    surrogate: str = "gp",
    context: str = "partial",
    log_values: bool = False,
    replicate: str = "off",
    transfer: Sequence[str] = (),
    workers: int | None = None,
    gpus: Sequence[str | int] | None = None,
    quiet: bool = False,
) -> Run:
    """Tune `task` (a description, a YAML file's name, or a `Task`) and return the finished run.

    `portfolio` lets the search begin with what did well on other tables. `stop_below_gain` ends it
    where no more than so much, in the objective's unit, is likely to be gained by going on.
    `surrogate` names what predicts (docs/search.md); `replicate` "auto" runs contenders again where
    noise decides between them; `transfer` names earlier studies to learn from, or ("auto",).
    `context` ("none", "partial", "full") says how much of the data the language model's first
    question tells, `log_values` whether it shows logarithms. `workers` trials run at a time, with
    the `gpus` (None: those that are found) dealt among them.

    `data` takes the place of the task's file and is kept, as Parquet, beside the run's other files.
    Progress goes to stderr, one line per trial, unless `quiet`.

    Raises:
        UserError: the task or its data cannot be used, or the study's name is taken.
    """
    _check_frame(data)
    clock = Clock()
    wishes = Wishes(trials, seconds, seed, stop_below_gain=stop_below_gain)
    talk = Talk(ask=False, llm=llm, model=model, quiet=quiet)
    if isinstance(task, Task):
        understood = Understood(wishes.applied(task), (), talk.language_model())
    else:
        understood = understand_source(task, wishes, talk, clock, data)
    setting = Setting(
        storage=storage,
        name=name,
        out=out,
        portfolio=portfolio,
        surrogate=surrogate,
        context=context,
        log_values=log_values,
        replicate=replicate,
        transfer=transfer,
        workers=workers,
        devices=None if gpus is None else [str(g) for g in gpus],
        frame=data,
        language_model=understood.language_model,
        llm=llm,
        model=model,
        listeners=() if quiet else (Lines(sys.stderr),),
        clock=clock,
    )
    return run_task(understood.task, setting, understood.calls)


def _check_frame(data: object) -> None:
    if data is None:
        return
    from pandas import DataFrame

    if not isinstance(data, DataFrame):
        raise DataError(
            f"data must be a pandas DataFrame, got {type(data).__name__}.",
            hint="Name a file in the description instead, or make one: pandas.DataFrame(...).",
        )

"""What Python users call: `plaintune.run("...", data=frame)`, `plaintune.plan("...")` and so on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.callbacks import Callback
from agent.clock import Clock
from agent.command_line import CommandLine, understand_command
from agent.commands import Understood, Wishes, understand_source
from agent.given import plain_options
from agent.lines import Lines
from agent.runs import Run, run_task, standing
from agent.runs import resume as resume_run
from agent.setting import Setting, check
from agent.store import Store
from agent.talk import USUAL, Talk
from evals.constraints import Decides, listed
from evals.task import Task
from prompts.errors import DataError, UserError

if TYPE_CHECKING:
    from pandas import DataFrame

Callbacks = Sequence[Callback] | Callback
Gpus = Sequence[str | int] | str | int | None


def plan(
    description: str,
    *,
    data: DataFrame | None = None,
    command: str | Sequence[str] | None = None,
    trials: int | None = None,
    seconds: float | None = None,
    seed: int | None = None,
    llm: str | None = "auto",
    model: str | None = None,
) -> Task:
    """Return the task that `description`, or the YAML file of that name, stands for.

    `command` is a program to tune ("python train.py"), `data` takes the place of the file.

    Raises:
        UserError: the task cannot be understood, or its data cannot be used.
    """
    talk = _talk(llm, model)
    wishes = Wishes(trials=trials, seconds=seconds, seed=seed)
    return _understood(description, command, _table(data), wishes, talk, Clock()).task


def run(
    task: str | Task,
    *,
    data: DataFrame | None = None,
    command: str | Sequence[str] | None = None,
    trials: int | None = None,
    seconds: float | None = None,
    stop_below_gain: float | None = None,
    constraints: Sequence[str | Decides] = (),
    seed: int | None = None,
    llm: str | None = "auto",
    model: str | None = None,
    storage: str | Path | None = None,
    name: str | None = None,
    out: str | Path | None = None,
    strategy: str = "hybrid",
    portfolio: bool = True,
    beliefs: bool = False,
    surrogate: str = "gp",
    acquisition: str = "logei",
    context: str = "partial",
    log_values: bool = False,
    replicate: str = "off",
    transfer: str | Sequence[str] = (),
    workers: int | None = None,
    gpus: Gpus = None,
    callbacks: Callbacks = (),
    quiet: bool = False,
) -> Run:
    """Tune `task` (a description, a YAML file's name, or a `Task`) and return the finished run.

    `strategy` names what proposes the trials (docs/search.md). `portfolio` lets the search begin
    with what did well on other tables; `beliefs` has the language model say beforehand where good
    values lie. `stop_below_gain` ends the search where no more than so much, in the objective's
    unit, is likely to be gained by going on. What `constraints` ("n_estimators * max_depth < 2000",
    or a function of parameters by their names) say no to is never tried. `surrogate` names what
    predicts, `acquisition` what makes of the predictions where to look next; `replicate` "auto"
    runs contenders again where noise decides between them; `transfer` names earlier studies to
    learn from, or ("auto",). `context` ("none", "partial", "full") says how much of the data the
    language model's first question tells, `log_values` whether it shows logarithms. `workers`
    trials run at a time, with the `gpus` (None: those that are found) dealt among them. Each of
    `callbacks` is called with the study and the trial after each trial: `study.best`, `.trials` and
    `.frame` are as they stand, `study.stop()` ends the search.

    `data` takes the place of the task's file and is kept, as Parquet, beside the run's other files;
    a named index is a column. `command` ("python train.py", or its words) is a program to tune
    towards what the description says. Progress goes to stderr, one line per trial, unless `quiet`.

    Raises:
        UserError: an option is wrong, the task or its data cannot be used, or the study's name is
            taken.
    """
    frame = _table(data)
    clock = Clock()
    wishes = Wishes(
        trials, seconds, seed, stop_below_gain=stop_below_gain, constraints=listed(constraints)
    )
    talk = _talk(llm, model, quiet)
    asked = {
        "storage": storage,
        "name": name,
        "out": out,
        "strategy": strategy,
        "portfolio": portfolio,
        "beliefs": beliefs,
        "surrogate": surrogate,
        "acquisition": acquisition,
        "context": context,
        "log_values": log_values,
        "replicate": replicate,
        "transfer": transfer,
        "workers": workers,
        "callbacks": callbacks,
    }
    setting = Setting(
        **plain_options(asked),
        devices=_devices(gpus),
        frame=frame,
        llm=talk.llm,
        model=talk.model,
        listeners=() if quiet else (Lines(sys.stderr),),
        clock=clock,
    )
    check(setting)
    understood = _understood(task, command, frame, wishes, talk, clock)
    workers = understood.workers if setting.workers is None else setting.workers
    setting = replace(setting, language_model=understood.language_model, workers=workers)
    return run_task(understood.task, setting, understood.calls)


def _understood(
    task: str | Task,
    command: str | Sequence[str] | None,
    frame: DataFrame | None,
    wishes: Wishes,
    talk: Talk,
    clock: Clock,
) -> Understood:
    if isinstance(task, Task):
        return Understood(wishes.applied(task), (), talk.language_model())
    if command is None:
        return understand_source(task, wishes, talk, clock, frame)
    if frame is not None:
        raise UserError(
            "A task is about a table (data=) or about a program (command=), not about both.",
            hint="Let the program read the table itself.",
        )
    return understand_command(task, CommandLine(_words(command)), wishes, talk, clock)


def _words(command: str | Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command) if isinstance(command, str) else map(str, command))
    except ValueError as error:
        raise UserError(
            f"The command {command!r} cannot be read: {error}.",
            hint="Give it as a list of words.",
        ) from error


def load(name: str, *, storage: str | Path | None = None) -> Run:
    """Return the study called `name` as it stands.

    Raises:
        StudyError: there is no such study.
    """
    return standing(Store.load(**plain_options({"name": name, "storage": storage})))


def resume(
    name: str,
    *,
    trials: int | None = None,
    seconds: float | None = None,
    stop_below_gain: float | None = None,
    constraints: Sequence[str | Decides] = (),
    llm: str | None = "auto",
    model: str | None = None,
    storage: str | Path | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    gpus: Gpus = None,
    callbacks: Callbacks = (),
    quiet: bool = False,
) -> Run:
    """Go on with the study called `name`, to a larger budget where one is given.

    `llm` "auto" is the language model that the study began with. `constraints` that are functions
    are given again: no database holds them. A study of a Python function goes on with
    `tune(function, name=...)`.

    Raises:
        UserError: there is no such study, or it tunes a function.
    """
    found = plain_options({"name": name, "storage": storage})
    talk = _talk(llm, model, quiet)
    talk = replace(talk, llm=None if talk.llm == USUAL else talk.llm).about(Store.load(**found))
    wishes = Wishes(trials, seconds, stop_below_gain=stop_below_gain)
    setting = Setting(
        storage=found["storage"],
        **plain_options({"out": out, "workers": workers, "callbacks": callbacks}),
        devices=_devices(gpus),
        language_model=talk.language_model(),
        listeners=() if quiet else (Lines(sys.stderr),),
    )

    def changed(before: Task) -> Task:
        here = before.space.read_constraints(listed(constraints))
        return wishes.applied(before.bound(here))

    return resume_run(name, setting, changed)


def _talk(llm: str | None, model: str | None, quiet: bool = False) -> Talk:
    return Talk(ask=False, quiet=quiet, **plain_options({"llm": llm, "model": model}))


def _devices(gpus: Gpus) -> list[str] | None:
    found: list[str] | None = plain_options({"gpus": gpus})["gpus"]
    return found


def _table(data: object) -> DataFrame | None:
    """Return `data` with its named indices as columns, which they are to everybody but pandas."""
    if data is None:
        return None
    from pandas import DataFrame

    from evals.dressed import of_one_kind, storable

    if not isinstance(data, DataFrame):
        raise DataError(
            f"data must be a pandas DataFrame, got {type(data).__name__}.",
            hint="Name a file in the description instead, or make one: pandas.DataFrame(...).",
        )
    named = [n for n in data.index.names if n is not None and n not in data.columns]
    frame = data.reset_index(level=named) if named else data
    # In a file every name is text, and so the words of a description find it.
    frame = frame.set_axis(_column_names(frame), axis="columns")
    if twice := list(frame.columns[frame.columns.duplicated()]):
        raise DataError(
            f"data has several columns called {twice[0]!r}.",
            hint="Give each column a name of its own.",
        )
    return of_one_kind(storable(frame))


def _column_names(frame: DataFrame) -> list[str]:
    """Return the columns' names as text; those of several levels are joined: "price_mean"."""
    if frame.columns.nlevels == 1:
        return [str(c) for c in frame.columns]
    return ["_".join(str(part) for part in c if str(part)) for c in frame.columns]

"""What the commands do. The faces are chosen here: live view, plain lines, JSON."""

from __future__ import annotations

import json as json_module
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.clock import Clock
from agent.events import Listener, TaskUnderstood
from agent.exits import say
from agent.goals import part_of_task
from agent.llm_budget import limits_in
from agent.recording import RecordingModel
from agent.signals import Interrupted
from agent.talk import Talk
from evals.constraints import Decides
from evals.task import Budget, Source, Task
from evals.trials import Trial
from prompts.calls import CallRecord
from prompts.chat import LanguageModel
from prompts.errors import PlaintuneError, UserError

if TYPE_CHECKING:
    from pandas import DataFrame

    from agent.command_line import CommandLine
    from agent.runs import Run
    from agent.setting import Setting

YAML = (".yaml", ".yml")
NOT_KEPT = (
    "No study was begun, and what was read of your words is not kept. Give the same command again, "
    "or keep the reading: `plaintune plan … > task.yaml`, then `plaintune run task.yaml`."
)


@dataclass(frozen=True)
class Wishes:
    """What options say about the task; they win over its words.

    `constraints` are expressions or functions (`evals.constraints`) beside those of the words.
    """

    trials: int | None = None
    seconds: float | None = None
    seed: int | None = None
    llm_budget: str = ""
    stop_below_gain: float | None = None
    constraints: Sequence[str | Decides] = ()

    def __post_init__(self) -> None:
        """Refuse a wrong budget now, and not after a language model was asked."""
        part_of_task(Budget, self._budget)
        if self.llm_budget:
            limits_in(self.llm_budget)

    @property
    def _budget(self) -> dict[str, float]:
        names = ("trials", "seconds", "stop_below_gain")
        return {n: v for n in names if (v := getattr(self, n)) is not None}

    def applied(self, task: Task) -> Task:
        """Return `task` with these wishes in it, and their source."""
        given = self._budget
        content = task.model_dump(mode="json")
        content["budget"] |= given
        sources = {f"budget.{k}": f"--{k.replace('_', '-')} {v:g}" for k, v in given.items()}
        for name, limit in (limits_in(self.llm_budget) if self.llm_budget else {}).items():
            content["budget"][name] = limit
            sources[f"budget.{name}"] = f'--llm-budget "{self.llm_budget}"'
        if self.seed is not None:
            content["seed"] = self.seed
            sources["seed"] = f"--seed {self.seed}"
        for field, quote in sources.items():
            content["sources"][field] = Source(origin="your words", quote=quote).model_dump()
        changed = Task.checked(content, "the task with these options").bound(task.space.constraints)
        space = changed.space.constrained(_spread(self.constraints, changed.space.names))
        return changed.model_copy(update={"space": space})


def _spread(constraints: Sequence[str | Decides], names: Sequence[str]) -> list[str | Decides]:
    """Return the constraints, those in words once for each of several models they are about."""
    from evals.spaces import in_families

    found: list[str | Decides] = []
    for given in constraints:
        found += in_families(given, names) if isinstance(given, str) else [given]
    return found


@dataclass(frozen=True)
class Understood:
    """A task, the calls by which it was understood, and the model that was asked.

    `workers` says how many trials are to run at a time, None where nothing does.
    """

    task: Task
    calls: tuple[CallRecord, ...]
    language_model: LanguageModel | None
    workers: int | None = None


def run(
    source: str, wishes: Wishes, talk: Talk, setting: Setting, line: CommandLine | None = None
) -> None:
    """Understand, search, conclude."""
    from agent.runs import run_task
    from agent.setting import check

    clock = setting.clock
    check(setting)
    try:
        understood = _understand(source, line, wishes, talk, clock)
    except Interrupted as end:
        end.add_note(NOT_KEPT)
        raise
    present(understood.task)
    with _face() as listener:
        model = understood.language_model
        workers = understood.workers if setting.workers is None else setting.workers
        setting = replace(setting, language_model=model, listeners=[listener], workers=workers)
        listener(TaskUnderstood(understood.task, clock.seconds.get("understanding", 0.0)))
        finished = run_task(understood.task, setting, understood.calls)
    _finish(finished, talk, setting.storage)


def resume(
    study: str,
    wishes: Wishes,
    talk: Talk,
    *,
    storage: str | None = None,
    out: str | None = None,
    workers: int | None = None,
    devices: Sequence[str] | None = None,
) -> None:
    """Go on with a study."""
    from agent.runs import resume as go_on
    from agent.setting import Setting
    from agent.store import Store

    talk = talk.about(Store.load(study, storage))
    with _face() as listener:
        setting = Setting(
            storage=storage,
            out=out,
            language_model=talk.language_model(),
            listeners=[listener],
            workers=workers,
            devices=devices,
        )
        finished = go_on(study, setting, wishes.applied)
    _finish(finished, talk, storage)


def steer(study: str, words: str, talk: Talk, *, storage: str | None = None) -> None:
    """Change how a study goes on."""
    from agent.steering import steer as take_up

    found = take_up(study, words, talk, storage, yes=not talk.ask)
    if talk.json:
        _print_json(found.model_dump(mode="json"))


def listed(words: str | None) -> list[str] | None:
    """Return the words between commas; None where nothing was said."""
    return None if words is None else [w for part in words.split(",") if (w := part.strip())]


def _understand(
    source: str, line: CommandLine | None, wishes: Wishes, talk: Talk, clock: Clock
) -> Understood:
    if line is None:
        return understand_source(source, wishes, talk, clock)
    from agent.command_line import understand_command

    return understand_command(source, line, wishes, talk, clock)


def plan(source: str, wishes: Wishes, talk: Talk, line: CommandLine | None = None) -> None:
    """Print the task."""
    task = _understand(source, line, wishes, talk, Clock()).task
    for sentence in (*task.assumptions, *task.questions):
        say(sentence)
    if talk.json:
        from agent.intake.show import plan_json

        _print_json(plan_json(task))
    else:
        print(task.to_yaml(), end="")


def suggest(source: str, count: int, wishes: Wishes, talk: Talk) -> None:
    """Print configurations to try."""
    from agent.study_view import configuration
    from agent.suggesting import suggestions

    if count < 1:
        raise UserError(f"-n must be at least 1, got {count}.")
    understood = understand_source(source, wishes, talk, Clock())
    found = suggestions(understood.task, count, understood.language_model, notify=say)
    if talk.json:
        rows = [{"config": s.config, "origin": s.origin, "rationale": s.rationale} for s in found]
        _print_json(rows)
        return
    for i, suggestion in enumerate(found):
        reason = f"\n   {suggestion.rationale}" if suggestion.rationale else ""
        print(f"{i + 1}. {configuration(Trial(i, suggestion))}  [{suggestion.origin}]{reason}")


def list_studies(storage: str | None, *, as_json: bool) -> None:
    """Print the studies of a database."""
    from agent.database import place, storage_url
    from agent.showing import list_line
    from agent.store import Store

    names = Store.names(storage)
    rows = list(_rows(names, storage))
    if as_json:
        _print_json(rows)
    elif not names:
        say(f"No studies in {place(storage_url(storage))}. Begin one with `plaintune run`.")
    elif rows:
        print(*map(list_line, rows), sep="\n")


def _rows(names: Sequence[str], storage: str | None) -> Iterator[dict[str, Any]]:
    """Yield a row for each study; one that cannot be read is told, and does not hide the others."""
    from agent.runs import standing
    from agent.showing import list_row
    from agent.store import Store

    for name in names:
        try:
            yield list_row(standing(Store.load(name, storage)))
        except PlaintuneError as error:
            say(f"{name} is not listed. {' '.join(str(error).split())}")


def show(study: str, storage: str | None, *, as_json: bool) -> None:
    """Print a study."""
    from agent.runs import standing
    from agent.showing import run_json
    from agent.showing import show as show_parts
    from agent.store import Store
    from agent.summary import summary, trial_table

    found = standing(Store.load(study, storage))
    if as_json:
        _print_json(run_json(found))
    else:
        show_parts(trial_table(found), "", summary(found, found.directory))


def report(study: str, storage: str | None, out: str | None) -> None:
    """Write a study's report again and print where it is."""
    from agent import runs
    from agent.store import Store
    from agent.workspace import study_directory

    found = runs.standing(Store.load(study, storage))
    print(runs.report(found, study_directory(study, out or str(found.directory))))


def understand_source(
    source: str, wishes: Wishes, talk: Talk, clock: Clock, frame: DataFrame | None = None
) -> Understood:
    """Return the task that `source`, a description or a YAML file, stands for.

    Without a table of its own (`frame`), it may be about a program that it names.
    """
    from agent.command_line import CommandLine, understand_command

    path = source.strip()
    if path.lower().endswith(YAML) and (len(path.split()) == 1 or Path(path).is_file()):
        task = wishes.applied(_read_task(Path(path)))
        return Understood(task, (), talk.language_model())
    if frame is None and (line := CommandLine.checked(None, source, talk.say)):
        return understand_command(source, line, wishes, talk, clock)
    from agent.intake.understand import understand

    with clock("understanding"):
        talk.say("Reading the description …")
        model = talk.language_model()
        recorder = RecordingModel(model, "understand") if model else None
        task = understand(
            source,
            directory=Path.cwd(),
            language_model=recorder,
            frame=frame,
            ask=_asker() if talk.interactive else None,
            notify=talk.say,
            budgeted=not (wishes.trials is None and wishes.seconds is None),
        )
    calls = tuple(recorder.calls) if recorder else ()
    return Understood(wishes.applied(task), calls, model)


def present(task: Task) -> None:
    """Show the task as understood, field by field with its source, on stderr."""
    from agent.intake.show import fields, task_table

    if sys.stderr.isatty():
        from rich.console import Console

        Console(stderr=True, highlight=False).print(task_table(task))
    else:
        for name, value in fields(task):
            say(f"{name}: {value}")
    for sentence in (*task.assumptions, *task.questions):
        say(sentence)


def _read_task(path: Path) -> Task:
    try:
        return Task.from_yaml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        hint = "`plaintune plan` makes one."
        raise UserError(f"The task {path} cannot be read: {reason}.", hint=hint) from error


def _asker() -> Callable[[Any], str]:
    from agent.asking import ask

    return ask


def _face() -> AbstractContextManager[Listener]:
    """Return the live view on a terminal, else plain lines, both on stderr."""
    from agent.lines import Lines

    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return nullcontext(Lines(sys.stderr))
    from rich.console import Console

    from agent.live import LiveView

    return LiveView(Console(stderr=True, highlight=False))


def _finish(finished: Run, talk: Talk, storage: str | None) -> None:
    from agent.database import storage_option
    from agent.showing import run_json, show
    from agent.summary import summary

    if talk.json:
        _print_json(run_json(finished))
    else:
        show(summary(finished, finished.directory))
    if finished.best is None:
        study = f"{finished.name}{storage_option(storage)}"
        raise PlaintuneError(
            f"No configuration of {finished.name} completed.",
            hint=f"See why: `plaintune show {study}`. Once that is mended, go on with "
            f"`plaintune resume {study}`.",
        )


def _print_json(value: Any) -> None:
    ascii_only = not (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    print(json_module.dumps(value, indent=2, ensure_ascii=ascii_only, default=str))

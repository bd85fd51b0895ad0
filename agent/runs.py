"""A whole run, from a task to a tuned model, a test score and a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from acquisition.registry import check_several
from agent import remembered
from agent.callbacks import Calling
from agent.conclude import Finisher, conclude
from agent.confirm import RESERVED
from agent.database import place, storage_option
from agent.events import RunFinished, RunStarted
from agent.limits import Limits
from agent.opening import check_opening, opening_of
from agent.outcome import Outcome
from agent.rivals import rivals_note
from agent.setting import Setting, check, check_asked
from agent.signals import Interrupted
from agent.store import Store
from agent.study_view import StudyView
from agent.threads import one_thread
from agent.transfer import Known, chosen, none_found, worth
from agent.workers import spread
from agent.workspace import RUNS, checked_name, fresh_study, kept, study_directory
from evals.constraints import check_here
from evals.task import Task
from prompts.calls import CallRecord
from prompts.errors import PlaintuneError, StudyError, UserError

if TYPE_CHECKING:
    from pandas import DataFrame

    from evals.evaluator import Evaluator
    from surrogates.transfer import Earlier

OUTCOME = "plaintune:outcome"
TASK_FILE = "task.yaml"
REPORT_FILE = "report.html"


@runtime_checkable
class Closable(Protocol):
    """Something that holds processes or files until it is closed."""

    def close(self) -> None:
        """Let go of them."""


@dataclass(frozen=True)
class Run(StudyView):
    """A study at the end of a run; `directory` holds `outcome.files`."""

    directory: Path = Path(RUNS)

    def _repr_html_(self) -> str:
        """Return the end of the run for a notebook, which asks for it under this name."""
        from agent.showing import run_html

        return run_html(self)


def begin(task: Task, setting: Setting, calls: Sequence[CallRecord] = ()) -> tuple[Store, Path]:
    """Create a study and write its task to YAML, before anything runs.

    `calls` are those by which the task was understood.

    Raises:
        UserError: as `check` says, or a language model is needed and there is none.
        StudyError: the name is taken, an earlier study is not there, or the database or the
            directory cannot be written.
    """
    check(setting)
    check_asked(setting)
    check_several(task, setting.acquisition)
    known = chosen(task, setting.transfer, setting.storage) if setting.transfer else Known()
    check_opening(task, setting.context)
    if setting.name is None:
        name, directory = fresh_study(task, Store.names(setting.storage), setting.out)
    else:
        name = checked_name(setting.name)
        directory = study_directory(name, setting.out)
    with kept(setting.frame, task, directory) as task:
        store = Store.create(task, name, setting.storage)
    remembered.remember(store, setting, directory, known.studies)
    task.save(directory / TASK_FILE)
    for call in calls:
        store.record_call(call)
    return store, directory


def run_task(task: Task, setting: Setting, calls: Sequence[CallRecord] = ()) -> Run:
    """Tune `task` in a new study; see `begin` and `go_on`."""
    check_here(task.space.constraints)
    with setting.clock("reading the data"):
        evaluator = setting.evaluator or _evaluator(task, setting.frame)
    store, directory = begin(task, setting, calls)
    setting = replace(setting, constraints=task.space.constraints)
    return go_on(store, directory, setting, evaluator)


def resume(name: str, setting: Setting, change: Callable[[Task], Task] = lambda task: task) -> Run:
    """Go on with a study, its task changed by `change` (a larger budget, for example).

    Raises:
        StudyError: there is no such study.
    """
    store = Store.load(name, setting.storage)
    before = store.task
    task = change(before)
    check_here(task.space.constraints)
    if task != before:
        store.save_task(task)
    setting = replace(setting, constraints=task.space.constraints)
    known = store.study_attributes().get(remembered.DIRECTORY)
    directory = study_directory(name, setting.out or known)
    task.save(directory / TASK_FILE)
    with setting.clock("reading the data"):
        evaluator = setting.evaluator or _evaluator(task)
    return go_on(store, directory, setting, evaluator)


def go_on(store: Store, directory: Path, setting: Setting, evaluator: Evaluator) -> Run:
    """Run a study's trials until its budget is used up, then test and save the best.

    Raises:
        PlaintuneError: the database fails for good. What was stored before stays, and `resume`
            goes on from there. Its notes say how, as those of a `KeyboardInterrupt` do.
    """
    task = store.task.bound(setting.constraints)
    store.notify = setting.note
    setting.emit(RunStarted(task, store.name, tuple(store.trials()), str(directory)))
    for note in getattr(evaluator, "notes", ()):
        setting.note(note)
    try:
        with _closing(evaluator):
            return _search(task, store, evaluator, directory, setting)
    except (KeyboardInterrupt, Interrupted, PlaintuneError) as end:
        end.add_note(f"Go on with: {_again(task, store.name, setting.storage)}")
        raise


def _search(
    task: Task, store: Store, evaluator: Evaluator, directory: Path, setting: Setting
) -> Run:
    from agent.loop import Agent
    from agent.strategies import open_strategy

    clock = setting.clock
    attributes = store.study_attributes()
    strategy = attributes.get(remembered.STRATEGY, setting.strategy)
    # A study that does not say so began before there was a portfolio, and goes on as it began.
    portfolio = bool(attributes.get(remembered.PORTFOLIO, False))
    knowledge = _knowledge(task, evaluator) if portfolio else {}
    if setting.beliefs and not store.trials():
        task = _believing(task, store, setting, knowledge.get("card"))
    count = (
        int(attributes.get(remembered.WORKERS, 1)) if setting.workers is None else setting.workers
    )
    devices = attributes.get(remembered.DEVICES) if setting.devices is None else setting.devices
    workers = spread(evaluator, count, devices)
    designer, adviser = open_strategy(
        strategy,
        task,
        setting.language_model,
        log=store,
        notify=setting.note,
        portfolio=portfolio,
        surrogate=str(attributes.get(remembered.SURROGATE, "gp")),
        acquisition=str(attributes.get(remembered.ACQUISITION, "logei")),
        replicate=str(attributes.get(remembered.REPLICATE, "off")),
        transfer=_earlier(store, setting),
        opening=opening_of(attributes, evaluator),
        **knowledge,
    )
    agent = Agent(
        task,
        store=store,
        designer=designer,
        evaluator=evaluator,
        adviser=adviser,
        listeners=setting.listeners,
    )
    if setting.callbacks:
        agent.listeners += (Calling(agent, setting.callbacks),)
    limits = Limits.after(task.budget, store.trials(), clock.elapsed)
    try:
        with clock("training"):
            elapsed = clock.elapsed + _kept_back(task, evaluator)
            stopped = agent.run(elapsed=elapsed, workers=workers)
    finally:
        if adviser:
            adviser.close()
    clock.add("choosing", agent.waited)
    clock.add("training", -agent.waited)
    failure = agent.prospects.failure
    todo = (_mend(task, store, setting, failure),) if failure else ()
    return _finish(store, evaluator, directory, stopped, limits, setting, todo)


def _mend(task: Task, store: Store, setting: Setting, failure: str) -> str:
    """Say what to do about trials that all fail for one reason."""
    again = _again(task, store.name, setting.storage)
    metric = next((o.metric for o in task.objectives if f"no {o.metric!r}" in failure), "")
    first = (
        f"Have it give a score called {metric}, or begin anew with the name of one that it gives; "
        "mended, the study goes"
        if metric
        else "Mended, the study goes"
    )
    return f"{first} on with `{again}`: your default is tried again first."


def _again(task: Task, name: str, storage: str | None) -> str:
    """Return what to type to go on with a study."""
    if task.evaluator != "function":
        return f"plaintune resume {name}{storage_option(storage)}"
    where = f", storage={place(storage) if '://' in storage else storage!r}" if storage else ""
    return f"plaintune.tune(function, name={name!r}{where})"


def _earlier(store: Store, setting: Setting) -> tuple[Earlier, ...]:
    """Return the earlier studies that this one learns from, and name them."""
    known = Known(store.study_attributes().get(remembered.TRANSFER, {}))
    if known.studies:
        setting.note(f"Learning from earlier studies: {known.words}.")
    elif setting.transfer:
        setting.note(none_found(setting.storage))
    return known.earlier(setting.storage)


def _believing(task: Task, store: Store, setting: Setting, card: Mapping[str, str] | None) -> Task:
    """Ask the language model for its beliefs and record them in the study's task."""
    from agent.beliefs import beliefs
    from evals.steering import steered

    if setting.language_model is None:
        raise UserError("Beliefs need a language model.", hint="Leave `--llm none` out.")
    with setting.clock("asking for beliefs"):
        found = beliefs(task, setting.language_model, log=store, notify=setting.note, card=card)
    if not found.meaning:
        return task
    setting.note(f"The language model believes: {found.meaning}.")
    task = steered(task, found)
    store.save_task(task)
    return task


def _kept_back(task: Task, evaluator: Evaluator) -> float:
    """Return the seconds that the search leaves for running the best again."""
    once = isinstance(evaluator, Finisher) and not getattr(evaluator, "repeats", 0)
    if once or task.budget.seconds is None:
        return 0.0
    return RESERVED * task.budget.seconds


def _knowledge(task: Task, evaluator: Evaluator) -> dict[str, Any]:
    """Return what the language model is told of the table, and of what did well on others."""
    from acquisition.examples import knowledge
    from evals.evaluators.tabular import TabularEvaluator

    if not isinstance(evaluator, TabularEvaluator) or task.data is None:
        return {}
    return knowledge(task, evaluator.dataset)


def _finish(
    store: Store,
    evaluator: Evaluator,
    directory: Path,
    stopped: str,
    limits: Limits,
    setting: Setting,
    todo: tuple[str, ...] = (),
) -> Run:
    clock = setting.clock
    next_ = " Testing and saving the best configuration." if isinstance(evaluator, Finisher) else ""
    setting.note(f"The search is over: {stopped}.{next_}")
    task, trials = store.task.bound(setting.constraints), store.trials()
    outcome = conclude(
        task,
        trials,
        evaluator,
        directory,
        clock,
        seconds_left=limits.seconds_left,
        notify=setting.note,
    )
    attributes = store.study_attributes()
    known = Known(attributes.get(remembered.TRANSFER, {}))
    transfer = tuple(worth(known, setting.storage, task, trials))
    surrogate = str(attributes.get(remembered.SURROGATE, "gp"))
    files = {"task": TASK_FILE, **outcome.files, "report": REPORT_FILE}
    outcome = outcome.model_copy(
        update={
            "stopped": stopped,
            "files": files,
            "seconds": dict(clock.seconds),
            "transfer": transfer,
            "notes": outcome.notes + todo + rivals_note(surrogate, task, trials),
        }
    )
    store.set_study_attribute(OUTCOME, outcome.model_dump(mode="json"))
    run = standing(store)
    with clock("writing the report"):
        report(run, directory)
    outcome = outcome.model_copy(update={"seconds": dict(clock.seconds)})
    store.set_study_attribute(OUTCOME, outcome.model_dump(mode="json"))
    run = replace(run, outcome=outcome)
    finished = RunFinished(run.task, run.name, tuple(run.trials), run.best, outcome, str(directory))
    setting.emit(finished)
    return run


def standing(store: Store) -> Run:
    """Return a study as it stands, without running anything.

    Raises:
        PlaintuneError: what is stored cannot be read.
    """
    try:
        return _standing(store)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise StudyError(
            f"The study {store.name} cannot be read: {reason}.",
            hint="Perhaps another version of plaintune wrote it.",
        ) from error


def _standing(store: Store) -> Run:
    attributes = store.study_attributes()
    return Run(
        name=store.name,
        task=store.task,
        trials=tuple(store.trials()),
        calls=tuple(store.calls()),
        outcome=Outcome.model_validate(attributes.get(OUTCOME, {})),
        directory=Path(attributes.get(remembered.DIRECTORY, RUNS)),
    )


def report(run: Run, directory: Path) -> Path:
    """Write a study's report into `directory` and return its path."""
    from agent.report import write_report

    snippet = run.directory / run.outcome.files.get("snippet", "")
    text = snippet.read_text(encoding="utf-8") if snippet.is_file() else ""
    with one_thread():
        return write_report(run, directory / REPORT_FILE, text)


def _closing(evaluator: Evaluator) -> AbstractContextManager[object]:
    """End what the evaluator started, where it started anything."""
    return closing(evaluator) if isinstance(evaluator, Closable) else nullcontext()


def _evaluator(task: Task, frame: DataFrame | None = None) -> Evaluator:
    from evals.evaluators.registry import build_evaluator

    evaluator: Evaluator = build_evaluator(task, frame)
    return evaluator

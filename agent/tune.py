"""`plaintune.tune(train, "get val_loss as low as possible in 20 minutes")`: any Python function."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from agent.callbacks import Callback
from agent.clock import Clock
from agent.command_line import show_space
from agent.commands import Wishes
from agent.given import plain_options
from agent.goals import Goal, read_goal
from agent.lines import Lines
from agent.opening import CONTEXT, LOG_VALUES
from agent.programs import function_task
from agent.remembered import ACQUISITION, REPLICATE, STRATEGY, SURROGATE
from agent.runs import Run, run_task
from agent.runs import resume as resume_run
from agent.same_ranges import other_ranges
from agent.setting import Setting, check
from agent.store import Store
from agent.talk import USUAL, Talk, language_model_of
from evals.constraints import Constraint, Decides, listed, unknown
from evals.evaluators.forked_threads import ONE_THREAD
from evals.evaluators.function import FunctionEvaluator, nursery_for, one_at_a_time
from evals.evaluators.process import Nursery
from evals.parameters import Categorical, Float, Int, Ordinal, Parameter, Scalar
from evals.proposals import renamed
from evals.signature import read_function
from evals.space import SearchSpace
from evals.task import Objective, Program, Task
from prompts.errors import InvalidTaskError, StudyError, UserError

if TYPE_CHECKING:
    from prompts.chat import LanguageModel

KEPT = ("strategy", "surrogate", "acquisition", "replicate", "context", "log_values")
"""Options that a study keeps from its beginning."""
SCORE = "score"
"""What the one number that a function returns is called where the goal does not say."""
LEAST_MEMORY = 2**24
"""Bytes that every Python process needs; who gives fewer means another unit."""
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Options:
    """How a function is tuned, beside its goal.

    `metric` and `direction` ("minimize", "maximize") win over the goal's words, `space` (parameters
    by name) over what the function declares; `fixed` arguments keep these values; what
    `constraints` ("lr * layers < 2", or a Python function of parameters by their names) say no to
    is never tried. The search ends early where no more than `stop_below_gain` is likely to be
    gained; `replicate` "auto" runs contenders again, with other seeds, where noise decides between
    them; `surrogate` names what predicts, `acquisition` what makes of the predictions where to look
    next, `transfer` earlier studies to learn from, or ("auto",). `isolated` gives each trial a
    process of its own, with at most `memory` bytes and `cpu_seconds` of processor time. `workers`
    trials run at a time, with the `gpus` (None: those that are found) dealt among them. Each of
    `callbacks` is called with the study and the trial after each trial (`agent.callbacks`). `llm`,
    `model`, `context`, `log_values` and `beliefs` (asked for in a new study) are those of
    `plaintune run`. A study called `name` that exists is resumed as it began: goal and options may
    give it a larger budget, other limits and another language model, no more.
    """

    trials: int | None = None
    seconds: float | None = None
    stop_below_gain: float | None = None
    metric: str | None = None
    direction: str | None = None
    space: SearchSpace | Mapping[str, Parameter] | None = None
    fixed: Mapping[str, Scalar] = field(default_factory=dict)
    constraints: Sequence[str | Decides] = ()
    seed: int | None = None
    isolated: bool = True
    memory: int | None = None
    cpu_seconds: int | None = None
    workers: int | None = None
    gpus: Sequence[str] | None = None
    llm: str = "auto"
    model: str | None = None
    strategy: str = "hybrid"
    surrogate: str = "gp"
    acquisition: str = "logei"
    context: str = "partial"
    log_values: bool = False
    beliefs: bool = False
    replicate: str = "off"
    transfer: Sequence[str] = ()
    storage: str | None = None
    name: str | None = None
    out: str | None = None
    callbacks: Sequence[Callback] = ()
    quiet: bool = False


def tune(function: Callable[..., Any], goal: str = "", **options: Any) -> Run:
    """Tune the arguments of `function` towards `goal`, and return the finished run.

    Keyword arguments are those of `Options`. `run.best.config` holds the best arguments. What is
    tuned, over which ranges, is printed (to stderr) before the first trial, unless `quiet`.

    Raises:
        UserError: the goal or the function cannot be used; says why.
    """
    given = _options(options)
    goal = plain_options({"goal": goal})["goal"]
    clock = Clock()
    # Before the language model is loaded: a fork cannot inherit its threads.
    nursery = nursery_for(function) if given.isolated else None
    listeners = () if given.quiet else (Lines(sys.stderr),)
    if given.name is not None and given.name in Store.names(given.storage):
        return _go_on(function, goal, given, nursery, _setting(given, listeners, clock))
    wanted = _wanted(goal, given)
    setting = _setting(given, listeners, clock)
    check(setting)
    model = _language_model(given)
    proposed = function_task(
        function,
        wanted,
        goal,
        space=_space(given.space),
        fixed=given.fixed,
        language_model=model,
        notify=_say(given),
        memory=given.memory,
        cpu_seconds=given.cpu_seconds,
    )
    wishes = Wishes(
        seed=given.seed, stop_below_gain=given.stop_below_gain, constraints=given.constraints
    )
    task = wishes.applied(proposed.task)
    given = _at_a_time(given, proposed.workers)
    if task.budget.seconds_per_trial and not given.isolated:
        raise _unlimited("A time per trial limits")
    if not given.quiet:
        show_space(replace(proposed, task=task))
        if nursery is not None and nursery.one_thread:
            _say(given)(ONE_THREAD)
    evaluator = _evaluator(task, function, given, nursery)
    setting = replace(setting, evaluator=evaluator, language_model=model, workers=given.workers)
    return _shown(run_task(task, setting, proposed.calls), given)


def _options(given: Mapping[str, Any]) -> Options:
    known = [f.name for f in fields(Options)]
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."
            raise UserError(f"tune has no option {name!r}.", hint=hint)
    found = Options(**plain_options(given))
    found = replace(found, constraints=listed(found.constraints))
    _check_limits(found)
    return found


def _at_a_time(given: Options, said: int | None) -> Options:
    """Take up how many trials the goal wants at a time, where no option says so."""
    if said is None or given.workers is not None:
        return given
    _check_limits(found := replace(given, workers=said))
    return found


def _check_limits(given: Options) -> None:
    """Refuse limits that no trial can keep, or that nothing would keep it to."""
    if not given.isolated and ((given.workers or 1) > 1 or given.gpus):
        raise one_at_a_time()
    if not given.isolated and (given.memory or given.cpu_seconds):
        raise _unlimited("memory and cpu_seconds limit")
    if isinstance(given.memory, int) and 0 < given.memory < LEAST_MEMORY:
        raise InvalidTaskError(
            f"memory is in bytes, and {given.memory} are too few for any program.",
            hint="Write 2 * 2**30 for 2 GiB.",
        )


def _unlimited(what: str) -> InvalidTaskError:
    return InvalidTaskError(
        f"{what} the processes of trials, and with isolated=False they have none.",
        hint="Leave isolated=False out, or the limit.",
    )


def _wanted(goal: str, given: Options, before: Sequence[Objective] = ()) -> Goal:
    return read_goal(
        goal,
        metric=given.metric,
        direction=given.direction,
        trials=given.trials,
        seconds=given.seconds,
        before=before,
        unnamed=SCORE,
    )


def _go_on(
    function: Callable[..., Any],
    goal: str,
    given: Options,
    nursery: Nursery | None,
    setting: Setting,
) -> Run:
    """Resume a study of the same function."""
    name = given.name
    assert name is not None
    store = Store.load(name, given.storage)
    task = store.task
    if task.evaluator != "function":
        raise StudyError(
            f"The study {given.name!r} exists and tunes no function.", hint="Choose another name."
        )
    wanted = _wanted(goal, given, task.objectives)
    _check_same(function, wanted, given, store, goal)
    given = _at_a_time(given, wanted.at_a_time(read_function(function).arguments))
    budget = wanted.budget
    wishes = Wishes(budget.trials, budget.seconds, stop_below_gain=given.stop_below_gain)
    evaluator = _evaluator(wishes.applied(task), function, given, nursery)
    said = None if given.llm == USUAL else given.llm
    llm, model = language_model_of(store.study_attributes(), said, given.model)
    opened = _language_model(replace(given, llm=llm, model=model))
    again = replace(setting, evaluator=evaluator, language_model=opened, workers=given.workers)

    def changed(before: Task) -> Task:
        return _with_functions(wishes.applied(before), given)

    return _shown(resume_run(name, again, changed), given)


def _with_functions(task: Task, given: Options) -> Task:
    """Return a stored task with the functions that decide, which are given again."""
    return task.bound(_constraints(task, given))


def _constraints(task: Task, given: Options) -> list[Constraint]:
    """Return the constraints that are given, with the space or beside it."""
    space = _space(given.space)
    return [*(space.constraints if space else ()), *task.space.read_constraints(given.constraints)]


def _check_same(
    function: Callable[..., Any], wanted: Goal, given: Options, store: Store, goal: str
) -> None:
    """Refuse what would make a study another one: it goes on as it began.

    Raises:
        StudyError: names what differs.
    """
    task, attributes = store.task, store.study_attributes()
    began = Options(
        strategy=str(attributes.get(STRATEGY, "hybrid")),
        surrogate=str(attributes.get(SURROGATE, "gp")),
        acquisition=str(attributes.get(ACQUISITION, "logei")),
        replicate=str(attributes.get(REPLICATE, "off")),
        context=str(attributes.get(CONTEXT, "partial")),
        log_values=bool(attributes.get(LOG_VALUES, False)),
    )
    usual = Options()
    changed = [n for n in KEPT if getattr(given, n) not in (getattr(usual, n), getattr(began, n))]
    # Who goes on may name the first score alone; what bounds an argument is no score.
    others = [o for o in wanted.objectives[1:] if o.metric not in task.space.names]
    same = (wanted.objectives[0], *others) in (task.objectives, task.objectives[:1])
    changed += [] if same else ["goal"]
    changed += ["seed"] if given.seed not in (None, task.seed) else []
    changed += ["fixed"] if any(task.fixed.get(n) != v for n, v in given.fixed.items()) else []
    space = _space(given.space)
    # A study that was steered has another space than the one it began with.
    other = space is not None and space.parameters != task.space.parameters
    changed += ["space"] if other and not task.steering else []
    changed += ["constraint"] if unknown(_constraints(task, given), task.space.constraints) else []
    read = read_function(function)
    changed += ["function"] if not read.accepts(task.space.names) else []
    if space is None and not task.steering:
        others_said = other_ranges(goal, read.arguments, wanted, task)
        changed += [f"range of {name}" for name in others_said]
    if changed:
        raise StudyError(
            f"The study {given.name!r} exists and began with another {' and '.join(changed)}.",
            hint="Choose another name to begin anew, or go on with what it began with.",
        )


def _shown(run: Run, given: Options) -> Run:
    """Print what came out, to stderr, unless quiet."""
    if not given.quiet:
        from rich.console import Console

        from agent.summary import summary

        console = Console(file=sys.stderr, highlight=False)
        console.print(summary(run, run.directory), crop=False)
    return run


def _setting(given: Options, listeners: Any, clock: Clock) -> Setting:
    return Setting(
        storage=given.storage,
        name=given.name,
        out=given.out,
        strategy=given.strategy,
        surrogate=given.surrogate,
        acquisition=given.acquisition,
        context=given.context,
        log_values=given.log_values,
        beliefs=given.beliefs,
        replicate=given.replicate,
        transfer=given.transfer,
        llm=given.llm,
        model=given.model,
        listeners=listeners,
        callbacks=given.callbacks,
        clock=clock,
        workers=given.workers,
        devices=given.gpus,
    )


def _evaluator(
    task: Task, function: Callable[..., Any], given: Options, nursery: Nursery | None
) -> FunctionEvaluator:
    program = task.program or Program()
    return FunctionEvaluator(
        task,
        function,
        isolated=given.isolated,
        memory=given.memory or program.memory,
        cpu_seconds=given.cpu_seconds or program.cpu_seconds,
        nursery=nursery,
    )


def _language_model(given: Options) -> LanguageModel | None:
    return Talk(ask=False, llm=given.llm, model=given.model, quiet=given.quiet).language_model()


def _say(given: Options) -> Callable[[str], None]:
    return lambda text: None if given.quiet else print(text, file=sys.stderr)


def _space(given: SearchSpace | Mapping[str, Parameter] | None) -> SearchSpace | None:
    if given is None or isinstance(given, SearchSpace):
        return given
    kinds = (Float, Int, Categorical, Ordinal)
    if not isinstance(given, Mapping) or not all(isinstance(p, kinds) for p in given.values()):
        raise InvalidTaskError(
            f"space holds no parameters by name: {str(given)[:100]}.",
            hint='Write it as space={"lr": plaintune.Float(1e-5, 0.1, log=True)}.',
        )
    return SearchSpace(tuple(renamed(p, name) for name, p in given.items()))


def tunable(function: Function) -> Function:
    """Give `function` a method `tune(goal, **options)`; it is otherwise unchanged.

    See `tune` for what comes back.
    """
    function.tune = functools.partial(tune, function)  # type: ignore[attr-defined]
    return function

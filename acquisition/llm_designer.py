"""What the language model is shown of a study, and what its answers come to. Pure functions.

The prompt is laid out for the prefix cache: role, task, space and examples never change, the
history grows at its end, and only what follows the history (the surrogate's view) changes.
Numbers are native, with three significant digits in configurations and four in results.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from acquisition.opening import Opening, config_in_logs, in_logs, native
from evals.failures import borders, kind_of
from evals.objectives import gains, incumbent
from evals.parameters import Float, Int, Parameter
from evals.space import Config, SearchSpace
from evals.steering import narrowed, preferences
from evals.task import Task
from evals.trials import Suggestion, Trial, TrialState
from prompts.answers import Proposal, parse_proposals, proposals_schema, scores_schema
from prompts.chat import JsonSchema, Message
from prompts.odds import verdict_schema
from prompts.render import render

SHOWN_TRIALS = 24
"""A longer history is cut to its best half, in blocks, so that the prefix stays for a block."""


@dataclass(frozen=True)
class Example:
    """A good configuration of the same model on another table, described by `card`.

    `standing` says how it did there, and how the library's default did.
    """

    card: str
    config: Config
    standing: str = ""


@dataclass(frozen=True)
class View:
    """What the surrogate knows, for the changing part of the prompt.

    `importances` are shares that sum to 1; `desired` is a value to aim at, as the user reads it.
    """

    importances: Mapping[str, float] = field(default_factory=dict)
    unsure: Config | None = None
    rejected: tuple[str, ...] = ()
    desired: float | None = None


@dataclass(frozen=True)
class Question:
    """A conversation, the schema its answer is bound to, and how long the answer may be."""

    messages: tuple[Message, ...]
    schema: JsonSchema
    max_tokens: int


@dataclass(frozen=True)
class Answer:
    """Valid new suggestions, and one reason per configuration that was refused."""

    suggestions: tuple[Suggestion, ...]
    rejected: tuple[str, ...]


def warmstart(
    task: Task,
    count: int,
    *,
    card: Mapping[str, str] | None = None,
    examples: Sequence[Example] = (),
    opening: Opening | None = None,
) -> Question:
    """Ask for `count` configurations before anything was tried (LLAMBO, section 4)."""
    how = opening or Opening()
    hidden, statistics = how.context == "none", how.statistics if how.context == "full" else {}
    study = _study(task, card_without_data(task) if hidden else card, () if hidden else examples)
    space = in_logs(narrowed(task.space)) if how.logs else narrowed(task.space)
    if how.logs:
        study["parameters"] = [parameter_line(p) for p in space.parameters]
        study["examples"] = [_in_logs(task, e) for e in examples if not hidden]
    prompt = render(
        "warmstart",
        count=count,
        described=not hidden,
        statistics=statistics,
        logs=how.logs,
        **study,
    )
    return _question(task, count, prompt, space)


def propose(
    task: Task,
    trials: Sequence[Trial],
    count: int,
    *,
    view: View | None = None,
    card: Mapping[str, str] | None = None,
    examples: Sequence[Example] = (),
) -> Question:
    """Ask for `count` configurations given what was tried and what the surrogate makes of it."""
    view = view or View()
    best, largest = incumbent(task, trials), _largest(view.importances)
    prompt = render(
        "propose",
        count=count,
        history=[_row(t) for t in shown(task, trials)],
        tried=sum(t.state is not TrialState.RUNNING for t in trials),
        best=_row(best) if best else None,
        importances=[(n, f"{100 * v:.0f} %") for n, v in largest],
        unsure=_of_these(view.unsure, [n for n, _ in largest]) if view.unsure else None,
        failures=_failures(trials),
        borders=[vars(b) for b in borders(task.space, trials)][:3],
        rejected=view.rejected[:3],
        desired=None if view.desired is None else _aim(task, view.desired),
        **_study(task, card, examples),
    )
    return _question(task, count, prompt)


def so_far(
    task: Task,
    trials: Sequence[Trial],
    *,
    card: Mapping[str, str] | None = None,
    examples: Sequence[Example] = (),
) -> tuple[Message, ...]:
    """Return what `propose` begins with, now and after more trials, for a model to read ahead."""
    history = [_row(t) for t in shown(task, trials)]
    study = _study(task, card, examples)
    return _messages("adviser_system", render("trials_so_far", history=history, **study))


def predict(
    task: Task, scored: Sequence[tuple[float, Config]], candidates: Sequence[Config]
) -> Question:
    """Ask for the results of `candidates`, given results (0 to 100) in the order they are shown."""
    history = [{"score": f"{score:.0f}", "config": written(config)} for score, config in scored]
    shown = [written(c) for c in candidates]
    prompt = render("predict", history=history, candidates=shown, **_study(task, None, ()))
    messages = _messages("predict_system", prompt)
    return Question(messages, scores_schema(len(candidates)), 20 + 6 * len(candidates))


def is_good(task: Task, shown: Sequence[tuple[bool, Config]], candidate: Config) -> Question:
    """Ask whether `candidate` is a good one, given trials that are good or not, in their order."""
    history = [{"good": good, "config": written(config)} for good, config in shown]
    study = _study(task, None, ())
    prompt = render("is_good", history=history, candidate=written(candidate), **study)
    return Question(_messages("predict_system", prompt), verdict_schema(), 12)


def read(task: Task, trials: Sequence[Trial], text: str, **details: Any) -> Answer:
    """Turn an answer into suggestions of origin "llm"; `details` are kept with each of them.

    Raises:
        InvalidAnswerError: the answer is not what the schema asked for.
    """
    space = task.space
    tried = {space.key(t.config) for t in trials}
    found = parse_proposals(
        text, lambda c: space.validate(native(space, c)), lambda c: space.key(c) not in tried
    )
    return Answer(tuple(_suggestion(p, details) for p in found.accepted), found.rejected)


def written(config: Mapping[str, Any]) -> str:
    """Return `config` as JSON with three significant digits, as answers are to be written."""
    short = {k: float(f"{v:.3g}") if isinstance(v, float) else v for k, v in config.items()}
    return json.dumps(short, ensure_ascii=False)


def shown(task: Task, trials: Sequence[Trial]) -> list[Trial]:
    """Return the finished trials that the prompt lists, in trial order.

    Beyond `SHOWN_TRIALS` the older ones are cut to the better half each time a block is full.
    """
    done = [t for t in trials if t.state is not TrialState.RUNNING]
    block = SHOWN_TRIALS // 2
    if (over := len(done) - SHOWN_TRIALS) <= 0:
        return done
    cut = -(-over // block) * block + block
    older = [t for t in done[:cut] if t.state is TrialState.COMPLETE]
    order = gains(task, older)[:, 0].argsort(kind="stable")[::-1]
    kept = sorted((older[i] for i in order[:block]), key=lambda t: t.number)
    return kept + done[cut:]


def _question(task: Task, count: int, prompt: str, space: SearchSpace | None = None) -> Question:
    messages = _messages("adviser_system", prompt)
    asked = (space or narrowed(task.space)).json_schema()
    schema = proposals_schema(asked, task.space.names, count)
    return Question(messages, schema, max_tokens=40 + count * (70 + 16 * len(task.space)))


def _messages(system: str, prompt: str) -> tuple[Message, ...]:
    return (
        Message(role="system", content=render(system)),
        Message(role="user", content=prompt),
    )


def _study(
    task: Task, card: Mapping[str, str] | None, examples: Sequence[Example]
) -> dict[str, Any]:
    return {
        "task": task,
        "card": card if card is not None else partial_card(task),
        "goal": goal(task),
        "parameters": [parameter_line(p) for p in narrowed(task.space).parameters],
        "constraints": [c.meaning for c in task.space.constraints],
        "wishes": [p.sentence for p, _ in preferences(task) if p.origin == "your words"],
        "examples": [asdict(e) | {"config": written(e.config)} for e in examples],
    }


def goal(task: Task) -> str:
    """Return the objectives in words, the first one first."""
    said = [f"{o.direction} {json.dumps(o.metric)}" for o in task.objectives]
    bounds = [f" ({o.bound})" if o.bound else "" for o in task.objectives]
    return ", then ".join(a + b for a, b in zip(said, bounds, strict=True))


def partial_card(task: Task) -> dict[str, str]:
    """Return the partial context: the model and the kind of target, nothing about the table."""
    return card_without_data(task) | (
        {"Target": f"{task.data.target} ({task.data.kind})"} if task.data else {}
    )


def card_without_data(task: Task) -> dict[str, str]:
    """Return what is known where nothing may be said of the data: the model."""
    return {"Model": ", ".join(task.models)} if task.models else {}


def _in_logs(task: Task, example: Example) -> dict[str, Any]:
    return asdict(example) | {"config": written(config_in_logs(task.space, example.config))}


def parameter_line(parameter: Parameter) -> dict[str, Any]:
    default = None if parameter.default is None else json.dumps(parameter.default)
    condition = parameter.condition
    only_if = condition and f"{condition.parent} in {json.dumps(list(condition.values))}"
    return {
        "name": parameter.name,
        "range": _range(parameter),
        "default": default,
        "only_if": only_if,
    }


def _range(parameter: Parameter) -> str:
    if not isinstance(parameter, Float | Int):
        return "one of " + json.dumps(list(parameter.options), ensure_ascii=False)
    kind = "whole number" if isinstance(parameter, Int) else "number"
    unit = f" {parameter.unit}" if parameter.unit else ""
    scale = ", log scale" if parameter.log else ""
    step = (
        f", in steps of {parameter.step}"
        if isinstance(parameter, Int) and parameter.step > 1
        else ""
    )
    return f"{kind} {parameter.low:g} to {parameter.high:g}{unit}{scale}{step}"


def _row(trial: Trial) -> dict[str, Any]:
    row = {"number": trial.number, "result": _result(trial), "config": written(trial.config)}
    return row | {"predicted": _predicted(trial)}


def _result(trial: Trial) -> str:
    if trial.state is TrialState.COMPLETE:
        return " ".join(f"{v:.4g}" for v in trial.values)
    if trial.state is TrialState.FAILED and trial.evaluation and trial.evaluation.reason:
        return f"failed ({kind_of(trial.evaluation.reason)})"
    return str(trial.state)


def _largest(importances: Mapping[str, float], count: int = 5) -> list[tuple[str, float]]:
    ordered = sorted(importances.items(), key=lambda item: (-item[1], item[0]))
    return [(name, share) for name, share in ordered[:count] if share >= 0.01]


def _of_these(config: Config, names: Sequence[str]) -> str:
    """Return the values of the parameters that matter; of all where that is not known.

    The end of a prompt is read anew each time, so it is kept short.
    """
    return written({n: config[n] for n in names if n in config} or config)


def _predicted(trial: Trial) -> str:
    """Return the surrogate's mean and sd for the model's own proposal, from before it ran.

    It stands in the trial's line, which never changes again: the prefix cache keeps it.
    """
    mean, sd = (trial.suggestion.details.get(key) for key in ("mean", "sd"))
    known = trial.origin == "llm" and mean is not None and sd is not None
    return f"{mean:.4g} ± {sd:.2g}" if known else ""


def _failures(trials: Sequence[Trial], count: int = 2) -> list[dict[str, Any]]:
    bad = [t for t in trials if t.state in (TrialState.FAILED, TrialState.INFEASIBLE)]
    return [
        {"number": t.number, "reason": t.evaluation.reason if t.evaluation else ""}
        for t in bad[-count:]
    ]


def _aim(task: Task, desired: float) -> str:
    return f"{task.objective.metric} = {desired:.4g}"


def _suggestion(proposal: Proposal, details: Mapping[str, Any]) -> Suggestion:
    claim = {"parameter": proposal.parameter, "move": proposal.move}
    return Suggestion(proposal.config, "llm", proposal.reason, {**details, "claim": claim})

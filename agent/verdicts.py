"""How the best stands to the default, in sentences: in the search, and where nothing chose it."""

from __future__ import annotations

from agent.confirm import SHARE
from agent.digits import readable, telling
from agent.explain import compare, default_trial, trial_score, whose_default
from agent.outcome import Confirmation
from agent.study_view import StudyView, unbeaten
from evals.objectives import gains, thresholds
from evals.parameters import Float, Int
from evals.space import Config
from evals.task import Objective, Task
from evals.trials import Trial, TrialState


def verdicts(view: StudyView) -> list[str]:
    """Say how the best stands to the default, and how far the search's own score is to be believed.

    Tables have a test part; functions and commands are run again with new seeds.
    """
    best, default = view.best, default_trial(view.trials)
    if best is None:
        return ["No trial completed, so there is no best configuration."]
    sentences = []
    whose = whose_default(view.task)
    if default and default.values and default.number == best.number:
        sentences.append(f"Nothing beat {whose}: {trial_score(view.task, best)}.")
    elif default and default.values:
        scores = trial_score(view.task, best), trial_score(view.task, default)
        sentences.append(compare(view.task.objective, *scores, "In the search", whose))
    elif default and default.evaluation:
        sentences.append(f"There is no score of {whose}: {default.evaluation.reason}")
    sentences += [*_last_round(view), *_traded(view)]
    if view.task.program is not None:
        return [*sentences, *_confirmed(view), *_at_an_end(view.task, best.config)]
    sentences += _tested(view, whose)
    if _tried(view) > 1 and view.outcome.test:
        sentences.append(
            f"The score in the search is the best of {_tried(view)} and therefore a little too "
            "good; the score on the test part is not."
        )
    return sentences


def _tested(view: StudyView, whose: str) -> list[str]:
    """Say how the best stands to the default on the test part, or alone without its score."""
    where, outcome = "On the test part, which the search never saw", view.outcome
    if len(outcome.default_test) < len(outcome.test):
        return [f"{where}, the tuned configuration reaches {t.metric} {t}." for t in outcome.test]
    pairs = zip(view.task.objectives, outcome.test, outcome.default_test, strict=False)
    return [compare(o, tuned, theirs, where, whose) for o, tuned, theirs in pairs]


def _last_round(view: StudyView) -> list[str]:
    """Say what training the best few again, on other folds, came to."""
    last = view.outcome.finals
    if last is None or view.best is None or view.best.number != last.winner:
        return []
    mean, theirs = last.means[last.winner], last.means[last.leader]
    digits, metric = telling((mean, theirs)), view.task.objective.metric
    said = f"Of the best {len(last.means)}, trained again on other folds, trial {last.winner + 1} "
    if last.winner == last.leader:
        return [f"{said}stays ahead: {metric} {readable(mean, digits)} by the mean of all."]
    return [
        f"{said}is ahead by the mean of all: {metric} {readable(mean, digits)}, trial "
        f"{last.leader + 1}, which led the search, has {readable(theirs, digits)}."
    ]


def _traded(view: StudyView) -> list[str]:
    """Say, of several objectives, what "best" means and which trials are the choice there is."""
    if len(view.task.objectives) == 1:
        return []
    named = ", ".join(str(t.number + 1) for t in unbeaten(view.task, view.trials))
    tradeoffs = f"The trade-offs between them that no other trial beats: {named}."
    objectives = f"{len(view.task.objectives)} objectives"
    if view.best is not None and _missed(view.task, view.best):
        return [*_within(view), f"There are {objectives}. {tradeoffs}"]
    first = view.task.objective.metric
    return [
        *_within(view),
        f"Best means best on {first}, the first of {objectives}. {tradeoffs}",
    ]


def _within(view: StudyView) -> list[str]:
    """Say of the winner, and of the default, whether they keep to what will do."""
    if view.best is None or not any(o.bound for o in view.task.objectives):
        return []
    if missed := _missed(view.task, view.best):
        return [f"No trial keeps to every limit. The best is the nearest to them: {missed}."]
    kept = ", ".join(f"{o.metric} {o.bound}" for o in view.task.objectives if o.bound)
    sentences, default = [f"Within the limits: {kept}."], default_trial(view.trials)
    if default and default.values and (missed := _missed(view.task, default)):
        sentences.append(f"Beyond them is {whose_default(view.task)}: {missed}.")
    return sentences


def _missed(task: Task, trial: Trial) -> str:
    """Return the limits that a complete trial does not keep to, in words; "" for none."""
    beyond = gains(task, [trial])[0] < thresholds(task)
    return ", ".join(
        f"{o.metric} {readable(v, 4)} where {o.bound} is asked for"
        for o, v, missed in zip(task.objectives, trial.values, beyond, strict=True)
        if missed
    )


def _at_an_end(task: Task, config: Config) -> list[str]:
    """Say which parameters stand at an end of a range that their program did not declare itself."""
    found = []
    for parameter in task.space.parameters:
        source = task.sources.get(f"space.{parameter.name}")
        guessed = source is not None and source.origin in ("default", "LLM")
        if guessed and isinstance(parameter, Float | Int) and parameter.name in config:
            value = config[parameter.name]
            if value in (parameter.low, parameter.high) and value not in (0, 1):
                bounds = f"{parameter.low:g} to {parameter.high:g}"
                found.append(f"{parameter.name} = {value:g} ({bounds})")
    if not found:
        return []
    return [f"At an end of its range, where a wider one may do better: {', '.join(found)}."]


def _tried(view: StudyView) -> int:
    return sum(t.state is TrialState.COMPLETE for t in view.trials)


def _confirmed(view: StudyView) -> list[str]:
    """Say what running the best again showed, or that it was not done."""
    again = view.outcome.confirmation
    if again is None or view.best is None:
        return []
    if again.steady:
        return ["Run again, it gave exactly the same score: there is no luck in it."]
    doubt = f"The score in the search is the best of {_tried(view)} and therefore a little too good"
    if again.score is None:
        return [f"{doubt}. {again.said}"]
    sentences = [_on_new_seeds(view.task.objective, again)]
    shown = view.best.values[0]
    optimism = (shown - again.score.value) * view.task.objective.sign
    if optimism > 0:
        sentences.append(f"{doubt}: by {optimism:.2g} here.")
    lost = [r.reason for r in again.repeats if r.value is None]
    if lost:
        sentences.append(f"{len(lost)} of {len(again.repeats)} runs failed: {lost[-1]}")
    return sentences


def _on_new_seeds(objective: Objective, again: Confirmation) -> str:
    assert again.score is not None
    times = "once" if again.score.runs == 1 else f"{again.score.runs} times"
    said = f"Run again {times} with new seeds, it reaches {objective.metric} {again.score}"
    if again.default is None:
        return f"{said}."
    digits = telling((again.score.value, again.default.value))
    said += f", your default {readable(again.default.value, digits)}"
    gain = again.gain
    if gain is None or gain.low is None or gain.high is None:
        return f"{said}; an interval needs more runs ({4 * SHARE} trials or more)."
    word = "better" if gain.value > 0 else "worse"
    sure = gain.low > 0 or gain.high < 0
    bounds = f"90 % interval {readable(gain.low, 3)} to {readable(gain.high, 3)}"
    by = readable(abs(gain.value), 3)
    return f"{said}: {word} by {by} ({bounds}){'' if sure else ', not for sure'}."

"""What the faces show of a study, in words and rows: one source for terminal and report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acquisition.replication import winner
from agent.digits import readable, telling
from agent.explain import show_value
from agent.llm_budget import used_up
from agent.outcome import Outcome
from agent.prices import cost
from evals.objectives import acceptable, gains, incumbent, new_bests
from evals.steering import keeps
from evals.task import Task
from evals.trials import Trial, TrialState
from prompts.calls import CallRecord

if TYPE_CHECKING:
    from pandas import DataFrame

LOST = (TrialState.FAILED, TrialState.PRUNED, TrialState.INFEASIBLE)


@dataclass(frozen=True)
class StudyView:
    """A study as the faces read it; nothing here is kept, all of it comes from the store."""

    name: str
    task: Task
    trials: Sequence[Trial]
    calls: Sequence[CallRecord] = ()
    outcome: Outcome = field(default_factory=Outcome)

    @property
    def best(self) -> Trial | None:
        """The winner, or the trial that won when the best few were run again."""
        judged = self.outcome.judged == len(self.trials) and self.outcome.best is not None
        again = self.outcome.confirmation or self.outcome.finals
        if judged and again is not None:
            return next((t for t in self.trials if t.number == self.outcome.best), None)
        return winner(self.task, self.trials)

    @property
    def frame(self) -> DataFrame:
        """The trials as a table; see `agent.trials_frame`."""
        from agent.trials_frame import trials_frame

        return trials_frame(self.task, self.trials)


@dataclass(frozen=True)
class OriginRow:
    """What the trials of one origin achieved."""

    origin: str
    trials: int
    best: str
    improved: int
    lost: int


def origin_rows(view: StudyView) -> list[OriginRow]:
    """Return a row per origin, in order of first appearance."""
    improved, digits = _improvements(view), score_digits(view.trials)[0]
    rows = []
    for origin in dict.fromkeys(t.origin for t in view.trials):
        mine = [t for t in view.trials if t.origin == origin]
        best = incumbent(view.task, mine)
        rows.append(
            OriginRow(
                origin=origin,
                trials=len(mine),
                best=readable(best.values[0], digits) if best else "–",
                improved=sum(t.number in improved for t in mine),
                lost=sum(t.state in LOST for t in mine),
            )
        )
    return rows


def _improvements(view: StudyView) -> set[int]:
    """Return the numbers of the trials that were the best so far when they came."""
    complete = [t for t in view.trials if t.state is TrialState.COMPLETE]
    return {t.number for t in new_bests(view.task, complete)}


def unbeaten(task: Task, trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials than which no other is as good on all objectives and better on one.

    Where any reaches all thresholds, only such count.
    """
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    complete = acceptable(task, [t for t in complete if keeps(task, t)] or complete)
    known = gains(task, complete)
    beaten = [((known >= g).all(axis=1) & (known > g).any(axis=1)).any() for g in known]
    return [t for t, lost in zip(complete, beaten, strict=True) if not lost]


def _proposals(calls: Sequence[CallRecord], taken: int) -> str:
    """Say what became of the proposals in `calls`, of which `taken` were tried."""
    valid, rejected = sum(c.accepted for c in calls), sum(len(c.rejected) for c in calls)
    said = (
        f"Of its {valid} valid proposals {taken} were tried"
        if valid
        else "No valid proposal came in time"
    )
    return f"{said}; {rejected} were rejected." if rejected or valid else f"{said}."


def account(view: StudyView) -> list[str]:
    """Say what the language model was asked, what it cost, and what became of its answers."""
    if not view.calls:
        return ["No language model was asked."]
    failed = [c for c in view.calls if c.error]
    answers = [a for c in view.calls for a in c.answers]
    read = sum(a.prompt_tokens for a in answers)
    cached = sum(a.cached_tokens for a in answers)
    written = sum(a.completion_tokens for a in answers)
    taken = sum(t.origin == "llm" for t in view.trials)
    asked = sum(c.requests for c in view.calls)
    sentences = [
        f"{view.calls[0].model} was asked {asked} times over {len(view.trials)} trials: "
        f"{read:,} tokens read ({100 * cached / max(read, 1):.0f} % of them from its cache), "
        f"{written:,} written, {sum(c.seconds for c in view.calls):.0f} s.",
        _proposals(view.calls, taken),
    ]
    sentences += [*_hidden(view.calls), *filter(None, [cost(view.calls)])]
    if ended := used_up(view.task.budget, view.calls):
        sentences.append(f"Its budget ran out: {ended}. The search went on without it.")
    if failed:
        sentences.append(f"{len(failed)} calls failed, the last one so: {failed[-1].error}")
    return sentences


def _hidden(calls: Sequence[CallRecord]) -> list[str]:
    """Say how much of the language model's time passed while models trained."""
    asked = [c for c in calls if "waited" in c.details]
    seconds = sum(c.seconds for c in asked)
    if not seconds:
        return []
    waited = min(seconds, sum(float(c.details["waited"]) for c in asked))
    return [
        f"{100 * (1 - waited / seconds):.0f} % of the time of its advice passed while models "
        f"trained; the search waited {waited:.1f} s for it."
    ]


@dataclass(frozen=True)
class TrialRow:
    """One trial in words."""

    number: int
    origin: str
    state: str
    value: str
    seconds: str
    config: str
    reason: str
    why_lost: str
    is_best: bool


def trial_rows(view: StudyView) -> list[TrialRow]:
    """Return a row per trial, in order; numbers count from 1 as people do."""
    best, digits = view.best, score_digits(view.trials)
    return [
        TrialRow(
            number=t.number + 1,
            origin=t.origin,
            state=str(t.state),
            value=" / ".join(map(readable, t.values, digits)) or "–",
            seconds=f"{t.cost:.1f}",
            config=configuration(t),
            reason=_reason(t),
            why_lost=f"  {t.evaluation.reason}" if t.evaluation and t.state in LOST else "",
            is_best=best is not None and best.number == t.number,
        )
        for t in view.trials
    ]


def score_digits(trials: Sequence[Trial]) -> list[int]:
    """Return, per objective, how many digits tell the scores of `trials` apart."""
    scores = zip(*(t.values for t in trials if t.values), strict=True)
    return [telling(values, least=5, spare=3) for values in scores] or [5]


def configuration(trial: Trial) -> str:
    """Return a configuration on one line, as people write it; the model's name is said once."""
    own = f"{trial.config.get('model', '')}__"
    shown = {name.removeprefix(own): value for name, value in trial.config.items()}
    return ", ".join(f"{name}={show_value(value)}" for name, value in shown.items())


def _reason(trial: Trial) -> str:
    why_ended = trial.evaluation.reason if trial.evaluation else ""
    return " · ".join(part for part in (trial.rationale or "", why_ended) if part)

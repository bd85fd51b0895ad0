"""Which earlier studies a new one may learn from, and what they were worth in the end.

A study fits where its parameters (names, kinds, ranges, conditions) and its objectives are those of
the new one; constraints and defaults may differ. Which studies, and how many trials of each, is
written down when the new study begins: it goes on in the same way whatever happens to them later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.database import place, storage_url
from agent.outcome import Transferred
from agent.store import Store
from evals.task import Task
from evals.trials import Trial, TrialState
from prompts.errors import InvalidTaskError, UserError

if TYPE_CHECKING:
    from surrogates.transfer import Earlier

AUTO = "auto"
FEWEST = 3
"""Completed trials that a study must have."""
MOST = 5
"""So many studies at most are found by themselves, the newest first."""
TOLD = ("name", "type", "low", "high", "log", "step", "choices", "values", "condition")
"""What makes two parameters the same."""


@dataclass(frozen=True)
class Known:
    """Earlier studies by name, each with as many of its trials as there were."""

    studies: dict[str, int] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Return the studies in a sentence."""
        return ", ".join(f"{name} ({count} trials)" for name, count in self.studies.items())

    def earlier(self, storage: str | None) -> tuple[Earlier, ...]:
        """Read the studies.

        Raises:
            StudyError: one of them is gone.
        """
        if not self.studies:
            return ()
        from surrogates.transfer import Earlier

        opened = {name: Store.load(name, storage) for name in self.studies}
        return tuple(
            Earlier(name, store.task, tuple(_finished(store)[: self.studies[name]]))
            for name, store in opened.items()
        )


def chosen(task: Task, wanted: Sequence[str], storage: str | None) -> Known:
    """Return the studies `wanted` (or those that fit, for "auto") in a database.

    Raises:
        StudyError: there is none of such a name.
        UserError: one that was named does not fit; says why.
    """
    if list(wanted) == [AUTO]:
        return _found(task, storage)
    studies = {}
    for name in dict.fromkeys(wanted):
        store = Store.load(name, storage)
        trials = _finished(store)
        if reason := unfit(task, store.task, trials):
            raise UserError(
                f"The study {name!r} cannot be learned from: {reason}.",
                hint="Name others, or let `--transfer auto` find those that fit.",
            )
        studies[name] = len(trials)
    return Known(studies)


def _found(task: Task, storage: str | None) -> Known:
    studies: dict[str, int] = {}
    for name in reversed(Store.names(storage)):
        store = Store.load(name, storage)
        try:
            other = store.task
        except InvalidTaskError:
            continue  # Another version of plaintune wrote it: it fits nothing here.
        trials = _finished(store)
        if not unfit(task, other, trials) and len(studies) < MOST:
            studies[name] = len(trials)
    return Known(studies)


def none_found(storage: str | None) -> str:
    """Say that no earlier study fits."""
    return (
        f"No earlier study in {place(storage_url(storage))} fits, so there is none to learn from."
    )


def unfit(task: Task, other: Task, trials: Sequence[Trial]) -> str:
    """Return why `trials` of `other` teach nothing about `task`, "" where they do."""
    mine, theirs = ([(o.metric, o.direction) for o in t.objectives] for t in (task, other))
    if mine != theirs:
        return f"it aims at {_aims(theirs)}, this one at {_aims(mine)}"
    ours, others = ({p.name: _told(p) for p in t.space.parameters} for t in (task, other))
    if ours.keys() != others.keys():
        return f"only one of the two has {', '.join(sorted(ours.keys() ^ others.keys()))}"
    if unlike := [name for name in ours if ours[name] != others[name]]:
        return f"the kind or range of {', '.join(unlike)} is another"
    complete = sum(t.state is TrialState.COMPLETE for t in trials)
    if complete < FEWEST:
        return f"{complete} of its trials completed, and {FEWEST} are needed"
    return ""


def worth(
    known: Known, storage: str | None, task: Task, trials: Sequence[Trial]
) -> list[Transferred]:
    """Return what weight each study has after `trials`."""
    if not known.studies:
        return []
    from surrogates.transfer import TransferSurrogate

    shares = TransferSurrogate(known.earlier(storage)).shares(task, trials)
    return [
        Transferred(study=name, trials=count, weight=shares.get(name, 0.0))
        for name, count in known.studies.items()
    ]


def _aims(objectives: Sequence[tuple[str, str]]) -> str:
    return " and ".join(f"{direction} {metric}" for metric, direction in objectives)


def _told(parameter: Any) -> dict[str, Any]:
    return {name: getattr(parameter, name, None) for name in TOLD}


def _finished(store: Store) -> list[Trial]:
    return [t for t in store.trials() if t.state is not TrialState.RUNNING]

"""The study store: an Optuna 5 storage that holds a task, its trials and what the LLM said.

Everything a `Trial` holds lies in the trial's user attributes; the configuration is also written as
Optuna parameters and the values with the user's sign, so that Optuna's dashboard and importances
work on a plaintune study. The store is the only state: whoever loads it sees the same study.
"""

from __future__ import annotations

import difflib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agent.database import (
    patiently,
    place,
    sqlite_file,
    storage_option,
    storage_url,
    with_patience,
)
from agent.lease import Lease
from agent.records import OUTCOME, outcome, plain
from agent.store_rows import (
    LEASE,
    distributions,
    is_free,
    is_mine,
    template,
    trial_of,
)
from evals.parameters import Parameter
from evals.task import Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.calls import CallRecord
from prompts.errors import StudyError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

    from agent.store_storage import TrialStorage

TASK = "plaintune:task"
CALL = "plaintune:call:"
ENDS = {TrialState.COMPLETE: "COMPLETE", TrialState.PRUNED: "PRUNED"}
UNLIMITED = 10**9
OPENING = 10.0
"""Seconds for which a database is waited for when it is opened."""

logger = logging.getLogger("plaintune")


class Store:
    """One study in a database. Methods wait out what passes, and raise `StorageError` else."""

    def __init__(
        self, storage: TrialStorage, name: str, notify: Callable[[str], None] = logger.warning
    ) -> None:
        self.url: str = storage.url
        self.name = name
        self.notify = notify
        self._storage = storage
        self._last_task = ""
        self._study: int = storage.get_study_id_from_name(name)
        self._ids: dict[int, int] = {}
        """The storage's own number of each trial: it never changes."""
        self._ended: dict[int, Trial] = {}
        """Finished trials as they were read: they never change."""

    @classmethod
    def create(cls, task: Task, name: str, storage: str | None = None) -> Store:
        """Begin a study.

        Raises:
            StudyError: the name is taken, or the database cannot be opened.
        """
        from optuna.exceptions import DuplicatedStudyError
        from optuna.study import StudyDirection

        opened = _open(storage_url(storage))
        directions = [StudyDirection[o.direction.upper()] for o in task.objectives]
        try:
            study = _quickly(lambda: opened.create_new_study(directions, name), opened.url)
        except DuplicatedStudyError as error:
            raise _taken_name(name, storage) from error
        _quickly(lambda: opened.set_study_user_attr(study, TASK, task.to_yaml()), opened.url)
        return cls(opened, name)

    @classmethod
    def load(cls, name: str, storage: str | None = None) -> Store:
        """Open a study that exists.

        Raises:
            StudyError: there is none of this name; the nearest names are given.
        """
        url = storage_url(storage)
        known = cls.names(storage)
        if name not in known:
            near = difflib.get_close_matches(name, known, 3, 0.5) or known[:5]
            hint = f"There is: {', '.join(near)}." if near else "Begin one with `plaintune run`."
            raise StudyError(f"There is no study called {name!r} in {place(url)}.", hint=hint)
        return cls(_open(url), name)

    @classmethod
    def names(cls, storage: str | None = None) -> list[str]:
        """Return the names of plaintune's studies in a database, oldest first."""
        url = storage_url(storage)
        if (file := sqlite_file(url)) and not file.exists():
            return []
        studies = _quickly(lambda: _open(url).get_all_studies(), url)
        return [s.study_name for s in studies if TASK in s.user_attrs]

    @classmethod
    def check_free(cls, name: str, storage: str | None = None) -> None:
        """Raise `StudyError` where there is a study of this name."""
        if name in cls.names(storage):
            raise _taken_name(name, storage)

    @property
    def task(self) -> Task:
        """The task as it was last saved."""
        return Task.from_yaml(self.study_attributes()[TASK], f"the task of study {self.name}")

    def task_if_changed(self) -> Task | None:
        """Return the task where it was saved anew since this was last called; else None."""
        text = str(self.study_attributes()[TASK])
        last, self._last_task = self._last_task, text
        return None if text == last else Task.from_yaml(text, f"the task of study {self.name}")

    @patiently
    def save_task(self, task: Task) -> None:
        """Replace the task, for example with a larger budget."""
        self._storage.set_study_user_attr(self._study, TASK, task.to_yaml())

    @patiently
    def study_attributes(self) -> dict[str, Any]:
        """Return the study's user attributes."""
        return self._storage.get_study_user_attrs(self._study)

    @patiently
    def set_study_attribute(self, key: str, value: Any) -> None:
        """Write one of the study's user attributes; `value` is JSON."""
        self._storage.set_study_user_attr(self._study, key, plain(value))

    def trials(self) -> list[Trial]:
        """Return all trials by number; unfinished ones have no evaluation."""
        return [self._trial(t) for t in self._frozen()]

    def _trial(self, frozen: FrozenTrial) -> Trial:
        if frozen.number not in self._ended:
            trial = trial_of(frozen)
            if not frozen.state.is_finished():
                return trial
            self._ended[frozen.number] = trial
        return self._ended[frozen.number]

    @patiently
    def _frozen(self) -> list[FrozenTrial]:
        return list(self._cached.get_all_trials(self._study, deepcopy=False))

    @cached_property
    def _cached(self) -> Any:
        from optuna.storages import get_storage

        return get_storage(self._storage)

    @cached_property
    def _space(self) -> Mapping[str, Parameter]:
        return {p.name: p for p in self.task.space.parameters}

    def start(self, suggestion: Suggestion, number: int | None = None) -> Trial:
        """Create a RUNNING trial that this process owns, in one transaction.

        Raises:
            NumberTakenError: another process has started trial `number` in the meantime.
        """
        parameters = distributions(self._space, suggestion.config)
        try:
            return self._start(suggestion, number, parameters)
        except ValueError:  # Optuna refuses choices that changed since the study began.
            return self._start(suggestion, number, {})

    @patiently
    def _start(
        self,
        suggestion: Suggestion,
        number: int | None,
        parameters: Mapping[str, BaseDistribution],
    ) -> Trial:
        row = template(suggestion, -1 if number is None else number, parameters)
        created = self._storage.create_new_trial(self._study, row)
        # Read back only where the number is not known: a query less between two trials.
        started = self._read(created) if number is None else trial_of(row)
        self._ids[started.number] = created
        return started

    @patiently
    def report(self, number: int, step: int, value: float) -> None:
        """Write the first objective's running value at `step` (a fold, an epoch)."""
        self._storage.set_trial_intermediate_value(self._id(number), step, float(value))

    @patiently
    def renew(self, number: int) -> None:
        """Say that this process still works on the trial."""
        trial = self._storage.get_trial(self._id(number))
        lease = Lease.from_plain(trial.system_attrs[LEASE])
        renewed = replace(lease, renewed=time.time()).to_plain()
        self._storage.set_trial_system_attr(self._id(number), LEASE, renewed)

    def finish(self, number: int, evaluation: Evaluation) -> Trial:
        """Write what came out of a trial; a trial that is finished already keeps its result."""
        return next(t for t in self.finish_and_look(number, evaluation) if t.number == number)

    def finish_and_look(self, number: int, evaluation: Evaluation) -> list[Trial]:
        """Do what `finish` does, and return all trials by number."""
        self._finish(number, evaluation)
        return self.trials()

    @patiently
    def _finish(self, number: int, evaluation: Evaluation) -> None:
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState as State

        trial = self._id(number)
        complete = evaluation.state is TrialState.COMPLETE
        try:
            self._storage.finish_trial(
                trial,
                State[ENDS.get(evaluation.state, "FAIL")],
                evaluation.values if complete else None,
                {OUTCOME: outcome(evaluation)},
                self._untold(trial, evaluation.intermediate),
            )
        except UpdateFinishedTrialError:
            logger.warning("Trial %d was finished already; its first result stands.", number)

    def _untold(self, trial: int, heard: Mapping[int, float]) -> dict[int, float]:
        told = self._storage.get_trial(trial).intermediate_values if heard else {}
        return {step: float(value) for step, value in heard.items() if told.get(step) != value}

    def release(self) -> list[int]:
        """Give back the trials that this process runs, to be evaluated on resume."""
        mine = [t.number for t in self._unfinished() if is_mine(t)]
        for number in mine:
            self._wait(number)
        return mine

    @patiently
    def _wait(self, number: int) -> None:
        from optuna.trial import TrialState as State

        self._storage.set_trial_state_values(self._id(number), State.WAITING)

    def claim(self) -> Trial | None:
        """Take over the first trial that nobody evaluates: given back, or its owner is dead."""
        return self._claimed(self._frozen())

    def claim_or_look(self, limit: int = UNLIMITED) -> Trial | list[Trial]:
        """Return what `claim` does, or all trials where there is nothing to claim: read once.

        Where `limit` trials are finished or in somebody's hands, nothing is claimed.
        """
        frozen = self._frozen()
        claimed = self._claimed(frozen) if _taken(frozen) < limit else None
        return claimed or [self._trial(t) for t in frozen]

    def _claimed(self, trials: Sequence[FrozenTrial]) -> Trial | None:
        for trial in trials:
            if not trial.state.is_finished() and is_free(trial) and self._take(trial):
                return self._read(trial._trial_id)
        return None

    @patiently
    def _take(self, trial: FrozenTrial) -> bool:
        """Return whether this process, and no other, got the trial: the first writer wins."""
        from optuna.trial import TrialState as State

        if trial.state.name == "WAITING":
            taken = self._storage.set_trial_state_values(trial._trial_id, State.RUNNING)
            if taken:
                lease = Lease.mine().to_plain()
                self._storage.set_trial_system_attr(trial._trial_id, LEASE, lease)
            return bool(taken)
        return self._replace_lease(trial)

    def _replace_lease(self, trial: FrozenTrial) -> bool:
        from sqlalchemy import text

        statement = text(
            "UPDATE trial_system_attributes SET value_json = :new "
            "WHERE trial_id = :trial AND key = :key AND value_json = :old"
        )
        old, new = json.dumps(trial.system_attrs[LEASE]), json.dumps(Lease.mine().to_plain())
        values = {"new": new, "old": old, "trial": trial._trial_id, "key": LEASE}
        with self._storage.engine.begin() as connection:
            return bool(connection.execute(statement, values).rowcount == 1)

    def abandoned(self) -> list[int]:
        """Return the numbers of trials that nobody evaluates and `claim` would take over."""
        return [t.number for t in self._unfinished() if is_free(t)]

    def taken(self) -> int:
        """Return how many trials are finished, or in somebody's hands."""
        return _taken(self._frozen())

    def _unfinished(self) -> list[FrozenTrial]:
        return [t for t in self._frozen() if not t.state.is_finished()]

    @patiently
    def record_call(self, call: CallRecord) -> None:
        """Write what the LLM was asked and what it said; the same key replaces the record."""
        key = f"{CALL}{call.key}"
        self._storage.set_study_system_attr(self._study, key, plain(call.to_plain()))

    @patiently
    def calls(self) -> list[CallRecord]:
        """Return all calls of the study, in the order they were put."""
        attributes = self._storage.get_study_system_attrs(self._study)
        calls = [CallRecord.from_plain(v) for k, v in attributes.items() if k.startswith(CALL)]
        return sorted(calls, key=lambda c: (c.asked_at, c.started, c.key))

    def _read(self, trial: int) -> Trial:
        return trial_of(self._storage.get_trial(trial))

    def _id(self, number: int) -> int:
        if number not in self._ids:
            find = self._storage.get_trial_id_from_study_id_trial_number
            try:
                self._ids[number] = int(find(self._study, number))
            except KeyError as error:
                raise StudyError(
                    f"The study {self.name} has no trial {number}.",
                    hint="ask() gives trials; their numbers count from 0.",
                ) from error
        return self._ids[number]


def _taken(trials: Sequence[FrozenTrial]) -> int:
    return sum(t.state.is_finished() or not is_free(t) for t in trials)


def _quickly(call: Callable[[], Any], url: str) -> Any:
    return with_patience(call, url, logger.warning, OPENING)


def _open(url: str) -> TrialStorage:
    from agent.store_storage import open_storage

    return open_storage(url, _quickly)


def _taken_name(name: str, storage: str | None) -> StudyError:
    return StudyError(
        f"A study called {name!r} exists already in {place(storage_url(storage))}.",
        hint=f"Go on with it: `plaintune resume {name}{storage_option(storage)}`; "
        "or choose another --name.",
    )

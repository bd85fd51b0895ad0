"""Optuna's database storage with fewer round trips: a trial begins and ends in one transaction.

Optuna writes each attribute and parameter of a trial after looking the trial up again. Here they
are added together; the tables, and all that Optuna's own tools read, are the same.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from optuna.distributions import distribution_to_json
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.storages._rdb.storage import _create_scoped_session
from sqlalchemy import insert

from agent.database import place, sqlite_file
from agent.store_rows import NumberTakenError
from prompts.errors import StudyError

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, TrialState


class TrialStorage(RDBStorage):
    """Refuses to create a trial under another number than the template's."""

    def __init__(self, url: str, engine_kwargs: dict[str, Any]) -> None:
        super().__init__(url, engine_kwargs=engine_kwargs)
        self._agreed: set[tuple[int, str, str]] = set()

    def _get_prepared_new_trial(
        self, study_id: int, template_trial: FrozenTrial | None, session: Any
    ) -> Any:
        if template_trial is None:
            return super()._get_prepared_new_trial(study_id, None, session)
        written = {n: distribution_to_json(d) for n, d in template_trial.distributions.items()}
        agreed = {n for n, text in written.items() if (study_id, n, text) in self._agreed}
        bare = _bare(template_trial, agreed)
        trial: Any = super()._get_prepared_new_trial(study_id, bare, session)
        if template_trial.number not in (-1, trial.number):
            raise NumberTakenError
        for model, rows in _rows(trial.trial_id, template_trial, agreed, written).items():
            if rows:
                session.execute(insert(model), rows)
        # Optuna has compared them with the study's own; it need not do so at every trial.
        self._agreed |= {(study_id, name, text) for name, text in written.items()}
        return trial

    def finish_trial(
        self,
        trial_id: int,
        state: TrialState,
        values: Sequence[float] | None,
        attributes: Mapping[str, Any],
        intermediate: Mapping[int, float],
    ) -> None:
        """Write all that came out of a running trial.

        Raises:
            UpdateFinishedTrialError: it is finished already; nothing was written.
        """
        with _create_scoped_session(self.scoped_session) as session:
            trial: Any = models.TrialModel.find_or_raise_by_id(trial_id, session, for_update=True)
            self.check_trial_is_updatable(trial_id, trial.state)
            for step, value in intermediate.items():
                self._set_trial_intermediate_value_without_commit(session, trial_id, step, value)
            for key, value in attributes.items():
                self._set_trial_attr_without_commit(
                    session, models.TrialUserAttributeModel, trial_id, key, value
                )
            for objective, value in enumerate(values or ()):
                self._set_trial_value_without_commit(session, trial, objective, value)
            trial.state = state
            trial.datetime_complete = datetime.now()


def _bare(template: FrozenTrial, agreed: set[str]) -> FrozenTrial:
    """Return what Optuna itself is to write: the row, and the parameters it is to check."""
    bare = copy.copy(template)
    bare.user_attrs, bare.system_attrs = {}, {}
    bare.distributions = {n: d for n, d in template.distributions.items() if n not in agreed}
    bare.params = {n: v for n, v in template.params.items() if n not in agreed}
    return bare


def _rows(
    trial_id: int, template: FrozenTrial, agreed: set[str], written: Mapping[str, str]
) -> dict[Any, list[dict[str, Any]]]:
    """Return, by table, a new trial's attributes and the parameters that need no check."""
    parameters = [
        {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": template.distributions[name].to_internal_repr(template.params[name]),
            "distribution_json": written[name],
        }
        for name in template.distributions
        if name in agreed
    ]
    return {
        models.TrialUserAttributeModel: _attributes(trial_id, template.user_attrs),
        models.TrialSystemAttributeModel: _attributes(trial_id, template.system_attrs),
        models.TrialParamModel: parameters,
    }


def _attributes(trial_id: int, attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"trial_id": trial_id, "key": key, "value_json": json.dumps(value)}
        for key, value in attributes.items()
    ]


def open_storage(url: str, quickly: Callable[[Callable[[], Any], str], Any]) -> TrialStorage:
    """Return the open database at `url`: opened once per process, again where the file is new.

    `quickly(call, url)` returns `call()`, waiting a little for what passes.

    Raises:
        StudyError: it is no address of a database, or its driver is missing.
    """
    file = sqlite_file(url)
    inode = file.stat().st_ino if file and file.exists() else 0
    return _opened(url, quickly, os.getpid(), inode) if inode else _open_now(url, quickly)


@lru_cache(maxsize=8)
def _opened(url: str, quickly: Callable[..., Any], pid: int, inode: int) -> TrialStorage:
    return _open_now(url, quickly)


def _open_now(url: str, quickly: Callable[..., Any]) -> TrialStorage:
    """Open or create a database: SQLite in WAL mode, servers with connections checked first."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    file = sqlite_file(url)
    options = {"connect_args": {"timeout": 5}} if file else {"pool_pre_ping": True}
    fresh = file is not None and not (file.exists() and file.stat().st_size)
    opened: TrialStorage = quickly(lambda: _connect(url, options, fresh), url)
    return opened


IN_MEMORY = ("sqlite://", "sqlite:///", "sqlite:///:memory:")


def _connect(url: str, options: Mapping[str, Any], wal: bool) -> TrialStorage:
    from sqlalchemy import event, text
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    if url in IN_MEMORY:
        raise StudyError(
            "A database in memory ends with its connection, and a study is to be found again.",
            hint="Give a file, or leave the storage out: then it is plaintune.db right here.",
        )
    try:
        opened = TrialStorage(url, dict(options))
    except (ArgumentError, NoSuchModuleError) as error:
        hint = "Give a file, or a URL such as postgresql+psycopg2://user@host/name."
        raise StudyError(f"{url!r} is not a database address.", hint=hint) from error
    except ImportError as error:
        reason = str(error).rstrip(".")
        raise StudyError(f"The driver for {place(url)} is not installed: {reason}.") from error
    if wal:
        with opened.engine.connect() as connection:
            connection.execute(text("PRAGMA journal_mode=WAL"))
    if sqlite_file(url):
        opened.engine.dispose()  # The connections so far were opened before the listener.
        event.listen(opened.engine, "connect", _settle)
    return opened


def _settle(connection: Any, _: object) -> None:
    """Let a commit wait for the disk only at checkpoints, where a write-ahead log makes that safe.

    What is committed outlives any end of the process; only a power cut can take back the last
    commits, and never damages the file (sqlite.org, PRAGMA synchronous).
    """
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        connection.execute("PRAGMA synchronous=NORMAL")

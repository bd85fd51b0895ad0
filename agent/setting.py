"""What a run is done with, beside its task: storage, strategy, language model, workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acquisition.opening import check_context
from acquisition.registry import check_acquisition, check_strategy
from acquisition.replication import check_replicate
from agent.callbacks import Callback
from agent.clock import Clock
from agent.events import Event, Listener, Note
from agent.store import Store
from agent.workers import check_workers
from agent.workspace import checked_name
from evals.constraints import Constraint
from prompts.chat import LanguageModel
from prompts.errors import UserError

if TYPE_CHECKING:
    from pandas import DataFrame

    from evals.evaluator import Evaluator


@dataclass(frozen=True)
class Setting:
    """What a run is done with, beside its task. None means the usual choice.

    `storage` is a file or an SQLAlchemy URL, `out` the directory of the run's files. `portfolio`
    lets a search on a table use what did well on other tables. `beliefs` has the language model say
    beforehand where good values lie and what matters. `context` and `log_values` are those of
    `agent.opening`. `surrogate` names one of `surrogates.registry`, `acquisition` one of
    `acquisition.functions`; `replicate` "auto" runs contenders again where noise decides;
    `transfer` names earlier studies to learn from, or ("auto",) those that fit. `llm` and `model`
    are how the user named the `language_model`. `callbacks` are
    called after each trial (`agent.callbacks`). `frame` takes the place of the task's table,
    `evaluator` that of the task's evaluator. `workers` trials run at a time (None: as many as
    before, one in a new study), `devices` (None: those as before, in a new study those that are
    found) dealt among them. `constraints` have the functions that no database can hold.
    """

    storage: str | None = None
    name: str | None = None
    out: str | None = None
    strategy: str = "hybrid"
    portfolio: bool = True
    beliefs: bool = False
    context: str = "partial"
    log_values: bool = False
    surrogate: str = "gp"
    acquisition: str = "logei"
    replicate: str = "off"
    transfer: Sequence[str] = ()
    frame: DataFrame | None = None
    language_model: LanguageModel | None = None
    llm: str | None = None
    model: str | None = None
    listeners: Sequence[Listener] = ()
    callbacks: Sequence[Callback] = ()
    clock: Clock = field(default_factory=Clock)
    evaluator: Evaluator | None = None
    workers: int | None = None
    devices: Sequence[str] | None = None
    constraints: Sequence[Constraint] = ()

    def emit(self, event: Event) -> None:
        """Tell all listeners."""
        for listener in self.listeners:
            listener(event)

    def note(self, text: str) -> None:
        """Tell all listeners a sentence that the user should read."""
        self.emit(Note(text))


def check(setting: Setting) -> None:
    """Refuse what no study can begin with, before anything is read, asked or trained.

    Raises:
        UserError: there is no such strategy, surrogate, acquisition function, context, or way to
            replicate, or no worker.
        StudyError: the name is none, or it is taken.
    """
    check_workers(setting.workers)
    check_strategy(setting.strategy, setting.surrogate, setting.transfer)
    check_acquisition(setting.acquisition, setting.strategy, setting.surrogate)
    check_replicate(setting.replicate)
    check_context(setting.context)
    if setting.name is not None:
        Store.check_free(checked_name(setting.name), setting.storage)


def check_asked(setting: Setting) -> None:
    """Raise `UserError` where a language model is needed and there is none."""
    from agent.strategies import ASKING

    if setting.language_model is not None:
        return
    hint = "Leave `--llm none` out."
    if setting.beliefs:
        raise UserError("Beliefs need a language model.", hint=hint)
    if setting.strategy in ASKING:
        raise UserError(f"The strategy {setting.strategy!r} needs a language model.", hint=hint)

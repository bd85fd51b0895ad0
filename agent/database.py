"""The study's database: its address, and what its errors mean in plain words.

Errors that pass (another process holds the lock, the disk is full for now, the server restarts) are
waited out; all others become one sentence.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from prompts.errors import PlaintuneError, StorageError, StudyError

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_STORAGE = "plaintune.db"
PATIENCE = 300.0
"""Seconds for which a full disk, a lock or an absent server is waited for."""

PASSING = {
    "database is locked": "another process is writing",
    "database or disk is full": "the disk is full",
    "disk i/o error": "the disk cannot be written",
    "connection refused": "the server does not answer",
    "server closed the connection": "the server closed the connection",
    "terminating connection": "the server is going down",
    "the database system is": "the server is starting or stopping",
    "could not connect": "the server does not answer",
    "connection timed out": "the server does not answer",
}
LASTING = {
    "unable to open database file": (
        "cannot be opened: the directory is missing or may not be written.",
        "Choose another place with --storage.",
    ),
    "readonly database": ("may not be written.", "Choose another place with --storage."),
    "file is not a database": (
        "is not a database.",
        "Move the file away, or choose another with --storage.",
    ),
    "malformed": ("is damaged.", "Move the file away, or restore it from a copy."),
    "password authentication": ("refused the user name or password.", "Check --storage."),
    "no such table": ("holds no studies.", "Check --storage."),
}


def storage_url(storage: str | None) -> str:
    """Return an SQLAlchemy URL; a plain path means SQLite, None `plaintune.db` right here."""
    text = storage or DEFAULT_STORAGE
    return text if "://" in text else f"sqlite:///{Path(text).expanduser()}"


def storage_option(storage: str | None) -> str:
    """Return what a command to type needs to find the database again, passwords hidden."""
    if not storage:
        return ""
    return f" --storage {shlex.quote(place(storage) if '://' in storage else storage)}"


def sqlite_file(url: str) -> Path | None:
    """Return the file of an SQLite URL, None for other databases."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def place(url: str) -> str:
    """Return how people call the database: a path, or the URL without its password."""
    from sqlalchemy.engine import make_url

    return str(sqlite_file(url) or make_url(url).render_as_string(hide_password=True))


def database_errors(error: BaseException | None) -> Iterator[str]:
    """Yield, in lower case, what the database said: the error and its causes, if it said any."""
    from sqlalchemy.exc import SQLAlchemyError

    while error is not None:
        if isinstance(error, SQLAlchemyError):
            yield str(error).lower()
        error = error.__cause__


def passing(error: BaseException) -> str | None:
    """Return why the database cannot be used just now, or None if waiting does not help."""
    said = " ".join(database_errors(error))
    return next((why for sign, why in PASSING.items() if sign in said), None)


def in_words(error: BaseException, url: str) -> StorageError | StudyError | None:
    """Return a database error as one plain sentence; None if it did not come from the database."""
    said = list(database_errors(error))
    if why := passing(error):
        hint = "Nothing that was stored is lost: make room or wait, then `plaintune resume`."
        return StorageError(f"The database {place(url)} cannot be used: {why}.", hint=hint)
    for sign, (what, hint) in LASTING.items():
        if any(sign in s for s in said):
            return StudyError(f"The database {place(url)} {what}", hint=hint)
    if said:
        reason = said[-1].splitlines()[0][:200]
        return StorageError(f"The database {place(url)} failed: {reason}.")
    return None


class Stored(Protocol):
    """What `patiently` needs to know of an object that uses a database."""

    url: str
    notify: Callable[[str], None]


S = TypeVar("S", bound=Stored)


def patiently(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Let a method wait out what passes (saying so once), and say the rest in one sentence."""

    @wraps(method)
    def wrapped(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        return with_patience(lambda: method(self, *args, **kwargs), self.url, self.notify)

    return cast(Callable[Concatenate[S, P], R], wrapped)


def with_patience(
    call: Callable[[], R], url: str, notify: Callable[[str], None], seconds: float = PATIENCE
) -> R:
    """Return `call()`, tried again for `seconds` while the reason is one that passes.

    Raises:
        StorageError: the database still cannot be used.
        StudyError: the database cannot be used as it is.
    """
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

    def say(state: Any) -> None:
        if state.attempt_number == 3:
            why = passing(state.outcome.exception())
            notify(f"The database {place(url)} cannot be used: {why}. Trying again.")

    attempts = Retrying(
        retry=retry_if_exception(lambda e: passing(e) is not None),
        stop=stop_after_delay(seconds),
        wait=wait_random_exponential(0.05, max=5),
        before_sleep=say,
        reraise=True,
    )
    try:
        return attempts(call)
    except PlaintuneError:
        raise
    except Exception as error:
        if (plain := in_words(error, url)) is None:
            raise
        raise plain from error

"""The one error family. A message says what was wrong, where, and what to do next.

PlaintuneError                 exit code 1 unless said otherwise
├── UserError                  bad input: exit code 2
│   ├── InvalidTaskError       the task contradicts itself or its data
│   ├── DataError              the data file cannot be used
│   ├── InvalidConfigError     a configuration outside its search space
│   └── StudyError             the study cannot be created, found or resumed
├── LanguageModelError         no (valid) answer; `retryable` says whether asking again may help
│   ├── ModelUnavailableError  cannot be reached, loaded or fetched
│   └── InvalidAnswerError     answered, and the answer is not valid
├── StorageError               the study's database cannot be read or written just now
└── EvaluationError            a trial could not be evaluated; becomes a FAILED trial, never a crash
"""

from __future__ import annotations


class PlaintuneError(Exception):
    """Base of all expected errors; `hint` says what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UserError(PlaintuneError):
    """Input that the user can correct."""

    exit_code = 2


class InvalidTaskError(UserError):
    """The task contradicts itself or its data."""


class DataError(UserError):
    """The data file cannot be used."""


class InvalidConfigError(UserError):
    """A configuration that does not belong to its search space."""


class StudyError(UserError):
    """A study that cannot be created, found or resumed."""


class LanguageModelError(PlaintuneError):
    """The language model gave no usable answer."""

    def __init__(self, message: str, *, hint: str = "", retryable: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable


class ModelUnavailableError(LanguageModelError):
    """The language model cannot be reached, loaded or fetched."""


class InvalidAnswerError(LanguageModelError):
    """The language model answered, and the answer is not valid."""


class StorageError(PlaintuneError):
    """The study's database cannot be read or written; what was stored before is kept."""


class EvaluationError(PlaintuneError):
    """A configuration could not be evaluated; the trial is recorded as FAILED."""

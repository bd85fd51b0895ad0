"""What the end of a run adds to its trials: test scores, files, timings. Kept in the store.

The report is made from task, trials, calls and this record alone, so that `plaintune report` can
make it again at any time.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Score(BaseModel):
    """A score as the user reads it; `std` is its standard error where known."""

    model_config = ConfigDict(frozen=True)
    metric: str
    value: float
    std: float | None = None

    def __str__(self) -> str:
        return f"{self.value:.4g}" + (f" ± {self.std:.2g}" if self.std is not None else "")


class Outcome(BaseModel):
    """The end of a run.

    `test` and `default_test` hold one score per objective on the part the search never saw, for the
    best configuration and for the target model's own default. `files` maps what ("model",
    "snippet", "report", "task") to a path relative to the study's directory. `seconds` maps a part
    of the run ("understanding", "training", "waiting for the LLM", …) to its wall time.
    `stopped` says in words why the run ended; `notes` are sentences the user must know.
    """

    model_config = ConfigDict(frozen=True)
    best: int | None = None
    test: tuple[Score, ...] = ()
    default_test: tuple[Score, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    seconds: dict[str, float] = Field(default_factory=dict)
    stopped: str = ""
    notes: tuple[str, ...] = ()

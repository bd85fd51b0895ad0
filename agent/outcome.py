"""What the end of a run adds to its trials: test scores, files, timings. Kept in the store.

The report is made from task, trials, calls and this record alone, so that `plaintune report` can
make it again at any time.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.digits import readable, telling


class Score(BaseModel):
    """A score as the user reads it; `std` is its standard error where known."""

    model_config = ConfigDict(frozen=True)
    metric: str
    value: float
    std: float | None = None

    def __str__(self) -> str:
        return self.text()

    def text(self, digits: int = 4) -> str:
        """Return the score with so many significant digits."""
        spread = "" if self.std is None else f" ± {readable(self.std, 2)}"
        return readable(self.value, digits) + spread


class Repeat(BaseModel):
    """One run of a trial's configuration with a new seed, to choose among the best or to report."""

    model_config = ConfigDict(frozen=True)
    trial: int
    seed: int
    purpose: Literal["choosing", "reporting"]
    value: float | None
    reason: str = ""


class Spread(BaseModel):
    """A mean over `runs` runs with its 90 % interval, which one run does not have."""

    model_config = ConfigDict(frozen=True)
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    runs: int

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return readable(self.value)
        digits = telling((self.low, self.high), spare=2)
        value, low, high = (readable(v, digits) for v in (self.value, self.low, self.high))
        return f"{value} (90 % interval {low} to {high})"


class Confirmation(BaseModel):
    """What running the best again says; see `agent.confirm`.

    `score` and `default` are means on the same new seeds, `gain` the mean of their differences,
    positive where the best is better. `steady` programs gave exactly the same score again. `said`
    tells why something is missing.
    """

    model_config = ConfigDict(frozen=True)
    winner: int | None = None
    score: Spread | None = None
    default: Spread | None = None
    gain: Spread | None = None
    steady: bool = False
    repeats: tuple[Repeat, ...] = ()
    said: str = ""


class Finals(BaseModel):
    """The last round on a table; see `agent.finals`.

    `winner` has the best of the `means` of the first objective by trial (search and other folds),
    `leader` had the best score of the search. A repeat's `seed` is the number of its folds.
    """

    model_config = ConfigDict(frozen=True)
    winner: int
    leader: int
    means: dict[int, float]
    repeats: tuple[Repeat, ...] = ()


class Transferred(BaseModel):
    """An earlier study that was learned from; `weight` is its share of the beliefs at the end."""

    model_config = ConfigDict(frozen=True)
    study: str
    trials: int
    weight: float


class Outcome(BaseModel):
    """The end of a run; `best` is the number of the trial that won among the first `judged`.

    `confirmation` is there where no part of a table was set aside: functions and commands; `finals`
    where the best few were trained again on other folds.
    `test` and `default_test` hold one score per objective on the part the search never saw, for the
    best configuration and for the target model's own default. `files` maps what ("model",
    "snippet", "report", "task") to a path relative to the study's directory. `seconds` maps a part
    of the run ("understanding", "training", "waiting for the LLM", …) to its wall time.
    `transfer` names the earlier studies that were learned from. `stopped` says in words why the run
    ended; `notes` are sentences the user must know.
    """

    model_config = ConfigDict(frozen=True)
    best: int | None = None
    judged: int = 0
    confirmation: Confirmation | None = None
    finals: Finals | None = None
    test: tuple[Score, ...] = ()
    default_test: tuple[Score, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    seconds: dict[str, float] = Field(default_factory=dict)
    stopped: str = ""
    notes: tuple[str, ...] = ()
    transfer: tuple[Transferred, ...] = ()

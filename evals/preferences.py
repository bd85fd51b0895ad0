"""What somebody wishes or believes about single parameters, while a study runs or before it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from evals.parameters import Scalar
from prompts.errors import InvalidTaskError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Preference(_Part):
    """Where good values of one parameter are thought to lie; it bends the search and forbids none.

    Exactly one of: `toward` an end of the scale, a plausible range from `low` to `high` (native
    values), or `values` of a choice; but a range may have a `toward`, the end of it that is thought
    better. `origin` says who thinks so.
    """

    parameter: str
    toward: Literal["low", "high"] | None = None
    low: float | None = None
    high: float | None = None
    values: tuple[Scalar, ...] = ()
    origin: Literal["your words", "LLM"] = "your words"

    @model_validator(mode="after")
    def _check(self) -> Preference:
        ranged = self.low is not None and self.high is not None
        if (ranged or self.toward is not None) + bool(self.values) != 1:
            raise InvalidTaskError(
                f"The preference for {self.parameter} needs one of: toward, low and high, values."
            )
        return self

    @property
    def sentence(self) -> str:
        """Say it as people would."""
        if self.values:
            return f"{self.parameter}: rather {' or '.join(map(str, self.values))}"
        if self.low is None or self.high is None:
            return f"{self.parameter}: rather {self.toward} values"
        span = f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"
        ranged = f"{self.parameter}: rather {span}"
        return f"{ranged}, the {self.toward}er the better" if self.toward else ranged


class Steering(_Part):
    """What was said in the middle of a study, and what it means from trial `since` on.

    `constraints` are expressions over the space's parameters; all later trials keep them.
    `important` are the parameters said to matter most, the first the most, `interactions` pairs of
    which one's best value is said to depend on the other's.
    """

    words: str
    since: int = Field(default=0, ge=0)
    constraints: tuple[str, ...] = ()
    preferences: tuple[Preference, ...] = ()
    important: tuple[str, ...] = ()
    interactions: tuple[tuple[str, str], ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Say each thing that was said."""
        said = [*self.constraints, *(p.sentence for p in self.preferences)]
        said += [f"matter most: {', '.join(self.important)}"] if self.important else []
        pairs = ", ".join(f"{a} with {b}" for a, b in self.interactions)
        return tuple(said + ([f"depend on each other: {pairs}"] if pairs else []))

    @property
    def meaning(self) -> str:
        """Say what it does."""
        return "; ".join(self.sentences)

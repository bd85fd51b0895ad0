"""The task: what plain English becomes, checked, and written to YAML before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from evals.constraints import Constraint
from evals.parameters import Scalar
from evals.preferences import Steering
from evals.space import SearchSpace
from prompts.errors import InvalidTaskError

Kind = Literal["binary", "multiclass", "regression"]
Origin = Literal["your words", "your data", "LLM", "default"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Part):
    """Where a field came from; `quote` holds the user's words or what in the data says so."""

    origin: Origin
    quote: str = ""


class Data(_Part):
    """The table: `path` as the user wrote it, relative to the working directory.

    No model learns from the columns in `left_out`; rows may still be grouped or ordered by them.
    """

    path: str
    target: str
    kind: Kind
    positive: Scalar = None
    left_out: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Data:
        if self.target in self.left_out:
            raise InvalidTaskError(
                f"The target column {self.target!r} cannot be left out.",
                hint="Take it out of data.left_out, or name another target.",
            )
        return self


class Objective(_Part):
    """A metric (scikit-learn's scorer name without `neg_`) and which way is better.

    Of several objectives each may have a `threshold`, the worst value that will do, in the metric's
    unit: what misses it wins only where nothing reaches it.
    """

    metric: str
    direction: Literal["maximize", "minimize"]
    threshold: float | None = Field(default=None, allow_inf_nan=False)

    @model_serializer(mode="wrap")
    def _plain(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out a threshold that is none: most objectives have none."""
        content: dict[str, Any] = plain(self)
        return {k: v for k, v in content.items() if k != "threshold" or v is not None}

    @property
    def sign(self) -> int:
        """Return 1 where larger is better, else -1."""
        return 1 if self.direction == "maximize" else -1

    @property
    def bound(self) -> str:
        """The threshold as people say it, "at most 50000"; "" where there is none."""
        if self.threshold is None:
            return ""
        return f"{'at least' if self.direction == 'maximize' else 'at most'} {self.threshold:.6g}"

    @property
    def words(self) -> str:
        """The objective as people say it: "minimize model_size (at most 50000)"."""
        return f"{self.direction} {self.metric}" + (f" ({self.bound})" if self.bound else "")


class Budget(_Part):
    """When to stop. None means no limit of that kind.

    `stop_below_gain` ends the search where no more than so much, in the unit of the one objective,
    is likely to be gained by going on; 0 never does.
    `tokens`, `llm_calls` and `llm_seconds` limit the language model over the whole study; the
    search goes on without it when one is reached.
    """

    trials: int | None = Field(default=None, ge=1)
    seconds: float | None = Field(default=None, gt=0)
    seconds_per_trial: float | None = Field(default=None, gt=0)
    stop_below_gain: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    tokens: int | None = Field(default=None, ge=0)
    llm_calls: int | None = Field(default=None, ge=0)
    llm_seconds: float | None = Field(default=None, ge=0)


class Validation(_Part):
    """How a configuration is scored on the tuning part, and how the test part is set aside.

    `folds` = 1 means one hold-out part. `scheme` "group" keeps rows with equal `column` together;
    "time" validates on rows later in `column` than those trained on.
    """

    folds: int = Field(default=5, ge=1)
    scheme: Literal["stratified", "shuffled", "group", "time"] = "stratified"
    column: str | None = None
    test_fraction: float = Field(default=0.2, gt=0, lt=1)

    @model_validator(mode="after")
    def _check(self) -> Validation:
        if self.scheme in ("group", "time") and self.column is None:
            raise InvalidTaskError(f"The validation scheme {self.scheme!r} needs a column.")
        return self


class Program(_Part):
    """What the evaluator "command" runs, or what "function" calls, and where its score stands.

    `command` is what the user typed, one word per element, perhaps with {name} marks. `written`
    says per parameter how it is given ("--lr {}", "optimizer.lr={}"; a switch: "--nesterov"), `off`
    how a switch is turned off ("" leaves it out), `seed` how a seed is given. `constants` names a
    script whose top-level constants are the parameters. The score is looked for under the metrics'
    names in the output, with the regular expression `pattern` (one group) if given, or in
    `score_file` (JSON, JSON lines, CSV, or TensorBoard event files). `memory` is in bytes,
    `cpu_seconds` is processor time, per trial.
    `function` is for people to read; `within` says which parameters are fields of one of its
    arguments ("settings=Settings").
    """

    command: tuple[str, ...] = ()
    written: dict[str, str] = Field(default_factory=dict)
    off: dict[str, str] = Field(default_factory=dict)
    seed: str = ""
    constants: str = ""
    pattern: str = ""
    score_file: str = ""
    memory: int | None = Field(default=None, ge=1)
    cpu_seconds: int | None = Field(default=None, ge=1)
    function: str = ""
    within: dict[str, str] = Field(default_factory=dict)


class Task(_Part):
    """What is tuned, where, towards what, and for how long.

    `models` and `data` belong to the evaluator "tabular" and are empty for others; `program`
    belongs to "command" and "function".
    `constraints` are expressions over parameters as the user wished them ("n_estimators <= 500");
    they are part of `space` already (as bounds or as constraints of the space).
    `steering` is what was said while the study ran, the oldest first; its constraints are part of
    `space` already.
    `sources` maps dotted field names ("data.target") to where they came from.
    """

    description: str = ""
    evaluator: str = "tabular"
    data: Data | None = None
    models: tuple[str, ...] = ()
    space: SearchSpace
    objectives: tuple[Objective, ...] = Field(min_length=1)
    budget: Budget = Budget(trials=30)
    program: Program | None = None
    validation: Validation = Validation()
    fixed: dict[str, Scalar] = Field(default_factory=dict)
    constraints: tuple[str, ...] = ()
    steering: tuple[Steering, ...] = ()
    fidelity: str | None = None
    seed: int = Field(default=0, ge=0)
    sources: dict[str, Source] = Field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Task:
        if self.budget.stop_below_gain and len(self.objectives) > 1:
            raise InvalidTaskError(
                f"What is left to gain is known for one objective, and there are "
                f"{len(self.objectives)}.",
                hint="Leave `stop_below_gain` out, or tune one of them.",
            )
        if self.objective.threshold is not None and len(self.objectives) == 1:
            raise InvalidTaskError(
                f"A threshold of {self.objective.metric} alone leaves nothing to choose by.",
                hint="Leave it out: the best is looked for. It is for trading off objectives.",
            )
        return self

    @property
    def objective(self) -> Objective:
        """The first objective, the one that decides where there is only one."""
        return self.objectives[0]

    def bound(self, here: Sequence[Constraint]) -> Task:
        """Return the task with the functions that the constraints `here` have."""
        return self.model_copy(update={"space": self.space.bound(here)})

    def to_yaml(self) -> str:
        """Return the task as YAML that `from_yaml` reads back unchanged."""
        import yaml

        # A table's fields would only puzzle the reader of a task that has none.
        unused = {"data", "models", "validation"} if self.program else {"program"}
        unused |= set() if self.steering else {"steering"}
        content = self.model_dump(mode="json", exclude=unused)
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)

    @classmethod
    def from_yaml(cls, text: str, where: str = "the task") -> Task:
        """Read a task.

        Raises:
            InvalidTaskError: not YAML, or not a valid task; names each field that is wrong.
        """
        import yaml

        try:
            content: Any = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InvalidTaskError(f"{where} is not valid YAML: {error}") from error
        if not isinstance(content, dict):
            raise InvalidTaskError(f"{where} holds no task.", hint="`plaintune plan` makes one.")
        return cls.checked(content, where)

    @classmethod
    def checked(cls, content: dict[str, Any], where: str = "the task") -> Task:
        """Build a task from plain values; raise `InvalidTaskError` naming each wrong field."""
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5]
            )
            raise InvalidTaskError(f"{where} is not valid: {wrong}.") from error

    def save(self, path: Path) -> None:
        """Write the task as YAML."""
        path.write_text(self.to_yaml(), encoding="utf-8")

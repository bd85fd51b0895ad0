"""Several objectives under noise: hypervolume over fronts that are drawn, not predicted.

Daulton, Balandat & Bakshy 2021, "Parallel Bayesian Optimization of Multiple Noisy Objectives with
Expected Hypervolume Improvement" (NEHVI), on the log scale of Ament et al. 2023, by BoTorch. The
reference point is that of `acquisition.hypervolume`, thresholds included.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from acquisition.belief import Belief
from acquisition.hypervolume import reference_point

DRAWS = 32
BASELINE = 16
"""So many points may be on a drawn front: those least beaten by the predicted means."""


def noisy_hypervolume(belief: Belief) -> Any:
    """Return the acquisition function, of `b x 1 x d` points."""
    from botorch.acquisition.multi_objective.logei import (
        qLogNoisyExpectedHypervolumeImprovement,
    )
    from botorch.models.model import ModelList
    from botorch.sampling.list_sampler import ListSampler
    from botorch.sampling.normal import SobolQMCNormalSampler

    known = np.concatenate([belief.observed, belief.pending])
    means = np.stack([m.marginals(known)[0] for m in belief.models], axis=1)
    _, reference = reference_point(means, belief.thresholds)
    beaten = (means[:, None, :] < means[None, :, :]).all(axis=2).sum(axis=1)
    rows = np.argsort(beaten, kind="stable")[:BASELINE]
    seeds = [(belief.seed + i) % 2**31 for i in range(len(belief.models))]
    samplers = [SobolQMCNormalSampler(torch.Size([DRAWS]), seed=s) for s in seeds]
    return qLogNoisyExpectedHypervolumeImprovement(
        ModelList(*belief.models),
        ref_point=reference.tolist(),
        X_baseline=torch.from_numpy(known[rows]),
        sampler=ListSampler(*samplers),
        cache_root=False,
        prune_baseline=False,
    )

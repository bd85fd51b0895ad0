"""Acquisition functions by name, each made from what is believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from acquisition.improvement import LogImprovement
from acquisition.pool import Acquisition
from prompts.errors import UserError

if TYPE_CHECKING:
    from acquisition.belief import Belief
    from surrogates.priors import Prior

Array = NDArray[np.float64]


class Weighted:
    """An acquisition on a log scale, times the weight of feasibility."""

    def __init__(self, inner: Acquisition, belief: Belief) -> None:
        self._inner, self._feasible = inner, belief.feasible

    def __call__(self, X: Array) -> Array:
        """Return `b` values for `b x d` encoded configurations."""
        value = self._inner(X)
        return value if self._feasible is None else value + self._feasible.log_weight(X)

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""
        value, gradient = self._inner.gradients(X)
        if self._feasible is None:
            return value, gradient
        weight, d_weight = self._feasible.gradients(X)
        return value + weight, gradient + d_weight


class Guided:
    """An acquisition on a log scale, plus a weighted log prior (Hvarfner et al. 2022, Eq. 6)."""

    def __init__(self, inner: Acquisition, prior: Prior) -> None:
        self._inner, self._prior = inner, prior

    def __call__(self, X: Array) -> Array:
        """Return `b` values for `b x d` encoded configurations."""
        return np.asarray(self._inner(X) + self._prior(X))

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""
        value, gradient = self._inner.gradients(X)
        density, slope = self._prior.gradients(X)
        return value + density, gradient + slope


class PerSecond:
    """Improvement per second (Snoek et al. 2012, Sec. 3.2): LogEI minus expected log seconds."""

    def __init__(self, inner: Acquisition, belief: Belief) -> None:
        self._inner, self._cost = inner, belief.cost

    def __call__(self, X: Array) -> Array:
        """Return `b` values for `b x d` encoded configurations."""
        value = self._inner(X)
        return value if self._cost is None else value - self._cost.log_seconds(X)

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""
        value, gradient = self._inner.gradients(X)
        if self._cost is None:
            return value, gradient
        seconds, d_seconds = self._cost.gradients(X)
        return value - seconds, gradient - d_seconds


class UpperConfidence:
    """Mean plus `width` standard deviations, on the model's scale."""

    def __init__(self, belief: Belief, width: float = 2.0) -> None:
        self._predictor, self._width = belief.model.predictor, width

    def __call__(self, X: Array) -> Array:
        """Return `b` values for `b x d` encoded configurations."""
        mean, sd = self._predictor.predict(X)
        return mean + self._width * sd

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""
        at = self._predictor.gradients(X)
        return at.mean + self._width * at.sd, at.d_mean + self._width * at.d_sd


class FromBoTorch:
    """Any BoTorch acquisition function over `b x 1 x d` points, on a log scale."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def __call__(self, X: Array) -> Array:
        """Return `b` values for `b x d` encoded configurations."""
        import torch

        with torch.no_grad():
            return np.asarray(self._function(torch.from_numpy(X).unsqueeze(-2)).numpy())

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""
        import torch

        at = torch.from_numpy(X).unsqueeze(-2).requires_grad_(True)
        values = self._function(at)
        if not values.requires_grad:  # a forest is flat almost everywhere
            return values.numpy(), np.zeros_like(X)
        (gradient,) = torch.autograd.grad(values.sum(), at)
        return values.detach().numpy(), gradient[:, 0, :].numpy()


def threshold(belief: Belief) -> float:
    """Return the best posterior mean at points tried or pending: noise is no progress."""
    known = np.concatenate([belief.observed, belief.pending])
    return float(belief.model.marginals(known)[0].max())


def _logei(belief: Belief) -> Acquisition:
    return LogImprovement(belief.model.predictor, threshold(belief))


def _per_second(belief: Belief) -> Acquisition:
    return PerSecond(_logei(belief), belief)


def _qlognei(belief: Belief) -> Acquisition:
    """Balandat et al. 2020 with the logarithm of Ament et al. 2023."""
    import torch
    from botorch.acquisition.logei import qLogNoisyExpectedImprovement
    from botorch.sampling.normal import SobolQMCNormalSampler

    sampler = SobolQMCNormalSampler(torch.Size([128]), seed=belief.seed % 2**31)
    best = np.argsort(-belief.model.marginals(belief.observed)[0], kind="stable")[:24]
    baseline = torch.from_numpy(belief.observed[best])
    return FromBoTorch(
        qLogNoisyExpectedImprovement(belief.model, baseline, sampler=sampler, cache_root=False)
    )


def _knowledge_gradient(belief: Belief) -> Acquisition:
    from acquisition.information import knowledge_gradient

    return FromBoTorch(knowledge_gradient(belief))


def _max_value_entropy(belief: Belief) -> Acquisition:
    from acquisition.information import max_value_entropy

    return FromBoTorch(max_value_entropy(belief))


def _joint_entropy(belief: Belief) -> Acquisition:
    from acquisition.joint_entropy import joint_entropy

    return FromBoTorch(joint_entropy(belief))


def _thompson(belief: Belief) -> Acquisition:
    from acquisition.thompson import thompson

    return thompson(belief)


def _qlognehvi(belief: Belief) -> Acquisition:
    from acquisition.noisy_hypervolume import noisy_hypervolume

    return FromBoTorch(noisy_hypervolume(belief))


def _hypervolume(belief: Belief) -> Acquisition:
    from acquisition.hypervolume import LogHypervolumeImprovement

    return LogHypervolumeImprovement(belief)


def _limited(belief: Belief) -> Acquisition:
    from acquisition.limited import LogLimitedImprovement

    return LogLimitedImprovement(belief)


ACQUISITIONS: dict[str, Callable[[Belief], Acquisition]] = {
    "logei": _logei,
    "logei_per_second": _per_second,
    "ucb": UpperConfidence,
    "qlognei": _qlognei,
    "knowledge_gradient": _knowledge_gradient,
    "max_value_entropy": _max_value_entropy,
    "joint_entropy": _joint_entropy,
    "thompson": _thompson,
    "hypervolume": _hypervolume,
    "qlognehvi": _qlognehvi,
}
SEVERAL = ("hypervolume", "qlognehvi")
"""Acquisition functions that trade off several objectives."""


def make_acquisition(name: str, belief: Belief) -> Acquisition:
    """Return the acquisition called `name`, weighted with feasibility.

    Several objectives are traded off by hypervolume, whatever the name says; where all but the
    first have a limit, that one is improved within the limits.

    Raises:
        UserError: there is none of that name.
    """
    check_name(name)
    if len(belief.models) > 1 and name not in SEVERAL:
        return Weighted(_several(belief), belief)
    return Weighted(ACQUISITIONS[name](belief), belief)


def _several(belief: Belief) -> Acquisition:
    from acquisition.limited import is_limited

    return _limited(belief) if is_limited(belief) else _hypervolume(belief)


def check_name(name: str) -> None:
    """Raise `UserError` where there is no acquisition function called `name`."""
    if name not in ACQUISITIONS:
        raise UserError(
            f"There is no acquisition function called {name!r}.",
            hint=f"There are: {', '.join(ACQUISITIONS)}.",
        )

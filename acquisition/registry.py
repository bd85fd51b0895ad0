"""Designers by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from acquisition.designer import Designer
from evals.task import Task
from prompts.errors import UserError

if TYPE_CHECKING:
    from acquisition.bayesian import BayesianDesigner
    from surrogates.transfer import Earlier


def _bayesian(
    portfolio: bool = False, transfer: Sequence[Earlier] = (), **options: Any
) -> BayesianDesigner:
    from acquisition.bayesian import BayesianDesigner
    from acquisition.portfolio import portfolio as known

    if transfer:
        return _transferring(transfer, portfolio, **options)
    return BayesianDesigner(portfolio=known if portfolio else None, **options)


def _transferring(earlier: Sequence[Earlier], portfolio: bool, **options: Any) -> BayesianDesigner:
    """Return a designer that begins where earlier studies ended, and learns from them."""
    from acquisition.bayesian import BayesianDesigner
    from acquisition.portfolio import Portfolio
    from acquisition.portfolio import portfolio as other_tables
    from acquisition.transfer import warm_start
    from surrogates.transfer import TransferSurrogate

    def known(task: Task) -> Portfolio:
        others = other_tables(task) if portfolio else Portfolio()
        return Portfolio((*warm_start(task, earlier), *others.suggestions), others.tables)

    options["surrogate"] = TransferSurrogate(earlier)
    return BayesianDesigner(portfolio=known, **options)


def _gp(**options: Any) -> Designer:
    return _bayesian(**options)


def _local(**options: Any) -> Designer:
    return _bayesian(local="always", **options)


def _random(**options: Any) -> Designer:
    from acquisition.random_search import RandomDesigner

    return RandomDesigner(**options)


def _sobol(**options: Any) -> Designer:
    from acquisition.sobol import SobolDesigner

    return SobolDesigner(**options)


def _hybrid(**options: Any) -> Designer:
    from acquisition.hybrid import HybridDesigner

    return HybridDesigner(_bayesian(**options))


def _llm(**options: Any) -> Designer:
    from acquisition.llm_only import LanguageModelDesigner

    return LanguageModelDesigner(**options)


def _llambo(**options: Any) -> Designer:
    from acquisition.llambo import LlamboDesigner

    return LlamboDesigner(**options)


def _generative(**options: Any) -> Designer:
    from acquisition.generative import generative

    return generative(**options)


def _llm_acquisition(ask: Any, **options: Any) -> Designer:
    from acquisition.llm_acquisition import LlmAcquisitionDesigner

    return LlmAcquisitionDesigner(ask, lambda name: _bayesian(acquisition=name, **options))


def _llinbo(rule: Any) -> Callable[..., Designer]:
    def make(**options: Any) -> Designer:
        from acquisition.llinbo import LlinboDesigner

        return LlinboDesigner(rule, **options)

    return make


DESIGNERS: dict[str, Callable[..., Designer]] = {
    "hybrid": _hybrid,
    "gp": _gp,
    "gp-trust-region": _local,
    "random": _random,
    "sobol": _sobol,
    "llm": _llm,
    "llambo": _llambo,
    "llambo-generative": _generative,
    "llm-acquisition": _llm_acquisition,
    "llinbo-transient": _llinbo("transient"),
    "llinbo-justify": _llinbo("justify"),
    "llinbo-constrained": _llinbo("constrained"),
}


WITH_PORTFOLIO = ("hybrid", "gp", "gp-trust-region", "llm-acquisition")
"""Strategies that can begin with what did well on other tables: option `portfolio`."""
WITH_SURROGATE = ("hybrid", "gp", "gp-trust-region")
"""Strategies whose surrogate can be chosen: option `surrogate`."""


WITH_ACQUISITION = ("hybrid", "gp")
"""Strategies whose acquisition function can be chosen: option `acquisition`. A trust region is made
for expected improvement."""
DRAWING = ("joint_entropy", "thompson")
"""Acquisition functions that draw functions, which a forest cannot give."""


def make_designer(name: str, **options: Any) -> Designer:
    """Return the designer called `name`; `options` go to its constructor.

    Raises:
        UserError: there is none of that name.
    """
    check_strategy(name)
    return DESIGNERS[name](**options)


def check_strategy(name: str, surrogate: str = "gp", transfer: Sequence[str] = ()) -> None:
    """Raise `UserError` where there is no designer called `name`, or no such surrogate for it.

    `transfer` names earlier studies, which come with a surrogate of their own.
    """
    from surrogates.registry import check_surrogate

    check_surrogate(surrogate)
    if transfer and surrogate not in ("gp", "transfer"):
        raise UserError(
            f"Earlier studies are no part of the surrogate {surrogate!r}.",
            hint="Leave --surrogate or --transfer out.",
        )
    surrogate = "transfer" if transfer else surrogate
    if surrogate != "gp" and name in DESIGNERS and name not in WITH_SURROGATE:
        raise UserError(
            f"The strategy {name!r} has no surrogate {surrogate!r}.",
            hint=f"Choose one of: {', '.join(WITH_SURROGATE)}.",
        )
    if name not in DESIGNERS:
        raise UserError(
            f"There is no strategy called {name!r}.", hint=f"There are: {', '.join(DESIGNERS)}."
        )


def check_acquisition(name: str, strategy: str = "hybrid", surrogate: str = "gp") -> None:
    """Raise `UserError` where no acquisition function is called `name`, or not for these two."""
    from acquisition.functions import check_name

    check_name(name)
    if name != "logei" and strategy not in WITH_ACQUISITION:
        raise UserError(
            f"The strategy {strategy!r} has no acquisition function {name!r}.",
            hint=f"Choose one of: {', '.join(WITH_ACQUISITION)}.",
        )
    if name in DRAWING and surrogate in ("random_forest", "auto"):
        raise UserError(
            f"The acquisition function {name!r} needs a Gaussian process, and the surrogate"
            f" {surrogate!r} can be a forest.",
            hint="Leave --surrogate or --acquisition out.",
        )


def check_several(task: Task, name: str) -> None:
    """Raise `UserError` where the function is for one objective and there are several, or not."""
    from acquisition.functions import SEVERAL

    if len(task.objectives) == 1 and name == "qlognehvi":
        raise UserError(
            f"The acquisition function {name!r} is for several objectives, and the task has one.",
            hint="Leave --acquisition out, or take qlognei, its like for one.",
        )
    if len(task.objectives) > 1 and name not in ("logei", *SEVERAL):
        raise UserError(
            f"The acquisition function {name!r} is for one objective, and the task has"
            f" {len(task.objectives)}.",
            hint="Leave --acquisition out: several objectives are traded off by hypervolume.",
        )

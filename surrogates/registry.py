"""Surrogates by name."""

from __future__ import annotations

from collections.abc import Callable

from prompts.errors import UserError
from surrogates.base import Surrogate


def _gp() -> Surrogate:
    from surrogates.gp import GPSurrogate

    return GPSurrogate()


def _forest() -> Surrogate:
    from surrogates.forest import ForestSurrogate

    return ForestSurrogate()


def _saas() -> Surrogate:
    from surrogates.saas import SaasSurrogate

    return SaasSurrogate()


def _heteroscedastic() -> Surrogate:
    from surrogates.heteroscedastic import HeteroscedasticSurrogate

    return HeteroscedasticSurrogate()


def _warped() -> Surrogate:
    from surrogates.warping import WarpedSurrogate

    return WarpedSurrogate()


def _transfer() -> Surrogate:
    from surrogates.transfer import TransferSurrogate

    return TransferSurrogate()


def _auto() -> Surrogate:
    from surrogates.auto import AutoSurrogate

    return AutoSurrogate()


SURROGATES: dict[str, Callable[[], Surrogate]] = {
    "gp": _gp,
    "random_forest": _forest,
    "saas": _saas,
    "heteroscedastic": _heteroscedastic,
    "warped": _warped,
    "transfer": _transfer,
    "auto": _auto,
}


def make_surrogate(name: str | Surrogate) -> Surrogate:
    """Return the surrogate called `name`, or `name` itself where it is one.

    Raises:
        UserError: there is none of that name.
    """
    if not isinstance(name, str):
        return name
    check_surrogate(name)
    return SURROGATES[name]()


def check_surrogate(name: str) -> None:
    """Raise `UserError` where there is no surrogate called `name`."""
    if name not in SURROGATES:
        raise UserError(
            f"There is no surrogate called {name!r}.", hint=f"There are: {', '.join(SURROGATES)}."
        )

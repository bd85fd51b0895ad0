"""Surrogates by name."""

from __future__ import annotations

from collections.abc import Callable

from prompts.errors import UserError
from surrogates.base import Surrogate


def _gp() -> Surrogate:
    from surrogates.gp import GPSurrogate

    return GPSurrogate()


SURROGATES: dict[str, Callable[[], Surrogate]] = {"gp": _gp}


def make_surrogate(name: str) -> Surrogate:
    """Return the surrogate called `name`.

    Raises:
        UserError: there is none of that name.
    """
    if name not in SURROGATES:
        raise UserError(
            f"There is no surrogate called {name!r}.", hint=f"There are: {', '.join(SURROGATES)}."
        )
    return SURROGATES[name]()

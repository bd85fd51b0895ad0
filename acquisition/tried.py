"""Which configurations are taken already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.space import Config, SearchSpace
from surrogates.encoding import Encoding, encoding_of

Array = NDArray[np.float64]


class Tried:
    """A growing set of configurations; equality is that of their encodings."""

    def __init__(self, space: SearchSpace, configs: Iterable[Mapping[str, Any]] = ()) -> None:
        self.encoding: Encoding = encoding_of(space)
        self._rows = {row.tobytes() for row in self.encoding.encode(list(configs))}

    def __contains__(self, config: Mapping[str, Any]) -> bool:
        return self.encoding.encode([config])[0].tobytes() in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, config: Mapping[str, Any]) -> None:
        """Take `config`."""
        self._rows.add(self.encoding.encode([config])[0].tobytes())

    def copy(self) -> Tried:
        """Return a set that grows on its own."""
        twin = Tried(self.encoding.space)
        twin._rows = set(self._rows)
        return twin

    def free(self, row: Array) -> Config | None:
        """Return the configuration nearest to `row` (`d`) if it is valid and not taken."""
        space = self.encoding.space
        config = space.decode(row)[0]
        if config in self or not all(k.holds(config) for k in space.constraints):
            return None
        return config

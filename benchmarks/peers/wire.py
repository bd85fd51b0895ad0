"""The worker's end of the line: standard library only, as it runs in any peer's environment."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any, Protocol


class Peer(Protocol):
    """What a worker script wraps around its peer; values are to be minimised, None is a failure."""

    def tell(self, config: dict[str, Any], value: float | None) -> None:
        """Take in a result."""

    def ask(self) -> dict[str, Any]:
        """Return the next configuration."""


def serve(make: Any) -> None:
    """Answer requests until the input ends; `make(problem)` returns the `Peer`."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the peer prints must not mix with the answers
    peer: Peer = make(json.loads(sys.stdin.readline()))
    _answer(channel, {})
    for line in sys.stdin:
        request = json.loads(line)
        if "ask" in request:
            _answer(channel, {"config": peer.ask()})
        else:
            peer.tell(request["config"], request["value"])
            _answer(channel, {})


def _answer(channel: Any, content: dict[str, Any]) -> None:
    channel.write(json.dumps(content | {"cpu": time.process_time()}) + "\n")
    channel.flush()

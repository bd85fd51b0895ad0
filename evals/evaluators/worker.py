"""The child process: receives a `Trainer` once, then trains what it is asked to.

Messages are pairs (word, content). In: ("load", Trainer), ("evaluate" | "test" | "fit", (config,
seed)), ("again", (config, seed, number)), ("go" | "stop", None) after each fold. Out: ("fold",
(done, scores)), ("done", result), ("failed", why in words).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evals.evaluators.training import Trainer


def main(handle: int, parent: int) -> None:
    """Serve requests from the connection with file descriptor `handle` until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What libraries warn about (convergence, rare classes) shows in the score.
    warnings.simplefilter("ignore")
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    connection = Connection(handle)
    trainer: Trainer | None = None
    while True:
        try:
            word, content = connection.recv()
        except EOFError:
            return
        if word == "load":
            trainer = content
            connection.send(("done", None))
        elif trainer is not None:
            connection.send(_answer(trainer, connection, word, content))


def _follow(parent: int) -> None:
    """End this process and its children as soon as the parent is gone, however it went."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.killpg(os.getpgid(0), signal.SIGKILL)


def _answer(trainer: Trainer, connection: Connection, word: str, content: Any) -> tuple[str, Any]:
    config, seed, *number = content

    def report(done: int, scores: list[float]) -> bool:
        connection.send(("fold", (done, scores)))
        return bool(connection.recv()[0] == "stop")

    try:
        if word == "evaluate":
            return "done", trainer.cross_validate(config, seed, report)
        if word == "again":
            return "done", trainer.again(config, seed, *number)
        return "done", trainer.test(config, seed) if word == "test" else trainer.fit(config, seed)
    except MemoryError:
        return "failed", "There was not enough memory."
    except (Exception, SystemExit) as error:
        return "failed", in_words(error)


def in_words(error: BaseException) -> str:
    """Return the kind of error and the first line of what it says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0][:300] if lines else "no further word"
    return f"{type(error).__name__}: {said}"


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

"""Several trials at a time on this machine: who runs them, on which devices, and how they stop."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue

from evals.evaluator import Evaluator, Shareable
from prompts.errors import UserError

DEVICES = "CUDA_VISIBLE_DEVICES"
THREADS = "OMP_NUM_THREADS"
PATIENCE = 1.0
"""Seconds for which the others are waited for when one thing ends them all."""


def together(calls: Sequence[Callable[[], None]], stop: Callable[[], None]) -> None:
    """Run all calls, each in a thread; on the first error, or an interruption, `stop` the others.

    Raises:
        BaseException: what one of them raised, or what interrupted the waiting.
    """
    ends: SimpleQueue[BaseException | None] = SimpleQueue()

    def run(call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as error:
            ends.put(error)
        else:
            ends.put(None)

    threads = [threading.Thread(target=run, args=(c,), daemon=True) for c in calls]
    for thread in threads:
        thread.start()
    try:
        for _ in threads:
            if (error := ends.get()) is not None:
                raise error
    except BaseException:
        stop()
        for thread in threads:
            thread.join(PATIENCE)
        raise


def check_workers(count: int | None) -> None:
    """Refuse a number of workers that is none; None is the usual number."""
    if count is not None and count < 1:
        raise UserError(f"workers must be at least 1, got {count}.")


def spread(evaluator: Evaluator, count: int, devices: Sequence[str] | None) -> list[Evaluator]:
    """Return an evaluator for each of `count` workers.

    `devices` (None: those that are found) are dealt to the workers in turn.

    Raises:
        UserError: `count` is below 1, or the evaluator runs one trial at a time.
    """
    check_workers(count)
    if count == 1 and not devices:
        return [evaluator]
    if not isinstance(evaluator, Shareable):
        raise UserError(
            f"{type(evaluator).__name__} runs one trial at a time.",
            hint="Give it a method for_workers (evals.evaluator.Shareable), or leave workers out.",
        )
    known = found_devices() if devices is None else list(devices)
    return evaluator.for_workers(environments(count, known))


def environments(count: int, devices: Sequence[str]) -> list[dict[str, str]]:
    """Return what each worker's processes find in their environment.

    Every device goes to a worker; where there are fewer devices than workers, they share. The cores
    are divided, unless the user has said how many threads there should be.
    """
    found: list[dict[str, str]] = []
    for worker in range(count):
        own: dict[str, str] = {}
        if devices:
            mine = devices[worker::count] or [devices[worker % len(devices)]]
            own[DEVICES] = ",".join(mine)
        if count > 1 and THREADS not in os.environ:
            own[THREADS] = str(max(1, len(os.sched_getaffinity(0)) // count))
        found.append(own)
    return found


def found_devices(
    environment: Mapping[str, str] | None = None, directory: Path = Path("/dev")
) -> list[str]:
    """Return the NVIDIA devices that this process may use: those it was given, else all there are.

    `environment` is ours where None; devices are files nvidia0, nvidia1, ... in `directory`.
    """
    given = (os.environ if environment is None else environment).get(DEVICES)
    if given is not None:
        return [word for part in given.split(",") if (word := part.strip()) and word != "-1"]
    names = (re.fullmatch(r"nvidia(\d+)", path.name) for path in directory.glob("nvidia*"))
    return [str(number) for number in sorted(int(n.group(1)) for n in names if n)]

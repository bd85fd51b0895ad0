"""Which process is which: its number, and a start that no change of the clock moves."""

from __future__ import annotations


def started(pid: int) -> float | None:
    """Return the seconds from the machine's boot to the start of `pid`; None where none runs.

    Its start since the epoch moves with the clock: the kernel works out the time of boot anew at
    each look, so that after a second of drift a process would be taken for another one.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        while True:
            boot, born = psutil.boot_time(), psutil.Process(pid).create_time()
            if boot == psutil.boot_time():  # else the clock moved between the two
                return float(round(born - boot, 2))
    except psutil.Error:
        return None

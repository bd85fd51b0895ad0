"""GNU's OpenMP in forked processes: it waits forever for threads that were left behind by the fork.

Who has trained with scikit-learn's histogram boosting, LightGBM or PyTorch in a notebook has such
threads, and a trial that is forked from there would hang at its first parallel loop (GCC bug 58378;
scikit-learn's FAQ, "Why do I sometimes get a crash/freeze with n_jobs > 1?").
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import time
from pathlib import Path

PATIENCE = 1.0
"""Seconds that two threads may take to meet."""
ONE_THREAD = (
    "This process has computed with OpenMP's threads, which trials forked from it cannot use: each "
    "trial computes with one. OMP_NUM_THREADS=1 in the environment, or tuning before anything is "
    "trained here, avoids that."
)


def lost_pools() -> list[str]:
    """Return the files of those OpenMP libraries in this process that hang after a fork."""
    return [path for path in _libraries() if not _meets(path)]


def keep_to_one_thread(libraries: list[str]) -> None:
    """Have parallel loops of this process, and of what is forked from it, take one thread."""
    for path in libraries:
        ctypes.CDLL(path).omp_set_num_threads(1)


def _libraries() -> list[str]:
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return sorted(set(re.findall(r"/\S*libgomp[^/\s]*\.so[^/\s]*", maps)))


def _meets(path: str) -> bool:
    """Return whether a forked process gets through a parallel region of two threads."""
    pid = os.fork()
    if pid == 0:
        try:
            library = ctypes.CDLL(path)
            harmless = ctypes.cast(library.omp_get_thread_num, ctypes.c_void_p)
            library.GOMP_parallel(harmless, None, 2, 0)
        finally:
            os._exit(0)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return True
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False

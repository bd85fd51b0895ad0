"""How many threads the search itself takes: one."""

from __future__ import annotations

from contextlib import AbstractContextManager


def one_thread() -> AbstractContextManager[object]:
    """Return a context in which linear algebra of this process keeps to one thread.

    A search multiplies small matrices. Threads that spin while they wait for each other gain it
    nothing, and beside a language model or a training on the same cores they took most of its time:
    18 s instead of 6 for the 20 suggestions of the demo. What is trained has its own limits.
    """
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limits

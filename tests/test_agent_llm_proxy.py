"""The benchmark that sets faults between plaintune and a real server knows every fault it sets.

The runs themselves (`python -m benchmarks.llm_faults`) wait for a real model: a busy machine
changes what they meet, so they are no tests. `test_agent_llm_faults` has the faults with no model.
"""

from __future__ import annotations

from benchmarks.faulty_proxy import FAULTS, FaultyProxy
from benchmarks.llm_faults import TOLD


def test_every_fault_has_its_words() -> None:
    assert list(TOLD) == list(FAULTS)


def test_every_fault_can_be_set() -> None:
    for fault in FAULTS:
        assert callable(getattr(FaultyProxy, f"_{fault.replace(' ', '_').replace('-', '_')}"))

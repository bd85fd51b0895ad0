"""Faults between plaintune and a real language model server, in the middle of a run.

The server is llama.cpp's own with the tiny model; a proxy passes the first question on and then
misbehaves. `python -m benchmarks.llm_faults` does it with every fault, twenty times each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.model_cache import MODELS, fetch
from benchmarks.faulty_proxy import FAULTS, llama_server
from benchmarks.llm_faults import TOLD, faulty_run, table

pytestmark = pytest.mark.llm


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, str]]:
    with llama_server(str(fetch(MODELS["tiny"], lambda line: None))) as running:
        yield running


def test_every_fault_has_its_words() -> None:
    assert list(TOLD) == list(FAULTS)


@pytest.mark.parametrize("fault", ["restarts", "truncated", "repeats", "no model"])
def test_a_run_survives_its_server(server: tuple[str, str], tmp_path: Path, fault: str) -> None:
    row = faulty_run(fault, *server, tmp_path)
    assert row["wrong"] == []
    assert row["asked"] >= 2, "the fault was never met"
    assert fault in table([{"server": "llama.cpp", **row}])

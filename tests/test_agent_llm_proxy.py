"""Faults between plaintune and a real language model server, in the middle of a run.

The server is llama.cpp's own with the tiny model, in a process of its own; a proxy passes the first
question on and then misbehaves. How quick the model is decides what a run meets, so only what must
hold at any speed is tested; `python -m benchmarks.llm_faults` does it with every fault, many times.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from agent.language_models.openai_url import OpenAIModel
from agent.model_cache import MODELS, fetch
from benchmarks.faulty_proxy import FAULTS, FaultyProxy, llama_server
from benchmarks.llm_faults import TOLD, faulty_run, table
from prompts.chat import Message
from prompts.errors import LanguageModelError

LIMIT = 60.0
"""Seconds that nothing here comes near, unless it hangs."""


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, str]]:
    with llama_server(str(fetch(MODELS["tiny"], lambda line: None))) as running:
        yield running


def test_every_fault_has_its_words() -> None:
    assert list(TOLD) == list(FAULTS)


def test_every_fault_can_be_set() -> None:
    for fault in FAULTS:
        assert callable(getattr(FaultyProxy, f"_{fault.replace(' ', '_').replace('-', '_')}"))


@pytest.mark.llm
@pytest.mark.parametrize("fault", ["truncated", "no model"])
def test_a_run_survives_its_server(server: tuple[str, str], tmp_path: Path, fault: str) -> None:
    row = faulty_run(fault, *server, tmp_path)
    timely = [w for w in row["wrong"] if "took longer" not in w]
    assert timely == []
    assert fault in table([{"server": "llama.cpp", **row}])


@pytest.mark.llm
def test_leaving_the_proxy_ends_what_it_waits_for(server: tuple[str, str]) -> None:
    hello: list[Message] = [{"role": "user", "content": "Count from one to a thousand."}]
    with ThreadPoolExecutor(1) as pool:
        with FaultyProxy(*server, fault="") as proxy:
            model = OpenAIModel(proxy.url, api_key=proxy.key, timeout=LIMIT, retries=0)
            model.complete(hello, max_tokens=1)
            open_question = pool.submit(model.complete, hello, max_tokens=2000)
            while proxy.asked < 2:
                time.sleep(0.01)
        with pytest.raises(LanguageModelError):
            open_question.result(timeout=LIMIT)
    began = time.monotonic()
    OpenAIModel(server[0], api_key=server[1], timeout=LIMIT).complete(hello, max_tokens=1)
    assert time.monotonic() - began < LIMIT / 2, "the server still answers somebody who has left"


@pytest.mark.llm
def test_the_server_ends_in_the_middle_of_an_answer() -> None:
    path = str(fetch(MODELS["tiny"], lambda line: None))
    with ThreadPoolExecutor(1) as pool:
        with llama_server(path) as (url, key):
            model = OpenAIModel(url, api_key=key, timeout=LIMIT, retries=0)
            hello: list[Message] = [{"role": "user", "content": "Count to a thousand."}]
            model.complete(hello, max_tokens=1)
            open_question = pool.submit(model.complete, hello, max_tokens=2000)
            time.sleep(0.2)
        with pytest.raises(LanguageModelError):
            open_question.result(timeout=LIMIT)
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"{url}/models", timeout=2)

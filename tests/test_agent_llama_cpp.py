"""llama.cpp in process, asked for real: constrained, reproducible, and quick the second time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.language_models.llama_cpp import LlamaCppModel
from agent.model_cache import MODELS
from prompts.chat import Message
from prompts.errors import LanguageModelError, ModelUnavailableError

pytestmark = pytest.mark.llm
TINY = MODELS["tiny"].path
FACTS = " ".join(f"Fact {i} is {i * 7}." for i in range(60))
QUESTION: Message = {"role": "user", "content": "Propose a setting as JSON."}
SCHEMA = {
    "type": "object",
    "properties": {
        "rate": {"type": "number", "minimum": 0.001, "maximum": 0.01, "x-log": True},
        "depth": {"type": "integer", "minimum": 17, "maximum": 19},
        "kind": {"enum": ["fast", "slow", None]},
    },
    "required": ["rate", "depth", "kind"],
}


def tiny(states: Path) -> LlamaCppModel:
    return LlamaCppModel(TINY, name="tiny", states=states, notify=lambda line: None)


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("states")


@pytest.fixture(scope="module")
def model(states: Path) -> LlamaCppModel:
    return tiny(states)


def test_answers_lie_in_the_schema_and_a_seed_reproduces_them(model: LlamaCppModel) -> None:
    first, again = (
        model.complete([QUESTION], count=4, schema=SCHEMA, seed=3, temperature=1.5)
        for _ in range(2)
    )
    assert [a.text for a in first] == [a.text for a in again]
    for answer in map(json.loads, (a.text for a in first)):
        assert 0.001 <= answer["rate"] <= 0.01
        assert answer["depth"] in (17, 18, 19) and answer["kind"] in ("fast", "slow", None)
    assert len({a.text for a in first}) > 1


def test_a_new_process_restores_the_prefix(model: LlamaCppModel, states: Path) -> None:
    prefix: list[Message] = [{"role": "system", "content": FACTS}]
    slow = model.complete([*prefix, QUESTION], max_tokens=4)[0]
    quick = tiny(states).complete([*prefix, QUESTION], max_tokens=4)[0]
    assert slow.cached_tokens < 50 and quick.cached_tokens > 500
    assert quick.text == slow.text


def test_a_broken_state_is_dropped(model: LlamaCppModel, states: Path) -> None:
    prefix: list[Message] = [{"role": "system", "content": f"Again. {FACTS}"}]
    before = set(states.iterdir())
    slow = model.complete([*prefix, QUESTION], max_tokens=4)[0]
    (state,) = set(states.iterdir()) - before
    state.write_bytes(state.read_bytes()[:1000])
    assert tiny(states).complete([*prefix, QUESTION], max_tokens=4)[0].text == slow.text


def test_a_prompt_that_is_too_long_says_so(model: LlamaCppModel) -> None:
    with pytest.raises(LanguageModelError, match="exceeds the available context"):
        model.complete([{"role": "user", "content": FACTS * 20}])


def test_a_file_that_is_no_model_says_so(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"not a model")
    broken = LlamaCppModel(file, name="x", states=tmp_path, notify=lambda line: None)
    with pytest.raises(ModelUnavailableError, match=r"cannot load .*model\.gguf"):
        broken.complete([QUESTION])

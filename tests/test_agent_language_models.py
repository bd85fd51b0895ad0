"""Backends without a server: scripted, replay, transformers; and how one is chosen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.language_models.registry import open_language_model
from agent.language_models.replay import RecordingModel, ReplayModel
from agent.language_models.scripted import ScriptedModel
from agent.language_models.transformers_local import TransformersModel
from prompts.chat import LanguageModel, Message
from prompts.errors import DataError, LanguageModelError, ModelUnavailableError

ASK: list[Message] = [{"role": "user", "content": "Propose."}]
SCHEMA = {
    "type": "object",
    "properties": {
        "rate": {"type": "number", "minimum": 1e-5, "maximum": 0.1, "x-log": True},
        "depth": {"type": "integer", "minimum": 2, "maximum": 8},
    },
    "required": ["rate", "depth"],
}


def test_a_script_is_followed_and_ends() -> None:
    model: LanguageModel = ScriptedModel([{"a": 1}, "text", LanguageModelError("no")])
    assert json.loads(model.complete(ASK)[0].text) == {"a": 1}
    assert model.complete(ASK)[0].text == "text"
    with pytest.raises(LanguageModelError, match="no"):
        model.complete(ASK)
    with pytest.raises(LanguageModelError, match="no further answer"):
        model.complete(ASK)


def test_a_script_can_be_a_function() -> None:
    model = ScriptedModel(lambda messages: messages[-1]["content"].upper())
    assert [c.text for c in model.complete(ASK, count=2)] == ["PROPOSE."] * 2
    assert model.calls == [ASK]


def test_recorded_answers_come_again_and_no_others(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    recording = RecordingModel(ScriptedModel(["one", "two", "three"], name="m"), file)
    said = [recording.complete(ASK, seed=seed, schema=SCHEMA) for seed in (1, 2)]
    replay = ReplayModel(file)
    assert replay.name == "m"
    assert [replay.complete(ASK, seed=s, schema=SCHEMA) for s in (1, 2)] == said
    for changed in ({"seed": 3}, {"seed": 1, "schema": None}, {"seed": 1, "temperature": 1.0}):
        with pytest.raises(LanguageModelError, match="record again"):
            replay.complete(ASK, **{"schema": SCHEMA, **changed})  # type: ignore[arg-type]


def test_a_broken_recording_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text('{"key": "a", "answers": []}\n{"key"')
    with pytest.raises(DataError, match="Line 2"):
        ReplayModel(file)
    with pytest.raises(DataError, match="cannot be read"):
        ReplayModel(tmp_path / "none.jsonl")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a transformers model of random weights that knows single letters."""
    tokenizers = pytest.importorskip("tokenizers")
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = [*map(chr, range(32, 127)), "\n"]
    vocabulary = {"</s>": 0, "<unk>": 1} | {c: i + 2 for i, c in enumerate(letters)}
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
    words.decoder = tokenizers.decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, eos_token="</s>", pad_token="</s>", unk_token="<unk>"
    )
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}\n{% endfor %}"
    sizes = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1}
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        num_attention_heads=2,
        max_position_embeddings=256,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
        **sizes,
    )
    folder = tmp_path_factory.mktemp("checkpoint")
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_transformers_answers_inside_the_schema_and_by_seed(checkpoint: Path) -> None:
    import torch

    model = open_language_model("auto", model=str(checkpoint), notify=lambda line: None)
    assert isinstance(model, TransformersModel)
    before = torch.get_rng_state()
    first, again = (
        model.complete(ASK, count=4, schema=SCHEMA, seed=5, temperature=1.0) for _ in range(2)
    )
    assert torch.equal(before, torch.get_rng_state())
    assert [a.text for a in first] == [a.text for a in again]
    values = [json.loads(a.text) for a in first]
    assert all(1e-5 <= v["rate"] <= 0.1 and 2 <= v["depth"] <= 8 for v in values)
    assert len({a.text for a in first}) > 1
    assert first[0].finish_reason == "stop" and first[0].prompt_tokens == len("Propose.\n")


def test_transformers_says_what_is_wrong(checkpoint: Path, tmp_path: Path) -> None:
    model = TransformersModel(str(checkpoint), notify=lambda line: None)
    with pytest.raises(LanguageModelError, match="too long"):
        model.complete([{"role": "user", "content": "x" * 300}])
    with pytest.raises(ModelUnavailableError, match="cannot load"):
        TransformersModel(str(tmp_path), notify=lambda line: None).complete(ASK)


def test_no_model_a_wrong_backend_and_a_missing_file() -> None:
    def quiet(line: str) -> None:
        return

    assert open_language_model("none", notify=quiet) is None
    with pytest.raises(ModelUnavailableError, match="no language model backend called 'gpt'"):
        open_language_model("gpt", notify=quiet)
    with pytest.raises(ModelUnavailableError, match=r"no\.gguf does not exist"):
        open_language_model("auto", model="no.gguf", notify=quiet)
    with pytest.raises(ModelUnavailableError, match="is a GGUF file"):
        open_language_model("transformers", model="light", notify=quiet)
    url = open_language_model("http://127.0.0.1:9/v1", model="some", notify=quiet)
    assert url is not None and url.name == "some"

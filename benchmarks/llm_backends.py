"""The same pinned model behind each backend, for comparisons of the backends alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from agent.language_models.openai_url import OpenAIModel
from agent.language_models.registry import open_language_model
from agent.language_models.vllm_server import find_vllm, start
from agent.model_cache import MODELS, cache_home, fetch
from prompts.chat import LanguageModel

PATIENCE = 3600.0
"""Seconds that an answer may take: a comparison waits where a run would not."""
DEQUANTIZE = """
import sys, torch
from pathlib import Path
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
file, folder = Path(sys.argv[1]), sys.argv[2]
model = AutoModelForCausalLM.from_pretrained(
    file.parent, gguf_file=file.name, dtype=torch.bfloat16,
    quantization_config=GgufConfig(dequantize=True))
if hasattr(model.config, "quantization_config"):
    del model.config.quantization_config
model.save_pretrained(folder)
AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(folder)
"""


def say(line: str) -> None:
    """Print a message where it does not mix with results."""
    print(line, file=sys.stderr)


def open_backend(backend: str, model: str, notify: Callable[[str], None] = say) -> LanguageModel:
    """Return `model` ("default", "light", "tiny") behind `backend`."""
    if backend == "vllm":
        state = start(model, notify=notify)
        return OpenAIModel(state.url, model=state.model, api_key=state.key, timeout=PATIENCE)
    source = str(checkpoint(model)) if backend == "transformers" else model
    opened = open_language_model(backend, model=source, notify=notify)
    assert opened is not None
    return opened


def checkpoint(model: str) -> Path:
    """Return `model` as a bf16 checkpoint, which transformers reads; made once."""
    file = fetch(MODELS[model], say)
    folder = cache_home() / "benchmarks" / f"{file.stem}-bf16"
    if not (folder / "tokenizer_config.json").is_file():
        say(f"Writing {model} as a bf16 checkpoint …")
        command = [find_vllm()[0], "-c", DEQUANTIZE, str(file), str(folder)]
        subprocess.run(command, check=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    return folder

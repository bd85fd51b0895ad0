"""transformers inside this process: for a local model directory or a hub name, on CPU or GPU.

Slower than llama.cpp on a CPU; there for models that exist only as safetensors. xgrammar masks
every token that the grammar of the schema does not allow.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from prompts.chat import Completion, JsonSchema, Message
from prompts.errors import LanguageModelError, ModelUnavailableError
from prompts.grammar import gbnf


class TransformersModel:
    """The model in the directory (or at the hub under the name) `model`; loaded when first asked.

    Raises:
        ModelUnavailableError: transformers or xgrammar is missing, or the model cannot be loaded.
    """

    def __init__(self, model: str, *, notify: Callable[[str], None]) -> None:
        self.name = model.rstrip("/").split("/")[-1]
        self._source = model
        self._notify = notify
        self._lock = threading.Lock()

    @cached_property
    def _loaded(self) -> tuple[Any, Any, Any]:
        """The tokenizer, the model and the grammar compiler."""
        self._notify(f"Loading the language model {self.name} with transformers …")
        try:
            import xgrammar
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as error:
            raise ModelUnavailableError(
                f"The transformers backend needs a package that is missing: {error}.",
                hint="Install it with: pip install 'plaintune[transformers]'.",
            ) from error
        except RuntimeError as error:
            raise _clash(error) from error
        try:
            tokenizer = AutoTokenizer.from_pretrained(self._source)
            model = AutoModelForCausalLM.from_pretrained(self._source, dtype="auto")
        except (OSError, ValueError) as error:
            raise ModelUnavailableError(
                f"transformers cannot load {self._source}: {str(error).splitlines()[0]}",
                hint="It must be a directory with a transformers checkpoint, or a hub name.",
            ) from error
        info = xgrammar.TokenizerInfo.from_huggingface(
            tokenizer, vocab_size=model.config.vocab_size
        )
        return tokenizer, model, xgrammar.GrammarCompiler(info)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        count: int = 1,
        schema: JsonSchema | None = None,
        seed: int | None = None,
        temperature: float = 0.0,
        max_tokens: int = 512,
    ) -> list[Completion]:
        """Return `count` answers, sampled together."""
        with self._lock:
            tokenizer, model, compiler = self._loaded
            start = time.monotonic()
            prompt = tokenizer.apply_chat_template(
                [dict(m) for m in messages],
                add_generation_prompt=True,
                return_tensors="pt",
                return_dict=True,
            )
            length = prompt["input_ids"].shape[1]
            room = getattr(model.config, "max_position_embeddings", 4096) - length
            if room < 1:
                raise LanguageModelError(f"The prompt of {length} tokens is too long.")
            options = _sampling(count, temperature) | {"max_new_tokens": min(max_tokens, room)}
            if schema is not None:
                options["logits_processor"] = [_processor(compiler, schema)]
            rows = _generate(model, prompt, options, seed)[:, length:]
            return _completions(self.name, tokenizer, rows, length, time.monotonic() - start, count)


def _clash(error: RuntimeError) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"transformers cannot be imported: {str(error).splitlines()[-1]}",
        hint="A CUDA build of torchvision or torchaudio beside a CPU build of torch does this: "
        "uninstall torchvision, torchaudio and torchcodec, which plaintune does not need.",
    )


def _sampling(count: int, temperature: float) -> dict[str, Any]:
    if temperature <= 0:
        return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    return {"do_sample": True, "temperature": temperature, "num_return_sequences": count}


def _processor(compiler: Any, schema: JsonSchema) -> Any:
    from xgrammar.contrib.hf import LogitsProcessor

    return LogitsProcessor(compiler.compile_grammar(gbnf(schema)))


def _generate(model: Any, prompt: Any, options: dict[str, Any], seed: int | None) -> Any:
    """Generate with a random state of its own: the process's global one is put back."""
    import torch

    with torch.inference_mode(), torch.random.fork_rng():
        if seed is not None:
            torch.manual_seed(seed)
        else:
            torch.seed()
        return model.generate(**prompt.to(model.device), **options)


def _completions(
    name: str, tokenizer: Any, rows: Any, length: int, seconds: float, count: int
) -> list[Completion]:
    """Return one completion per row; a greedy answer stands for all `count` equal ones."""
    ends = {tokenizer.eos_token_id, tokenizer.pad_token_id} - {None}
    found = []
    for i, row in enumerate(rows.tolist()):
        tokens = next((row[:j] for j, t in enumerate(row) if t in ends), row)
        found.append(
            Completion(
                text=tokenizer.decode(tokens, skip_special_tokens=True),
                model=name,
                prompt_tokens=0 if i else length,
                completion_tokens=len(tokens),
                seconds=seconds,
                finish_reason="stop" if len(tokens) < len(row) else "length",
            )
        )
    return found if len(found) == count else found * count

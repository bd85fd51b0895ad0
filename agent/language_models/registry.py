"""Which language model answers: from what the user said to a backend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.model_cache import MODELS, cache_home
from prompts.chat import LanguageModel
from prompts.errors import ModelUnavailableError


def open_language_model(
    spec: str = "auto", *, model: str | None = None, notify: Callable[[str], None]
) -> LanguageModel | None:
    """Return the backend that `spec` names, or None for "none".

    `spec`: "auto", "none", "llama.cpp", "vllm", "transformers" or a URL. `model`: "default",
    "light", "tiny", a path or a hub name. `notify` receives lines about what takes time.

    Raises:
        ModelUnavailableError: the model or its backend cannot be had here.
    """
    if spec == "none":
        return None
    if spec in ("auto", "llama.cpp"):
        return _llama_cpp(model or "default", notify)
    raise ModelUnavailableError(f"There is no backend called {spec!r}.")


def _llama_cpp(model: str, notify: Callable[[str], None]) -> LanguageModel:
    from agent.language_models.llama_cpp import LlamaCppModel

    pinned = MODELS.get(model)
    path = pinned.path if pinned else Path(model)
    if not path.is_file():
        raise ModelUnavailableError(f"The model file {path} is missing.")
    name = pinned.upstream if pinned else path.stem
    return LlamaCppModel(path, name=name, states=cache_home() / "prefixes", notify=notify)

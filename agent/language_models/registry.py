"""Which language model answers: from what the user said to a backend.

What the backends cost on a CPU stands in `costs.yaml`; `choosing` decides by it.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

from agent.model_cache import MODELS, cache_home, fetch
from prompts.chat import LanguageModel
from prompts.errors import ModelUnavailableError

Notify = Callable[[str], None]
REPLAY = "replay:"


def open_language_model(
    spec: str = "auto", *, model: str | None = None, notify: Notify, parallel: int = 1
) -> LanguageModel | None:
    """Return the backend that `spec` names, or None for "none".

    `spec`: "auto", "none", "llama.cpp", "vllm", "transformers", a URL, or "replay:STUDY" (with
    "@STORAGE" where that is not the usual one). `model`: "default", "light", "tiny", a path or a
    hub name (with a URL: a name that the server knows). `notify` receives lines about what takes
    time. Known models are fetched when they are not in the cache. "auto" takes what is fastest
    where `parallel` answers are wanted at once.

    Raises:
        ModelUnavailableError: the model or its backend cannot be had here.
        StudyError: there is no study to replay.
    """
    if spec == "none":
        return None
    if spec.startswith(REPLAY):
        return _replay(spec.removeprefix(REPLAY), notify)
    if spec.startswith(("http://", "https://")):
        from agent.language_models.openai_url import OpenAIModel

        return OpenAIModel(spec, model=model)
    openers = {"llama.cpp": _llama_cpp, "vllm": _vllm, "transformers": _transformers}
    chosen = _automatic(model, parallel, notify) if spec == "auto" else spec
    if chosen not in openers:
        raise ModelUnavailableError(
            f"There is no language model backend called {spec!r}.",
            hint=f"Use auto, none, {', '.join(openers)}, {REPLAY}STUDY, or a URL.",
        )
    return openers[chosen](model or "default", notify)


def _automatic(model: str | None, parallel: int, notify: Notify) -> str:
    from agent.language_models.choosing import choose
    from agent.language_models.vllm_server import running

    if (server := running()) is not None and server.source == (model or "default"):
        notify(f"Using the vLLM server that runs already, with {server.model}.")
        return "vllm"
    vllm = _vllm_build()
    if vllm == "gpu" and shutil.which("nvidia-smi"):
        notify("Using vLLM, as there is a GPU (not measured by us on one).")
        return "vllm"
    if model is not None and model not in MODELS and not _is_gguf(model):
        return "transformers"
    installed = {"vllm"} if vllm else set()
    if importlib.util.find_spec("xllamacpp") is not None:
        installed.add("llama.cpp")
    if not installed:
        raise ModelUnavailableError(
            "The package xllamacpp, which runs the language model, is missing.",
            hint="Install it with: pip install xllamacpp. Or go on with --llm none or --llm URL.",
        )
    choice = choose(model or "default", installed, parallel)
    notify(f"The language model runs with {choice.reason}")
    return choice.backend


def _vllm_build() -> str:
    """Return "gpu" or "cpu" for the build of vLLM that is installed, "" where none is."""
    from agent.language_models.vllm_server import find_vllm

    try:
        return "cpu" if find_vllm()[1] else "gpu"
    except ModelUnavailableError:
        return ""


def _replay(study: str, notify: Notify) -> LanguageModel:
    from agent.language_models.replay import StudyReplay
    from agent.store import Store

    name, _, storage = study.partition("@")
    notify(f"The language model's answers are those of the study {name}; nobody is asked.")
    return StudyReplay(name, Store.load(name, storage or None).calls())


def _is_gguf(model: str) -> bool:
    return model.lower().endswith(".gguf") or Path(model).is_file()


def _llama_cpp(model: str, notify: Notify) -> LanguageModel:
    from agent.language_models.llama_cpp import LlamaCppModel

    pinned = MODELS.get(model)
    path = fetch(pinned, notify) if pinned else Path(model).expanduser()
    if not path.is_file():
        raise ModelUnavailableError(
            f"The model file {path} does not exist.",
            hint=f"llama.cpp reads one GGUF file. Known by name: {', '.join(MODELS)}.",
        )
    name = pinned.upstream if pinned else path.stem
    return LlamaCppModel(path, name=name, states=cache_home() / "prefixes", notify=notify)


def _vllm(model: str, notify: Notify) -> LanguageModel:
    from agent.language_models.vllm_managed import ManagedVllm
    from agent.language_models.vllm_server import start

    return ManagedVllm(start(model, notify=notify), model, notify=notify)


def _transformers(model: str, notify: Notify) -> LanguageModel:
    from agent.language_models.transformers_local import TransformersModel

    if model in MODELS:
        raise ModelUnavailableError(
            f"The model {model!r} is a GGUF file, which llama.cpp runs.",
            hint="With --llm transformers give a model directory or a hub name as --model.",
        )
    return TransformersModel(model, notify=notify)

"""Where language models live on disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


def cache_home() -> Path:
    """Return plaintune's folder in the user's cache (XDG base directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "plaintune"


@dataclass(frozen=True)
class PinnedModel:
    """A model that plaintune knows by name; `size` in bytes."""

    name: str
    upstream: str
    file: str
    size: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where the file is, or will be once fetched."""
        return cache_home() / "models" / self.file


MODELS = {
    model.name: model
    for model in (
        PinnedModel(
            "default",
            "Qwen2.5-Coder-1.5B-Instruct",
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            1_117_320_768,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        ),
        PinnedModel(
            "light",
            "Qwen2.5-Coder-0.5B-Instruct",
            "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            491_400_064,
            "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        ),
        PinnedModel(
            "tiny", "SmolLM2-135M-Instruct", "smollm2-135m-instruct-q4_1.gguf", 98_362_432, ""
        ),
    )
}

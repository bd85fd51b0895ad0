"""Key-value states of prompt prefixes on disk, so that a new process need not compute them again.

A state is only ever an acceleration: whatever is wrong with a file, it is dropped and the prompt is
computed as if it had never been there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from prompts.chat import Message

BYTES = 1_000_000_000
"""All states together take at most this much; the longest unused go first."""


class PrefixStore:
    """A folder of states, one file per model, library version and prefix."""

    def __init__(self, folder: Path, *, model: Path, version: str, limit: int = BYTES) -> None:
        self.folder = folder
        self._limit = limit
        stat = model.stat()
        self._model = f"{model.resolve()}:{stat.st_size}:{stat.st_mtime_ns}:{version}"
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, prefix: Sequence[Message]) -> Path:
        """Return where the state of `prefix` is, or would be."""
        text = json.dumps([self._model, [dict(m) for m in prefix]], ensure_ascii=False)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.kv"

    def adopt(self, written: Path, prefix: Sequence[Message]) -> None:
        """Move the finished file `written` to its place, then make room."""
        written.replace(self.path(prefix))
        self._evict(keep=self.path(prefix))

    def touch(self, path: Path) -> None:
        """Note that `path` was used."""
        os.utime(path)

    def _evict(self, keep: Path) -> None:
        files = sorted(self.folder.glob("*.kv"), key=lambda f: f.stat().st_mtime, reverse=True)
        total = 0
        for file in [keep, *(f for f in files if f != keep)]:
            total += file.stat().st_size
            if total > self._limit and file != keep:
                file.unlink(missing_ok=True)

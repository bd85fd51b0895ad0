"""A language model's answers, kept so that a measurement repeats exactly and without a model.

`results/llm_cache/MODEL.jsonl.gz` holds the answers of a model by prompt and sampling (schema,
seed, temperature, length). What is not there is asked of a backend where one is named, and kept.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from agent.language_models.replay import RecordingModel, ReplayModel
from prompts.chat import Completion, LanguageModel, Message
from prompts.errors import LanguageModelError

CACHE = Path(__file__).parent / "results" / "llm_cache"
EMPTY = gzip.compress(b"", mtime=0)


class Remembering:
    """Answers from the file `path`; asks `model` of `backend` for what is not in it.

    `backend` is a name (`agent.language_models.registry`; "": nobody is asked) or an open model.

    Without a backend a question that is not in the file is an error. Errors are kept in `failure`
    too: an adviser goes on without an answer, and a measurement must not.
    """

    def __init__(self, path: Path, backend: str | LanguageModel, model: str = "default") -> None:
        self.path, self.backend, self.name = path, backend, model
        self.failure: LanguageModelError | None = None
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(EMPTY if path.suffix == ".gz" else b"")
        self.known: LanguageModel = ReplayModel(path, name=model)

    @cached_property
    def asked(self) -> LanguageModel:
        """The model itself, opened when it is first needed."""
        from benchmarks.llm_backends import open_backend

        given = self.backend
        backend = open_backend(given, self.name) if isinstance(given, str) else given
        return RecordingModel(backend, self.path)

    def complete(self, messages: Sequence[Message], **options: Any) -> list[Completion]:
        """Return the answers of the file, else of the model.

        Raises:
            LanguageModelError: the file has no answer, and no backend is named.
        """
        try:
            return self._kept(messages, options)
        except LanguageModelError as error:
            if not self.backend:
                self.failure = error
                raise
        try:
            return self.asked.complete(messages, **options)
        except LanguageModelError as error:
            self.failure = error
            raise

    def _kept(self, messages: Sequence[Message], options: dict[str, Any]) -> list[Completion]:
        """Look into the file again where it may have grown: others, and this process, add to it."""
        try:
            return self.known.complete(messages, **options)
        except LanguageModelError:
            if not self.backend:
                raise
            self.known = ReplayModel(self.path, name=self.name)
            return self.known.complete(messages, **options)

    def check(self) -> None:
        """Raise the error that an answer was missing for, if there was one."""
        if self.failure:
            raise self.failure


def cached(model: str, backend: str = "") -> Remembering:
    """Return `model` behind its committed answers."""
    return Remembering(CACHE / f"{model}.jsonl.gz", backend, model)


def compact(path: Path) -> None:
    """Rewrite the answers sorted and in one piece, which compresses better than line by line."""
    lines = sorted(set(gzip.decompress(path.read_bytes()).decode().splitlines()))
    whole = "".join(f"{line}\n" for line in lines)
    path.write_bytes(gzip.compress(whole.encode(), mtime=0))

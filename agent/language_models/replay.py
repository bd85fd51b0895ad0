"""Answers kept in a file or in a study, and given again.

From a file the same prompt, schema and seed get the same answer. The file holds one JSON object per
line, so that it can be read, compared and added to; where its name ends in `.gz`, compressed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prompts.calls import CallRecord
from prompts.chat import Completion, JsonSchema, LanguageModel, Message, prompt_hash
from prompts.errors import DataError, LanguageModelError


def request_key(
    messages: Sequence[Message],
    *,
    count: int,
    schema: JsonSchema | None,
    seed: int | None,
    temperature: float,
    max_tokens: int,
) -> str:
    """Return what two equal requests, and only they, have in common."""
    rest = json.dumps([count, schema, seed, temperature, max_tokens], ensure_ascii=False)
    return f"{prompt_hash(messages)}-{hashlib.sha256(rest.encode()).hexdigest()[:16]}"


class RecordingModel:
    """Passes requests on to `model` and appends each answer to the file `path`."""

    def __init__(self, model: LanguageModel, path: Path) -> None:
        self._model, self._path = model, path
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The name of the model behind."""
        return self._model.name

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
        """Return the answers of the model behind."""
        rest: dict[str, Any] = {"count": count, "schema": schema, "seed": seed}
        rest |= {"temperature": temperature, "max_tokens": max_tokens}
        answers = self._model.complete(messages, **rest)
        line = {"key": request_key(messages, **rest), "answers": [asdict(a) for a in answers]}
        written = (json.dumps(line, ensure_ascii=False) + "\n").encode()
        with self._lock, self._path.open("ab") as file:  # one write: other processes append too
            file.write(gzip.compress(written) if _compressed(self._path) else written)
        return answers


class ReplayModel:
    """Answers from the file `path` alone; the last recording of a request counts.

    Raises:
        DataError: the file is missing or broken; the message names the line.
    """

    def __init__(self, path: Path, *, name: str | None = None) -> None:
        self._path = path
        self._answers = _read(path)
        known = next((a[0].model for a in self._answers.values() if a), path.stem)
        self.name = name or known

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
        """Return the recorded answers.

        Raises:
            LanguageModelError: this request was never recorded.
        """
        key = request_key(
            messages,
            count=count,
            schema=schema,
            seed=seed,
            temperature=temperature,
            max_tokens=max_tokens,
        )
        if key not in self._answers:
            raise LanguageModelError(
                f"{self._path} has no answer to the prompt {key}.",
                hint="The prompt, its schema or its seed changed since: record again.",
            )
        return self._answers[key]


class StudyReplay:
    """Answers from the recorded `calls` of the study `name` alone; nothing is asked of any model.

    A prompt gets the answers it got then, in the order it got them, the last ones again when it is
    put more often.
    """

    def __init__(self, name: str, calls: Sequence[CallRecord]) -> None:
        self.name = next((c.model for c in calls), "nobody")
        self.study = name
        self.calls = tuple(calls)
        self._left: dict[str, deque[CallRecord]] = {}
        for call in calls:
            self._left.setdefault(call.prompt_hash, deque()).append(call)

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
        """Return what the study has.

        Raises:
            LanguageModelError: this prompt was not put in that study, or got no answer there.
        """
        left = self._left.get(prompt_hash(messages), deque())
        if not left:
            raise LanguageModelError(
                f"The study {self.study} has no answer to this prompt.",
                hint="Only the same task, seed and strategy put the same questions again.",
            )
        call = left.popleft() if len(left) > 1 else left[0]
        if not call.answers:
            raise LanguageModelError(call.error or "There was no answer.")
        return list(call.answers)


def _read(path: Path) -> dict[str, list[Completion]]:
    found: dict[str, list[Completion]] = {}
    try:
        raw = path.read_bytes()
        lines = (gzip.decompress(raw) if _compressed(path) else raw).decode().splitlines()
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"The recorded answers in {path} cannot be read: {error}.") from error
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            found[entry["key"]] = [_completion(a) for a in entry["answers"]]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"Line {number} of {path} is no recorded answer: {error}.") from error
    return found


def _compressed(path: Path) -> bool:
    return path.suffix == ".gz"


def _completion(fields: dict[str, Any]) -> Completion:
    listed = ("top_logprobs", "tokens")
    return Completion(**{**fields, **{name: tuple(fields.get(name, ())) for name in listed}})

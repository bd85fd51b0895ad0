"""What each backend costs with each model: start, memory, tokens a second, time to first token.

    python -m benchmarks.llm_costs                   # llama.cpp and vLLM; tiny, light and default
    python -m benchmarks.llm_costs --models tiny --again

For an idle machine. A cell is a backend with a model; one that is kept already is not measured
again, so a run can be had in pieces. Writes `benchmarks/results/llm_costs/BACKEND-MODEL.json` and
prints a Markdown table. The managed vLLM server is started and stopped for each model.

Ready: from the call that opens the backend (the model is converted and on disk) to its first token.
Memory: the most that all processes of the backend held at once, by proportional set size, sampled
every half second; with llama.cpp that is Python and the model in one process. Tokens a second: over
all of N answers asked for at once, bound to the schema of two proposals for LightGBM, until the
last is there. Time to first token: one token asked of a prompt that nobody sent before, and again.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from acquisition.llm_designer import warmstart
from agent.adviser import TEMPERATURE
from agent.language_models.vllm_server import running, stop
from benchmarks.answer_spaces import spaces
from benchmarks.llm_answers import task
from benchmarks.llm_backends import open_backend
from prompts.chat import LanguageModel, Message
from prompts.errors import LanguageModelError

RESULTS = Path(__file__).resolve().parent / "results" / "llm_costs"
BACKENDS = ("llama.cpp", "vllm")
MODELS = ("tiny", "light", "default")
PARALLEL = (1, 8, 32)
PROMPT = 1550
"""Tokens of the prompt whose first token is waited for."""
TIMES = 3
"""Prompts that are sent for the median, and answers that are asked for one after the other."""
EVERY = 0.5


class Memory(threading.Thread):
    """Samples what this process's children hold; `most` is in MiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0.0
        self._done = threading.Event()

    def run(self) -> None:
        """Sample until `close`."""
        while not self._done.wait(EVERY):
            self.most = max(self.most, sum(map(_held, _children())) / 2**20)

    def close(self) -> None:
        """Stop."""
        self._done.set()
        if self.is_alive():
            self.join()


def _children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _held(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_full_info().pss)
    return 0


def cell(backend: str, name: str) -> dict[str, Any]:
    """Measure one backend with one model; the machine is as it was before."""
    load = os.getloadavg()[0]
    memory = Memory()
    try:
        found = _measured_from_outside(backend, name, memory)
    finally:
        memory.close()
    return {
        "backend": backend,
        "model": name,
        **found,
        "memory MiB": round(memory.most),
        "load before": round(load, 2),
        "cores": os.cpu_count(),
    }


def _measured_from_outside(backend: str, name: str, memory: Memory) -> dict[str, Any]:
    if backend == "vllm":
        return _served(name, memory)
    memory.start()
    command = [sys.executable, "-m", "benchmarks.llm_costs", "--inside", backend, name]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _served(name: str, memory: Memory) -> dict[str, Any]:
    """Start vLLM, measure it, stop it. A conversion before the start does not count."""
    if running() is not None:
        raise SystemExit("A vLLM server runs already; stop it first: plaintune llm stop.")
    began = [time.monotonic()]

    def heard(line: str) -> None:
        print(line, file=sys.stderr)
        if line.startswith("Starting vLLM"):
            began[0] = time.monotonic()
            memory.start()

    try:
        model = open_backend("vllm", name, heard)
        return measured(model, began[0])
    finally:
        stop()


def inside(backend: str, name: str) -> dict[str, Any]:
    """Measure a backend that runs in this process."""
    began = time.monotonic()
    found = measured(open_backend(backend, name), began)
    with suppress(PackageNotFoundError):
        found["version"] = version("xllamacpp")
    return found


def measured(model: LanguageModel, began: float) -> dict[str, Any]:
    """Return seconds until ready, times to first token, and tokens a second."""
    model.complete(_user("Hello."), max_tokens=1)
    ready = time.monotonic() - began
    return {"ready s": round(ready, 1), **first_tokens(model), "tokens/s": rates(model)}


def first_tokens(model: LanguageModel) -> dict[str, Any]:
    """Return the seconds to the first token of about `PROMPT` tokens, new and known (medians)."""
    sample = model.complete(_user(_lines("sample", 40)), max_tokens=1)[0]
    lines = round(40 * PROMPT / sample.prompt_tokens)
    new, known = [], []
    for i in range(TIMES):
        messages = _user(_lines(f"{os.getpid()}-{i}", lines))
        new.append(model.complete(messages, max_tokens=1)[0])
        known.append(model.complete(messages, max_tokens=1)[0])
    return {
        "prompt tokens": new[-1].prompt_tokens,
        "first token s, new": round(statistics.median(a.seconds for a in new), 2),
        "first token s, known": round(statistics.median(a.seconds for a in known), 2),
        "cached tokens, new": new[-1].cached_tokens,
        "cached tokens, known": known[-1].cached_tokens,
    }


def _lines(name: str, count: int) -> str:
    lines = [f"Trial {i} of {name}: rate 0.{i * 7919 % 1000:03d}" for i in range(count)]
    return f"{name}\n" + "\n".join(lines)


def rates(model: LanguageModel) -> dict[str, float]:
    """Return tokens a second for each of `PARALLEL` answers at once."""
    question = warmstart(task(spaces()["lightgbm"]), 2)

    def answer(seed: int) -> int:
        found = model.complete(
            question.messages,
            schema=question.schema,
            seed=seed,
            temperature=TEMPERATURE,
            max_tokens=question.max_tokens,
        )
        return found[0].completion_tokens

    answer(0)  # the prompt is in the cache from now on
    found = {}
    for many in PARALLEL:
        began = time.monotonic()
        with ThreadPoolExecutor(many) as pool:
            tokens = sum(pool.map(answer, range(max(many, TIMES))))
        found[str(many)] = round(tokens / (time.monotonic() - began), 1)
    return found


def _user(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def table(cells: Sequence[dict[str, Any]]) -> str:
    """Return the cells as a Markdown table."""
    lines = [
        "| backend | model | ready, s | memory, GiB | tokens/s for 1, 8, 32 answers at once "
        "| first token of a new prompt, s | of a known one, s | tokens of it |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for c in cells:
        values = [c["backend"], c["model"], c["ready s"], f"{c['memory MiB'] / 1024:.1f}"]
        values += [" / ".join(f"{c['tokens/s'][str(n)]:g}" for n in PARALLEL)]
        values += [c[f"first token s, {kind}"] for kind in ("new", "known")]
        lines.append("| " + " | ".join(map(str, [*values, c["prompt tokens"]])) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure the cells that are missing, print all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--again", action="store_true", help="measure what is kept already, too")
    parser.add_argument("--inside", nargs=2, metavar=("BACKEND", "MODEL"), help="for its own use")
    given = parser.parse_args()
    if given.inside:
        return print(json.dumps(inside(*given.inside)))
    RESULTS.mkdir(parents=True, exist_ok=True)
    for backend in given.backends:
        for name in given.models:
            path = RESULTS / f"{backend.replace('.', '_')}-{name}.json"
            if given.again or not path.is_file():
                _keep(path, backend, name)
    kept = [json.loads(p.read_text(encoding="utf-8")) for p in RESULTS.glob("*.json")]
    kept.sort(key=lambda c: (c["backend"], MODELS.index(c["model"])))
    return print(table(kept))


def _keep(path: Path, backend: str, name: str) -> None:
    try:
        found = cell(backend, name)
    except (LanguageModelError, subprocess.CalledProcessError) as error:
        print(f"{backend} with {name} was not measured: {error}", file=sys.stderr)
        return
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found), file=sys.stderr)


if __name__ == "__main__":
    main()

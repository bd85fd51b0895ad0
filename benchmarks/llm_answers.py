"""Are schema-bound answers always valid? Many real answers over spaces that are hard to keep to.

    python -m benchmarks.llm_answers run --backend vllm --model light --count 500 --minutes 8
    python -m benchmarks.llm_answers table

Backends: llama.cpp, transformers, vllm. Every answer is one proposal to the question that a study
begins with (`acquisition.llm_designer.warmstart`), at the temperature of a run. It is judged by
`json.loads` and `SearchSpace.validate`, nothing is repaired. Answers already kept are not asked
again, so a run can be had in pieces. Raw answers: `benchmarks/results/llm_answers/*.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count as counting
from pathlib import Path
from typing import Any

from acquisition.llm_designer import Question, warmstart
from agent.adviser import TEMPERATURE
from benchmarks.answer_spaces import spaces
from benchmarks.llm_backends import open_backend
from evals.space import SearchSpace
from evals.task import Objective, Task
from prompts.chat import Completion, LanguageModel
from prompts.errors import InvalidConfigError, LanguageModelError

RESULTS = Path(__file__).resolve().parent / "results" / "llm_answers"
PARALLEL = {"llama.cpp": 1, "transformers": 1, "vllm": 16}
BATCH = {"llama.cpp": 1, "transformers": 14, "vllm": 1}
"""Requests at a time, and answers per request."""


def task(space: SearchSpace) -> Task:
    """Return a task that has nothing but its space."""
    objective = Objective(metric="accuracy", direction="maximize")
    return Task(evaluator="none", space=space, objectives=(objective,))


def judged(space: SearchSpace, answer: Completion) -> dict[str, Any]:
    """Return what is wrong with an answer ("" where nothing is), and what it cost."""
    row = {"text": answer.text, "tokens": answer.completion_tokens}
    row |= {"seconds": round(answer.seconds, 2), "finish": answer.finish_reason}
    found = verdicts(space, answer.text)
    wrong, why = found[0] if len(found) == 1 else ("unparsable", "not one proposal")
    return row | {"wrong": wrong} | ({"why": why} if wrong else {})


def verdicts(space: SearchSpace, text: str) -> list[tuple[str, str]]:
    """Return per proposal what is wrong with it ("" where nothing is) and why.

    An answer that cannot be read is one proposal that is "unparsable"; else "out of range", or
    "constraint", which decoding cannot know.
    """
    try:
        configs = [p["config"] for p in json.loads(text)["proposals"]]
    except (ValueError, KeyError, TypeError) as error:
        return [("unparsable", str(error)[:200])]
    return [_verdict(space, config) for config in configs]


def _verdict(space: SearchSpace, config: dict[str, Any]) -> tuple[str, str]:
    try:
        space.validate(config)
    except InvalidConfigError as error:
        broken = error.message.startswith("The constraint")
        return "constraint" if broken else "out of range", error.message
    return "", ""


def run(backend: str, name: str, count: int, minutes: float) -> None:
    """Ask until `count` answers are kept or the time is up."""
    path = RESULTS / f"{backend.replace('.', '_')}-{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = Counter(r["space"] for r in _rows(path))
    model = open_backend(backend, name)
    end = time.monotonic() + 60 * minutes
    with path.open("a", encoding="utf-8") as file, ThreadPoolExecutor(PARALLEL[backend]) as pool:
        jobs = _jobs(count, kept, BATCH[backend])
        asked = pool.map(lambda job: _answers(model, *job, end), jobs)
        for space_name, answers in asked:
            for answer in answers:
                row = {"space": space_name, **judged(spaces()[space_name], answer)}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
    print(table([path]))


def _jobs(count: int, kept: Counter[str], batch: int) -> Iterator[tuple[str, Question, int, int]]:
    """Yield (space, question, seed, answers wanted), all of a space together for the prefix."""
    everything = spaces()
    for i, (name, space) in enumerate(everything.items()):
        share = count // len(everything) + (i < count % len(everything))
        question = warmstart(task(space), 1)
        for seed in range(kept[name], share, batch):
            yield name, question, seed, min(batch, share - seed)


def _answers(
    model: LanguageModel, name: str, question: Question, seed: int, wanted: int, end: float
) -> tuple[str, list[Completion]]:
    if time.monotonic() > end:
        return name, []
    try:
        return name, model.complete(
            question.messages,
            count=wanted,
            schema=question.schema,
            seed=1000 + seed,
            temperature=TEMPERATURE,
            max_tokens=question.max_tokens,
        )
    except LanguageModelError as error:
        print(f"No answer for {name}, seed {seed}: {error}", file=sys.stderr)
        return name, []


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def table(paths: Sequence[Path]) -> str:
    """Return the results as a Markdown table, a row per backend and model."""
    kinds = ("unparsable", "out of range", "constraint")
    lines = [
        "| backend, model | answers | spaces | unparsable | out of range | breaks a constraint "
        "| distinct configurations | tokens an answer |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for path in paths:
        rows = _rows(path)
        wrong = Counter(r["wrong"] for r in rows)
        texts = {(r["space"], _config(r["text"])) for r in rows}
        mean = sum(r["tokens"] for r in rows) / max(1, len(rows))
        cells = [path.stem, len(rows), len({r["space"] for r in rows})]
        cells += [*(wrong[k] for k in kinds), f"{100 * len(texts) / max(1, len(rows)):.0f} %"]
        lines.append("| " + " | ".join(map(str, [*cells, f"{mean:.0f}"])) + " |")
    return "\n".join(lines)


_unparsable = counting()


def _config(text: str) -> str:
    try:
        return json.dumps(json.loads(text)["proposals"][0]["config"], sort_keys=True)
    except (ValueError, KeyError, TypeError, IndexError):
        return f"unparsable {next(_unparsable)}"


def main() -> None:
    """Ask, or print what is kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["run", "table"])
    parser.add_argument("--backend", choices=list(PARALLEL), default="llama.cpp")
    parser.add_argument("--model", default="light")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=8)
    given = parser.parse_args()
    if given.what == "run":
        run(given.backend, given.model, given.count, given.minutes)
    else:
        print(table(sorted(RESULTS.glob("*.jsonl"))))


if __name__ == "__main__":
    main()

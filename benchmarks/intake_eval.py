"""How well descriptions are understood: both readers, the language model alone, code alone.

    python -m benchmarks.intake_eval --part development            replay the recorded answers
    python -m benchmarks.intake_eval --part held_out --live        ask the default model

A part is a file of descriptions beside the others, by its name without the ending.
`tests/data/intake/README.md` says what is expected. A run is right where every field is, asks
where it stops with a clear error, and is wrong otherwise. `--live` records what the model says in
`answers.jsonl.gz` beside the descriptions, from where the test suite replays it, and writes
`benchmarks/results/intake_<part>.md`; where that exists, a part has been looked at, and its first
figure stays: the new one goes to `intake_<part>_after_looking.md`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from agent.intake import llm_reader
from agent.intake.metrics import for_kind
from agent.intake.models import ALL, fits
from agent.intake.positive import usual_positive
from agent.intake.show import plan_json
from agent.intake.understand import understand
from agent.intake.vocabulary import words
from evals.metrics import DEFAULT_METRIC, METRICS
from evals.tables import profile, read_table, target_kind
from evals.task import Kind
from prompts.chat import Completion, JsonSchema, LanguageModel, Message
from prompts.errors import LanguageModelError, PlaintuneError, UserError

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests/data/intake"
RESULTS = ROOT / "benchmarks/results"
ANSWERS = DATA / "answers.jsonl.gz"
READERS = ("both readers", "LLM alone", "code alone")
FIELDS = (
    *("data.path", "data.target", "data.kind", "data.positive", "models", "objectives"),
    *("budget.trials", "budget.seconds", "budget.seconds_per_trial", "budget.tokens"),
    *("validation.folds", "fixed", "constraints"),
)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class RecordedModel:
    """Says what the language model once said to one description, `key` by its row's id.

    Further calls are told apart by what they ask; with `live` the model answers new ones, and what
    it says is kept in `answers`.
    """

    key: str
    answers: dict[str, str]
    live: LanguageModel | None = None
    name: str = "recorded"

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
        """Return the recorded answer.

        Raises:
            LanguageModelError: none was recorded.
        """
        key = self.key
        if schema is not None and "words" not in schema["properties"]:
            key += f"/{sha256(messages[-1]['content'].encode()).hexdigest()[:8]}"
        if key not in self.answers and self.live is not None:
            options = {"schema": schema, "seed": seed, "max_tokens": max_tokens}
            self.answers[key] = self.live.complete(messages, **options)[0].text
        if key not in self.answers:
            raise LanguageModelError("No answer was recorded.")
        return [Completion(self.answers[key], self.name)] * count


@dataclass
class Score:
    """Right and counted fields by name, and how the runs ended."""

    right: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share of all fields that are right."""
        return self.right.total() / max(1, self.counted.total())


def rows_of(part: str) -> list[Row]:
    """Return the descriptions of a part, such as "development" or "held_out"."""
    lines = (DATA / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def recorded() -> dict[str, str]:
    """Return the recorded answers by the description's id."""
    if not ANSWERS.exists():
        return {}
    lines = gzip.decompress(ANSWERS.read_bytes()).decode().splitlines()
    return {entry["id"]: entry["text"] for entry in map(json.loads, lines)}


def record(answers: Mapping[str, str]) -> None:
    """Write the answers, sorted by id, so that equal answers make equal files."""
    entries = [{"id": k, "text": answers[k]} for k in sorted(answers)]
    text = "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in entries)
    ANSWERS.write_bytes(gzip.compress(text.encode(), mtime=0))


def laid_out(row: Row, folder: Path) -> Path:
    """Lay the row's table where the row says it lies, alone in `folder`; return its path."""
    path = folder / str(row["table"])
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / str(row["source"]), path)
    return path


def understood(
    row: Row, reader: str, answers: dict[str, str], live: LanguageModel | None = None
) -> dict[str, Any] | str:
    """Return the fields that a reader makes of a row, or the error it stops with."""
    model = RecordedModel(row["id"], answers, live) if reader == "both readers" else None
    with tempfile.TemporaryDirectory() as folder:
        path = laid_out(row, Path(folder))
        try:
            if reader == "LLM alone":
                return model_alone(path, row, answers.get(row["id"]))
            task = understand(row["description"], directory=Path(folder), language_model=model)
        except UserError as error:
            return str(error).replace(f"{folder}/", "")
    return plain(plan_json(task))


def plain(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are scored, by dotted name."""
    found = {}
    for name in FIELDS:
        value: Any = plan
        for part in name.split("."):
            value = value[part]
        found[name] = value
    return found


def model_alone(path: Path, row: Row, answer: str | None) -> dict[str, Any]:
    """Return what the model's answer says with nothing read by code but the table."""
    content = llm_reader.parse(answer or "")
    if content["target"] == llm_reader.UNKNOWN:
        raise UserError("No target.")
    frame = read_table(path)
    if content["target"] not in frame.columns:
        raise UserError("No such target.")
    column = frame[content["target"]]
    kind = target_kind(column)
    labels = {str(v): v for v in column.dropna().unique()}
    usual = usual_positive(column).value if kind == "binary" else None
    positive = labels.get(content["positive"], usual) if kind == "binary" else None
    found = dict.fromkeys(FIELDS)
    return found | {
        "data.path": row["table"],
        "data.target": content["target"],
        "data.kind": kind,
        "data.positive": positive,
        "models": _families(content, kind),
        "objectives": _objectives(content["metric"] or DEFAULT_METRIC[kind], kind),
        "budget.trials": content["trials"] or None,
        "validation.folds": content["folds"] or 5,
        "fixed": {},
        "constraints": [],
    }


def _families(content: Mapping[str, Any], kind: Kind) -> list[str]:
    groups = words("models")["groups"]
    wanted: list[str] = []
    for name in content["models"]:
        group = llm_reader.GROUPS.get(name)
        wanted += groups[group]["families"] if group else [name]
    families = wanted or [f for f in ALL if f not in content["not"]]
    return [f for f in dict.fromkeys(families) if fits(f, kind)]


def _objectives(name: str, kind: Kind) -> list[dict[str, str]]:
    metric = METRICS[for_kind(name, kind)]
    return [{"metric": metric.name, "direction": metric.direction}]


def alternatives(row: Row, name: str) -> list[Any] | None:
    """Return the right values of a field, or None where the row does not say."""
    expected = row["expected"]
    if f"{name}_any" in expected:
        return list(expected[f"{name}_any"])
    return [expected[name]] if name in expected else None


def same(name: str, value: Any, right: Any) -> bool:
    """Compare as the README says: models and constraints as sets, numbers by value."""
    if name == "models":
        return sorted(value or []) == sorted(right or [])
    if name == "constraints":
        return {c.replace(" ", "") for c in value or []} == {
            c.replace(" ", "") for c in right or []
        }
    return bool(value == right)


def add(score: Score, row: Row, found: dict[str, Any] | str) -> None:
    """Score one run."""
    expected = row["expected"]
    stops = "ask" in expected or "error" in expected
    if isinstance(found, str):
        score.runs["right" if stops else "asking"] += 1
        if not stops:
            for name in FIELDS:
                score.counted[name] += alternatives(row, name) is not None
            score.misses.append(f"{row['id']}: asked: {found}\n    {row['description']}")
        return
    if stops:
        score.runs["wrong"] += 1
        score.misses.append(f"{row['id']}: went on with {found}\n    {row['description']}")
        return
    wrong = list(_wrong(score, row, found))
    score.runs["wrong" if wrong else "right"] += 1
    if wrong:
        score.misses.append(f"{row['id']}: {'; '.join(wrong)}\n    {row['description']}")


def _wrong(score: Score, row: Row, found: Mapping[str, Any]) -> Iterator[str]:
    for name in FIELDS:
        right = alternatives(row, name)
        if right is None:
            continue
        score.counted[name] += 1
        if any(same(name, found[name], r) for r in right):
            score.right[name] += 1
        else:
            yield f"{name} is {found[name]!r}, right is {right[0]!r}"


def evaluate(rows: Sequence[Row], answers: dict[str, str], reader: str) -> Score:
    """Score one reader over rows."""
    score = Score()
    for row in rows:
        try:
            found = understood(row, reader, answers)
        except PlaintuneError as error:
            found = str(error)
        except Exception as error:  # a crash is a wrong run, and must not end the others
            print(f"{row['id']}: {reader} crashed: {error!r}", flush=True)
            found = dict.fromkeys(FIELDS)
        add(score, row, found)
    return score


def ask_all(
    model: LanguageModel,
    rows: Sequence[Row],
    answers: dict[str, str],
    keep: Callable[[Mapping[str, str]], None],
) -> list[float]:
    """Ask about rows without an answer, table by table (they share a prefix); `keep` each."""
    seconds: list[float] = []
    missing = [r for r in rows if r["id"] not in answers]
    for i, row in enumerate(sorted(missing, key=lambda r: (r["table"], r["id"])), start=1):
        started = time.monotonic()
        try:
            columns = profile(read_table(ROOT / row["source"]))
            answer = llm_reader.ask(model, row["description"], row["table"], columns)
        except PlaintuneError as error:
            print(f"{i}/{len(missing)} {row['id']}: no answer: {error}", flush=True)
            continue
        seconds.append(time.monotonic() - started)
        answers[row["id"]] = answer.completion.text
        keep(answers)
        print(f"{i}/{len(missing)} {row['id']}: {seconds[-1]:.1f} s", flush=True)
    for row in rows:
        known = len(answers)
        understood(row, "both readers", answers, model)
        if len(answers) > known:
            print(f"{row['id']}: looked again", flush=True)
            keep(answers)
    return seconds


def table(scores: Mapping[str, Score]) -> str:
    """Return the result as Markdown: a row per field, a column per reader."""
    lines = ["| field | " + " | ".join(scores) + " |", "|---|" + "---|" * len(scores)]
    for name in FIELDS:
        cells = [f"{s.right[name]} / {s.counted[name]}" for s in scores.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    totals = [
        f"**{s.right.total()} / {s.counted.total()} ({s.share:.1%})**" for s in scores.values()
    ]
    lines.append("| **all fields** | " + " | ".join(totals) + " |")
    for ending in ("right", "asking", "wrong"):
        cells = [f"{s.runs[ending]} / {s.runs.total()}" for s in scores.values()]
        lines.append(f"| runs {ending} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(part: str, text: str, answered: str) -> Path:
    """Write a result; the first of a part is never overwritten."""
    path = RESULTS / f"intake_{part}.md"
    looked = part.endswith("development") or path.exists()
    if looked:
        path = RESULTS / f"intake_{part}_after_looking.md"
    when = "scored again after looking" if looked else "the first run, before looking"
    path.write_text(f"# Intake on {part}: {when}\n\n{answered}\n\n{text}\n", encoding="utf-8")
    return path


def report(scores: Mapping[str, Score]) -> str:
    """Return the table, and what both readers together missed."""
    missed = "\n".join(scores["both readers"].misses) or "nothing"
    return f"{table(scores)}\n\nMissed by both readers together:\n\n```\n{missed}\n```"


def main() -> None:
    """Print the table for a part, and what both readers together missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=sorted(p.stem for p in DATA.glob("*.jsonl")))
    parser.add_argument("--live", action="store_true", help="ask the default model anew")
    parser.add_argument("--missing", action="store_true", help="ask only where none is recorded")
    parser.add_argument("--write", action="store_true", help="write the result without asking")
    options = parser.parse_args()
    part = options.part or "development"
    rows = rows_of(part)
    answers = {} if options.live else recorded()
    if options.live or options.missing:
        from agent.language_models.registry import open_language_model

        model = open_language_model(notify=print)
        assert model is not None
        seconds = sorted(ask_all(model, rows, answers, lambda said: record({**recorded(), **said})))
        if seconds:
            print(f"{len(seconds)} answers, median {seconds[len(seconds) // 2]:.1f} s each\n")
    text = report({reader: evaluate(rows, answers, reader) for reader in READERS})
    print(text)
    if options.live or options.write:
        known = sum(r["id"] in answers for r in rows)
        answered = f"{len(rows)} descriptions; the language model answered {known} of them."
        print(f"\nWritten to {write(part, text, answered).relative_to(ROOT)}")


if __name__ == "__main__":
    main()

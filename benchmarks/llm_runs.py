"""What the language model cost a finished study, and how much of it the search noticed.

    python -m benchmarks.llm_runs --storage runs.db --study vllm-light=vllm llama-light=llama.cpp

Reads a copy of the SQLite file, so a run that still goes on is not disturbed. Prints a Markdown
table and keeps each study's row, with one entry per call, under `benchmarks/results/llm_runs/`.
A call belongs to the trial that was next when it was put; cached tokens are what the server says.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from agent.adviser import ROLES
from agent.reading import ROLE as READ
from agent.store import Store
from benchmarks.llm_answers import verdicts
from evals.space import SearchSpace
from prompts.calls import CallRecord

RESULTS = Path(__file__).resolve().parent / "results" / "llm_runs"
THIRD = 2
"""Trials that exist when the third one is being chosen."""
COLUMNS = {
    "study": "study",
    "model": "model",
    "backend": "backend",
    "trials": "trials by origin",
    "calls": "calls (read ahead, failed, unseen)",
    "requests": "requests a trial, mean (most)",
    "cached": "from the cache, from trial 3 on: questions (all requests; whole study)",
    "server": "by the server",
    "invalid": "invalid of all proposals",
    "rejected": "rejected else",
    "tokens": "tokens a trial, in + out",
    "seconds": "LLM s a trial",
    "hidden": "hidden from trial 2 on (all)",
    "wall": "wall s",
}


def copied(storage: Path, folder: str) -> str:
    """Return the path of a consistent copy of the database `storage` in `folder`."""
    copy = f"{folder}/copy.db"
    with (
        closing(sqlite3.connect(f"file:{storage.resolve()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    return copy


def row(name: str, backend: str, storage: str) -> dict[str, Any]:
    """Return what is measured of the study `name`; shares lie between 0 and 1."""
    store = Store.load(name, storage)
    calls, trials, space = store.calls(), store.trials(), store.task.space
    requests = Counter[int]()
    for call in calls:
        requests[call.asked_at] += call.requests
    asked = [c for c in calls if c.role in ROLES]
    return {
        "study": name,
        "model": calls[0].model if calls else "",
        "backend": backend,
        "trials": dict(Counter(t.origin for t in trials)),
        "calls": len(calls),
        "failed": sum(bool(c.error) for c in calls),
        "unseen": sum(c.arrived_at is None for c in calls),
        "read ahead": sum(c.role == READ for c in calls),
        "requests": sum(requests.values()) / max(1, len(trials)),
        "most requests": max(requests.values(), default=0),
        "cached": _cached([c for c in asked if c.asked_at >= THIRD]),
        "cached, requests": _cached([c for c in calls if c.asked_at >= THIRD]),
        "cached, all": _cached(calls),
        "proposals": dict(Counter(v for c in asked for v in _verdicts(space, c))),
        "rejected": dict(Counter(r for c in asked for r in c.rejected)),
        "tokens": sum(a.prompt_tokens + a.completion_tokens for c in calls for a in c.answers)
        / max(1, len(trials)),
        "seconds": sum(c.seconds for c in calls) / max(1, len(trials)),
        "hidden": _hidden([c for c in asked if c.asked_at >= 1]),
        "hidden, all": _hidden(asked),
        "wall": _wall(storage, name),
        "each": [_each(c) for c in calls],
    }


def _cached(calls: Sequence[CallRecord]) -> float | None:
    """Return the share of all prompt tokens that were not computed; None without any."""
    answers = [a for c in calls for a in c.answers]
    read = sum(a.prompt_tokens for a in answers)
    return sum(a.cached_tokens for a in answers) / read if read else None


def _hidden(calls: Sequence[CallRecord]) -> float | None:
    """Return the share of the calls' seconds in which the search did not wait for them."""
    seconds = sum(c.seconds for c in calls)
    waited = sum(float(c.details.get("waited", 0.0)) for c in calls)
    return max(0.0, 1 - waited / seconds) if seconds else None


def _verdicts(space: SearchSpace, call: CallRecord) -> list[str]:
    return [wrong or "valid" for a in call.answers for wrong, _ in verdicts(space, a.text)]


def _each(call: CallRecord) -> dict[str, Any]:
    return {
        "role": call.role,
        "asked at": call.asked_at,
        "arrived at": call.arrived_at,
        "requests": call.requests,
        "prompt tokens": [a.prompt_tokens for a in call.answers],
        "cached tokens": [a.cached_tokens for a in call.answers],
        "written tokens": [a.completion_tokens for a in call.answers],
        "seconds": round(call.seconds, 2),
        "waited": call.details.get("waited"),
        "error": call.error,
    }


def _wall(storage: str, name: str) -> float:
    """Return the seconds from the first trial's start to the last one's end."""
    import optuna

    study = optuna.load_study(study_name=name, storage=f"sqlite:///{storage}")
    ended = [t.datetime_complete for t in study.trials if t.datetime_complete]
    begun = [t.datetime_start for t in study.trials if t.datetime_start]
    return (max(ended) - min(begun)).total_seconds() if ended and begun else 0.0


def server_share() -> float | None:
    """Return the prefix-cache hit rate that the running vLLM server itself counts."""
    from agent.language_models.vllm_server import metrics, running

    if (state := running()) is None or state.phase != "ready":
        return None
    found = metrics(state)
    queries = found.get("prefix_cache_queries_total", 0.0)
    return found.get("prefix_cache_hits_total", 0.0) / queries if queries else None


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table."""
    lines = [f"| {' | '.join(COLUMNS.values())} |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(map(str, _cells(r).values())) + " |" for r in rows]
    return "\n".join(lines)


def _cells(r: dict[str, Any]) -> dict[str, Any]:
    said = {k: r[k] for k in ("study", "model", "backend")}
    return said | {
        "trials": ", ".join(f"{k} {n}" for k, n in r["trials"].items()),
        "calls": f"{r['calls']} ({r['read ahead']}, {r['failed']}, {r['unseen']})",
        "requests": f"{r['requests']:.2f} ({r['most requests']})",
        "cached": f"{_percent(r['cached'])} ({_percent(r['cached, requests'])}; "
        f"{_percent(r['cached, all'])})",
        "server": _percent(r.get("server")),
        "invalid": f"{_invalid(r)} of {sum(r['proposals'].values())}",
        "rejected": sum(r["rejected"].values()) - r["proposals"].get("out of range", 0),
        "tokens": f"{r['tokens']:.0f}",
        "seconds": f"{r['seconds']:.1f}",
        "hidden": f"{_percent(r['hidden'])} ({_percent(r['hidden, all'])})",
        "wall": f"{r['wall']:.0f}",
    }


def _invalid(r: dict[str, Any]) -> int:
    return sum(r["proposals"].get(wrong, 0) for wrong in ("unparsable", "out of range"))


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def main() -> None:
    """Read the named studies, keep their rows, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--storage", type=Path, required=True)
    parser.add_argument("--study", nargs="+", required=True, metavar="NAME=BACKEND")
    parser.add_argument("--server", action="store_true", help="ask the running vLLM for its share")
    given = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(given.storage, folder)
        for study in given.study:
            name, _, backend = study.partition("=")
            found = row(name, backend or "not said", copy)
            rows.append(found | ({"server": server_share()} if given.server else {}))
            kept = json.dumps(rows[-1], indent=1, ensure_ascii=False)
            (RESULTS / f"{name}.json").write_text(kept + "\n", encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()

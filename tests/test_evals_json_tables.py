"""Tables as JSON: lines or one list, read, tuned on, and predicted for."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import plaintune
from evals.tables import read_table, tables_in
from prompts.errors import DataError


def objects(count: int = 120) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(count):
        age, plan = int(rng.integers(18, 80)), str(rng.choice(["free", "pro"]))
        rows.append({"age": age, "plan": plan, "use": {"days": float(rng.random())}})
        rows[-1]["churn"] = "yes" if age + 30 * (plan == "pro") + rng.normal(0, 9) > 60 else "no"
    return rows


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.jsonl.gz"])
def test_lines_and_lists_of_objects_are_tables(tmp_path: Path, name: str) -> None:
    rows = objects(20)
    text = json.dumps(rows) if name == "t.json" else lines(rows)
    packed = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    (tmp_path / name).write_bytes(packed)
    frame = read_table(tmp_path / name)
    assert sorted(frame.columns) == ["age", "churn", "plan", "use.days"]
    assert frame["age"].tolist() == [row["age"] for row in rows]


def test_missing_keys_are_missing_values(tmp_path: Path) -> None:
    (tmp_path / "t.ndjson").write_text('{"a": 1, "b": "x"}\n\n{"b": "y"}\n{"a": null, "b": null}\n')
    frame = read_table(tmp_path / "t.ndjson")
    assert frame["a"].isna().tolist() == [False, True, True]
    assert frame["b"].isna().tolist() == [False, False, True]
    assert tables_in(tmp_path) == ["t.ndjson"]


@pytest.mark.parametrize("text", ['{"a": 1}\n{"a": ', "[1, 2]", '{"a": 1} {"a": 2}', "[[1], [2]]"])
def test_other_json_is_refused_with_what_to_write(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(DataError, match="is not a table") as error:
        read_table(tmp_path / "t.json")
    assert "one object per line" in (error.value.hint or "")


def test_a_model_of_json_lines_predicts_for_json_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users.jsonl").write_text(lines(objects()))
    words = "decision tree, predict churn in users.jsonl, accuracy, 3 trials"
    run = plaintune.run(words, llm="none", quiet=True)
    assert run.outcome.test
    fresh = [{k: v for k, v in row.items() if k != "churn"} for row in objects(5)]
    (tmp_path / "new.jsonl").write_text(lines(fresh))
    (tmp_path / "new.jsonl.gz").write_bytes(gzip.compress(lines(fresh).encode()))
    (tmp_path / "bad.jsonl").write_text("{")
    script = [sys.executable, str(run.directory / "predict.py")]
    for name in ("new.jsonl", "new.jsonl.gz"):
        said = subprocess.run([*script, name], capture_output=True, text=True, check=True).stdout
        assert set(said.split()) <= {"yes", "no"}
        assert len(said.split()) == 5
    failed = subprocess.run([*script, "bad.jsonl"], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "bad.jsonl cannot be used" in failed.stderr

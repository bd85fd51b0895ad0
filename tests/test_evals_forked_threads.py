"""A process that has computed with OpenMP's threads can still tune: its trials would hang."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from evals.evaluators.forked_threads import ONE_THREAD

SCRIPT = """
import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

import plaintune

rng = np.random.default_rng(0)
X = rng.normal(size=(400, 5))
y = X[:, 0] + rng.normal(size=400)


def loss(learning_rate: float = 0.1) -> float:
    model = HistGradientBoostingRegressor(max_iter=5, learning_rate=learning_rate)
    return float(np.mean((model.fit(X, y).predict(X) - y) ** 2))


if {before}:
    loss()
run = plaintune.tune(loss, "lowest loss, 2 trials", llm="none", seconds=60)
assert all(t.values for t in run.trials), [t.state for t in run.trials]
"""


def said(folder: Path, before: bool) -> str:
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    (folder / "notebook.py").write_text(SCRIPT.format(before=before))
    command = [sys.executable, "notebook.py"]
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


def test_trials_do_not_hang_where_something_was_trained_before(tmp_path: Path) -> None:
    assert ONE_THREAD in said(tmp_path, before=True)


def test_nothing_is_said_where_nothing_was_trained(tmp_path: Path) -> None:
    assert ONE_THREAD not in said(tmp_path, before=False)

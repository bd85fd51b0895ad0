"""A finished run's trials as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import plaintune


def test_trials_are_a_table(tmp_path: Path) -> None:
    def score(x: float = 0.5, kind: Literal["a", "b"] = "a", loss: float = 1.0) -> dict[str, float]:
        if kind == "b" and x > 0.4:
            raise ValueError("too far")
        return {"loss": x * loss, "size": 2 * x}

    given: dict[str, Any] = {"llm": "none", "quiet": True, "seed": 3, "isolated": False}
    given |= {"storage": tmp_path / "s.db", "out": tmp_path / "o"}
    goal = "lowest loss and lowest size, 8 trials"
    run = plaintune.tune(score, goal, **given)
    frame = run.frame
    assert frame["trial"].tolist() == list(range(1, 9))
    assert frame["origin"].tolist() == [t.origin for t in run.trials]
    done = frame[frame["state"] == "complete"]
    assert (done["size"] == 2 * done["x"]).all()
    assert done.loc[done["loss"].idxmin(), "x"] == run.best.config["x"]
    assert set(frame["kind"]) == {"a", "b"}
    lost = frame[frame["state"] != "complete"]
    assert lost["loss"].isna().all()
    assert lost["reason"].str.contains("too far").all()
    assert plaintune.load(run.name, storage=tmp_path / "s.db").frame.equals(frame)

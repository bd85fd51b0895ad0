"""Results of an earlier source hold for this one only where repeated runs come out the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import results, same_source
from benchmarks.arms.registry import open_arm
from benchmarks.protocol import Job, key_of, run
from prompts.errors import UserError

OLD = "source 0123456789ab"
SUITE = "made-up"
JOBS = [Job("plaintune-gp", t, s, 6) for t in ("mixed-kernel", "hpobench-car") for s in range(2)]


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four runs, packed as another source's."""
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setenv("PLAINTUNE_BENCHMARKS", str(tmp_path))
    for job in JOBS:
        outcome = run(job, warm=True)
        outcome.version, outcome.key = OLD, f"old {job.task} {job.seed}"
        results.note(SUITE, outcome)
    results.pack(SUITE)
    return tmp_path / SUITE / "plaintune-gp.parquet"


def notes(packed: Path) -> list[dict[str, object]]:
    file = packed.parent.parent / "same_source.json"
    return json.loads(file.read_text()) if file.exists() else []


def test_what_comes_out_the_same_gets_the_version_and_the_keys(packed: Path) -> None:
    now = open_arm("plaintune-gp").version
    assert same_source.check(SUITE, "plaintune-gp", 3, 1) == []
    frame = pd.read_parquet(packed)
    assert set(frame.version) == {now} and set(frame.key) == {key_of(job) for job in JOBS}
    (note,) = notes(packed)
    assert (note["from"], note["to"], note["repeated"], note["runs"]) == ([OLD], now, 3, 4)
    with pytest.raises(UserError, match="of another source than this"):
        same_source.check(SUITE, "plaintune-gp", 3, 1)


def test_a_difference_is_named_and_nothing_is_changed(packed: Path) -> None:
    frame = pd.read_parquet(packed)
    at = (frame.seed == 1) & (frame.task == "mixed-kernel") & (frame.trial == frame.trial.max())
    frame.loc[at, "observed"] = np.nextafter(frame.loc[at, "observed"], np.inf)
    frame.to_parquet(packed)
    (found,) = same_source.check(SUITE, "plaintune-gp", 4, 1)
    assert (found.job.task, found.job.seed, found.trial) == ("mixed-kernel", 1, 5)
    assert "nothing was changed" in same_source.told([found])
    assert set(pd.read_parquet(packed).version) == {OLD} and not notes(packed)
    assert same_source.check(SUITE, "plaintune-gp", 4, 1, tasks="^hpobench") == []
    frame = pd.read_parquet(packed)
    assert set(frame[frame.version == OLD].task) == {"mixed-kernel"}


def test_only_our_own_source_can_be_shown_to_be_the_same(packed: Path) -> None:
    frame = pd.read_parquet(packed)
    frame.assign(version="7.1", arm="random").to_parquet(packed.with_name("random.parquet"))
    with pytest.raises(UserError, match="no version of our own source"):
        same_source.check(SUITE, "random", 2, 1)
    with pytest.raises(UserError, match="nothing in 'made-up' is of another source"):
        same_source.check(SUITE, "oracle", 2, 1)

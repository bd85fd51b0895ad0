"""Results of an earlier source hold for this one only where repeated runs come out the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import results, same_source
from benchmarks.arms import source
from benchmarks.arms.registry import open_arm
from benchmarks.protocol import Job, run
from prompts.errors import UserError

OLD = "0123456789ab"
SUITE = "made-up"


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs of "sobol then GP", packed as another source's."""
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setattr(source, "NOTES", tmp_path / "same_source.json")
    monkeypatch.setenv("PLAINTUNE_BENCHMARKS", str(tmp_path))
    source.source_version.cache_clear()
    jobs = [Job("plaintune-gp", "mixed-kernel", seed, 6) for seed in range(2)]
    for job in jobs:
        outcome = run(job, warm=True)
        outcome.version = f"source {OLD}"
        results.note(SUITE, outcome)
    results.pack(SUITE)
    return tmp_path / SUITE / "plaintune-gp.parquet"


def test_what_comes_out_the_same_counts_as_the_older_source(packed: Path) -> None:
    now = open_arm("plaintune-gp").version
    assert same_source.check(SUITE, "plaintune-gp", 2, 1) == []
    assert open_arm("plaintune-gp").version == f"source {OLD}" != now
    (about,) = source.notes().values()
    assert (about["as"], about["runs"], about["trials"]) == (OLD, 2, 12)
    with pytest.raises(UserError, match="of this source already"):
        same_source.check(SUITE, "plaintune-gp", 2, 1)


def test_a_difference_is_named_and_nothing_is_noted(packed: Path) -> None:
    frame = pd.read_parquet(packed)
    at = (frame.seed == 1) & (frame.trial == frame.trial.max())
    frame.loc[at, "observed"] = np.nextafter(frame.loc[at, "observed"], np.inf)
    frame.to_parquet(packed)
    (found,) = same_source.check(SUITE, "plaintune-gp", 2, 1)
    assert (found.job.seed, found.trial) == (1, 5)
    assert "nothing was noted" in same_source.told([found], 2)
    assert source.notes() == {}


def test_only_our_own_source_can_be_shown_to_be_the_same(packed: Path) -> None:
    frame = pd.read_parquet(packed)
    frame.assign(version="7.1", arm="random").to_parquet(packed.with_name("random.parquet"))
    with pytest.raises(UserError, match="no version of our own source"):
        same_source.check(SUITE, "random", 2, 1)
    with pytest.raises(UserError, match="Nothing of 'oracle'"):
        same_source.check(SUITE, "oracle", 2, 1)

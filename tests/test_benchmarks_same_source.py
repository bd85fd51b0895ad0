"""Results of an earlier source hold for this one only where repeated runs come out the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import results, same_source
from benchmarks.arms.registry import open_arm
from benchmarks.compare import ROOMS, ROOT
from benchmarks.protocol import Job, key_of, run
from prompts.errors import UserError

SUITE = "made-up"
JOBS = [Job("plaintune-gp", t, 1, 7) for t in ("mixed-kernel", "hpobench-car")]
Earlier = Callable[[str, str], str]


@pytest.fixture
def earlier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Earlier:
    """Make a source that was another in one place, with runs packed as its own."""
    monkeypatch.setattr(results, "ROOT", tmp_path / "results")
    monkeypatch.setenv("PLAINTUNE_BENCHMARKS", str(tmp_path))

    def make(now: str, then: str) -> str:
        def check_out(commit: str, folder: Path) -> None:
            for room in ROOMS:
                shutil.copytree(ROOT / room, folder / room)
            (folder / "benchmarks").symlink_to(ROOT / "benchmarks")
            file = folder / "acquisition" / "inward.py"
            text = file.read_text()
            assert now in text
            file.write_text(text.replace(now, then))

        monkeypatch.setattr(same_source, "check_out", check_out)
        (tmp_path / "older").mkdir()
        check_out("", tmp_path / "older")
        (version,) = same_source._elsewhere(tmp_path / "older", "plaintune-gp", [])
        for job in JOBS:
            outcome = run(job, warm=True)
            outcome.version, outcome.key = version, f"old {job.task}"
            results.note(SUITE, outcome)
        results.pack(SUITE)
        return str(version)

    return make


def packed() -> pd.DataFrame:
    return pd.read_parquet(results.ROOT / SUITE / "plaintune-gp.parquet")


def test_what_comes_out_the_same_gets_the_version_and_the_keys(earlier: Earlier) -> None:
    version = earlier('"""Nats that', '"""How many nats')
    assert same_source.check(SUITE, "plaintune-gp", "abc", 2) == []
    assert set(packed().version) == {open_arm("plaintune-gp").version} != {version}
    assert set(packed().key) == {key_of(job) for job in JOBS}
    (note,) = json.loads((results.ROOT / "same_source.json").read_text())
    assert (note["from"], note["commit"], note["repeated"]) == (version, "abc", 2)
    with pytest.raises(UserError, match=r"nothing in 'made-up' is of that commit"):
        same_source.check(SUITE, "plaintune-gp", "abc", 2)


def test_a_difference_is_named_and_nothing_is_changed(earlier: Earlier) -> None:
    version = earlier("WEIGHT = 10.0", "WEIGHT = 1000.0")
    (found,) = same_source.check(SUITE, "plaintune-gp", "abc", 2)
    assert (found.job.task, found.trial >= 5) == ("mixed-kernel", True)
    assert "nothing was changed" in same_source.told([found])
    assert set(packed().version) == {version}
    assert same_source.check(SUITE, "plaintune-gp", "abc", 2, tasks="^hpobench") == []
    assert set(packed()[packed().version == version].task) == {"mixed-kernel"}


def test_only_our_own_source_can_be_shown_to_be_the_same(earlier: Earlier) -> None:
    earlier('"""Nats that', '"""How many nats')
    with pytest.raises(UserError, match="no version of our own source"):
        same_source.check(SUITE, "random", "abc", 2)

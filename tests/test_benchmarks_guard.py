"""The regression guard: our regret on a small slice against the stored reference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from benchmarks import results, statistics
from benchmarks.protocol import Job, run
from benchmarks.suites import SUITES

GUARD = SUITES["guard"]
ARM = GUARD.arms[0]
SIGNIFICANT = 0.01


@pytest.mark.slow
def test_our_regret_is_not_significantly_worse_than_the_reference() -> None:
    reference = results.load("guard")
    jobs = [
        Job(ARM, task, seed, GUARD.trials) for task in GUARD.tasks for seed in range(GUARD.seeds)
    ]
    now = pd.concat([results.as_rows(run(job)) for job in jobs])
    assert (now.error == "").all(), now.error.unique()
    both = pd.concat([reference.assign(arm="reference"), now.assign(arm="now")])
    found = statistics.curves(both, ["now", "reference"], GUARD.trials)
    assert len(found.tasks) == len(jobs)
    ours, before = found.area()
    gap = ours - before
    worse = np.abs(gap).max() > 1e-9 and wilcoxon(gap, alternative="greater").pvalue < SIGNIFICANT
    assert not worse, (
        f"The mean area under the regret curve was {before.mean():.4f} and is {ours.mean():.4f}. "
        "If that is meant, remake the reference: `python -m benchmarks run --suite guard`."
    )

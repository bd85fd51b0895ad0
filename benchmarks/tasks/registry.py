"""All tasks by name. Opening one is cheap; its data are read at the first evaluation."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

from benchmarks.tasks import (
    bayesmark,
    bbob,
    development,
    development_sklearn,
    development_spaces,
    hpobench,
    hpolib,
    learning_curves,
    limited,
    literature,
    multi_objective,
    nasbench201,
    petanque,
    trainings,
)
from benchmarks.tasks import synthetic as made_up
from benchmarks.tasks.anonymous import AnonymousTask
from benchmarks.tasks.base import BenchmarkTask
from benchmarks.tasks.variants import Variant, WithoutDefault

Factory = Callable[[], BenchmarkTask]
ANONYMOUS = "-anonymous"
NO_DEFAULT = "-no-default"
VARIANTS: dict[str, Callable[[BenchmarkTask, str], Variant]] = {
    ANONYMOUS: AnonymousTask,
    NO_DEFAULT: WithoutDefault,
}


def _tables() -> dict[str, Factory]:
    found: dict[str, Factory] = {}
    for noisy, ending in ((False, ""), (True, "-noisy")):
        for d in hpobench.ABOUT:
            found[f"hpobench-{d}{ending}"] = partial(hpobench.hpobench, d, noisy)
        for d in hpolib.ABOUT:
            found[f"hpolib-{d}{ending}"] = partial(hpolib.hpolib, d, noisy)
        for d in nasbench201.ABOUT:
            found[f"nasbench201-{d}{ending}"] = partial(nasbench201.nasbench201, d, noisy)
    return found


def _sklearn() -> dict[str, Factory]:
    return {
        f"sklearn-{m.lower()}-{t}": partial(bayesmark.SklearnTask, m, t)
        for m in bayesmark.MODELS
        for t in bayesmark.TABLES
    }


def _trainings() -> dict[str, Factory]:
    return {
        trainings.name_of(m, t): partial(trainings.TrainingTask, m, t)
        for chosen in (trainings.CROSS_SECTION, trainings.DEVELOPMENT)
        for m, tables in chosen.items()
        for t in tables
    }


def _functions() -> dict[str, Factory]:
    found: dict[str, Factory] = {}
    for d in bbob.DIMENSIONS:
        for f in bbob.FUNCTIONS:
            found[f"bbob-{f.lower()}-{d}d"] = partial(bbob.bbob, f, d)
    for f in ("Sphere", "Rosenbrock", "RastriginRotated"):
        found[f"bbob-{f.lower()}-5d-noisy"] = partial(bbob.bbob, f, 5, 0.1)
    return found


def _literature() -> dict[str, Factory]:
    found: dict[str, Factory] = {
        literature.name_of(f, moved): partial(literature.literature, f, moved)
        for f in literature.FUNCTIONS
        for moved in (False, True)
    }
    for moved in (False, True):
        found[petanque.name_of(moved)] = partial(petanque.petanque, moved)
    return found


def _others() -> dict[str, Factory]:
    found: dict[str, Factory] = {
        "mixed-kernel": made_up.mixed,
        "conditional-pipeline": made_up.conditional,
        "failing-memory": made_up.failing,
    }
    for f in multi_objective.FUNCTIONS:
        found[f"mo-{f.lower()}"] = partial(multi_objective.trade_off, f)
        found[f"mo-{f.lower()}-noisy"] = partial(multi_objective.trade_off, f, 0.02)
    for f in multi_objective.CONSTRAINED:
        found[f"mo-{f.lower()}"] = partial(multi_objective.trade_off, f)
    for d in hpolib.ABOUT:
        found[f"mo-hpolib-{d}"] = partial(multi_objective.hpolib_trade_off, d)
        found[f"mo-hpolib-{d}-size"] = partial(multi_objective.hpolib_trade_off, d, True)
        for cost in limited.COSTS:
            found[f"limit-hpolib-{d}-{cost}"] = partial(limited.limited, d, cost)
    return found


def _development() -> dict[str, Factory]:
    found: dict[str, Factory] = {
        f"dev-{f.lower()}": partial(development.continuous, f) for f in development.FUNCTIONS
    }
    found |= {f"dev-edge-{f.lower()}": partial(development.edged, f) for f in development.FUNCTIONS}
    for grid in development.GRIDS:
        for f in development.BEHIND_GRIDS:
            found[f"dev-{grid}-{f.lower()}"] = partial(development.gridded, f, grid)
    for name in development.CLIFFS:
        found[f"dev-cliff-{name}"] = partial(development.cliff, name)
    for name in development_spaces.FAMILIES:
        found[f"dev-families-{name}"] = partial(development_spaces.families, name)
    for name in development_spaces.HIGH:
        found[f"dev-high-{name}"] = partial(development_spaces.high, name)
    for m in bayesmark.MODELS:
        for t in development_sklearn.TABLES:
            task = partial(development_sklearn.DevelopmentTask, m, t)
            found[f"dev-sklearn-{m.lower()}-{t}"] = task
    return found


TASKS: dict[str, Factory] = {
    **_tables(),
    **_sklearn(),
    **_trainings(),
    **_functions(),
    **_literature(),
    **_others(),
    **learning_curves.curve_tasks(),
    **_development(),
}


@lru_cache(maxsize=64)
def open_task(name: str) -> BenchmarkTask:
    """Return the task called `name`.

    The ending "-anonymous" hides what is tuned, "-no-default" that there is a default.

    Raises:
        KeyError: no task is called so.
    """
    for ending, variant in VARIANTS.items():
        if name.endswith(ending):
            return variant(open_task(name.removesuffix(ending)), ending)
    return TASKS[name]()


def original_of(name: str) -> str:
    """Return the name of the task that `name` is a variant of; its own, where it is none."""
    for ending in VARIANTS:
        if name.endswith(ending):
            return original_of(name.removesuffix(ending))
    return name

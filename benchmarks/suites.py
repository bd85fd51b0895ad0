"""Which tasks, arms, seeds and budgets make a suite. Fixed before results are seen.

`quick` is a cross-section that ends in about ten minutes on two quiet cores. `full` is everything
with the fast arms; `slow-peers` is the subset, named beforehand, that Ax, SMAC and HEBO can finish.
"""

from __future__ import annotations

from dataclasses import dataclass

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
from benchmarks.tasks.registry import NO_DEFAULT

BUDGETS = (5, 10, 20, 30, 50, 100)
"""Numbers of evaluations that reports look at."""


@dataclass(frozen=True)
class Suite:
    """`arms` is the default choice; the command line can name others.

    `smaller` holds what takes too long for all seeds and trials: an arm, or the beginning of tasks'
    names, with the most seeds and the most trials it gets.
    """

    name: str
    tasks: tuple[str, ...]
    arms: tuple[str, ...]
    seeds: int
    trials: int
    smaller: tuple[tuple[str, int, int], ...] = ()

    def size(self, arm: str, task: str) -> tuple[int, int]:
        """Return how many seeds, and trials per run, an arm gets on a task at most."""
        own = [(s, t) for name, s, t in self.smaller if name == arm or task.startswith(name)]
        found = [(self.seeds, self.trials), *own]
        return min(s for s, _ in found), min(t for _, t in found)


TABLES = (
    *(f"hpobench-{d}" for d in hpobench.ABOUT),
    *(f"hpolib-{d}" for d in hpolib.ABOUT),
    *(f"nasbench201-{d}" for d in nasbench201.ABOUT),
)
SKLEARN = tuple(f"sklearn-{m.lower()}-{t}" for m in bayesmark.MODELS for t in bayesmark.TABLES)
TRAININGS = tuple(
    trainings.name_of(m, t) for m, tables in trainings.CROSS_SECTION.items() for t in tables
)
DEV_TRAININGS = tuple(
    trainings.name_of(m, t) for m, tables in trainings.DEVELOPMENT.items() for t in tables
)
FUNCTIONS = tuple(f"bbob-{f.lower()}-{d}d" for d in bbob.DIMENSIONS for f in bbob.FUNCTIONS)
LITERATURE = (
    *(literature.name_of(f, moved) for moved in (False, True) for f in literature.FUNCTIONS),
    *(petanque.name_of(moved) for moved in (False, True)),
)
MIXED = ("mixed-kernel", "conditional-pipeline")
NOISY = (
    *(f"{t}-noisy" for t in TABLES),
    "bbob-sphere-5d-noisy",
    "bbob-rosenbrock-5d-noisy",
    "bbob-rastriginrotated-5d-noisy",
)
FAILING = ("failing-memory",)
TRADE_OFFS = (
    *(f"mo-{f.lower()}" for f in multi_objective.FUNCTIONS),
    *(f"mo-{f.lower()}-noisy" for f in multi_objective.FUNCTIONS),
    *(f"mo-{f.lower()}" for f in multi_objective.CONSTRAINED),
    *(f"mo-hpolib-{d}" for d in hpolib.ABOUT),
    *(f"mo-hpolib-{d}-size" for d in hpolib.ABOUT),
)

LIMITS = tuple(f"limit-hpolib-{d}-{c}" for d in hpolib.ABOUT for c in limited.COSTS)

DEVELOPMENT = (
    *(f"dev-{f.lower()}" for f in development.FUNCTIONS),
    *(f"dev-{g}-{f.lower()}" for g in development.GRIDS for f in development.BEHIND_GRIDS),
)
"""What changes are tried on, so that none is ever chosen on a task of the test."""

SHIPPED = tuple(
    name
    for name in TRAININGS
    if name.startswith(("training-lightgbm", "training-xgboost", "training-svm"))
    and name != "training-svm-wages"
)
"""Real trainings that the portfolio had something for when they were named."""

CURVES = tuple(learning_curves.curve_tasks())
CURVE_ARMS = (
    "plaintune-gp-pruning",
    "plaintune-gp",
    "optuna-tpe-median",
    "optuna-tpe-hyperband",
    "optuna-tpe",
    "default+random",
)
"""Those that stop trials early, and the same without."""

EDGES = tuple(f"dev-edge-{f.lower()}" for f in development.FUNCTIONS)
CLIFFS = tuple(f"dev-cliff-{name}" for name in development.CLIFFS)
FAMILIES = tuple(f"dev-families-{name}" for name in development_spaces.FAMILIES)
DEV_SKLEARN = tuple(
    f"dev-sklearn-{m.lower()}-{t}{ending}"
    for m in bayesmark.MODELS
    for t in development_sklearn.TABLES
    for ending in ("", NO_DEFAULT)
)
HIGH = tuple(f"dev-high-{name}" for name in development_spaces.HIGH)

FAST_ARMS = (
    "plaintune-gp",
    "optuna-tpe",
    "optuna-gp",
    "optuna-cmaes",
    "botorch",
    "default+random",
    "random",
)
SEVERAL_OBJECTIVES = tuple(a for a in FAST_ARMS if a != "optuna-cmaes")
"""Optuna's CMA-ES has one objective only."""
SLOW_ARMS = ("ax", "smac", "hebo")
PENALISED = ("optuna-tpe-penalty", "optuna-gp-penalty")

QUICK_TASKS = (
    "hpobench-car",
    "hpobench-credit_g",
    "hpolib-slice_localization",
    "nasbench201-cifar100",
    "sklearn-svm-wine",
    "sklearn-decisiontree-breast",
    "sklearn-mlp_sgd-iris",
    "bbob-rosenbrock-5d",
    "bbob-gallagher101-5d",
    "mixed-kernel",
)

NO_DEFAULT_TASKS = tuple(
    f"{t}{NO_DEFAULT}" for t in QUICK_TASKS if t.startswith(("hpobench", "hpolib", "nas", "sk"))
)
"""Nobody is told of a default. Functions and made-up spaces have none in the first place."""

SLOW_TASKS = (
    *(f"hpobench-{d}" for d in ("car", "phoneme", "segment", "credit_g")),
    *(f"hpolib-{d}" for d in ("naval_propulsion", "slice_localization")),
    *(f"nasbench201-{d}" for d in ("cifar10", "imagenet")),
    *(f"sklearn-{m.lower()}-{t}" for m in bayesmark.MODELS[1:] for t in ("breast", "wine")),
    *(
        f"bbob-{f}-5d"
        for f in (
            "sphere",
            "rastrigin",
            "attractivesector",
            "rosenbrock",
            "ellipsoidrotated",
            "sharpridge",
            "schaffers10",
            "gallagher101",
        )
    ),
    *MIXED,
)

ADVICE_TASKS = (
    "hpobench-car",
    "hpobench-segment",
    "hpolib-slice_localization",
    "nasbench201-cifar100",
)
"""What strategies that ask a language model are compared on to the end; named before any run."""
ADVICE_ARMS = (
    "plaintune-hybrid-default",
    "plaintune-llambo",
    "plaintune-gp",
    "plaintune-portfolio",
    "default+random",
)
SIMULATED_ARMS = (
    *(f"plaintune-hybrid-simulated-{k}" for k in ("good", "weak", "constant", "anti", "turncoat")),
    "plaintune-gp",
)

SUITES = {
    s.name: s
    for s in (
        Suite("quick", QUICK_TASKS, FAST_ARMS, seeds=3, trials=30),
        Suite("no-default", NO_DEFAULT_TASKS, FAST_ARMS, seeds=5, trials=30),
        Suite(
            "full",
            TABLES + SKLEARN + FUNCTIONS + MIXED,
            FAST_ARMS,
            seeds=20,
            trials=50,
            # Up to 5 s a suggestion; up to 4 s an evaluation.
            smaller=(("botorch", 20, 30), ("sklearn", 3, 30)),
        ),
        Suite("slow-peers", SLOW_TASKS, (*FAST_ARMS, *SLOW_ARMS), seeds=10, trials=30),
        Suite("trainings", TRAININGS, FAST_ARMS, seeds=5, trials=30),
        Suite("literature", LITERATURE, FAST_ARMS, seeds=10, trials=30),
        Suite("development", DEVELOPMENT, FAST_ARMS, seeds=5, trials=30),
        Suite("development-trainings", DEV_TRAININGS, FAST_ARMS, seeds=6, trials=30),
        Suite("development-sklearn", DEV_SKLEARN, FAST_ARMS, seeds=5, trials=30),
        Suite("development-edges", EDGES, FAST_ARMS, seeds=5, trials=30),
        Suite("development-cliffs", CLIFFS, FAST_ARMS, seeds=10, trials=50),
        Suite("development-families", FAMILIES, FAST_ARMS, seeds=10, trials=40),
        Suite("development-high", HIGH, FAST_ARMS, seeds=5, trials=100),
        Suite("advice", ADVICE_TASKS, ADVICE_ARMS, seeds=5, trials=30),
        Suite("first-advice", TABLES, (ADVICE_ARMS[0], *ADVICE_ARMS[2:]), seeds=5, trials=10),
        Suite("portfolio-tables", TABLES, ADVICE_ARMS[2:], seeds=20, trials=30),
        Suite(
            "shipped",
            SHIPPED,
            ("plaintune-shipped", "plaintune-portfolio", "plaintune-gp", "default+random"),
            seeds=5,
            trials=10,
        ),
        Suite("simulated", TABLES, SIMULATED_ARMS, seeds=20, trials=30),
        Suite("noisy", NOISY, FAST_ARMS, seeds=20, trials=50),
        Suite("learning-curves", CURVES, CURVE_ARMS, seeds=10, trials=30),
        Suite("failing", FAILING, (*FAST_ARMS, *PENALISED), seeds=20, trials=50),
        Suite("trade-offs", TRADE_OFFS, SEVERAL_OBJECTIVES, seeds=20, trials=50),
        Suite("limits", LIMITS, SEVERAL_OBJECTIVES, seeds=5, trials=30),
        Suite(
            "guard",
            ("hpobench-vehicle", "hpolib-protein_structure", "bbob-sphere-5d", "mixed-kernel"),
            ("plaintune-gp",),
            seeds=4,
            trials=20,
        ),
    )
}

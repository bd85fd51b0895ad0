"""What eight programs of the yardstick compute, so that their spaces can be searched for real.

The programs in `tests/data/spaces/development` declare parameters and no more. Each function here
takes its program's parameters by name (those it is not given keep their defaults) and a seed.
"""

from __future__ import annotations

import lzma
import math
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

CHURN = Path(__file__).parents[1] / "examples" / "churn.csv"


def anneal(seed: int, *, t0: float, cooling: float, moves_per_temp: int, move: str) -> float:
    """Return the tour length after 6,000 proposals, over 60 cities."""
    cities = np.random.default_rng(7).uniform(0, 100, (60, 2))
    distance = np.hypot(*(cities[:, None] - cities).transpose(2, 0, 1))
    rng = np.random.default_rng(seed)
    tour = list(rng.permutation(len(cities)))
    length, temperature = _length(tour, distance), t0
    for step in range(6000):
        if step and step % moves_per_temp == 0:
            temperature = max(temperature * cooling, 1e-9)
        i, j = sorted(rng.integers(0, len(tour), 2))
        new = _moved(tour, int(i), int(j), move)
        changed = _length(new, distance)
        if changed < length or rng.random() < math.exp((length - changed) / temperature):
            tour, length = new, changed
    return length


def _length(tour: list[int], distance: Any) -> float:
    return float(distance[tour, np.roll(tour, -1)].sum())


def _moved(tour: list[int], i: int, j: int, move: str) -> list[int]:
    new = tour.copy()
    if move == "swap":
        new[i], new[j] = new[j], new[i]
    elif move == "insert":
        new.insert(j, new.pop(i))
    else:
        new[i : j + 1] = new[i : j + 1][::-1]
    return new


def pid(
    seed: int, *, kp: float, ki: float, kd: float, derivative_filter: float, windup_limit: float
) -> float:
    """Return the integral of the absolute error of a motor with inertia and limited voltage."""
    speed = current = integral = slope = total = 0.0
    last, dt = 1.0, 0.01
    for _ in range(800):
        error = 1.0 - speed
        integral = max(-windup_limit, min(windup_limit, integral + error * dt))
        slope += dt / (derivative_filter + dt) * ((error - last) / dt - slope)
        last = error
        voltage = max(-12.0, min(12.0, kp * error + ki * integral + kd * slope))
        current += dt * (voltage - 2.0 * current - 0.5 * speed) / 0.05
        speed += dt * (current - 0.3 * speed - 0.4) / 0.6
        if not math.isfinite(speed) or abs(speed) > 1e6:
            return 100.0
        total += abs(error) * dt
    return total


def kalman(
    seed: int,
    *,
    PROCESS_NOISE: float,
    MEASUREMENT_NOISE: float,
    INITIAL_VARIANCE: float,
    OUTLIER_GATE: float,
) -> float:
    """Return the rmse of a filtered walk with outliers in its readings."""
    rng = np.random.default_rng(3)
    truth = np.cumsum(np.cumsum(rng.normal(0, 0.02, 400)))
    outlier = rng.random(400) < 0.05
    readings = truth + rng.normal(0, 0.6, 400) + outlier * rng.normal(0, 15, 400)
    x, P, Q = np.zeros(2), INITIAL_VARIANCE * np.eye(2), PROCESS_NOISE * np.diag([0.25, 1.0])
    F, errors = np.array([[1.0, 1.0], [0.0, 1.0]]), []
    for z, true in zip(readings, truth, strict=True):
        x, P = F @ x, F @ P @ F.T + Q
        spread, residual = P[0, 0] + MEASUREMENT_NOISE, z - x[0]
        if abs(residual) < OUTLIER_GATE * math.sqrt(spread):
            gain = P[:, 0] / spread
            x, P = x + gain * residual, P - np.outer(gain, P[0])
        errors.append(x[0] - true)
    return float(min(np.sqrt(np.mean(np.square(errors))), 1e3))


def knapsack(
    seed: int,
    *,
    population: int,
    mutation_rate: float,
    crossover_rate: float,
    tournament_size: int,
    elitism: int,
) -> float:
    """Return the best value packed after 6,000 evaluations, as a share of the upper bound."""
    rng, fixed = np.random.default_rng(seed), np.random.default_rng(5)
    weights, values = fixed.uniform(1, 30, 100), fixed.uniform(1, 60, 100)
    room = 0.3 * weights.sum()
    genes = rng.random((population, 100)) < 0.2
    best = 0.0
    for _ in range(max(1, 6000 // population)):
        over = genes @ weights - room
        fitness = np.where(over > 0, -over, genes @ values)
        best = max(best, float(fitness.max()))
        kept = genes[np.argsort(-fitness)[: min(elitism, population)]]
        rivals = rng.integers(0, population, (2, population, tournament_size))
        parents = [genes[r[np.arange(population), np.argmax(fitness[r], axis=1)]] for r in rivals]
        mix = (rng.random((population, 100)) < 0.5) | (rng.random((population, 1)) > crossover_rate)
        genes = np.where(mix, *parents) ^ (rng.random((population, 100)) < mutation_rate)
        genes[: len(kept)] = kept
    density = np.argsort(-values / weights)
    bound = float(values[density][np.cumsum(weights[density]) <= room].sum() + 60)
    return best / bound


@cache
def _text() -> bytes:
    return CHURN.read_bytes()[:200_000]


def xz(
    seed: int,
    *,
    preset: int,
    dict_size: int,
    lc: int,
    pb: int,
    nice_len: int,
    mode: str,
    mf: str,
) -> float:
    """Return how many times smaller a table becomes."""
    names = {f"{m}": getattr(lzma, f"MF_{m.upper()}") for m in ("hc3", "hc4", "bt2", "bt3", "bt4")}
    filters = {
        "id": lzma.FILTER_LZMA2,
        "preset": preset,
        "dict_size": dict_size,
        "lc": min(lc, 4),
        "pb": pb,
        "nice_len": max(nice_len, int(mf[2])),
        "mode": lzma.MODE_FAST if mode == "fast" else lzma.MODE_NORMAL,
        "mf": names[mf],
        "lp": 0,
    }
    packed = lzma.compress(_text(), format=lzma.FORMAT_RAW, filters=[filters])
    return len(_text()) / len(packed)


@cache
def _diabetes() -> tuple[Any, Any]:
    from sklearn.datasets import load_diabetes

    return load_diabetes(return_X_y=True)  # type: ignore[no-any-return]


def forest(
    seed: int,
    *,
    n_estimators: int,
    max_depth: int,
    min_samples_leaf: int,
    max_features: float,
    bootstrap: bool,
) -> float:
    """Return the cross-validated R2 on the diabetes data, with a fifth of the trees."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.model_selection import cross_val_score

    model = RandomForestRegressor(
        max(n_estimators // 5, 5),
        max_depth=max_depth,
        min_samples_leaf=min_samples_leaf,
        max_features=max_features,
        bootstrap=bootstrap,
        random_state=seed,
    )
    return float(cross_val_score(model, *_diabetes(), cv=2).mean())


def boosting(
    seed: int,
    *,
    NUM_LEAVES: int,
    MIN_DATA_IN_LEAF: int,
    FEATURE_FRACTION: float,
    BAGGING_FRACTION: float,
    LAMBDA_L1: float,
    LEARNING_RATE: float,
) -> float:
    """Return the rmse of 100 rounds of LightGBM, two folds of the diabetes data."""
    from lightgbm import LGBMRegressor
    from sklearn.model_selection import cross_val_score

    model = LGBMRegressor(
        n_estimators=100,
        num_leaves=NUM_LEAVES,
        min_child_samples=MIN_DATA_IN_LEAF,
        colsample_bytree=FEATURE_FRACTION,
        subsample=BAGGING_FRACTION,
        subsample_freq=1,
        reg_alpha=LAMBDA_L1,
        learning_rate=LEARNING_RATE,
        n_jobs=1,
        random_state=seed,
        verbose=-1,
    )
    scores = cross_val_score(model, *_diabetes(), cv=2, scoring="neg_root_mean_squared_error")
    return float(-scores.mean())


def network(
    seed: int,
    *,
    lr: float,
    weight_decay: float,
    width: int,
    depth: int,
    dropout: float,
    batch_size: int,
    activation: str,
) -> float:
    """Return the validation loss of six epochs on 600 handwritten digits; dropout on the inputs."""
    import warnings

    from sklearn.datasets import load_digits
    from sklearn.metrics import log_loss
    from sklearn.neural_network import MLPClassifier

    digits = load_digits()
    X, y = digits.data / 16, digits.target
    layers = (min(width, 512),) * min(depth, 6)
    names = {"relu": "relu", "tanh": "tanh", "gelu": "relu"}
    model = MLPClassifier(
        layers,
        activation=names.get(activation, "relu"),
        learning_rate_init=lr,
        alpha=weight_decay,
        batch_size=min(batch_size, 600),
        random_state=seed,
    )
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(6):
            kept = rng.random((600, X.shape[1])) >= dropout
            model.partial_fit(X[:600] * kept / (1 - dropout), y[:600], classes=range(10))
    return float(log_loss(y[600:1200], model.predict_proba(X[600:1200]), labels=range(10)))


OBJECTIVES: Mapping[str, tuple[Callable[..., float], str]] = {
    "anneal_tsp.py": (anneal, "minimize"),
    "pid_function.py": (pid, "minimize"),
    "kalman_constants.py": (kalman, "minimize"),
    "ga_knapsack.py": (knapsack, "maximize"),
    "xz_bench.py": (xz, "maximize"),
    "forest_dataclass.py": (forest, "maximize"),
    "lgbm_constants.py": (boosting, "minimize"),
    "mlp_function.py": (network, "minimize"),
}

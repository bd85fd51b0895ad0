"""LLINBO's and BORA's functions: their optima are attained, and moved ones hide them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.suites import SUITES
from benchmarks.tasks.anonymous import AnonymousTask
from benchmarks.tasks.base import PeekError
from benchmarks.tasks.function import FunctionTask
from benchmarks.tasks.literature import FUNCTIONS, MARGIN, best_config, literature
from benchmarks.tasks.petanque import MOVED, PUBLISHED, distance
from benchmarks.tasks.registry import open_task
from evals.trials import TrialState

BOTH = (False, True)
HIT = {"pitch_deg": 41.0, "spin_rpm": 0.0, "spin_axis_deg": 0.0, "h0": 1.5, "mass": 5.0}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("moved", BOTH)
def test_the_optimum_is_attained_and_nothing_is_better(name: str, moved: bool) -> None:
    task = literature(name, moved)
    best = best_config(name, moved)
    assert task.space.is_valid(best)
    assert task.truth(best) == pytest.approx(task.scale.optimum, abs=1e-4)
    rng = np.random.default_rng(0)
    near = [{n: v + 1e-3 * rng.standard_normal() for n, v in best.items()} for _ in range(50)]
    drawn = task.space.sample(rng, 200)
    valid = [c for c in near if task.space.is_valid(c)]
    assert len(valid) > 25
    assert min(map(task.truth, [*valid, *drawn])) >= task.scale.optimum - 1e-9


@pytest.mark.parametrize("name", FUNCTIONS)
def test_moved_optima_are_no_middles_and_no_round_numbers(name: str) -> None:
    task = literature(name, moved=True)
    place = task.space.encode([best_config(name, moved=True)])[0]
    assert place.min() >= MARGIN and place.max() <= 1 - MARGIN
    assert np.abs(place - 0.5).max() > 0.05
    middle, low = task.space.decode(np.stack([np.full(len(place), 0.5), np.zeros(len(place))]))
    zeros = {n: min(max(0.0, low[n]), 1.0) for n in low}  # type: ignore[type-var]
    ones = dict.fromkeys(low, 1.0)
    guesses = [g for g in (middle, zeros, ones) if task.space.is_valid(g)]
    assert min(task.scale.regret(task.truth(g)) for g in guesses) > 0.1
    assert literature(name, moved=True).truth(middle) == task.truth(middle), "moved anew"


def test_published_functions_are_those_of_the_papers() -> None:
    at = {f"x_{i}": v for i, v in enumerate((3.0, -2.0))}
    w = [1 + (v - 1) / 4 for v in at.values()]
    levy = math.sin(math.pi * w[0]) ** 2
    levy += (w[0] - 1) ** 2 * (1 + 10 * math.sin(math.pi * w[0] + 1) ** 2)
    levy += (w[1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[1]) ** 2)
    assert literature("levy-2d").truth(at) == pytest.approx(levy)
    wave = 20 + sum(v**2 - 10 * math.cos(2 * math.pi * v) for v in at.values())
    assert literature("rastrigin-2d").truth(at) == pytest.approx(wave)
    space = literature("ackley-15d").space
    assert len(space) == 15
    assert {(p.low, p.high) for p in space.parameters} == {(-30.0, 20.0)}  # type: ignore[union-attr]


def test_a_rotation_keeps_distances_in_unit_coordinates() -> None:
    ball, turned = literature("levy-10d"), literature("levy-10d", moved=True)
    rng = np.random.default_rng(3)
    draws = rng.normal(0, 0.02, (2000, 10))
    spread = {}
    for task, moved in ((ball, False), (turned, True)):
        best = task.space.encode([best_config("levy-10d", moved)])[0]
        values = [task.truth(c) for c in task.space.decode(best + draws)]
        spread[moved] = np.mean(values)
    assert spread[True] == pytest.approx(spread[False], rel=0.1)


@pytest.mark.parametrize("moved", BOTH)
def test_a_ball_can_be_thrown_onto_the_target(moved: bool) -> None:
    game = MOVED if moved else PUBLISHED
    yaw = math.degrees(math.atan2(game.y, game.x))
    speeds = np.linspace(15, 30, 1501)
    misses = [distance(game, yaw_deg=yaw, v0=float(v), **HIT) for v in speeds]
    best = {**HIT, "yaw_deg": yaw, "v0": float(speeds[int(np.argmin(misses))])}
    task = open_task("literature-petanque" + ("-moved" if moved else ""))
    assert isinstance(task, FunctionTask)
    assert 95 < task.truth(best) <= 100
    assert task.scale.regret(task.truth(best)) < 0.05


def test_without_air_and_spin_the_ball_flies_its_parabola(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from benchmarks.tasks import petanque

    monkeypatch.setattr(petanque, "DRAG", 0.0)
    game = petanque.Game(x=20.0**2 * math.sin(math.radians(80)) / petanque.GRAVITY)
    missed = petanque.distance(game, 40.0, 0.0, 20.0, 0.0, 0.0, 0.0, 1.0)
    assert missed < 0.4  # a step of 0.01 s is 0.2 m


def test_spin_about_a_turned_axis_is_the_same_throw() -> None:
    throw = {**HIT, "v0": 25.0, "yaw_deg": -20.0, "spin_rpm": 900.0}
    plain = distance(PUBLISHED, **throw)
    turned = type(PUBLISHED)(x=PUBLISHED.x, y=PUBLISHED.y, turn=MOVED.turn)
    assert distance(turned, **throw) != pytest.approx(plain)
    again = {**throw, "spin_axis_deg": throw["spin_axis_deg"] + MOVED.turn}
    assert distance(turned, **again) == pytest.approx(plain)


@pytest.mark.parametrize("name", ["literature-bukin-2d-moved", "literature-petanque"])
def test_they_keep_the_contract_of_a_task(name: str) -> None:
    task, hidden = open_task(name), open_task(f"{name}-anonymous")
    configs = task.space.sample(np.random.default_rng(0), 20)
    results = [task.evaluate(c, seed) for seed, c in enumerate(configs)]
    assert all(r.state is TrialState.COMPLETE for r in results)
    assert results[0].values == task.evaluate(configs[0], 7).values
    assert min(task.regrets(configs, results)) >= 0
    with pytest.raises(PeekError):
        _ = task.sealed().truth
    assert isinstance(hidden, AnonymousTask)
    words = hidden.task.model_dump_json(include={"description", "space", "objectives"})
    assert not [n for n in ("Bukin", "ball", *task.space.names) if n in words]


def test_the_suite_has_each_function_both_ways() -> None:
    tasks = SUITES["literature"].tasks
    assert len(tasks) == len(set(tasks)) == 18
    assert {t.removesuffix("-moved") for t in tasks if t.endswith("-moved")} == {
        t for t in tasks if not t.endswith("-moved")
    }

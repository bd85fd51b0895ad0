"""BORA's game of pétanque: a thrown ball is to land on a target, with drag and spin.

Cissé et al., IJCAI 2025, section 5, and the simulation in their code (`projectile.py`): point mass,
quadratic drag, Magnus force, steps of 0.01 s. As published the target lies straight ahead, where
the middle of the range of the yaw points; the moved variant puts it to the side and turns the
scale of the spin axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmarks.tasks.base import describe
from benchmarks.tasks.function import FunctionTask
from evals.space import Config, Float, SearchSpace

GRAVITY = 9.8
DRAG = 0.5 * 1.225 * 0.47
"""Half the density of air (kg/m³) times the drag coefficient of a sphere."""
LIFT = 0.5 * 1.225 * 0.2
BALL = 0.145
AREA = 0.0042
"""Mass (kg) and cross-section (m²) of a baseball; others scale as a sphere of its density."""
STEP = 0.01
LONGEST = 60.0
"""Seconds after which a ball that spins upwards counts as landed where it is."""
DRAWS = 512


@dataclass(frozen=True)
class Game:
    """Where the target lies (m), and by how much the published spin axis is turned (degrees)."""

    x: float = 50.0
    y: float = 0.0
    turn: float = 0.0


PUBLISHED = Game()
MOVED = Game(x=36.7, y=-23.3, turn=57.3)

PARAMETERS = (
    Float("pitch_deg", -30.0, 90.0, unit="degrees", reason="upward angle of release; 0 is level"),
    Float("yaw_deg", -180.0, 180.0, unit="degrees", reason="aim in the plane; 0 is along x"),
    Float("v0", 0.0, 50.0, unit="m/s", reason="speed of release"),
    Float("spin_rpm", 0.0, 3000.0, unit="turns per minute", reason="spin at release"),
    Float("spin_axis_deg", -180.0, 180.0, unit="degrees", reason="axis of the spin in the plane"),
    Float("h0", 0.0, 2.0, unit="m", reason="height of release"),
    Float("mass", 0.01, 10.0, unit="kg", reason="mass of the ball"),
)


def petanque(moved: bool = False) -> FunctionTask:
    """Return the game; the score is 100 on the target and falls by a fifth or so per metre."""
    game = MOVED if moved else PUBLISHED

    def score(config: Config) -> float:
        return 100 * math.exp(-0.2 * distance(game, **{k: float(v) for k, v in config.items()}))  # type: ignore[arg-type]

    words = (
        f"Throw a ball from (0, 0) so that it lands on the target at ({game.x:g}, {game.y:g}), in "
        "metres on level ground. Air drag and spin act on it. Maximise the score, 100 on the spot."
    )
    task = describe(words, SearchSpace(PARAMETERS), ("score", "maximize"))
    return FunctionTask(name_of(moved), "literature", task, score, 100.0, draws=DRAWS)


def name_of(moved: bool = False) -> str:
    """Return what a task is called."""
    return "literature-petanque" + ("-moved" if moved else "")


def distance(
    game: Game,
    pitch_deg: float,
    yaw_deg: float,
    v0: float,
    spin_rpm: float,
    spin_axis_deg: float,
    h0: float,
    mass: float,
) -> float:
    """Return how far from the target (m) the ball is when it has landed."""
    pitch, yaw = math.radians(pitch_deg), math.radians(yaw_deg)
    axis, spin = math.radians(spin_axis_deg - game.turn), spin_rpm * 2 * math.pi / 60
    area = AREA * (mass / BALL) ** (2 / 3)
    drag, lift = DRAG * area / mass, LIFT * area / mass
    wx, wy = lift * spin * math.cos(axis), lift * spin * math.sin(axis)
    level, vz = v0 * math.cos(pitch), v0 * math.sin(pitch)
    vx, vy = level * math.cos(yaw), level * math.sin(yaw)
    x, y, z = 0.0, 0.0, h0
    for _ in range(round(LONGEST / STEP)):
        slowed = drag * math.sqrt(vx * vx + vy * vy + vz * vz)
        ax, ay = wy * vz - slowed * vx, -wx * vz - slowed * vy
        az = wx * vy - wy * vx - slowed * vz - GRAVITY
        vx, vy, vz = vx + ax * STEP, vy + ay * STEP, vz + az * STEP
        x, y, z = x + vx * STEP, y + vy * STEP, z + vz * STEP
        if z <= 0:
            break
    return math.sqrt((x - game.x) ** 2 + (y - game.y) ** 2 + z**2)

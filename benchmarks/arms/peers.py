"""Ax, SMAC and HEBO, each in a process and an environment of its own (`make peers`).

Ordered grids become integers, choices become strings. Ax and HEBO know no conditions: they see all
parameters, the inactive ones at their middle; SMAC is told the conditions.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from threading import Timer
from typing import Any

from benchmarks.arms.base import N_START, Arm, ArmUnavailableError, BaseSession, Problem
from evals.space import Categorical, Config, Float, Int, Ordinal, Parameter
from evals.trials import Evaluation, TrialState

ROOT = Path(__file__).parent.parent.parent
WORKERS = ROOT / "benchmarks" / "peers"
PATIENCE = 300.0
"""Seconds that one answer of a peer may take."""


class PeerError(Exception):
    """The worker died or took too long."""


class PeerSession(BaseSession):
    """Talks to one worker over its standard input and output."""

    def __init__(self, problem: Problem, python: Path, worker: Path, conditions: bool) -> None:
        super().__init__(problem)
        self._conditions, self._cpu = conditions, 0.0
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [str(python), str(worker)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
        )
        self._say(
            {
                "parameters": [_plain(p) for p in self.space.parameters],
                "seed": problem.seed,
                "trials": problem.trials,
                "start": N_START,
            }
        )

    def ask(self) -> Config:
        """Return the worker's next configuration, in native values."""
        answer = self._say({"ask": True})["config"]
        config: Config = {}
        for parameter in self.space.parameters:
            if any(p.name == parameter.name for p in self.space.active(config)):
                config[parameter.name] = _inward(parameter, answer[parameter.name])
        return config

    def tell(self, config: Config, result: Evaluation) -> None:
        """Tell the worker, as a value to be minimised."""
        super().tell(config, result)
        value = None
        if result.state is TrialState.COMPLETE:
            value = -self.problem.task.task.objective.sign * result.values[0]
        self._say({"config": self._outward(config), "value": value})

    def _outward(self, config: Config) -> dict[str, Any]:
        full = {p.name: p.from_unit(0.5) for p in self.space.parameters} | config
        shown = config if self._conditions else full
        return {name: _outside(self.space[name], shown[name]) for name in shown}

    def _say(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        guard = Timer(PATIENCE, self._process.kill)
        guard.start()
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            guard.cancel()
        if not line:
            raise PeerError(f"The worker ended (or took over {PATIENCE:.0f} s).")
        answer: dict[str, Any] = json.loads(line)
        self._cpu = answer["cpu"]
        return answer

    def cpu_seconds(self) -> float:
        """Return the worker's processor time."""
        return self._cpu

    def close(self) -> None:
        """End the worker."""
        self._process.kill()
        self._process.wait()


def _plain(p: Parameter) -> dict[str, Any]:
    same: dict[str, Any] = {"name": p.name, "parent": None, "log": False}
    if p.condition:
        same |= {"parent": p.condition.parent, "parent_values": list(p.condition.values)}
    if isinstance(p, Categorical):
        return same | {"type": "choice", "choices": [str(c) for c in p.choices]}
    if isinstance(p, Ordinal):
        return same | {"type": "int", "low": 0, "high": p.cardinality - 1}
    kind = "float" if isinstance(p, Float) else "int"
    return same | {"type": kind, "low": p.low, "high": p.high, "log": p.log}


def _outside(parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter, Ordinal):
        return parameter.index(value)
    return str(value) if isinstance(parameter, Categorical) else value


def _inward(parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter, Ordinal):
        return parameter.values[int(value)]
    if isinstance(parameter, Categorical):
        return next(c for c in parameter.choices if str(c) == value)
    if isinstance(parameter, Int):
        return int(value)
    return min(parameter.high, max(parameter.low, float(value)))


class PeerArm(Arm):
    """A peer by the name of its environment and of its distribution.

    `conditions` says whether it knows conditional parameters, `setting` what is not its default.
    """

    def __init__(
        self, name: str, distribution: str, conditions: bool = False, setting: str = ""
    ) -> None:
        self.name, self._distribution, self._conditions = name, distribution, conditions
        self._setting = setting

    @property
    def _home(self) -> Path:
        return Path(os.environ.get("PLAINTUNE_PEERS") or ROOT / ".peers") / self.name

    @property
    def version(self) -> str:
        """The peer's version as installed in its environment."""
        pattern = f"lib/python3*/site-packages/{self._distribution}-*.dist-info"
        found = sorted(self._home.glob(pattern))
        installed = found[-1].name.removesuffix(".dist-info") if found else "not installed"
        return installed + (f", {self._setting}" if found and self._setting else "")

    def open(self, problem: Problem) -> PeerSession:
        """Begin a run."""
        python = self._home / "bin" / "python"
        if not python.exists():
            raise ArmUnavailableError(f"{self.name} is not installed: `make peers` does it.")
        worker = WORKERS / f"{self.name}_worker.py"
        return PeerSession(problem, python, worker, self._conditions)


AX = PeerArm("ax", "ax_platform")
SMAC = PeerArm("smac", "smac", conditions=True, setting="trained after every trial")
HEBO = PeerArm("hebo", "HEBO")

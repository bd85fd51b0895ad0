"""Evaluate a command line, in any language: run it with a configuration, read its score.

No shell is involved: the words reach the program as they are. Each trial runs in a directory of its
own in which everything of the current directory can be read under its usual name (links), so what
trials write does not collide and disappears with them.
"""

from __future__ import annotations

import copy
import math
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatch
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from evals.constants import rewritten
from evals.evaluator import Evaluator, Report
from evals.evaluators.process import Ending, Nursery, ProcessLimits, trial_seconds
from evals.parameters import Scalar
from evals.scores import ScoreReader, numbers_in, read_score_file
from evals.space import Config
from evals.task import Program, Task
from evals.trials import Evaluation, TrialState
from prompts.errors import EvaluationError, InvalidTaskError

MARK = re.compile(r"(?<!\$)\{([A-Za-z_][\w.]*)\}")
"""A parameter's place in a command; ${HOME} is the shell's."""
SHOWN = 8
"""Names of other numbers that are shown where the score is missing."""
NOT_LINKED = {"plaintune-runs", ".git", "__pycache__"}


class CommandEvaluator:
    """Runs `task.program`, in `directory` (the current one where None)."""

    def __init__(self, task: Task, directory: Path | None = None) -> None:
        if task.program is None or not task.program.command:
            raise InvalidTaskError("The task names no command to run.", hint="Put it after --.")
        self.task = task
        self.program = task.program
        self.directory = (directory or Path.cwd()).resolve()
        self._check(self.program.command[0])
        self.metrics = [o.metric for o in task.objectives]
        ScoreReader(self.metrics, self.program.pattern)
        self.limits = ProcessLimits(
            seconds=trial_seconds(task.budget),
            cpu_seconds=self.program.cpu_seconds,
            memory=self.program.memory,
        )
        self.nursery = Nursery(_Runs(self.metrics, self.program.pattern))
        self.environment: Mapping[str, str] = {}

    def _check(self, name: str) -> None:
        if shutil.which(name) is None and not (self.directory / name).is_file():
            raise InvalidTaskError(
                f"There is no program called {name!r}.", hint="Check the words after --."
            )

    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        """Return COMPLETE with values, or PRUNED or FAILED with the reason and the last lines."""
        began = time.monotonic()
        running: dict[int, float] = {}

        def listen(step: int, value: float) -> bool:
            if not math.isfinite(value):
                return False
            running[step] = value
            return report(step, value)

        with self._workplace(config) as place:
            job = {
                "command": self._words(config, seed),
                "directory": str(place),
                "environment": {**_environment(place), **self.environment},
            }
            ending = self.nursery.run(job, self.limits, listen)
            result = self._evaluation(ending, place)
        return replace(result, cost=time.monotonic() - began, intermediate=running)

    def for_workers(self, environments: Sequence[Mapping[str, str]]) -> list[Evaluator]:
        """Return an evaluator per worker."""
        others = [copy.copy(self) for _ in environments]
        for other, environment in zip(others, environments, strict=True):
            other.environment = environment
        return list(others)

    def close(self) -> None:
        """End the processes that wait for trials, and trials that run."""
        self.nursery.close()

    def words(self, config: Config) -> list[str]:
        """Return the command line for `config`, as a user would type it."""
        return command_words(self.program, config)

    def _words(self, config: Config, seed: int) -> list[str]:
        words = command_words(self.program, config)
        if self.program.seed:
            words += spelled(self.program.seed, seed)
        # Links in the trial's directory lead to the children of this one, not to its parent.
        up = (".." + os.sep, "..")
        return [
            str((self.directory / w).resolve())
            if w.startswith(up) and (self.directory / w).exists()
            else w
            for w in words
        ]

    @contextmanager
    def _workplace(self, config: Config) -> Iterator[Path]:
        """Make the trial's directory, and remove it afterwards."""
        place = Path(tempfile.mkdtemp(prefix="plaintune-trial-"))
        try:
            _link(self.directory, place, Path(self.program.score_file).parts)
            if self.program.constants:
                script = place / self.program.constants
                text = script.read_text(encoding="utf-8")
                script.unlink()
                script.write_text(rewritten(text, {**self.task.fixed, **config}), encoding="utf-8")
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _evaluation(self, ending: Ending, place: Path) -> Evaluation:
        if ending.how == "stopped":
            return Evaluation(TrialState.PRUNED, reason="It was stopped early.")
        if ending.how != "exit" or ending.code != 0:
            return Evaluation(TrialState.FAILED, reason=ending.reason(self.limits))
        try:
            values = self._values(ending, place)
        except EvaluationError as error:
            last = f" Last lines: {ending.tail}" if ending.tail else " It printed nothing."
            return Evaluation(TrialState.FAILED, reason=f"{error.message}{last}")
        return Evaluation(TrialState.COMPLETE, values)

    def _values(self, ending: Ending, place: Path) -> tuple[float, ...]:
        found: Mapping[str, float] = ending.found
        if self.program.score_file:
            written = place / self.program.score_file
            found = read_score_file(written, self.metrics, self.program.score_file)
        for metric in self.metrics:
            if metric not in found:
                raise EvaluationError(f"There is no {metric!r} in {self._where(place)}.")
            if not math.isfinite(found[metric]):
                raise EvaluationError(f"{metric} is {found[metric]}, which is no finite number.")
        return tuple(found[m] for m in self.metrics)

    def _where(self, place: Path) -> str:
        """Return where scores are looked for, and what else is there."""
        if not self.program.score_file:
            return "its output"
        others = numbers_in(place / self.program.score_file)[:SHOWN]
        return f"{self.program.score_file}{', only: ' if others else ''}{', '.join(others)}"


def _link(source: Path, place: Path, written: tuple[str, ...]) -> None:
    """Link what is in `source` into `place`, but for what the trial itself is to write.

    `written` are the parts of that file's path, patterns allowed: an old one there must neither be
    overwritten nor be taken for this trial's.
    """
    for entry in os.scandir(source):
        if entry.name in NOT_LINKED or entry.name.startswith("plaintune.db"):
            continue
        if not written or not fnmatch(entry.name, written[0]):
            (place / entry.name).symlink_to(entry.path)
        elif entry.is_dir():
            (place / entry.name).mkdir()
            if len(written) > 1:
                _link(Path(entry.path), place / entry.name, written[1:])


def spelled(written: str, value: Scalar) -> list[str]:
    """Return the words that give one parameter its value: "--lr {}" and 0.1 → --lr 0.1."""
    return [word.replace("{}", _plain(value)) for word in written.split(" ")]


def _plain(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def command_words(program: Program, config: Config) -> list[str]:
    """Return the words of the command for `config`; marks are filled, flags come last."""
    words = [filled(w, config) for w in program.command]
    marked = {name for word in program.command for name in MARK.findall(word)}
    for name, value in config.items():
        written, off = program.written.get(name, ""), program.off.get(name, "")
        if name not in marked and (written or off):
            words += set_words(written, off, value)
    return words


def filled(word: str, values: Mapping[str, Scalar]) -> str:
    """Return a word of the command with the marks that have a value filled."""
    plain = {name: _plain(value) for name, value in values.items()}
    return MARK.sub(lambda m: plain.get(m.group(1), m.group(0)), word)


def set_words(written: str, off: str, value: Scalar) -> list[str]:
    """Return the words that set one parameter, which may be a switch; none for one left off."""
    if isinstance(value, bool) and "{}" not in written:
        switch = written if value else off
        return [switch] if switch else []
    return spelled(written, value)


def _environment(place: Path) -> dict[str, str]:
    """Return the trial's environment: ours, and where it may write. Its secrets are redacted."""
    own = {"PLAINTUNE_TRIAL_DIRECTORY": str(place), "TMPDIR": str(place), "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **own}


class _Runs:
    """Becomes the command, in the worker; reads its output, in the supervisor."""

    def __init__(self, metrics: list[str], pattern: str) -> None:
        self.metrics, self.pattern = metrics, pattern

    def reader(self, job: Mapping[str, Any]) -> ScoreReader:
        """Return what finds the score in lines of output."""
        return ScoreReader(self.metrics, self.pattern)

    def run(self, job: Mapping[str, Any], channel: Connection) -> None:
        """Become the command; comes back only by an `OSError`."""
        os.chdir(job["directory"])
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, other programs do not.
        os.execvpe(job["command"][0], job["command"], job["environment"])

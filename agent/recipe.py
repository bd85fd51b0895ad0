"""What to copy at the end: the command line, or the call, with the best configuration in it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from evals.evaluators.command import command_words
from evals.task import Program, Task

WIDTH = 90
"""Characters in a line: what is to be copied must not be wrapped by a terminal."""


def recipe(task: Task, config: Mapping[str, Any]) -> str:
    """Return the command or the call that uses `config`; "" where the task is neither."""
    program = task.program
    if program is None:
        return ""
    given = _short({**task.fixed, **config})
    if program.constants:
        lines = [f"{name} = {value!r}" for name, value in given.items()]
        return "\n".join([f"# in {program.constants}", *lines])
    if not program.command:
        return _call(program, given)
    return _filled(_pairs(command_words(program, given)), " ", " \\\n    ")


def _pairs(words: Sequence[str]) -> list[str]:
    """Quote words; a value stays on the line of its flag."""
    pairs: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        if pairs and before.startswith("-") and not word.startswith("-"):
            pairs[-1] += f" {shlex.quote(word)}"
        else:
            pairs.append(shlex.quote(word))
    return pairs


def _filled(parts: list[str], between: str, at_break: str) -> str:
    """Join `parts`, with breaks where a line would become longer than `WIDTH`."""
    text, length = parts[0], len(parts[0])
    for part in parts[1:]:
        fits = length + len(between) + len(part) <= WIDTH
        text += (between if fits else at_break) + part
        length = length + len(between) + len(part) if fits else len(part) + 4
    return text


def _short(config: Mapping[str, Any]) -> dict[str, Any]:
    """Round what the search chose: six digits are what a configuration keeps."""
    return {k: float(f"{v:.6g}") if isinstance(v, float) else v for k, v in config.items()}


def _call(program: Program, config: Mapping[str, Any]) -> str:
    """Return a call; the fields of a record argument stand in the record's own call."""
    inside: dict[str, list[str]] = {"": []}
    for name, value in config.items():
        way = program.within.get(name, "")
        steps = way.split("/") if way else []
        for i in range(len(steps)):
            inside.setdefault("/".join(steps[: i + 1]), [])
        inside[way].append(f"{name.rsplit('.', 1)[-1]}={value!r}")
    function = program.function.rsplit(":", 1)[-1].rsplit(".", 1)[-1]
    return _filled(_called(function, "", inside), ", ", ",\n    ")


def _called(name: str, way: str, inside: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the parts of a call of `name`: its own arguments, then the records within."""
    parts = list(inside[way])
    for other in inside:
        if other and other.rpartition("/")[0] == way:
            parts += _called(other.rpartition("/")[2], other, inside)
    parts[0] = f"{name}({parts[0]}"
    parts[-1] += ")"
    return parts

"""Scripts whose settings are not plain flags: loops, fire, constants, files, the environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agent.declared import read_declared
from agent.goals import read_goal
from agent.programs import command_task
from agent.recipe import recipe
from evals.evaluators.command import CommandEvaluator, command_words
from evals.sources import read_source
from evals.task import Task
from evals.trials import Evaluation
from prompts.errors import InvalidTaskError

LOOPS = """
import argparse
DEFAULTS = {"lr": 0.1, "max_depth": 3, "fast": "no"}
OPTIONS = {"--dropout": {"type": float, "default": 0.2}, "--batch-size": dict(default=8)}
p = argparse.ArgumentParser()
for name, value in DEFAULTS.items():
    p.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
for flag, kind, start in [("--momentum", float, 0.9), ("--layers", int, 2)]:
    p.add_argument(flag, type=kind, default=start)
for flag, options in OPTIONS.items():
    p.add_argument(flag, **options)
for name in ["gamma"]:
    p.add_argument(f"--{name}", type=float, default=DEFAULTS["lr"], help="of " + name)
"""
FIRE = """
import fire
def train(lr: float = 0.1, depth=3, bias=True): ...
def check(batch_size: int = 8): ...
if __name__ == "__main__":
    fire.Fire(GIVEN)
"""
CONSTANTS = 'LR = 0.5\nDEPTH = 3\nprint("loss:", LR + DEPTH)\n'


def task(place: Path, script: str, goal: str, *words: str) -> Task:
    (place / "train.py").write_text(script, encoding="utf-8")
    command = [sys.executable, "train.py", *words]
    return command_task(command, read_goal(goal), goal, directory=place).task


def evaluated(of: Task, place: Path) -> Evaluation:
    evaluator = CommandEvaluator(of, place)
    try:
        config = of.space.default_config() or {}
        return evaluator.evaluate(config, fidelity=None, seed=0, report=lambda step, value: False)
    finally:
        evaluator.close()


def test_flags_that_a_loop_adds_are_read() -> None:
    found = {a.name: (a.type, a.default, a.written) for a in read_source(LOOPS)}
    assert found["lr"] == ("float", 0.1, "--lr {}")
    assert found["max_depth"] == ("int", 3, "--max-depth {}")
    assert found["fast"] == ("text", "no", "--fast {}")
    assert found["dropout"] == ("float", 0.2, "--dropout {}")
    assert found["momentum"] == ("float", 0.9, "--momentum {}") and found["layers"][1] == 2
    assert found["gamma"] == ("float", 0.1, "--gamma {}")


def test_a_loop_over_what_is_not_there_is_asked_for_its_help(tmp_path: Path) -> None:
    script = (
        "import argparse\nfrom argparse import ArgumentDefaultsHelpFormatter as Shown\n"
        "p = argparse.ArgumentParser(formatter_class=Shown)\n"
        "for i in range(2):\n    p.add_argument(f'--x{i}', type=float, default=0.5, help='one')\n"
        "p.parse_args()\n"
    )
    found = task(tmp_path, script, "x0 between 0 and 1, x1 between 1 and 2, lowest loss")
    assert found.space.names == ["x0", "x1"]


def test_functions_of_fire_are_read(tmp_path: Path) -> None:
    found = task(tmp_path, FIRE.replace("GIVEN", "train"), "tune lr, depth, bias, lowest loss")
    assert found.space.names == ["lr", "depth", "bias"] and found.program is not None
    words = command_words(found.program, {"lr": 0.2, "depth": 4, "bias": False})
    assert words[2:] == ["--lr", "0.2", "--depth", "4", "--bias=False"]
    for given in ("", '{"train": train, "check": check}'):
        script = FIRE.replace("GIVEN", given)
        assert task(tmp_path, script, "lowest loss", "check").space.names == ["batch_size"]
        with pytest.raises(InvalidTaskError, match="commands train, check"):
            task(tmp_path, script, "lowest loss")


def test_constants_that_the_goal_sets_are_set_in_every_trial(tmp_path: Path) -> None:
    found = task(tmp_path, CONSTANTS, "LR = 0.25, tune depth, lowest loss")
    assert found.space.names == ["DEPTH"] and found.fixed == {"LR": 0.25}
    assert Task.from_yaml(found.to_yaml()).fixed == {"LR": 0.25}
    assert evaluated(found, tmp_path).values == (3.25,)
    assert recipe(found, {"DEPTH": 4}).splitlines()[1:] == ["LR = 0.25", "DEPTH = 4"]
    assert (tmp_path / "train.py").read_text() == CONSTANTS


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import os\nx = float(os.environ['LR']) + int(os.getenv('N', 3))", r"env LR={LR} N={N} "),
        ("import sys\nx = float(sys.argv[1])", r"train\.py {lr} {depth}, and say in the goal"),
        ("import yaml\nc = yaml.safe_load(open('c.yaml'))", r"sed 's/\^rate:\.\*/rate: {rate}/' "),
        ("import json\nc = json.load(open('c.json'))", r"from c\.json\. Tune a Python function"),
        (
            "import argparse, yaml\np = argparse.ArgumentParser()\n"
            "p.add_argument('--config', default='c.yaml')\nyaml.safe_load(open('c.yaml'))",
            "reads its settings from c.yaml",
        ),
    ],
)
def test_settings_that_stand_elsewhere_come_with_a_way(
    tmp_path: Path, script: str, said: str
) -> None:
    (tmp_path / "c.yaml").write_text("name: x\nrate: 0.1\n")
    (tmp_path / "c.json").write_text('{"rate": 0.1}')
    with pytest.raises(InvalidTaskError) as caught:
        task(tmp_path, script, "lowest loss")
    import re

    assert re.search(said, str(caught.value)), str(caught.value)


def test_the_way_to_a_file_of_settings_works_and_leaves_the_file(tmp_path: Path) -> None:
    script = "print('loss:', open('c.yaml').read().split()[1])"
    (tmp_path / "train.py").write_text(script)
    (tmp_path / "c.yaml").write_text("rate: 0.1\n")
    line = "sed 's/^rate:.*/rate: {rate}/' c.yaml > tried && mv tried c.yaml && "
    goal = "rate between 0.5 and 1, lowest loss"
    words = ["sh", "-c", f"{line}{sys.executable} train.py"]
    found = command_task(words, read_goal(goal), goal, directory=tmp_path).task
    found = found.model_copy(update={"fixed": {}})
    evaluator = CommandEvaluator(found, tmp_path)
    ended = evaluator.evaluate({"rate": 0.75}, fidelity=None, seed=0, report=lambda s, v: False)
    evaluator.close()
    assert ended.values == (0.75,) and (tmp_path / "c.yaml").read_text() == "rate: 0.1\n"


def test_what_a_script_sets_in_its_environment_is_no_setting(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import os\nos.environ['SEED'] = '1'\nLR = 0.1\n")
    assert read_declared(["python", "train.py"], tmp_path).hint == ""

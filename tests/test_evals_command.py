"""Any command line can be tuned: exact words, a score read by code, and nothing left behind."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.evaluators.command import CommandEvaluator, command_words
from evals.scores import ScoreReader, read_score_file
from evals.task import Program, Task
from evals.trials import Evaluation, TrialState
from prompts.errors import EvaluationError, InvalidTaskError

PYTHON = (sys.executable, "-c")


def run(directory: Path, code: str, prune: int | None = None, **program: Any) -> Evaluation:
    fields = {"command": (*PYTHON, code), "written": {"x": "{}"}, **program}
    seconds = fields.pop("seconds", 20)
    task = Task.checked(
        {
            "evaluator": "command",
            "space": {"parameters": [{"type": "float", "name": "x", "low": 0, "high": 1}]},
            "objectives": [{"metric": "val_loss", "direction": "minimize"}],
            "budget": {"seconds_per_trial": seconds},
            "program": fields,
        }
    )
    evaluator = CommandEvaluator(task, directory)
    try:
        return evaluator.evaluate(
            {"x": 0.25}, fidelity=None, seed=3, report=lambda step, value: step == prune
        )
    finally:
        evaluator.close()


def test_words_are_exact_and_no_shell_sees_them() -> None:
    program = Program(
        command=("prog", "--epochs", "3", "{mode}.cfg"),
        written={"lr": "--lr {}", "name": "-n={}", "fast": "--fast", "level": "-O{}"},
        off={"fast": "--no-fast"},
    )
    config = {"lr": 0.1, "name": "a b; rm -rf $HOME", "fast": False, "level": 3, "mode": "x"}
    words = command_words(program, config)
    assert words[:6] == ["prog", "--epochs", "3", "x.cfg", "--lr", "0.1"]
    assert words[6:] == ["-n=a b; rm -rf $HOME", "--no-fast", "-O3"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("val_loss=0.5", 0.5),
        ("epoch 3: train loss 1.0, Val Loss: 2.5e-3 (best)", 0.0025),
        ('{"step": 3, "val_loss": 7}', 7.0),
        ("'val_loss': -1", -1.0),
        ("val/loss is .25", 0.25),
        ("\x1b[32mepoch 3\x1b[0m val_loss: \x1b[1m2.5e-03\x1b[0m", 0.0025),
    ],
)
def test_scores_are_found_as_people_print_them(line: str, expected: float) -> None:
    reader = ScoreReader(["val_loss"])
    assert [v for _, v in reader(line)] == [expected]


@pytest.mark.parametrize(
    "line", ["no_val_loss=1", "val_loss", "val_loss_best=3", "best_val_loss: 3", "val_loss: high"]
)
def test_other_names_are_not_mistaken_for_the_score(line: str) -> None:
    assert ScoreReader(["val_loss"])(line) == []


@given(st.text(), st.text(min_size=1, max_size=10))
def test_no_line_breaks_the_reader(line: str, metric: str) -> None:
    ScoreReader([metric])(line)


def test_running_values_keep_their_steps_and_pruning_ends_the_program(tmp_path: Path) -> None:
    code = (
        "import time\n"
        "for e in range(1, 40): print(f'epoch {e} val_loss={1 / e}'); time.sleep(0.05)\n"
    )
    found = run(tmp_path, code, prune=3)
    assert found.state is TrialState.PRUNED and found.cost < 20
    assert found.intermediate[1] == 1.0 and found.intermediate[3] == pytest.approx(1 / 3)
    assert max(found.intermediate) < 39


def test_the_last_value_counts_even_without_a_line_end(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.write('val_loss=3\\nval_loss=' + sys.argv[1])"
    assert run(tmp_path, code).values == (0.25,)


def test_a_pattern_or_a_file_may_hold_the_score(tmp_path: Path) -> None:
    assert run(tmp_path, "print('took 17 ms')", pattern=r"took (\d+) ms").values == (17.0,)
    for name, text in {
        "out.json": '{"val_loss": 4}',
        "log.jsonl": '{"val_loss": 9}\n{"val_loss": 4}',
        "log.csv": "epoch,val_loss\n1,9\n2,4\n",
    }.items():
        code = f"open({name!r}, 'w').write({text!r})"
        assert run(tmp_path, code, score_file=name).values == (4.0,)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(EvaluationError, match="wrote no file"):
        read_score_file(tmp_path / "none.json", ["val_loss"])


def test_trials_read_what_is_here_and_write_in_a_place_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("0.75")
    code = "open('new.txt', 'w').write('x'); print('val_loss=', open('data.txt').read())"
    assert run(tmp_path, code).values == (0.75,)
    assert [p.name for p in tmp_path.iterdir()] == ["data.txt"]


def test_constants_at_the_top_of_a_script_are_set(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("x = 9.0  # the höchste\nname = 'é'\nprint('val_loss:', x)\n")
    command = (sys.executable, "train.py")
    found = run(tmp_path, "", command=command, constants="train.py", written={})
    assert found.values == (0.25,) and "9.0" in script.read_text()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("print('starting'); raise SystemExit(3)", "exit code 3.*starting"),
        ("print('hello')", "no 'val_loss' in its output.*hello"),
        (r"print('\033[1;31mred\033[0m \033[2K'); raise SystemExit(3)", "Last lines: red$"),
        ("print('val_loss=nan')", "val_loss is nan"),
        (
            "import time; print('val_loss=1'); time.sleep(60)",
            "stopped after 0.7 seconds.*val_loss=1",
        ),
        ("import os; os.kill(os.getpid(), 11)", "segmentation fault"),
        ("l = []\nwhile True: l.append(bytearray(2**20))", "out of memory: the limit is 100 MiB"),
    ],
)
def test_what_goes_wrong_is_said_with_the_last_lines(
    tmp_path: Path, code: str, reason: str
) -> None:
    memory = 100 * 2**20 if "bytearray" in code else None
    seconds = 0.7 if "sleep" in code else 20
    found = run(tmp_path, code, memory=memory, seconds=seconds)
    assert found.state is TrialState.FAILED
    assert re.search(reason, found.reason), found.reason


def test_a_daemon_of_the_program_does_not_survive(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(47.11)'],"
        " start_new_session=True)\n"
        "print('val_loss=1')"
    )
    assert run(tmp_path, code).values == (1.0,)
    assert not [p for p in psutil.process_iter(["cmdline"]) if "47.11" in str(p.info["cmdline"])]


def test_secrets_are_taken_out_of_the_last_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "s3cr3t-s3cr3t")
    found = run(tmp_path, "import os; print('using', os.environ['MY_API_TOKEN'])")
    assert "s3cr3t" not in found.reason and "[MY_API_TOKEN]" in found.reason


def test_an_unknown_program_or_a_wrong_pattern_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidTaskError, match="no-such-program"):
        run(tmp_path, "", command=("no-such-program",))
    with pytest.raises(InvalidTaskError, match="parentheses"):
        run(tmp_path, "", pattern="loss")


def test_a_task_with_a_program_survives_yaml() -> None:
    task = Task.checked(
        {
            "evaluator": "command",
            "space": {"parameters": [{"type": "float", "name": "x", "low": 0, "high": 1}]},
            "objectives": [{"metric": "loss", "direction": "minimize"}],
            "program": {"command": ["a", "b c"], "written": {"x": "--x {}"}},
        }
    )
    assert Task.from_yaml(task.to_yaml()) == task
    assert json.loads(task.model_dump_json())["program"]["command"] == ["a", "b c"]


def test_an_old_score_file_is_neither_read_nor_written(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "score.json").write_text('{"val_loss": 1}')
    (tmp_path / "out" / "input.txt").write_text("7")
    silent = run(tmp_path, "pass", score_file="out/score.json")
    assert silent.state is TrialState.FAILED and "wrote no file out/score.json" in silent.reason
    code = (
        "n = open('out/input.txt').read()\n"
        "open('out/score.json', 'w').write('{\"val_loss\": %s}' % n)"
    )
    assert run(tmp_path, code, score_file="out/score.json").values == (7.0,)
    assert (tmp_path / "out" / "score.json").read_text() == '{"val_loss": 1}'


def test_a_file_without_the_score_says_what_it_holds(tmp_path: Path) -> None:
    code = (
        "import os; os.mkdir('out'); "
        'open("out/m.json", "w").write(\'{"metrics": {"val_loss": 1, "acc": 2}, "name": "x"}\')'
    )
    missing = run(tmp_path, code, score_file="out/m.json").reason
    assert "no 'val_loss' in out/m.json, only: metrics.val_loss, metrics.acc." in missing
    assert "wrote no file out/m.json." in run(tmp_path, "1", score_file="out/m.json").reason

"""A notebook cell is tuned: constants at its top, a variable as the score."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import plaintune
from agent.notebook import cell_function, load_ipython_extension, tune_cell
from prompts.errors import InvalidTaskError, UserError

CELL = """
import math
learning_rate = 0.1  # step size
dropout = 0.2
rounds = 3
total = sum(noise)
total = total + (math.log10(learning_rate) + 2) ** 2 + dropout
val_loss = total / len(noise)
"""
OPTIONS = "--llm none --strategy random --quiet --storage {0}/s.db --out {0}/out"


class Notebook:
    """The two things that the extension uses of IPython's shell."""

    def __init__(self, **user_ns: Any) -> None:
        self.user_ns = dict(user_ns)
        self.magics: dict[tuple[str, str], Callable[[str, str], Any]] = {}

    def register_magic_function(
        self, func: Callable[..., Any], magic_kind: str, magic_name: str
    ) -> None:
        self.magics[magic_kind, magic_name] = func


def check(run: Any, kept: Any) -> None:
    assert run is kept and len(run.trials) == 4
    assert set(run.task.space.names) >= {"learning_rate", "dropout"}
    assert run.trials[0].config["learning_rate"] == 0.1
    assert run.trials[0].values == ((1 + 0.2) / 2,)
    html = run._repr_html_()
    assert html.startswith("<pre") and "val_loss" in html and "learning_rate=" in html


def test_a_cell_is_tuned(tmp_path: Path) -> None:
    shell = Notebook(noise=[0.0, 0.0], secret_total=5)
    load_ipython_extension(shell)
    magic = shell.magics["cell", "plaintune"]
    options = OPTIONS.format(tmp_path)
    run = magic(f'"lowest val_loss, 4 trials" --workers 2 {options}', CELL)
    check(run, shell.user_ns["plaintune_run"])
    assert set(shell.user_ns) == {"noise", "secret_total", "plaintune_run"}


def test_in_ipython_itself(tmp_path: Path) -> None:
    shells = pytest.importorskip("IPython.core.interactiveshell")
    shell = shells.InteractiveShell.instance()
    shell.run_cell("%load_ext plaintune\nnoise = [0.0, 0.0]").raise_error()
    options = OPTIONS.format(tmp_path)
    done = shell.run_cell(f"%%plaintune lowest val_loss, 4 trials {options}\n{CELL}")
    done.raise_error()
    check(done.result, shell.user_ns["plaintune_run"])
    formatted, _ = shell.display_formatter.format(done.result)
    assert formatted["text/html"] == done.result._repr_html_()
    shells.InteractiveShell.clear_instance()


def test_only_the_constants_at_the_top_count() -> None:
    text = "'''A cell.'''\nx = 2\ny = -0.5  # a weight\nz = [x]\nx = x + 1\nlater = 9\n"
    found = cell_function(text, {"known": 1})
    assert found(x=5, y=1.0) == {"x": 6, "y": 1.0, "z": [5], "later": 9}
    assert found() == {"x": 3, "y": -0.5, "z": [2], "later": 9}
    assert found.__doc__ == "y: a weight"


@pytest.mark.parametrize(
    ("line", "cell", "said"),
    [
        ("lowest loss", "loss = sum(known)", "assigns no constant at its top"),
        ("lowest loss", "x = 1\nloss = (", "Line 2 of the cell"),
        ("lowest loss --wrokers 2", "x = 1\nloss = x", "unrecognized arguments: --wrokers 2"),
        ("lowest loss --workers two", "x = 1\nloss = x", "invalid int value: 'two'"),
        ("--workers two", "x = 1\nloss = x", "invalid int value: 'two'"),
        ('lowest loss --name "a', "x = 1\nloss = x", "No closing quotation"),
    ],
)
def test_what_cannot_be_tuned_says_why(line: str, cell: str, said: str) -> None:
    with pytest.raises((UserError, InvalidTaskError), match=said):
        tune_cell(line, cell, {"known": [1]})


def test_the_extension_is_found_where_ipython_looks() -> None:
    assert plaintune.load_ipython_extension is load_ipython_extension


def test_a_score_that_comes_out_as_it_was_before_is_a_score() -> None:
    before = {"errors": 3, "rows": [1, 2, 3]}
    cell = "step = 1\ndef count():\n    return len(rows)\nerrors = count()\n"
    assert cell_function(cell, before)(step=2)["errors"] == 3
    assert "rows" not in cell_function(cell, before)(step=2)

"""Flags are found in what programs say of themselves, and in how they are written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.spaces import judge, read_program
from evals.constants import read_constants, rewritten
from evals.flags import read_config, read_help
from evals.sources import read_source

YARDSTICK = Path(__file__).parent / "data" / "spaces" / "development"
PROGRAMS = [p for p in sorted(YARDSTICK.iterdir()) if "expected" not in p.name]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.name)
def test_every_parameter_worth_tuning_is_read_with_its_default(path: Path) -> None:
    truth = yaml.safe_load(path.with_name(f"{path.name}.expected.yaml").read_text())
    found = {a.name: a for a in read_program(path, truth["kind"])[0]}
    assert set(truth["tune"]) <= set(found)
    for name, expected in truth["tune"].items():
        assert found[name].default is not None
        assert set(map(str, expected.get("choices", ()))) <= {
            *map(str, found[name].choices),
            "True",
            "False",
        }


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.name)
def test_code_alone_proposes_valid_ranges_and_little_harm(path: Path) -> None:
    verdict = judge(path, None)
    assert not verdict.invalid
    assert len(verdict.missing) <= 1 and len(verdict.harmful) <= 2


def test_how_a_flag_is_given_is_read_too() -> None:
    text = (
        "  --lr FLOAT  step [default: 0.1]\n  --fast / --no-fast  [default: no-fast]\n"
        "  -s, --size <int>  (default 3)\n  --keep  keep files\n"
        "  --level=N  1 to 9, default: 6\n"
    )
    found = {a.name: a for a in read_help(text)}
    assert found["lr"].written == "--lr {}" and found["lr"].default == 0.1
    fast = found["fast"]
    assert (fast.written, fast.off, fast.default) == ("--fast", "--no-fast", False)
    assert found["size"].written == "--size {}" and found["size"].default == 3
    assert found["keep"].written == "--keep" and found["keep"].type == "bool"
    level = found["level"]
    assert (level.written, level.low, level.high) == ("--level={}", 1, 9)


def test_hydra_values_are_overrides() -> None:
    found = read_config("defaults: [_self_]\noptim:\n  lr: 1e-3  # of Adam\nseed: 1\n")
    assert [(a.name, a.written, a.default) for a in found] == [
        ("optim.lr", "optim.lr={}", 0.001),
        ("seed", "seed={}", 1),
    ]
    assert found[0].help == "of Adam"


def test_constants_are_set_and_nothing_else_changes() -> None:
    script = "é = 1\nLR = 1e-3  # ü\nN: int = 4\nNAME = 'x'\n\ndef f():\n    LR = 5\n"
    assert [a.name for a in read_constants(script)] == ["é", "LR", "NAME"]
    assert rewritten(script, {"LR": 0.5}) == script.replace("1e-3", "0.5")


@given(st.text())
def test_no_text_breaks_the_readers(text: str) -> None:
    read_help(text)
    read_help(f"  --{text}")
    read_config(text)
    read_source(text)
    read_constants(text)


def test_the_whole_configuration_of_a_hydra_help_is_read() -> None:
    text = (
        "train is powered by Hydra.\n\n== Config ==\nOverride anything in the config "
        "(foo.bar=value)\n\nmodel:\n  dropout: 0.1\noptim:\n  lr: 2.0e-05\n\n"
        "Powered by Hydra (https://hydra.cc)\n"
    )
    found = {a.name: a.default for a in read_help(text)}
    assert found == {"model.dropout": 0.1, "optim.lr": 2e-5}


@pytest.mark.parametrize(
    ("said", "bounds"),
    [
        ("level, between 0 and 1", (0, 1)),
        ("1 to 9", (1, 9)),
        ("layers 0 and 2", (None, None)),
    ],
)
def test_bounds_in_words_are_bounds(said: str, bounds: tuple[float | None, float | None]) -> None:
    (found,) = read_help(f"options:\n  --level N  {said} (default: 1)\n")
    assert (found.low, found.high) == bounds


def test_flags_that_take_several_values_are_left_as_they_are() -> None:
    found = read_source(
        "import argparse\n"
        "p = argparse.ArgumentParser()\n"
        "p.add_argument('--layers', type=int, nargs='+', default=[64, 64])\n"
        "p.add_argument('--batch-size', type=int, action='append')\n"
        "p.add_argument('--depth', type=int, nargs='?', default=3)\n"
    )
    assert [a.type for a in found] == ["object", "object", "int"]
    clicked = read_source(
        "import click\n"
        "@click.option('--lr', multiple=True, type=float, default=[0.1])\n"
        "def train(lr): ...\n"
    )
    assert [a.type for a in clicked] == ["object"]

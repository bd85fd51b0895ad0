"""`plaintune llm`: plain words for wrong input; and the folder of prefixes stays bounded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli_llm import app
from agent.language_models.prefix_store import PrefixStore
from prompts.chat import Message


def ask(text: str) -> list[Message]:
    return [{"role": "system", "content": text}]


def test_an_unknown_model_is_bad_input() -> None:
    result = CliRunner().invoke(app, ["fetch", "huge"])
    assert result.exit_code == 2 and "default, light, tiny" in result.output


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--llm", "none"], 2, "no model to try"),
        (["--llm", "gpt"], 1, "no language model backend"),
        (["--model", "missing.gguf"], 1, "does not exist"),
    ],
)
def test_trying_what_is_not_there_says_so(options: list[str], code: int, words: str) -> None:
    result = CliRunner().invoke(app, ["try", "hello", *options])
    assert result.exit_code == code and words in result.output and "Traceback" not in result.output


def test_the_longest_unused_states_go_first(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"x")
    store = PrefixStore(tmp_path / "states", model=model, version="1", limit=25)
    for age, text in ((30, "a"), (20, "b")):
        written = tmp_path / text
        written.write_bytes(b"0123456789")
        store.adopt(written, ask(text))
        os.utime(store.path(ask(text)), (1e9 - age, 1e9 - age))
    store.touch(store.path(ask("a")))
    (tmp_path / "c").write_bytes(b"0123456789")
    store.adopt(tmp_path / "c", ask("c"))
    assert [store.path(ask(t)).exists() for t in "abc"] == [True, False, True]


def test_a_state_belongs_to_one_model_and_one_version(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"x")
    here = PrefixStore(tmp_path / "s", model=model, version="1").path(ask("a"))
    assert here != PrefixStore(tmp_path / "s", model=model, version="2").path(ask("a"))
    model.write_bytes(b"xy")
    assert here != PrefixStore(tmp_path / "s", model=model, version="1").path(ask("a"))

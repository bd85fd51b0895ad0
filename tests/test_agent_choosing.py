"""`--llm auto` decides by measured costs and says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.language_models import registry
from agent.language_models.choosing import choose

BOTH = ("llama.cpp", "vllm")


@pytest.mark.parametrize("model", ["default", "light"])
def test_one_answer_at_a_time_is_llama_cpps_and_many_are_vllms(model: str) -> None:
    one, many = choose(model, BOTH), choose(model, BOTH, parallel=32)
    assert (one.backend, many.backend) == ("llama.cpp", "vllm")
    assert "one answer at a time" in one.reason and "against vllm" in one.reason
    assert "32 answers at a time" in many.reason and "against llama.cpp" in many.reason


def test_what_is_not_installed_is_not_taken() -> None:
    assert choose("default", ["vllm"]).backend == "vllm"
    alone = choose("default", ["llama.cpp"], parallel=32)
    assert alone.backend == "llama.cpp" and "against" not in alone.reason


def test_figures_of_another_model_are_called_so() -> None:
    assert "with the default model" in choose("mine.gguf", BOTH).reason
    assert "with the default model" not in choose("light", BOTH).reason


def test_between_two_measured_numbers_the_smaller_counts() -> None:
    assert "35 tokens a second for 31 answers" in choose("default", BOTH, parallel=31).reason


def test_auto_says_what_it_took_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(registry, "_vllm_build", lambda: "cpu")
    monkeypatch.setattr(registry, "_llama_cpp", lambda model, notify: None)
    monkeypatch.setattr(registry, "_vllm", lambda model, notify: None)
    said: list[str] = []
    for parallel in (1, 32):
        registry.open_language_model("auto", notify=said.append, parallel=parallel)
    assert "runs with llama.cpp: measured" in said[0] and "runs with vllm: measured" in said[1]

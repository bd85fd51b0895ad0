"""Arms with a language model repeat from kept answers without it, and say where one is missing."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agent.language_models.replay import RecordingModel, ReplayModel
from agent.language_models.scripted import ScriptedModel
from benchmarks import report, results, statistics
from benchmarks.arms import plaintune_portfolio
from benchmarks.arms.base import ArmUnavailableError, Problem
from benchmarks.arms.plaintune_llm import LanguageModelArm, shipped
from benchmarks.arms.registry import ARMS
from benchmarks.protocol import Job, run
from benchmarks.remembering import Remembering, compact
from benchmarks.tasks.registry import open_task
from prompts.chat import Completion, JsonSchema, Message
from prompts.errors import DataError, LanguageModelError

TASK, TRAINING = "hpobench-car", "training-xgboost-rodents"


class Talker:
    """Answers every question about a task inside its schema."""

    name = "talker"

    def __init__(self, task: str = TASK) -> None:
        self.rng, self.asked, self.space = np.random.default_rng(0), 0, open_task(task).space
        self.heard: list[str] = []

    def complete(
        self, messages: Sequence[Message], *, schema: JsonSchema | None = None, **_: Any
    ) -> list[Completion]:
        """Return one answer that cost two seconds and 120 tokens."""
        self.asked += 1
        self.heard.append(messages[-1]["content"])
        assert schema is not None
        [(name, items)] = schema["properties"].items()
        claim = {"parameter": self.space.names[0], "move": "keep", "reason": "so"}
        if name == "scores":
            said: list[Any] = [int(s) for s in self.rng.integers(0, 101, items["minItems"])]
        else:
            said = [claim | {"config": c} for c in self.space.sample(self.rng, items["minItems"])]
        cost = {"prompt_tokens": 100, "completion_tokens": 20, "seconds": 2.0}
        return [Completion(json.dumps({name: said}), self.name, **cost)]


def test_compressed_answers_are_appended_compacted_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "m.jsonl.gz"
    model = RecordingModel(ScriptedModel(["one", "two", "one"], name="m"), file)
    asked = [[Message(role="user", content=t)] for t in ("a", "b", "a")]
    for messages in asked:
        model.complete(messages)
    assert len(gzip.decompress(file.read_bytes()).decode().splitlines()) == 3
    compact(file)
    assert len(gzip.decompress(file.read_bytes()).decode().splitlines()) == 2
    assert [ReplayModel(file).complete(m)[0].text for m in asked] == ["one", "two", "one"]


def test_a_question_is_asked_once_whoever_asked_it(tmp_path: Path) -> None:
    question = [Message(role="user", content="a")]
    asked = [ScriptedModel(["one"], name="m"), ScriptedModel([], name="m")]
    models = [Remembering(tmp_path / "m.jsonl.gz", backend) for backend in asked]
    for model in (*models, models[0]):
        assert model.complete(question)[0].text == "one"
    assert [len(m.calls) for m in asked] == [1, 0]


def test_a_broken_file_of_answers_is_named(tmp_path: Path) -> None:
    file = tmp_path / "m.jsonl.gz"
    file.write_bytes(gzip.compress(b"{}")[:-9])
    with pytest.raises(DataError, match=r"m\.jsonl\.gz"):
        ReplayModel(file)


@pytest.mark.parametrize("strategy", ["hybrid", "llambo"])
def test_an_arm_repeats_from_its_kept_answers(
    strategy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talker, file = Talker(), tmp_path / "talker.jsonl.gz"
    arm = LanguageModelArm("tried", strategy, lambda: Remembering(file, talker, "talker"))
    monkeypatch.setitem(ARMS, "tried", arm)
    first = run(Job("tried", TASK, 3, 8), warm=True)
    assert first.error == "" and first.llm_calls == talker.asked > 0
    assert first.llm_tokens == 120 * talker.asked and first.llm_s == 2.0 * talker.asked
    arm = LanguageModelArm("tried", strategy, lambda: Remembering(file, "", "talker"))
    monkeypatch.setitem(ARMS, "tried", arm)
    again = run(Job("tried", TASK, 3, 8), warm=True)
    assert again.error == "" and again.observed == first.observed
    assert again.llm_tokens == first.llm_tokens
    other = run(Job("tried", TASK, 4, 8), warm=True)
    assert other.error.startswith("LanguageModelError") and "record again" in other.error


def test_a_model_that_fails_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ScriptedModel([LanguageModelError("out of memory")], name="m")
    arm = LanguageModelArm("tried", "hybrid", lambda: Remembering(tmp_path / "m.gz", broken))
    monkeypatch.setitem(ARMS, "tried", arm)
    assert "out of memory" in run(Job("tried", TASK, 0, 8), warm=True).error


def test_what_the_model_cost_stands_in_the_report(tmp_path: Path) -> None:
    rows = []
    for arm, calls in (("random", 0), ("tried", 4)):
        outcome = run(Job("random", TASK, 0, 9), warm=True)
        outcome.arm, outcome.llm_calls, outcome.llm_tokens, outcome.llm_s = arm, calls, 480, 8.0
        rows.append(results.as_rows(outcome).assign(machine="m", date="2026"))
    rows[0] = rows[0].drop(columns=["llm_calls", "llm_tokens", "llm_s"])
    frame = statistics.normalised(pd.concat(rows))
    (found,) = statistics.blocks(frame, ["random", "tried"], "tried")
    text = report.section(found, frame, "tried")
    assert "LLM calls / tokens / s a run" in text
    assert "| 4.0 / 480 / 8 |" in text and "| – |" in text


@pytest.mark.parametrize("name", [TASK, "nasbench201-cifar10"])
def test_a_portfolio_has_never_seen_the_table_it_is_tried_on(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = plaintune_portfolio.related(name)
    assert others and name not in others
    assert {n.rpartition("-")[0] for n in others} == {name.rpartition("-")[0]}
    monkeypatch.setattr(type(open_task(name)), "truth", None)
    found = plaintune_portfolio.left_out(name)
    space = open_task(name).space
    assert found.tables == len(others) and len(found.suggestions) == 12
    assert all(space.validate(s.config) == s.config for s in found.suggestions)
    assert space.default_config() not in [s.config for s in found.suggestions]


def test_candidates_and_their_gains_belong_together() -> None:
    rows, gains = plaintune_portfolio.measured(["hpobench-kc1"])
    task = open_task("hpobench-kc1")
    assert rows[0] == task.space.default_config()
    for i in (0, 1, 12345):
        assert task.evaluate(rows[i], 0).values[0] == pytest.approx(gains[0, i])


def test_the_portfolio_arm_begins_with_the_portfolio() -> None:
    outcome = run(Job("plaintune-portfolio", TASK, 0, 8), warm=True)
    task, known = open_task(TASK), plaintune_portfolio.left_out(TASK).suggestions
    expected = [task.evaluate(s.config, 0).values[0] for s in known[:4]]
    assert outcome.error == "" and outcome.observed[1:5] == expected


def test_what_ships_knows_other_tables_than_the_one_it_is_tried_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAINTUNE_BENCHMARKS", str(tmp_path / "cache"))
    talker = Talker(TRAINING)
    kept = Remembering(tmp_path / "talker.jsonl.gz", talker, "talker")
    arm = LanguageModelArm("tried", "hybrid", lambda: kept, knowledge=shipped)
    monkeypatch.setitem(ARMS, "tried", arm)
    outcome = run(Job("tried", TRAINING, 0, 5), warm=True)
    task, known = open_task(TRAINING), plaintune_portfolio.left_out(TRAINING)
    values = [task.evaluate(s.config, 0).values[0] for s in known.suggestions[:4]]
    assert outcome.error == "" and set(values) & set(outcome.observed)
    assert f'did well on {known.tables} tables of all kinds"' in talker.heard[0]
    assert "multiclass, 777 rows, 7 columns" in talker.heard[0]


def test_what_ships_has_nothing_for_what_is_no_training() -> None:
    with pytest.raises(ArmUnavailableError, match="nothing for this task"):
        shipped(Problem(open_task(TASK).sealed(), 0, 5))


@pytest.mark.parametrize(
    "name", ["hpobench-car-anonymous", "sklearn-svm-wine-anonymous", "mixed-kernel"]
)
def test_there_is_no_portfolio_without_other_tables(name: str) -> None:
    with pytest.raises(ArmUnavailableError, match="other tables"):
        plaintune_portfolio.left_out(name)

"""Between questions our own server reads the trials that the next question will list."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from acquisition.llm_designer import Example, propose, so_far
from agent import reading
from agent.advice_limits import Limits
from agent.adviser import Adviser
from agent.advising import make_adviser
from agent.language_models.scripted import ScriptedModel
from agent.study_view import StudyView, account
from evals.task import Budget
from prompts.errors import LanguageModelError
from tests.test_agent_adviser import TASK, Log, says, trials

BUDGETS = [Budget(trials=9, llm_calls=50), Budget(trials=9, tokens=1)]


class Own(ScriptedModel):
    """A model of ours: it reads ahead, unless `broken`."""

    reads_ahead = True
    broken = False

    def complete(self, messages: Any, **options: Any) -> Any:
        if self.broken and options.get("max_tokens") == 1:
            raise LanguageModelError("is away.")
        return super().complete(messages, **options)


def run(
    model: ScriptedModel, count: int = 9, task: Any = TASK, limits: Limits | None = None
) -> Log:
    """Ask a question at the start only, so that all else is read."""
    log = Log()
    adviser = Adviser(task, model, log=log, limits=limits, wants=lambda *_: False)
    for number in range(count):
        adviser.advice(trials(number))
        adviser.think(trials(number + 1))
        time.sleep(0.02)
    adviser.close()
    return log


def readings(log: Log) -> list[Any]:
    return [c for c in log.calls() if c.role == reading.ROLE]


def test_trials_are_read_two_at_a_time_until_no_question_comes_for_a_while() -> None:
    read = readings(run(Own(lambda m: says(0.9)), count=12))
    assert [c.asked_at for c in read] == [3, 5]
    assert all(c.requests == 1 and c.answers and not c.error for c in read)


@pytest.mark.parametrize(("beside", "read"), [(True, [3, 5]), (False, [])])
def test_only_a_server_that_batches_reads_while_it_answers(beside: bool, read: list[int]) -> None:
    gate = threading.Event()

    class Slow(Own):
        reads_beside = beside

        def complete(self, messages: Any, **options: Any) -> Any:
            if options.get("max_tokens") != 1:
                gate.wait(5)
            return super().complete(messages, **options)

    threading.Timer(1.0, gate.set).start()
    log = run(Slow(lambda m: says(0.9)), limits=Limits(patience=0.0))
    assert [c.asked_at for c in readings(log)] == read


def test_what_is_read_is_what_later_questions_begin_with() -> None:
    (_, asked), (_, later) = so_far(TASK, trials(3)), propose(TASK, trials(6), 2).messages
    assert later["content"].startswith(asked["content"])
    assert "2. 0.5" in asked["content"]
    assert "3. 0.5" not in asked["content"]


def test_what_never_changes_is_read_before_the_first_trial_where_a_portfolio_comes_first() -> None:
    log = Log()
    first: Any = {"wants": lambda task, done, calls: len(done) == 5, "opens": False}
    adviser = Adviser(TASK, Own(lambda m: says(0.9)), log=log, **first)
    for number in range(6):
        adviser.advice(trials(number))
        adviser.think(trials(number + 1))
        time.sleep(0.02)
    adviser.close()
    assert [c.asked_at for c in readings(log)] == [0, 3]
    (question,) = [c for c in log.calls() if c.role == "propose"]
    for read in readings(log):
        assert question.messages[1]["content"].startswith(read.messages[1]["content"])


class PortfolioFirst:
    """A designer that is advised from the third trial on."""

    def advised(self, advice: Any) -> Any:
        return self

    def opens(self, task: Any) -> bool:
        return False

    def wants_advice(self, task: Any, done: Any, calls: Any) -> bool:
        return len(done) == 2

    def suggest(self, task: Any, done: Any, count: int, rng: Any) -> list[Any]:
        return []


@pytest.mark.parametrize(("slow", "count"), [(True, 1), (False, 2)])
def test_a_portfolio_is_not_shown_twice_and_a_slow_model_writes_one(slow: bool, count: int) -> None:
    log, model = Log(), Own(lambda m: says(0.9))
    model.writes_slowly = slow  # type: ignore[attr-defined]
    shown = (Example("other tables", {"x": 0.01}),)
    adviser = make_adviser(TASK, PortfolioFirst(), model, log=log, examples=shown)
    assert adviser is not None
    adviser.think(trials(2))
    adviser.wait()
    adviser.close()
    (question,) = [c for c in log.calls() if c.role == "propose"]
    prompt = question.messages[1]["content"]
    assert "Good configurations" not in prompt
    assert 'Beginning: "the trials after the default did well on other tables"' in prompt
    assert f"Propose {count} new configuration{'s' * (count > 1)} that" in prompt


def test_a_server_that_is_not_ours_reads_nothing_ahead() -> None:
    assert readings(run(ScriptedModel(lambda m: says(0.9)))) == []


@pytest.mark.parametrize("budget", BUDGETS)
def test_nothing_is_read_ahead_where_calls_are_counted_or_tokens_spent(budget: Budget) -> None:
    model = Own(lambda m: says(0.9))
    assert readings(run(model, task=TASK.model_copy(update={"budget": budget}))) == []


def test_a_reading_that_fails_is_told_and_is_the_last() -> None:
    model = Own(lambda m: says(0.9))
    model.broken = True
    log = run(model)
    (failed,) = readings(log)
    assert "reading ahead" in failed.error
    told = account(StudyView("s", TASK, trials(9), log.calls()))
    assert "1 calls failed, the last one so: reading ahead: is away." in told


def test_readings_and_questions_together_keep_to_the_calls_per_trial() -> None:
    log, limits = Log(), Limits(calls_per_trial=0.5)
    often: Any = {"wants": lambda task, done, calls: len(done) % 3 == 0, "limits": limits}
    adviser = Adviser(TASK, Own(lambda m: says(0.9)), log=log, **often)
    for number in range(12):
        adviser.advice(trials(number))
        adviser.think(trials(number + 1))
        time.sleep(0.02)
        assert sum(c.requests for c in log.calls()) <= 0.5 * max(2, number + 1)
    assert readings(log)


def test_an_error_while_a_question_is_built_does_not_end_the_search() -> None:
    log, said = Log(), list[str]()

    class Nameless(ScriptedModel):
        def complete(self, messages: Any, **options: Any) -> Any:
            raise AssertionError

    adviser = Adviser(TASK, Nameless([]), log=log, notify=said.append)
    adviser._known["examples"] = (object(),)
    for number in range(3):
        adviser.advice(trials(number))
        adviser.think(trials(number + 1))
    assert log.calls() == []
    assert "No question could be put: TypeError" in said[0]

"""The generative surrogate reads P(good) from token odds and takes the likeliest candidate."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import numpy as np
import pytest

from acquisition.generative import generative, labelled
from acquisition.llm_designer import Question, is_good
from agent.language_models.odds import asked_odds, told_odds
from agent.strategies import open_strategy
from evals.space import Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.chat import Completion
from prompts.errors import UserError
from prompts.grammar import gbnf
from prompts.odds import probability, verdict_schema

TASK = Task(
    evaluator="none",
    space=SearchSpace((Float("x", 0, 1, default=0.5),)),
    objectives=(Objective(metric="loss", direction="minimize"),),
)


def said(yes: float, no: float, quoted: bool = True) -> Completion:
    """An answer whose tokens part at yes and no, with these probabilities."""
    head, ends = ('{"good": "', ("yes", "no")) if quoted else ('{"good":', (' "yes', ' "no'))
    word = ends[0] if yes >= no else ends[1]
    odds = {ends[0]: math.log(yes), ends[1]: math.log(no), "The": -0.1}
    rows: tuple[Mapping[str, float], ...] = ({}, odds, {})
    return Completion(f'{head}{word}"}}', "m", tokens=(head, word, '"}'), top_logprobs=rows)


@pytest.mark.parametrize("quoted", [True, False])
def test_the_probability_is_that_of_the_tokens_where_they_part(quoted: bool) -> None:
    assert probability(said(0.03, 0.01, quoted)) == pytest.approx(0.75)
    assert probability(said(0.01, 0.03, quoted)) == pytest.approx(0.25)


def test_without_odds_the_answer_itself_counts() -> None:
    assert probability(Completion('{"good": "yes"}', "m")) == 1
    assert probability(Completion('{"good": "no"}', "m")) == 0
    assert probability(Completion('{"good": "perhaps"}', "m")) is None
    assert probability(Completion("no", "m")) is None


def test_a_reply_in_the_openai_protocol_is_read() -> None:
    row = {"token": "yes", "top_logprobs": [{"token": "yes", "logprob": -1.0}]}
    told = told_odds({"logprobs": {"content": [row]}})
    assert told == {"tokens": ("yes",), "top_logprobs": ({"yes": -1.0},)}
    assert told_odds({"logprobs": None}) == {"tokens": (), "top_logprobs": ()}
    assert asked_odds(verdict_schema())["logprobs"] and not asked_odds({"type": "object"})
    assert "yes" in gbnf(verdict_schema())


def trials(count: int) -> list[Trial]:
    xs = np.linspace(0.05, 0.95, count)
    done = [Evaluation(TrialState.COMPLETE, ((x - 0.7) ** 2,)) for x in xs]
    return [
        Trial(i, Suggestion({"x": float(x)}, "sobol"), e)
        for i, (x, e) in enumerate(zip(xs, done, strict=True))
    ]


def test_the_best_quarter_is_called_good() -> None:
    shown = labelled(TASK, trials(8), np.random.default_rng(0))
    good = sorted(config["x"] for ok, config in shown if ok)
    assert len(shown) == 8 and good == pytest.approx([0.6928, 0.8214], abs=1e-3)
    prompt = is_good(TASK, shown, {"x": 0.7}).messages[1]["content"]
    assert "good yes" in prompt and prompt.endswith('Is this configuration good? {"x": 0.7}')


class Knowing:
    """Proposes four values; thinks well of those near 0.7."""

    def completion(self, role: str, number: int, question: Question) -> Completion | None:
        if role != "predict good":
            claim = {"parameter": "x", "move": "keep", "reason": "why"}
            values = (0.11, 0.71, 0.31, 0.91)
            return Completion(
                json.dumps({"proposals": [claim | {"config": {"x": v}} for v in values]}), "m"
            )
        x = float(question.messages[1]["content"].rsplit(" ", 1)[1].rstrip("}"))
        return said(math.exp(-abs(x - 0.7)) / 2, 0.4)


def test_the_likeliest_candidate_is_tried() -> None:
    [chosen] = generative(Knowing()).suggest(TASK, trials(8), 1, np.random.default_rng(0))
    assert chosen.config == {"x": 0.71} and chosen.origin == "llm"


def test_it_is_a_strategy_by_name_and_needs_a_model() -> None:
    with pytest.raises(UserError, match="needs a language model"):
        open_strategy("llambo-generative", TASK, None, log=None)  # type: ignore[arg-type]

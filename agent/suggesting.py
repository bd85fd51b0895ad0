"""Configurations to try, without trying any."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from acquisition.examples import proven
from acquisition.llm_designer import read, warmstart
from acquisition.portfolio import portfolio
from acquisition.registry import make_designer
from agent.adviser import TEMPERATURE
from evals.task import Task
from evals.trials import Suggestion, Trial
from prompts.chat import LanguageModel
from prompts.errors import LanguageModelError


def suggestions(
    task: Task, count: int, language_model: LanguageModel | None, notify: Callable[[str], None]
) -> list[Suggestion]:
    """Return up to `count` distinct configurations, each with its true origin.

    First comes the target model's own default, then what did well on other tables and as many that
    the language model proposes with its reasons, then more of the former, then points that cover
    the rest of the space. Fewer come back from a small space.
    """
    rng = np.random.default_rng([task.seed, 0])
    chosen = make_designer("sobol").suggest(task, (), 1, rng)
    chosen += portfolio(task, count=(count - len(chosen)) // 2).suggestions
    if language_model and count > len(chosen):
        chosen += _advised(task, count - len(chosen), chosen, language_model, notify)
    missing = count - len(chosen)
    if missing > 0:
        trials = [Trial(i, s) for i, s in enumerate(chosen)]
        chosen += make_designer("gp", portfolio=True).suggest(task, trials, missing, rng)
    return chosen[:count]


def _advised(
    task: Task,
    count: int,
    chosen: list[Suggestion],
    model: LanguageModel,
    notify: Callable[[str], None],
) -> list[Suggestion]:
    notify(f"Asking {model.name} for {count} configurations …")
    question = warmstart(task, count, examples=proven(task))
    try:
        [answer] = model.complete(
            question.messages,
            schema=question.schema,
            seed=task.seed,
            temperature=TEMPERATURE,
            max_tokens=question.max_tokens,
        )
        trials = [Trial(i, s) for i, s in enumerate(chosen)]
        found = read(task, trials, answer.text, prompt=len(question.messages))
    except LanguageModelError as error:
        notify(f"No advice from the language model: {error}")
        return []
    if found.rejected:
        notify(f"{len(found.rejected)} of its proposals were refused: {found.rejected[0]}")
    return list(found.suggestions)

"""Which adviser a designer gets: what it is shown, and how much it writes at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from acquisition.advice import Advisable
from acquisition.designer import Designer
from acquisition.llm_designer import Example, partial_card
from agent.advice_limits import Limits
from agent.adviser import Adviser
from evals.task import Task
from prompts.calls import CallLog
from prompts.chat import LanguageModel


def make_adviser(
    task: Task,
    designer: Designer,
    language_model: LanguageModel | None,
    *,
    log: CallLog,
    notify: Callable[[str], None] = lambda message: None,
    **options: Any,
) -> Adviser | None:
    """Return the adviser that `designer` can use; None where it takes no advice or has no model.

    `options` are those of `Adviser`: limits, card, examples, opening.
    """
    if language_model is None or not isinstance(designer, Advisable):
        return None
    opens = designer.opens(task)
    options |= {"wants": designer.wants_advice, "opens": opens}
    if not opens and options.get("examples"):
        options |= _tried_first(task, options.get("card"), options["examples"])
    if "limits" not in options:
        options["limits"] = Limits(proposals=1 if writes_slowly(language_model) else 2)
    return Adviser(task, language_model, log=log, notify=notify, **options)


def _tried_first(
    task: Task, card: Mapping[str, str] | None, examples: Sequence[Example]
) -> dict[str, Any]:
    """Return the card and no examples: a portfolio's are among the trials that each question lists.

    Shown twice they were a fifth of the prompt, and reading it is most of a small machine's answer.
    """
    told = f"the trials after the default did well on {examples[0].card}"
    return {"examples": (), "card": {**(card or partial_card(task)), "Beginning": told}}


def writes_slowly(model: LanguageModel) -> bool:
    """Return whether `model` writes tokens about as fast as a person reads, as on a few cores."""
    return bool(getattr(model, "writes_slowly", False))

"""Asks the language model once, before a search, where each parameter's best value may lie.

What it says becomes a prior that fades (`surrogates.priors`) and is recorded like anything that is
said during a study. A parameter that it cannot say anything about has none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from acquisition.llm_designer import goal, parameter_line, partial_card
from evals.parameters import Float, Int, Parameter
from evals.preferences import Preference, Steering
from evals.task import Task
from prompts.beliefs import BeliefAnswer, belief_messages, belief_schema, parse_belief
from prompts.calls import CallLog, CallRecord
from prompts.chat import Completion, LanguageModel, prompt_hash
from prompts.errors import InvalidAnswerError, LanguageModelError

ROLE = "belief"
MOST = 24
"""More parameters are not asked about: the first of the space are the ones that matter most."""
WHOLE = 0.9
"""A range this wide, as a share of the scale, says nothing."""


def beliefs(
    task: Task,
    language_model: LanguageModel,
    *,
    log: CallLog,
    notify: Callable[[str], None] = lambda message: None,
    card: Mapping[str, str] | None = None,
) -> Steering:
    """Return what the model believes of `task`'s parameters, one question each.

    A model that cannot answer is reported once, and what it said before counts.
    """
    found: list[Preference] = []
    for i, parameter in enumerate(task.space.parameters[:MOST]):
        call = _asked(task, parameter, language_model, card, i)
        if call.error:
            log.record_call(call)
            notify(f"{call.error} Going on with {len(found)} beliefs.")
            break
        belief, why = _belief(parameter, call.answers[-1].text)
        found += [belief] if belief else []
        log.record_call(_counted(call, why))
    return Steering(words="", since=0, preferences=tuple(found))


def _asked(
    task: Task,
    parameter: Parameter,
    model: LanguageModel,
    card: Mapping[str, str] | None,
    i: int,
) -> CallRecord:
    messages = belief_messages(
        {
            "about": task.description,
            "card": partial_card(task) if card is None else card,
            "goal": goal(task),
            "parameter": parameter_line(parameter),
        }
    )
    began, error = time.time(), ""
    answers: tuple[Completion, ...] = ()
    try:
        schema = belief_schema(parameter.schema())
        answers = tuple(model.complete(messages, schema=schema, seed=task.seed, max_tokens=60))
    except LanguageModelError as failure:
        error = failure.message
    return CallRecord(
        role=ROLE,
        asked_at=0,
        model=model.name,
        prompt_hash=prompt_hash(messages),
        messages=tuple(messages),
        answers=answers,
        arrived_at=0,
        error=error,
        started=began,
        seconds=time.time() - began,
        key=f"belief-{i:03d}",
        details={"parameter": parameter.name},
    )


def _belief(parameter: Parameter, text: str) -> tuple[Preference | None, str]:
    """Return the belief, or None and why there is none."""
    try:
        said = parse_belief(text)
    except InvalidAnswerError as error:
        return None, error.message
    if said.low is None or said.high is None:
        told: Any = parameter.check(said.best)
        return Preference(parameter=parameter.name, values=(told,), origin="LLM"), ""
    if _share(parameter, said) >= WHOLE:
        return None, "the range is nearly the whole scale"
    low, high = said.low, said.high
    return Preference(parameter=parameter.name, low=low, high=high, origin="LLM"), ""


def _share(parameter: Parameter, said: BeliefAnswer) -> float:
    assert isinstance(parameter, Float | Int)
    kind = float if isinstance(parameter, Float) else int
    low, high = (parameter.to_unit(kind(v or 0)) for v in (said.low, said.high))
    return high - low


def _counted(call: CallRecord, why: str) -> CallRecord:
    from dataclasses import replace

    return replace(call, accepted=int(not why), rejected=(why,) if why else ())

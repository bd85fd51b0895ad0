"""Would it have worked without the language model? `plaintune audit STUDY` says so plainly."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from acquisition.audit import audit
from acquisition.claims import CheckedClaim, check_claims
from acquisition.feedback import Feedback, feedback
from acquisition.llm_designer import propose, read
from acquisition.trust import trust
from acquisition.view import surrogate_view
from agent.adviser import ROLES
from agent.exits import say
from agent.store import Store
from agent.strategies import RecordedAsker
from evals.parameters import Float, Int
from evals.space import Config, SearchSpace
from evals.trials import Trial
from prompts.calls import CallRecord
from prompts.chat import LanguageModel
from prompts.errors import InvalidAnswerError, UserError

SHOWN = 12
PERMUTED = "permuted"
PROPOSALS = 3


def audit_study(
    name: str,
    storage: str | None,
    *,
    as_json: bool = False,
    permute: Callable[[], LanguageModel | None] | None = None,
) -> None:
    """Print the audit of a study; `permute` opens the model to be asked with permuted scores.

    Raises:
        StudyError: there is no such study, or it is too small to be permuted.
        UserError: scores are to be permuted, and there is no language model.
    """
    store = Store.load(name, storage)
    content = audit_of(store)
    if permute is not None:
        found = permuted_feedback(store, permute())
        content["permuted"] = asdict(found) | {"sentence": found.sentence}
    print(json.dumps(content) if as_json else "\n".join(lines(content)))


def permuted_feedback(store: Store, language_model: LanguageModel | None) -> Feedback:
    """Ask the language model again with true and with permuted scores; answers are recorded.

    Raises:
        StudyError: too few trials have completed, or nothing was proposed.
        UserError: there is no language model.
    """
    if language_model is None:
        raise UserError(
            "Asking with permuted scores needs a language model.", hint="Leave `--llm none` out."
        )
    task = store.task
    asker = RecordedAsker(task, language_model, store, say)

    def ask(trials: Sequence[Trial], number: int) -> Sequence[Config]:
        question = propose(task, trials, PROPOSALS, view=surrogate_view(task, trials))
        text = asker(PERMUTED, number, question)
        try:
            found = read(task, (), text) if text else None
        except InvalidAnswerError:
            return ()
        return [s.config for s in found.suggestions] if found else ()

    return feedback(task, store.trials(), ask)


def audit_of(store: Store) -> dict[str, Any]:
    """Return the audit of a study as plain values."""
    task, trials = store.task, store.trials()
    asked = [c for c in store.calls() if c.role in ROLES or c.role.startswith("predict")]
    found = audit(task, trials)
    return {
        "sentence": found.sentence,
        "contribution": asdict(found),
        "calls": _calls(asked),
        "claims": [asdict(c) for c in check_claims(task, trials)],
        "trust": asdict(trust(task, trials)),
        "on_a_bound": bound_share(task.space, [t.config for t in trials if t.origin == "llm"]),
    }


def lines(content: dict[str, Any]) -> list[str]:
    """Return the audit in words."""
    calls, now = content["calls"], content["trust"]
    told = [content["sentence"]]
    took_part = calls["count"] or content["contribution"]["advised"] or "permuted" in content
    if not took_part:
        return told
    told.append(
        f"It was asked {calls['count']} times ({calls['failed']} without an answer), took "
        f"{calls['seconds']:.0f} s and {calls['tokens']} tokens; {calls['accepted']} of its "
        f"configurations were valid and new, {calls['rejected']} were refused."
    )
    told.append(f"Trust at the end: {100 * now['share']:.0f} % of the steps are open to it.")
    if "permuted" in content:
        told.append(content["permuted"]["sentence"])
    if content["on_a_bound"] is not None:
        told.append(f"{100 * content['on_a_bound']:.0f} % of its numbers sat on a bound.")
    return told + _claims([CheckedClaim(**c) for c in content["claims"]])


def bound_share(space: SearchSpace, configs: Sequence[Config]) -> float | None:
    """Return the share of numbers that sit on a bound; None where there is none."""
    found = [
        config[p.name] in (p.low, p.high)
        for config in configs
        for p in space.active(config)
        if isinstance(p, Float | Int)
    ]
    return sum(found) / len(found) if found else None


def _claims(claims: Sequence[CheckedClaim]) -> list[str]:
    if not claims:
        return []
    count = Counter(str(c.verdict) for c in claims)
    told = ["Its reasons: " + ", ".join(f"{n} {verdict}" for verdict, n in count.items()) + "."]
    for c in claims[:SHOWN]:
        effect = "" if c.effect is None else f" (effect {c.effect:+.3g})"
        said = f"{c.parameter} {c.move}: {c.verdict}{effect}. {c.reason}"
        told.append(f"  trial {c.number + 1}: {said}")
    return told


def _calls(calls: Sequence[CallRecord]) -> dict[str, Any]:
    return {
        "count": sum(c.requests for c in calls),
        "failed": sum(bool(c.error) for c in calls),
        "seconds": sum(c.seconds for c in calls),
        "tokens": sum(c.tokens for c in calls),
        "accepted": sum(c.accepted for c in calls),
        "rejected": sum(len(c.rejected) for c in calls),
    }

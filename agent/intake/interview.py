"""Settles what is open: by asking, by a default that is said, or by stopping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.intake.claims import Ask, Question
from prompts.errors import InvalidTaskError

ATTEMPTS = 3
"""Answers that are none of the choices before intake gives up."""


@dataclass
class Interview:
    """Asks through `ask`, one question at a time; without it (--yes) defaults are taken.

    `assumptions` and `questions` are the sentences that go into the task.
    """

    ask: Ask | None
    assumptions: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    def decide(self, question: Question) -> str:
        """Return the user's answer, or the default where nobody can be asked.

        Raises:
            InvalidTaskError: the answers given are none of the choices.
        """
        if self.ask is None:
            self.questions.append(question.text)
            return question.default
        return self._answer(question)

    def settle(self, question: Question, hint: str) -> str:
        """Return the user's answer; a default would be reckless.

        Raises:
            InvalidTaskError: nobody can be asked, or the answers are none of the choices.
        """
        if self.ask is None:
            raise InvalidTaskError(question.text, hint=hint)
        return self._answer(question)

    def _answer(self, question: Question) -> str:
        assert self.ask is not None
        for _ in range(ATTEMPTS):
            given = self.ask(question).strip() or question.default
            answer = match(given, question.choices)
            if answer:
                return answer
        raise InvalidTaskError(
            f"{given!r} is none of the choices for {question.field}.",
            hint=f"Choose one of: {', '.join(question.choices[:12])}.",
        )

    def assume(self, sentence: str) -> None:
        """Say what is taken for granted."""
        self.assumptions.append(sentence)


def match(given: str, choices: Sequence[str]) -> str | None:
    """Return the choice that an answer means, case and small slips forgiven."""
    if not choices:
        return given or None
    same = [c for c in choices if c.casefold() == given.casefold()]
    if same or not given:
        return same[0] if same else None
    from rapidfuzz import process

    near = process.extractOne(given, list(choices), score_cutoff=85)
    return str(near[0]) if near else None

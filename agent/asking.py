"""Asks the user one question at a time, with a sensible default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from agent.intake.claims import Question


def ask(question: Question) -> str:
    """Return the answer to `question`; an empty one is the default, a number picks a choice."""
    typer.echo(f"\n{question.text}", err=True)
    for i, choice in enumerate(question.choices, 1):
        typer.echo(f"  {i}. {choice}", err=True)
    answer = str(typer.prompt(">", default=question.default or None, err=True, prompt_suffix=" "))
    if answer.isdigit() and 1 <= int(answer) <= len(question.choices):
        answer = question.choices[int(answer) - 1]
    return answer.strip()

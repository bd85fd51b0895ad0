"""How a command talks with the user, and with which language model."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.exits import say
from prompts.chat import LanguageModel
from prompts.errors import ModelUnavailableError

if TYPE_CHECKING:
    from agent.store import Store

LLM = "plaintune:llm"
MODEL = "plaintune:model"
USUAL, NONE = "auto", "none"


@dataclass(frozen=True)
class Talk:
    """How to talk with the user, and with which language model; `quiet` says nothing.

    `llm` None is that of the study where there is one, else "auto".
    """

    ask: bool = True
    json: bool = False
    llm: str | None = None
    model: str | None = None
    quiet: bool = False

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to answer."""
        return self.ask and not self.json and sys.stdin.isatty() and sys.stderr.isatty()

    def language_model(self) -> LanguageModel | None:
        """Open the language model; where none was asked for by name, say so and go without."""
        from agent.language_models.registry import open_language_model

        try:
            return open_language_model(self.llm or USUAL, model=self.model, notify=self.say)
        except ModelUnavailableError as error:
            if self.llm not in (None, USUAL) or self.model:
                raise
            self.say(f"{error.message} Going on without a language model.")
            return None

    def about(self, store: Store) -> Talk:
        """Return this talk with the language model that the study began with, if none is said."""
        llm, model = language_model_of(store.study_attributes(), self.llm, self.model)
        if self.llm is None and llm != USUAL:
            self.say(f"The study {store.name} began with --llm {llm}, and goes on so.")
        return replace(self, llm=llm, model=model)

    def say(self, text: str) -> None:
        """Print a sentence to stderr."""
        if not self.quiet:
            say(text)


def language_model_of(
    attributes: Mapping[str, Any], llm: str | None = None, model: str | None = None
) -> tuple[str, str | None]:
    """Return how the language model of a study is opened; `llm` and `model`, where said, win."""
    # A study that does not say so began before it was remembered.
    began = str(attributes.get(LLM) or USUAL)
    if llm is None and model is not None and began == NONE:
        return USUAL, model
    if llm not in (None, began):
        return str(llm), model
    return began, attributes.get(MODEL) if model is None else model

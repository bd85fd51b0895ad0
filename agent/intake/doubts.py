"""Settles the target: agreed, confirmed by a second look of the model, asked about, or refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.intake import second_look
from agent.intake.claims import Claim, Question, Reading
from agent.intake.code_reader import CodeReader
from agent.intake.interview import Interview
from agent.intake.named import named_target, nearest_column, spelt_so
from agent.intake.targets import Merged, Usable, merge_target, same_words, siblings
from agent.intake.text import Text, fold
from evals.tables import ColumnProfile
from prompts.chat import LanguageModel
from prompts.errors import LanguageModelError


@dataclass(frozen=True)
class Doubts:
    """Asks the user through `interview`, and the language model for a second look."""

    interview: Interview
    language_model: LanguageModel | None
    profiles: Sequence[ColumnProfile]

    @property
    def columns(self) -> list[str]:
        """The names of all columns."""
        return [c.name for c in self.profiles]

    def target(self, code: CodeReader, model: Reading, usable: Usable) -> Claim:
        """Return the column to predict and how it is known.

        Raises:
            InvalidTaskError: nobody can be asked, and a guess would be reckless.
        """
        outright = named_target(code.text, self.columns, code.jargon).get("data.target")
        claim = code.target.get("data.target")
        if outright and not spelt_so(claim, str(outright.value)):
            return self._missing(str(outright.value), claim)
        for _, sentence in code.target.contradictions:
            return self._one(sentence, claim)
        merged = merge_target(code, model, usable)
        claim = merged.claim
        if claim and claim.origin == "LLM" and not usable(str(claim.value)):
            merged = self._fitting(code.text, merged, claim, usable)
        return self._merged(code, merged)

    def _fitting(self, text: Text, merged: Merged, claim: Claim, usable: Usable) -> Merged:
        """Put what the model finds among the columns that the metric and the models fit.

        Where several fit, that is as doubtful as a first answer.
        """
        fitting = [c for c in self.profiles if usable(c.name)]
        found = self._found(_said_around(text, claim.quote), fitting)
        if found is None:
            return merged
        return Merged(replace(claim, value=found), doubtful=len(fitting) > 1)

    def _found(self, wanted: str, columns: Sequence[ColumnProfile]) -> str | None:
        if self.language_model is None or not columns:
            return None
        try:
            return second_look.find(self.language_model, wanted, columns)
        except LanguageModelError:
            return None

    def _merged(self, code: CodeReader, merged: Merged) -> Claim:
        claim = merged.claim
        if claim is None:
            return self._sought(code.text) or self._ask()
        if claim.origin != "LLM":
            return self._choose(claim, merged.rival) if merged.rival else claim
        if not claim.quote:
            return self._unquoted(code.text, claim)
        if others := same_words(code, claim, self.columns):
            return self._one_of([str(claim.value), *others], claim)
        if merged.doubtful and (others := siblings(code.text, claim, self.columns)):
            return self._one_of([str(claim.value), *others], claim)
        if merged.doubtful and not self._confirmed(code.text, claim):
            return self._own(code, merged.rival) or self._absent(claim)
        lead = "No column is called so: " if merged.doubtful else ""
        self.interview.assume(f"{lead}“{claim.quote}” was read as the column {claim.value}.")
        return self._choose(claim, merged.rival) if merged.rival else claim

    def _sought(self, text: Text) -> Claim | None:
        """Return the column that the model picks, asked for nothing else, and then stands by."""
        wanted = text.raw.strip()[:LONGEST_SOUGHT]
        column = self._found(wanted, self.profiles)
        if column is None or not self._same(wanted, column, unanswered=False):
            return None
        self.interview.assume(_unsaid(column))
        return Claim(column, "", sure=False, origin="LLM")

    def _same(self, wanted: str, column: str, *, unanswered: bool) -> bool:
        assert self.language_model is not None
        try:
            return second_look.same(self.language_model, wanted, column, self.profiles)
        except LanguageModelError:
            return unanswered

    def _unquoted(self, text: Text, claim: Claim) -> Claim:
        """Return a claim that rests on none of the user's words only if a second look bears it."""
        piece = text.raw.strip()[:LONGEST_PIECE]
        if others := siblings(text, claim, self.columns):
            return self._one_of([str(claim.value), *others], replace(claim, quote=piece))
        if not self._confirmed(text, replace(claim, quote=piece), unanswered=False):
            return self._ask()
        self.interview.assume(_unsaid(str(claim.value)))
        return claim

    def _confirmed(self, text: Text, claim: Claim, *, unanswered: bool = True) -> bool:
        """Return whether one of two looks leaves the model at its word; `unanswered` without."""
        wanted, column = _said_around(text, claim.quote), str(claim.value)
        if self._same(wanted, column, unanswered=unanswered):
            return True
        return self._found(wanted, self.profiles) == column

    def _settle(self, sentence: str, hint: str, default: str, first: Sequence[str] = ()) -> Claim:
        choices = tuple(dict.fromkeys([*first, *self.columns]))
        question = Question("data.target", sentence, choices, default)
        return _chosen(self.interview.settle(question, hint))

    def _missing(self, said: str, claim: Claim | None) -> Claim:
        nearest = str(claim.value) if claim else nearest_column(said, self.columns)
        sentence = f"There is no column {said!r}; the nearest is {nearest!r}."
        return self._settle(sentence, f"Columns: {_few(self.columns)}.", nearest)

    def _one(self, sentence: str, claim: Claim | None) -> Claim:
        default = str(claim.value) if claim else self.columns[-1]
        return self._settle(sentence, "Name the one column to predict.", default)

    def _one_of(self, columns: list[str], claim: Claim) -> Claim:
        sentence = f"“{claim.quote}” may mean {_few(columns, ' or ')}."
        return self._settle(sentence, "Name the one column to predict.", columns[0], columns)

    def _own(self, code: CodeReader, claim: Claim | None) -> Claim | None:
        """Return what code read where the model is not borne out, if that can stand alone."""
        if claim is None or merge_target(code, Reading()).claim is None:
            return None
        self.interview.assume(f"“{claim.quote}” was read as the column {claim.value}.")
        return claim

    def _absent(self, claim: Claim) -> Claim:
        sentence = f"No column seems to hold “{claim.quote}”; the nearest is {claim.value!r}."
        hint = f'Say "predict …" with one of: {_few(self.columns)}.'
        return self._settle(sentence, hint, str(claim.value))

    def _ask(self) -> Claim:
        sentence = "The description does not say which column to predict."
        hint = f'Say "predict …" with one of: {_few(self.columns)}.'
        return self._settle(sentence, hint, self.columns[-1])

    def _choose(self, first: Claim, second: Claim) -> Claim:
        sentence = (
            f"Is {first.value} (“{first.quote}”) to be predicted, or {second.value} "
            f"(“{second.quote}”)?"
        )
        ordered = dict.fromkeys([str(first.value), str(second.value), *self.columns])
        question = Question("data.target", sentence, tuple(ordered), str(first.value))
        answer = self.interview.decide(question)
        if answer != first.value:
            return _chosen(answer)
        self.interview.assume(f"{first.value} is predicted, not {second.value}.")
        return first


def _said_around(text: Text, quote: str) -> str:
    """Return the user's words between two stops or commas that hold the quote, else the quote."""
    start = text.folded.find(fold(quote))
    if start < 0:
        return quote
    end = start + len(quote)
    before = max((m.end() for m in _BREAK.finditer(text.folded, 0, start)), default=0)
    after = _BREAK.search(text.folded, end)
    piece = text.raw[before : after.start() if after else len(text.raw)].strip()
    return piece if len(piece) <= LONGEST_PIECE else quote


LONGEST_PIECE = 90
"""Characters of a sentence that the second look is shown."""
LONGEST_SOUGHT = 200
_BREAK = re.compile(r"[;!?\n,]|[.:](?=\s|$)")


def _unsaid(column: str) -> str:
    return f"No column is named: the description was read as asking for the column {column}."


def _chosen(answer: str) -> Claim:
    return Claim(answer, f"your answer: {answer}")


def _few(columns: Sequence[str], separator: str = ", ") -> str:
    return separator.join(columns[:15]) + (" …" if len(columns) > 15 else "")

"""The first reader: everything that code is sure of, in an order that keeps words apart.

"500 trees" is a setting before it could be a model, "3 folds" a fold before it could be a trial:
each part reads what the parts before it left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from agent.intake.architecture import not_taken, read_architecture
from agent.intake.budgets import each_trial_spans, read_budget
from agent.intake.claims import Claim, Reading
from agent.intake.columns import ColumnMention, column_mentions, read_target
from agent.intake.files import file_spans
from agent.intake.mentions import Alias
from agent.intake.metrics import (
    MetricMention,
    for_kind,
    limits_of,
    metric_mentions,
    read_metrics,
)
from agent.intake.models import model_mentions, read_models, unknown_models
from agent.intake.negation import ruled_out
from agent.intake.numbers import numbers_in
from agent.intake.seeds import read_seed
from agent.intake.settings import Wishes, read_settings
from agent.intake.text import Span, Text
from agent.intake.thresholds import Threshold, read_thresholds
from agent.intake.ungranted import ungranted
from agent.intake.vocabulary import words
from evals.task import Kind


@dataclass(frozen=True)
class CodeReader:
    """Reads `text` about a table with `columns`; `values` are names of their values."""

    text: Text
    columns: tuple[str, ...]
    values: tuple[Alias, ...] = ()

    def read_ahead(self) -> None:
        """Read what needs no one else's answer, while the language model is still being loaded."""
        _ = self.budget, self.target, self.mentions

    @cached_property
    def wishes(self) -> Wishes:
        """Settings that are fixed or bounded."""
        taken = [*file_spans(self.text), *self._exact_columns]
        said = read_settings(self.text, taken)
        return Wishes([*said.wishes, *read_architecture(self.text, [*taken, *said.spans])])

    @cached_property
    def _exact_columns(self) -> list[Span]:
        """Columns written exactly as they are called, with more to them than a common word."""
        odd = [c for c in self.columns if re.search(r"[_\d]|[a-z][A-Z]", c) and len(c) > 3]
        return [
            Span(*m.span())
            for c in odd
            for m in re.finditer(rf"(?<!\w){re.escape(c)}(?!\w)", self.text.raw)
        ]

    @cached_property
    def _taken(self) -> list[Span]:
        limits = [t.span for t in self.thresholds]
        return [*file_spans(self.text), *self.wishes.spans, *self._exact_columns, *limits]

    @cached_property
    def thresholds(self) -> list[Threshold]:
        """How large the model may be and how long it may take."""
        return read_thresholds(self.text, [*file_spans(self.text), *self._exact_columns])

    def metric_limits(self, kind: Kind) -> list[Threshold]:
        """What metrics have to reach, each under its name for `kind`."""
        limits = self._metric_limits
        return [replace(limit, metric=for_kind(m.metric, kind)) for m, limit in limits]

    @cached_property
    def _metric_limits(self) -> list[tuple[MetricMention, Threshold]]:
        return limits_of(self.text, metric_mentions(self.text, self._taken), self._taken)

    @cached_property
    def budget(self) -> Reading:
        """Trials, times, tokens, folds."""
        limits = [limit.span for _, limit in self._metric_limits]
        return read_budget(self.text, [*self._taken, *limits])

    @cached_property
    def jargon(self) -> list[Span]:
        """Where files, settings, metrics with their limits, and models are named: no columns."""
        metrics = [m.span for m in metric_mentions(self.text, self._taken)]
        models = [m.span for m in model_mentions(self.text, self._taken)]
        models += [m.span for m in unknown_models(self.text, self._taken)]
        each = each_trial_spans(self.text)
        limits = [limit.span for _, limit in self._metric_limits]
        return [*file_spans(self.text), *self.wishes.spans, *metrics, *limits, *models, *each]

    @property
    def jargon_but_metrics(self) -> list[Span]:
        """Where files, settings and columns written as code stand: no metrics there."""
        return self._taken

    def models(self, kind: Kind) -> Reading:
        """Families wished for or ruled out."""
        return read_models(self.text, kind, self._taken)

    def metrics(self, kind: Kind) -> Reading:
        """Metrics and trade-offs."""
        return read_metrics(self.text, kind, self._taken)

    @cached_property
    def target(self) -> Reading:
        """The column to predict."""
        return read_target(self.text, self.columns, self.jargon, self.values)

    @cached_property
    def mentions(self) -> list[ColumnMention]:
        """All columns named."""
        return column_mentions(self.text, self.columns, self.jargon, self.values)

    def dropped(self, kind: Kind, settled: Iterable[str]) -> list[str]:
        """Return a sentence for each wish that changes nothing, outside the `settled` quotes."""
        columns = [m.span for m in self.mentions if m.strength >= 2]
        built = not_taken(self.text, [*self._taken, *columns])
        limits = [t.span for t in self.metric_limits(kind)]
        limited = {"budget.trials", "budget.seconds"} & self.budget.claims.keys()
        taken = [*self.jargon, *self._taken, *limits]
        return [
            *(
                f"“{quote}” was not taken as a setting and changes nothing; {_SEEN}"
                for quote in built
            ),
            *ungranted(self.text, taken, settled, _BUDGETED if limited else ()),
        ]

    def validation(self) -> Reading:
        """How to split, where the words say so, and the test part and the seed."""
        reading = Reading()
        self._scheme(reading)
        for pattern in _TEST:
            if found := re.search(pattern, self.text.folded):
                share = float(found[1].replace(",", ".")) / 100
                quote = self.text.quote(Span(*found.span()))
                if 0 < share < 1:
                    reading.add("validation.test_fraction", Claim(share, quote))
        reading.add("seed", read_seed(self.text))
        return reading

    def _scheme(self, reading: Reading) -> None:
        for mention in self.mentions:
            before = self.text.folded[max(0, mention.span.start - 28) : mention.span.start]
            after = self.text.folded[mention.span.end : mention.span.end + 20]
            quote = self.text.quote(self._with_words_before(mention.span))
            grouped = any(True for _ in Text(before).find(_grouping(self.text)))
            if grouped or re.match(r"\W+(?:\w+\s){0,2}(?:stay |kept )?together", after):
                reading.add("validation.group", Claim(mention.column, quote))
        for span in self.text.find_words("time"):
            column, end = self._column_near(span)
            quote = self.text.quote(Span(span.start, end))
            reading.add("validation.time", Claim(column, quote))
            break
        shuffled = list(self.text.find(words("wishes")["shuffled"]))
        for span, out in zip(shuffled, ruled_out(self.text, shuffled), strict=True):
            if not out:
                reading.add("validation.shuffled", Claim(True, self.text.quote(span)))

    def _with_words_before(self, span: Span) -> Span:
        """Return a span with the whole words among the twenty characters before it."""
        start = max(self.text.clause(span).start, span.start - 20)
        cut = start > 0 and self.text.folded[start - 1].isalnum()
        blank = self.text.folded.find(" ", start, span.start) if cut else start
        return Span(span.start if blank < 0 else blank, span.end)

    def _column_near(self, span: Span) -> tuple[str, int]:
        """Return the column that a time split is by, named right after its words, else ""."""
        clause = self.text.clause(span)
        for mention in self.mentions:
            near = span.end <= mention.span.start <= min(clause.end, span.end + 16)
            if near and mention.strength >= 2 and mention.role != "target":
                return mention.column, mention.span.end
        return "", span.end

    def spoken_for(self) -> list[Span]:
        """Return every span whose meaning is settled, numbers and durations included."""
        return [*self.jargon, *(n.span for n in numbers_in(self.text))]


_BUDGETED = ("haste",)
_SEEN = "what can be fixed stands in the task that `plaintune plan` prints."
_TEST = (
    r"(\d{1,2}(?:[.,]\d+)?)\s?%\s?(?:\w+\s){0,5}?(?:test|testing|testdaten|prueba)\b",
    r"\b(?:test|test set|held[- ]out|hold[- ]?out)\s(?:\w+\s){0,3}?(\d{1,2}(?:[.,]\d+)?)\s?%",
    r"\b(?:hold out|set aside|keep)\s(\d{1,2}(?:[.,]\d+)?)\s?%",
)


def _grouping(text: Text) -> Sequence[str]:
    return [p for p in text.phrases("group") if " " in p] or ["grouped by"]

"""What kind of task it is: from the data, and for whole numbers also from the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.intake.claims import Claim
from agent.intake.code_reader import CodeReader
from agent.intake.metrics import MetricMention, metric_mentions
from agent.intake.text import Span
from agent.intake.vocabulary import words
from evals.metrics import METRICS
from evals.tables import few_whole_numbers, target_kind

if TYPE_CHECKING:
    from pandas import Series

_CLASSES = {"binary", "multiclass"}


def read_kind(code: CodeReader, target: Series) -> Claim:
    """Return the kind; whole numbers of few values are classes where the words say so.

    Raises:
        DataError: the target cannot be predicted (all missing, one class, dates, free text).
    """
    kind = target_kind(target)
    distinct = target.dropna().nunique()
    found = f"{target.name} has {distinct:,} different values"
    if kind == "regression" and few_whole_numbers(target):
        said = _says_classes(code)
        if said:
            return Claim("multiclass", code.text.quote(said))
    return Claim(kind, found, origin="your data")


def _says_classes(code: CodeReader) -> Span | None:
    """Return the words that ask for classes, unless a metric of numbers is named."""
    mentions = [m for m in metric_mentions(code.text, code.jargon_but_metrics) if not m.out]
    if any(_of_numbers(m) for m in mentions):
        return None
    for mention in mentions:
        if _CLASSES & set(METRICS[mention.metric].kinds):
            return mention.span
    return next(code.text.find(words("metrics")["classify"]), None)


def _of_numbers(mention: MetricMention) -> bool:
    kinds = METRICS[mention.metric].kinds
    return "regression" in kinds and not METRICS[mention.metric].of_model

"""What a program's goal names beside its first score: further scores, and bounds of anything.

"lowest val_loss and lowest latency_ms", "highest accuracy with latency_ms below 5", "hidden at most
64": what has the name of an argument bounds that argument, what looks like a score has a limit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.intake.metric_limits import Bound, bounded_number
from agent.intake.text import Span, Text
from evals.arguments import Argument
from evals.known_parameters import known_parameter, plain_name
from evals.narrowing import with_bounds
from evals.parameters import Float, Int
from evals.proposals import Proposal
from evals.task import Objective
from prompts.errors import InvalidTaskError

NAME = r"[A-Za-z][\w/.@-]*\w|[A-Za-z]"
_WAYS = {
    "minimize": r"lowest|minimi[sz]e|smallest|shortest|fewest|least",
    "maximize": r"highest|maximi[sz]e|largest|greatest|most",
}
_ALSO = re.compile(
    r"(?:\b(?:and|but|plus|then|with|also)|[,;&+])\s+(?:also\s+|the\s+)?"
    rf"(?:(?P<minimize>{_WAYS['minimize']})|(?P<maximize>{_WAYS['maximize']}))\s+"
    rf"(?:the\s+|its\s+|my\s+)?(?P<name>{NAME})",
    re.I,
)
_SCORE = re.compile(
    r"[_/]|loss|error|err$|rmse|mae$|mse$|mape|wer$|cer$|fid$|perplexity|ppl|latency|duration|cost"
    r"|size|memory|flops|params|accuracy|^acc$|^f1|auc|recall|precision|score|reward|throughput"
    r"|bleu|rouge|^r2$|psnr|ssim|speed|energy",
    re.I,
)
"""What the name of a score looks like, so that "10 trials at most" has none."""
_PART = "val|validation|valid|test|train|training|eval|dev|mean|average|absolute|squared|cross|log"
_ENDING = (
    rf"(?:\s+(?:{_PART}))*\s+(?:loss|error|accuracy|score|rmse|mae|mse|auc|f1|recall|precision|perplexity"
    r"|latency|cost|reward|return|throughput|time|length|distance|size|rate|profit|entropy)(?![\w/.-])"
)
"""The rest of a score's name in several words: the "loss" of "val loss"."""
NO_METRIC = {"trials", "possible", "of", "to", "as", "for", "a", "an", "it", "in", "and", "value"}


def whole_name(text: str, match: re.Match[str]) -> str:
    """Return the name of a score that `match` found, all of its words: "val loss" is val_loss.

    A word that is a score's name by itself stands alone: "f1 score" is f1.
    """
    name, (start, end) = match["name"], match.span("name")
    before = re.search(rf"(?<![\w/.-])(?:(?:{_PART})\s+)+$", text[:start], re.I)
    if before and start != match.start():
        before = None  # Another word has brought us here.
    if not _SCORE.search(name) and (rest := re.match(_ENDING, text[end:], re.I)):
        name += rest[0]
    return "_".join([*(before[0].split() if before else ()), *name.split()])


@dataclass(frozen=True)
class NamedBound:
    """A name that stands right before "at most 20", "below 20", ">= 0.9" and the like.

    `longer` are the names it may be the end of: "rate", "learning rate".
    """

    name: str
    bound: Bound
    longer: tuple[str, ...] = ()

    @property
    def is_score(self) -> bool:
        """Return whether the name is likely a score's; an argument may have such a name, too."""
        return _SCORE.search(self.name) is not None

    @property
    def objective(self) -> Objective:
        """The score with the limit as what will do."""
        way = "maximize" if self.bound.sign == ">=" else "minimize"
        return Objective(metric=self.name, direction=way, threshold=self.bound.value)


def read_bounds(text: str, quotes: Sequence[str]) -> list[NamedBound]:
    """Return all names with a bound; what stands in one of `quotes` is a budget."""
    words = Text(text)
    found: list[NamedBound] = []
    for match in re.finditer(NAME, text):
        bound = bounded_number(words, match.end())
        if bound and not _budgeted(text, bound.span, quotes):
            before = re.split(r"[^\w\s-]", text[: match.end()])[-1].split()
            longer = tuple(" ".join(before[-n:]) for n in (2, 3))
            found.append(NamedBound(match[0], bound, longer))
    return found


def further_objectives(
    text: str, first: Objective, bounds: Sequence[NamedBound]
) -> list[Objective]:
    """Return what else is to be improved, in order of the text, then what has to reach a limit.

    The first objective has no limit of its own: it is improved as far as it goes.
    """
    found = {first.metric: first}
    for match in _ALSO.finditer(text):
        way = "minimize" if match["minimize"] else "maximize"
        if match["name"].lower() not in NO_METRIC:
            name = whole_name(text, match)
            found.setdefault(name, Objective(metric=name, direction=way))
    for limited in (b.objective for b in bounds if b.is_score):
        known = found.get(limited.metric)
        if known is None or (known is not first and known.direction == limited.direction):
            found[limited.metric] = limited
    return list(found.values())[1:]


def within_bounds(
    proposals: Sequence[Proposal], bounds: Sequence[NamedBound]
) -> tuple[Proposal, ...]:
    """Return `proposals` with the ranges of their numbers cut to what the goal allows.

    Raises:
        InvalidTaskError: a bound leaves nothing of a range.
    """
    return tuple(
        _cut(p, [b.bound for b in bounds if means(p.argument, b.name, *b.longer)])
        for p in proposals
    )


def means(argument: Argument, *names: str) -> bool:
    """Return whether one of `names` is that of `argument`, or what everybody calls it."""
    return not names_of(argument).isdisjoint(map(spaced, names))


def names_of(argument: Argument) -> set[str]:
    """Return the names of an argument as words: its own, without its sections, well-known ones."""
    own = spaced(argument.name)
    known = known_parameter(argument.name)
    aliases = {spaced(n) for n in known.names} if known else set()
    return {own, spaced(argument.name.rsplit(".", 1)[-1])} | aliases


def spaced(text: str) -> str:
    """Return a name as words: "batch_size" and "batch-size" are "batch size"."""
    return plain_name(text).replace("_", " ")


def _cut(proposal: Proposal, bounds: Sequence[Bound]) -> Proposal:
    parameter = proposal.parameter
    if not bounds or not isinstance(parameter, Float | Int):
        return proposal
    low = max([parameter.low, *(b.value for b in bounds if b.sign == ">=")])
    high = min([parameter.high, *(b.value for b in bounds if b.sign == "<=")])
    if isinstance(parameter, Int):
        low, high = math.ceil(low), math.floor(high)
    if low > high:
        raise InvalidTaskError(
            f"The goal leaves nothing of {parameter.name}: "
            f"{parameter.low:g} to {parameter.high:g}.",
            hint=f"Say both of its ends: '{parameter.name} between 1 and 8'.",
        )
    cut = with_bounds(parameter, low, high)
    return replace(proposal, parameter=cut, origin="you", reason="no further, by your goal")


def _budgeted(text: str, span: Span, quotes: Sequence[str]) -> bool:
    for quote in quotes:
        begin = text.find(quote)
        if quote and begin >= 0 and Span(begin, begin + len(quote)).overlaps(span):
            return True
    return False

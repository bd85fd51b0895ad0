"""What is wanted of a program, from words: which metric, which way, for how long, which parameters.

Numbers and times are read as everywhere (`agent.intake.budgets`). A program's metric is its own
("val_loss", "bleu"), so it is found by where it stands: "lowest val_loss", "get val_loss as low as
possible", "minimise the tour length".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from agent.argument_wishes import left_alone
from agent.further_scores import (
    NAME,
    NO_METRIC,
    NamedBound,
    further_objectives,
    means,
    names_of,
    read_bounds,
    spaced,
    whole_name,
)
from agent.goal_words import said_elsewhere, way_of
from agent.intake.budgets import read_budget
from agent.intake.metric_limits import bounded_number
from agent.intake.parallel import Workers, read_workers
from agent.intake.text import Span, Text
from evals.arguments import Argument
from evals.task import Budget, Objective, Source
from prompts.errors import InvalidTaskError

Part = TypeVar("Part", bound=BaseModel)

DOWN = r"low(?:est)?|lower|minimi[sz]e|minimum|min|small(?:est)?|fewest|least|short(?:est)?|reduce"
UP = r"high(?:est)?|higher|maximi[sz]e|maximum|max|larg(?:e|est)|most|best|greatest|increase|raise"
BEFORE = re.compile(
    rf"\b(?P<way>{DOWN}|{UP}|fast(?:est)?)\s+(?:the\s+|its\s+|my\s+)?(?P<name>{NAME})", re.I
)
AFTER = re.compile(rf"\b(?P<name>{NAME})\s+as\s+(?P<way>low|high|small|large|short)\s+as", re.I)
_ALONE = re.compile(
    r"\b(?:(?:minimi[sz]|maximi[sz])(?:e|ing)|lowest|highest|smallest|largest"
    r"|as\s+(?:low|high|small|large)\s+as)\b",
    re.I,
)
"""A direction that is about the score, whatever it is called: not the "most" of "at most"."""
LOWER_IS_BETTER = re.compile(
    r"loss|error|err|rmse|mae|mse|mape|wer|cer|fid|perplexity|ppl|time|seconds|latency|size|cost|nll"
)


@dataclass(frozen=True)
class Goal:
    """What a sentence says about a search; `sources` has a source per field read.

    `bounds` are of scores, which are among the objectives, of arguments, or of anything else.
    `workers` says how many trials run at a time, None where nothing does.
    """

    objectives: tuple[Objective, ...]
    budget: Budget
    sources: dict[str, Source]
    bounds: tuple[NamedBound, ...] = ()
    workers: Workers | None = None

    def at_a_time(self, arguments: Sequence[Argument]) -> int | None:
        """Return how many trials run at a time, unless `arguments` have workers of their own."""
        own = any("worker" in a.name.lower() for a in arguments)
        return None if self.workers is None or (own and self.workers.called) else self.workers.count


def read_goal(
    text: str,
    *,
    metric: str | None = None,
    direction: str | None = None,
    trials: int | None = None,
    seconds: float | None = None,
    before: Sequence[Objective] = (),
    unnamed: str = "",
) -> Goal:
    """Read a goal; what is given by keyword wins over the words.

    `unnamed` is what the score is called where the words say a direction alone ("minimise it"),
    which is enough where there is one score. `before` are the objectives of a study that goes on:
    they stand where the words name no other, and there is no budget but the one they give.

    Raises:
        InvalidTaskError: no metric is named, or nothing says which way it is better, or two times
            or numbers contradict each other.
    """
    sources: dict[str, Source] = {}
    bounds = read_bounds(text, _budgets_in_words(text))
    workers = read_workers(Text(text))
    taken = [*(b.bound.span for b in bounds), *([workers.span] if workers else [])]
    budget = _budget(text, trials, seconds, sources, taken, usual=None if before else 30)
    found = _metric_match(text) if metric is None else None
    if found is None and before and metric in (None, before[0].metric):
        way = {"direction": direction or before[0].direction}
        objectives = (before[0].model_copy(update=way), *before[1:])
        return Goal(objectives, budget, sources, workers=workers)
    name = metric or (whole_name(text, found) if found else _bare(text))
    if not name and (direction or _ALONE.search(text)):
        name = unnamed
    if not name:
        raise InvalidTaskError(
            "The goal names no score.",
            hint="Say which number to lower or raise, such as 'lowest val_loss'.",
        )
    if direction is None:
        direction, quote = _direction(text, name, found)
        sources["objectives"] = Source(origin="your words" if quote else "default", quote=quote)
    objective = part_of_task(Objective, {"metric": name, "direction": direction})
    # What is given by keyword wins: then the words name no other score to improve.
    further = further_objectives(text if found else "", objective, bounds)
    return Goal((objective, *further), budget, sources, tuple(bounds), workers)


def of_scores(goal: Goal, text: str, arguments: Sequence[Argument], *, unnamed: str = "") -> Goal:
    """Return a goal whose scores are none of `arguments`: "find the best lr, lowest loss".

    Raises:
        InvalidTaskError: the words name no score beside them.
    """
    said = goal.sources.get("objectives")
    first = goal.objectives[0]
    best = re.match(r"best\s", said.quote, re.I) if said and said.quote else None
    if said is None or best is None or not any(means(a, first.metric) for a in arguments):
        return goal
    other = of_scores(read_goal(text.replace(said.quote, ""), unnamed=unnamed), text, arguments)
    return replace(goal, objectives=other.objectives, sources=goal.sources | other.sources)


def _bare(text: str) -> str:
    """Return the name that a goal begins with and says nothing else of: "val_loss, 20 trials"."""
    first = re.split(r"[,;]|\.\s|\.$", text.strip())[0].strip()
    known = re.fullmatch(rf"{DOWN}|{UP}", first, re.I) or first.lower() in NO_METRIC
    if known or (match := re.match(rf"(?P<name>{NAME})", first)) is None:
        return ""
    name = whole_name(first, match)
    return name if spaced(name) == spaced(first) else ""


def _metric_match(text: str) -> re.Match[str] | None:
    matches = [*AFTER.finditer(text), *BEFORE.finditer(text)]
    named = (m for m in matches if m.group("name").lower() not in NO_METRIC)
    return next((m for m in named if not _is_bound(text, m)), None) or said_elsewhere(text)


def _is_bound(text: str, match: re.Match[str]) -> bool:
    """Return whether a number follows that makes "max" a limit: "max depth 5"."""
    if not re.fullmatch(r"max(?:imum)?|min(?:imum)?", match.group("way"), re.I):
        return False
    number = re.match(r"\s*(?:of\s|=|:)?\s*\d", text[match.end() :])
    return bool(number or bounded_number(Text(text), match.end()))


def _direction(text: str, name: str, found: re.Match[str] | None) -> tuple[str, str]:
    if found is not None and found.re not in (AFTER, BEFORE):
        return way_of(found), found.group(0)
    if found is not None:
        way = found.group("way").lower()
        up = re.fullmatch(UP, way, re.I) is not None
        if way == "best":
            up = not LOWER_IS_BETTER.search(name.lower())
        return ("maximize" if up else "minimize"), found.group(0)
    said = re.search(rf"\b({DOWN})\b", text, re.I), re.search(rf"\b({UP})\b", text, re.I)
    if bool(said[0]) != bool(said[1]):
        match = said[0] or said[1]
        return ("minimize" if said[0] else "maximize"), match.group(0) if match else ""
    if LOWER_IS_BETTER.search(name.lower()):
        return "minimize", ""
    raise InvalidTaskError(
        f"Nothing says whether {name!r} is better when it is lower or higher.",
        hint="Say 'lowest' or 'highest', or give direction='minimize'.",
    )


def _budgets_in_words(text: str) -> list[str]:
    """Return the quotes of budgets that say what they count; a bare number may be another's."""
    quotes = (c.quote for c in read_budget(Text(text)).claims.values())
    number = r"\d[\d.,]*(?:e[+-]?\d+|k)?\b"
    return [q for q in quotes if re.search(r"[^\W\d_]", re.sub(number, "", q, flags=re.I))]


def _budget(
    text: str,
    trials: int | None,
    seconds: float | None,
    sources: dict[str, Source],
    taken: Sequence[Span],
    usual: int | None,
) -> Budget:
    reading = read_budget(Text(text), taken)
    if reading.contradictions:
        raise InvalidTaskError(reading.contradictions[0][1])
    values = {}
    for field in ("trials", "seconds", "seconds_per_trial", "tokens", "llm_calls", "llm_seconds"):
        if claim := reading.get(f"budget.{field}"):
            values[field] = claim.value
            sources[f"budget.{field}"] = Source(origin="your words", quote=claim.quote)
    values |= {k: v for k, v in (("trials", trials), ("seconds", seconds)) if v is not None}
    if "trials" not in values and "seconds" not in values and usual is not None:
        values["trials"] = usual
        sources["budget.trials"] = Source(origin="default")
    return part_of_task(Budget, {"trials": None, **values})


def part_of_task(part: type[Part], content: Mapping[str, Any]) -> Part:
    """Build a part of a task from what was given by keyword or option.

    Raises:
        InvalidTaskError: names each value that is wrong, and the rule it breaks.
    """
    try:
        return part.model_validate(content)
    except ValidationError as error:
        wrong = (
            f"{'.'.join(map(str, e['loc']))} = {e['input']!r}: {e['msg']}" for e in error.errors()
        )
        raise InvalidTaskError(f"This cannot be used: {'; '.join(wrong)}.") from error


def named(text: str, arguments: Sequence[Argument]) -> list[str]:
    """Return the names of the arguments that a sentence names, by name or by a known alias.

    Only names after "tune", "optimise", "search over" and the like count, so that the metric and
    the file are no parameters; and not those that are to be left alone ("do not tune lr").
    """
    for span, _ in left_alone(text, arguments):
        text = f"{text[: span.start]}{' ' * (span.end - span.start)}{text[span.end :]}"
    verb = (
        r"(?:find(?:ing)?\s+(?:the\s+)?(?:best|optimal|right)|tun(?:e|ing)|optimi[sz](?:e|ing)"
        r"|vary(?:ing)?|search(?:ing)? over|try(?:ing)?)"
    )
    found = re.search(rf"\b{verb}\b(.*?)(?:\bof \S+\.\w+|;|\.\s|$)", text, re.I)
    if not found:
        return []
    clause = spaced(found.group(1))
    return [a.name for a in arguments if any(f" {n} " in f" {clause} " for n in names_of(a))]

"""Names that a goal wants tuned and that no argument has: "tune z" of a program without a z.

A name counts where the words leave no doubt: it is spelled like code, everybody knows it as a
parameter, it is nearly one that is there, or it stands alone right behind "tune". Other words may
as well say what the program is about ("tune the transformer") and are told, not refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from agent.further_scores import names_of, spaced
from agent.goals import DOWN, UP
from agent.intake.budgets import read_budget
from agent.intake.parallel import read_workers
from agent.intake.seeds import read_seed
from agent.intake.text import Text
from agent.intake.vocabulary import stopwords, words
from agent.ranges_in_words import NUMBER as _NUMBER
from evals.arguments import Argument
from evals.known_parameters import known_parameter, plain_name
from prompts.errors import InvalidTaskError

_VERB = re.compile(
    r"\b(?:(?P<sure>tun(?:e|ing)|vary(?:ing)?|search(?:ing)?\s+over)|optimi[sz](?:e|ing))\s+", re.I
)
_WORD = r"(?:--?)?[A-Za-z_][\w.-]*\w|[A-Za-z]"
_STOP = (
    r"between|from|in|to|for|with|on|of|over|at|within|until|using|by|so|while|such|as|via|where"
    r"|if|is|are|that|which|when|under|below|above|towards?|and|or|plus|not|but|except|only"
)
_ITEM = re.compile(
    r"(?P<article>(?:(?:the|its|my|our|your|their|both|only|just|a|an)\s+)*)"
    r"(?:(?:number|count|values?|choice|size|kind)\s+of\s+(?:the\s+)?)?"
    rf"(?P<quote>[`'\"]?)(?P<name>(?:{_WORD})(?:\s+(?!(?:{_STOP})\b)(?:{_WORD}))*)(?P=quote)"
    rf"(?=\s*(?:$|[,;.!?:=()\[{{&+<>≤≥]|\d)|\s+(?:{_STOP})\b)",
    re.I,
)
_RANGE = re.compile(
    rf"\s*(?:(?:between|from)\s+{_NUMBER}\s*(?:and|to|-|\.\.)\s*{_NUMBER}"
    r"|(?:in|=|:)?\s*[\[({][^\])}]*[\])}])(?:\s+(?:on\s+an?\s+)?log\w*(?:\s+scale)?)?",
    re.I,
)
_JOINED = re.compile(r"\s*(?:,\s*(?:and\s+|or\s+)?|\b(?:and|or|plus)\s+|[&+]\s*)", re.I)
_FILE = re.compile(r"\.[a-z]{1,5}$", re.I)
_WAY = re.compile(rf"(?:{DOWN}|{UP})\b", re.I)
_EQUAL = re.compile(r"(?<![\w.=<>!*/+-])(?P<name>[A-Za-z_]\w*)\s*=\s*(?=[\w'\"\[({.-])")
_BETWEEN = re.compile(
    rf"(?<![\w.-])(?P<name>[A-Za-z_]\w*)\s+(?:is\s+|should\s+be\s+)?"
    rf"(?:between\s+{_NUMBER}\s+and|from\s+{_NUMBER}\s+to|in\s*[\[(]\s*{_NUMBER}\s*,)\s*{_NUMBER}",
    re.I,
)
_QUOTED = re.compile(r"`[^`]*\s[^`]*`|\"[^\"]*\s[^\"]*\"|(?<!\w)'[^']*\s[^']*'")
_OPTIONS = frozenset(
    ("trials", "n_trials", "seed", "workers", "metric", "direction", "seconds", "timeout", "budget")
)
"""What is set in a goal and is no parameter."""
SHOWN = 20
"""Names that are listed at most."""


@dataclass(frozen=True)
class _Said:
    """One thing that is to be tuned, as it is said."""

    name: str
    article: bool
    quoted: bool
    first: bool
    sure: bool


def check_named(
    text: str,
    arguments: Sequence[Argument],
    subjects: Iterable[str],
    notify: Callable[[str], None],
) -> None:
    """Refuse a goal that names a parameter to tune which is none of `arguments`.

    `subjects` are what else may be tuned: the program's own name, its scores. What may be meant as
    a parameter's name, or not, goes through `notify`.

    Raises:
        InvalidTaskError: names it, and what there is.
    """
    about = {spaced(s) for s in subjects}
    there = [a.name for a in arguments]
    for name, sure in _valued(text):
        if _is_there(name, arguments) or spaced(name) in about or _is_subject(name):
            continue
        if sure:
            raise unknown(name, there)
        notify(f"No parameter is called {name!r}: what is said of it changes nothing.")
    for start in _VERB.finditer(text):
        known = False
        for said in _listed(text, start):
            if _named({spaced(said.name)}, arguments):
                known = True
            elif _is_there(said.name, arguments):
                break  # A sentence about one: "the optimizer should be fast or slow".
            elif _WAY.match(said.name) or spaced(said.name) in about:
                break
            elif _is_meant(said, arguments, known):
                error = unknown(said.name, there)
                error.hint += " Where none is named, whatever is worth tuning is tuned."
                raise error
            elif _may_be_meant(said) and not known:
                notify(
                    f"No parameter is called {said.name!r}, so whatever is worth tuning is tuned. "
                    f"There is: {listed(there)}."
                )


def said_by_name(text: str, arguments: Sequence[Argument]) -> set[str]:
    """Return the arguments that a goal lists by name behind "tune", and by nothing longer."""
    items = {spaced(s.name) for m in _VERB.finditer(text) for s in _listed(text, m)}
    return _named(items, arguments)


def _valued(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the names that values are given to, and whether no other word of a goal may be."""
    spans = [b.span for b in [read_workers(Text(text))] if b]
    claims = [*read_budget(Text(text), spans).claims.values(), read_seed(Text(text))]
    for quote in (c.quote for c in claims if c is not None and re.search(r"[^\W\d]", c.quote)):
        text = text.replace(quote, ";" * len(quote))
    text = _QUOTED.sub(";", text)
    for match in _EQUAL.finditer(text):
        if match["name"].lower() not in _OPTIONS:
            yield match["name"], True
    for match in _BETWEEN.finditer(text):
        name = match["name"]
        entry = known_parameter(name)
        known = entry is not None and plain_name(name) in entry.names
        yield name, "_" in name or len(name) == 1 or known


def check_known(names: Iterable[str], arguments: Sequence[Argument]) -> None:
    """Refuse a space, or fixed values, of arguments that are not there.

    Raises:
        InvalidTaskError: names the first, and what there is.
    """
    known = [a.name for a in arguments]
    if known and (missing := [n for n in names if n not in known]):
        raise unknown(missing[0], known)


def unknown(name: str, known: Sequence[str]) -> InvalidTaskError:
    """Return the error that says that there is no parameter `name`, and what there is."""
    plain = {plain_name(k): k for k in known}
    near = get_close_matches(plain_name(name), plain, 1, 0.6)
    near = near or [k for k in plain if plain_name(name) in k.split("_")][:1]
    near = near or [k for k in plain if len(k) > 2 and plain_name(name).startswith(k)][:1]
    guess = f"Did you mean {plain[near[0]]}? " if near else ""
    return InvalidTaskError(
        f"The program has no parameter {name!r}.", hint=f"{guess}There is: {listed(known)}."
    )


def listed(names: Iterable[str]) -> str:
    """Return names in a row, the first `SHOWN` of them."""
    found = list(dict.fromkeys(names))
    return ", ".join(found[:SHOWN]) + (f" and {len(found) - SHOWN} more" * (len(found) > SHOWN))


def _listed(text: str, start: re.Match[str]) -> Iterator[_Said]:
    """Yield what stands in the list behind "tune", up to where the list ends."""
    at, first = start.end(), True
    while item := _ITEM.match(text, at):
        yield _Said(
            name=item["name"].lstrip("-"),
            article=bool(item["article"]),
            quoted=bool(item["quote"]) or item["name"].startswith("--"),
            first=first,
            sure=bool(start["sure"]),
        )
        end = found.end() if (found := _RANGE.match(text, item.end())) else item.end()
        if (joined := _JOINED.match(text, end)) is None:
            return
        at, first = joined.end(), False


def _named(items: set[str], arguments: Sequence[Argument]) -> set[str]:
    return {a.name for a in arguments if not items.isdisjoint(names_of(a))}


def _is_there(name: str, arguments: Sequence[Argument]) -> bool:
    names = {n for a in arguments for n in names_of(a)}
    return "_" not in name and any(f" {n} " in f" {spaced(name)} " for n in names)


def _is_meant(said: _Said, arguments: Sequence[Argument], known: bool) -> bool:
    """Return whether there is no doubt that a parameter is meant that is not there."""
    name = said.name
    entry = known_parameter(name)
    if entry and plain_name(name) in entry.names:
        return True
    if " " in name or _is_subject(name):
        return False
    if "_" in name or (len(name) == 1 and name not in "aI"):
        return said.sure or known  # "Optimise val_loss" names a score.
    near = [n for a in arguments for n in names_of(a)]
    if said.quoted or (len(name) > 3 and get_close_matches(name.lower(), near, 1, 0.75)):
        return True
    return known if not said.first else said.sure and not said.article


def _may_be_meant(said: _Said) -> bool:
    return said.first and said.sure and " " not in said.name and not _is_subject(said.name)


def _is_subject(name: str) -> bool:
    word = name.lower()
    return (
        word in words("subjects")["subjects"]
        or _FILE.search(name) is not None
        or word in stopwords("en")
        or word in words("en")["trials"]
        or word in _models()
        or (word.endswith("ly") and " " not in word)
    )


@cache
def _models() -> frozenset[str]:
    content = words("models")
    families = [n for names in content["families"].values() for n in names]
    groups = [n for group in content["groups"].values() for n in group["names"]]
    return frozenset((*families, *groups, *content["unknown"]))

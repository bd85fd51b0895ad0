"""What a goal says of single arguments: their ranges, their values, and which to leave alone.

"lr between 1e-4 and 1e-2", "1 <= depth <= 8", "batch size 16, 32 or 64", "optimizer = adam",
"keep width at 64", "do not tune dropout". Numbers are read as everywhere (`agent.intake.settings`).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.further_scores import NamedBound, means, names_of
from agent.intake.budgets import read_budget
from agent.intake.parallel import read_workers
from agent.intake.settings import read_settings
from agent.intake.text import Span, Text
from agent.ranges_in_words import NUMBER as _NUMBER
from agent.ranges_in_words import read_numbers, read_ranges
from evals.arguments import Argument
from evals.known_parameters import role_of
from evals.parameters import Categorical, Float, Int, Ordinal, Parameter, Scalar
from evals.proposals import SAID, Proposal, between, choice
from prompts.errors import InvalidTaskError

if TYPE_CHECKING:
    from agent.goals import Goal

_VERB = r"(?:tun(?:e|ed|ing)|touch(?:ed|ing)?|chang(?:e|ed|ing)|var(?:y|ied|ying)|search(?:ed|ing)?"
_VERB += r"|optimi[sz](?:e|ed|ing)|modify(?:ing)?)(?:\s+over)?"
_JOINED = r"(?:\s*,\s*|\s+)(?:(?:and|or|nor|&)\s+)?(?:the\s+)?"
_WORDS = r"is|are|of|in|from|among|at|to|as|one\s+of|either|set\s+to|fixed\s+(?:at|to)"
_IS = rf"\s*(?:(?:=+|:|\b(?:{_WORDS})\b)\s*)*"
_LOG = re.compile(r"\W{0,3}(?:(?:on|in)\s)?(?:an?\s)?log", re.I)
_SET = r"\s*(?:=+|:|\bis\b|\bset\s+to\b)\s*"
"""Between a switch and what it is set to: "nesterov on a small model" sets nothing."""
_SWITCH = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}
_ARTICLES = ("a", "i", "an")


@dataclass(frozen=True)
class ArgumentWishes:
    """What is said of arguments, by their names.

    `bounds` hold a low and a high end, either may be infinite; `log` are those wanted on a log
    scale. `choices` are the values to choose from, `values` what an argument is to have in every
    trial; `left` are not to be tuned.
    """

    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    log: frozenset[str] = frozenset()
    choices: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    values: Mapping[str, Scalar] = field(default_factory=dict)
    left: frozenset[str] = frozenset()

    @property
    def named(self) -> set[str]:
        """The arguments that are to be searched, because all of their values are said."""
        ended = {n for n, b in self.bounds.items() if all(map(math.isfinite, b))}
        return ended | self.choices.keys()

    def applied(self, proposal: Proposal) -> Proposal:
        """Return a proposal with the range or the choices that were said.

        Raises:
            InvalidTaskError: no value is left.
        """
        name = proposal.argument.name
        if name in self.choices:
            return _said(proposal, choice(proposal.argument, self.choices[name], SAID))
        low, high = self.bounds.get(name, (-math.inf, math.inf))
        if isinstance(proposal.parameter, Categorical | Ordinal) and name in self.bounds:
            inside = [v for v in proposal.parameter.options if _lies(v, low, high)]
            return _said(proposal, choice(proposal.argument, inside, SAID))
        if math.isfinite(low) and math.isfinite(high):
            return _said(proposal, between(proposal.argument, low, high, log=name in self.log))
        return _cut(proposal, low, high) if name in self.bounds else proposal

    def kept(self, arguments: Sequence[Argument]) -> list[Proposal]:
        """Return the arguments that are not tuned, as you said."""
        said = {n: f"{v}, {SAID}" for n, v in self.values.items()}
        said |= dict.fromkeys(self.left - said.keys(), SAID)
        return [Proposal(a, None, "you", said[a.name]) for a in arguments if a.name in said]


def read_argument_wishes(
    description: str, arguments: Sequence[Argument], goal: Goal | None = None
) -> ArgumentWishes:
    """Return what `description` says of `arguments`, beside the limits that `goal` holds."""
    text = Text(description)
    metrics = [o.metric for o in goal.objectives] if goal else []
    limited = goal.bounds if goal else ()
    spoken_of = [a for a in arguments if a.name not in metrics and role_of(a) != "seed"]
    names = _names(spoken_of)
    if not names:
        return ArgumentWishes()
    by_name = {a.name: a for a in arguments}
    listed = dict(_lists(text, names))
    spoken = [(n, s, v) for n, s, v in _options(text, names, by_name)]
    spoken += _many(text, names, [*_budgets(text), *listed.values()])
    taken = [*_budgets(text), *listed.values(), *(s for _, s, _ in spoken)]
    ranges = [(names[_key(r.name)], r) for r in read_ranges(_blanked(text, taken), _any(names))]
    bounds, values, log = _numbers(text, names, [*taken, *(r.span for _, r in ranges)])
    bounds |= {n: (r.low, r.high) for n, r in ranges}
    log |= {n for n, r in ranges if r.log}
    choices = {n: _numbers_in(text.raw[s.start : s.end]) for n, s in listed.items()}
    choices |= {n: v for n, _, v in spoken} | {n: v for n, v in values.items() if len(v) > 1}
    single = {n: v[0] for n, v in (*choices.items(), *values.items()) if len(v) == 1}
    new = {n: b for n, b in bounds.items() if _is_new(b, by_name[n], limited)}
    return ArgumentWishes(
        bounds={n: b for n, b in new.items() if n not in single},
        log=frozenset(log),
        choices={n: v for n, v in choices.items() if len(v) > 1},
        values=single,
        left=frozenset(name for _, name in left_alone(description, arguments)),
    )


def _many(
    text: Text, names: Mapping[str, str], taken: Sequence[Span]
) -> Iterator[tuple[str, Span, tuple[Scalar, ...]]]:
    plural = {**{f"{n}s": name for n, name in names.items() if len(n) > 1}, **names}
    for said, span, values in read_numbers(_blanked(text, taken), _any(plural)):
        yield plural[_key(said)], span, tuple(dict.fromkeys(map(_plain, values)))


def _blanked(text: Text, spans: Sequence[Span]) -> str:
    """Return the text, of the same length, without what stands in `spans`."""
    raw = text.raw
    for span in spans:
        raw = f"{raw[: span.start]}{';' * (span.end - span.start)}{raw[span.end :]}"
    return raw


def _is_new(bounds: tuple[float, float], argument: Argument, limited: Sequence[NamedBound]) -> bool:
    """Return whether no limit says the same; those know more words for one end, none for both."""
    both = all(map(math.isfinite, bounds))
    return both or not any(means(argument, b.name, *b.longer) for b in limited)


def left_alone(description: str, arguments: Sequence[Argument]) -> Iterator[tuple[Span, str]]:
    """Yield what is not to be tuned, with the words that say so: "do not tune x and y"."""
    names = _names(arguments)
    if not names:
        return
    one = _any(names)
    several = rf"(?:the\s+)?(?P<names>{one}(?:{_JOINED}{one})*)"
    # A comma goes on with the list only where the list ends its clause: "not x, y between 1 and 2".
    first = rf"{one}(?:\s+(?:and|or|nor|&)\s+(?:the\s+)?{one})*"
    ending = rf"(?:the\s+)?(?P<names>{one}(?:{_JOINED}{one})*(?=\s*(?:$|[,;.)]))|{first})"
    ways = (
        rf"(?:\bnot|n['’]?t|\bnever|\bwithout|\bno)\s+(?:to\s+)?(?:be\s+)?{_VERB}\s+{ending}",
        rf"\b(?:except(?:\s+for)?|excluding|apart\s+from|other\s+than|all\s+but|everything\s+but"
        rf"|but\s+not|ignor(?:e|ing)|skip(?:ping)?)\s+{ending}",
        rf"\b(?:keep|leav(?:e|ing)|hold|keeping|holding)\s+{several}\s+(?:alone|fixed|constant"
        r"|unchanged|frozen|untouched|as\s+(?:it\s+is|they\s+are|is)|at\s+(?:its|their|the)"
        r"\s+defaults?)",
        rf"\b(?:freeze|freezing|fix|fixing)\s+{several}(?=\s*(?:$|[,;.]))",
        rf"\b{several}\s+(?:should|must|shall|has to|have to|is to|are to)\s+(?:stay|remain|be)\s+"
        r"(?:fixed|constant|unchanged|frozen|untouched|as\s+(?:it\s+is|they\s+are|is))",
    )
    for way in ways:
        for match in re.finditer(way, description, re.I):
            for found in re.finditer(one, match["names"], re.I):
                yield Span(*match.span()), names[_key(found[0])]


def _numbers(
    text: Text, names: Mapping[str, str], taken: Sequence[Span]
) -> tuple[dict[str, tuple[float, float]], dict[str, tuple[Scalar, ...]], set[str]]:
    """Return the bounds, the values and what stands on a log scale, by argument."""
    own = set(names.values())
    bounds: dict[str, tuple[float, float]] = dict(_turned(text, names))
    values: dict[str, tuple[Scalar, ...]] = {}
    log: set[str] = set()
    for wish in read_settings(text, taken, names).wishes:
        name = wish.setting if wish.setting in own else names.get(_key(wish.name(())), "")
        if not name or isinstance(wish.value, bool) or not isinstance(wish.value, int | float):
            continue
        if _LOG.match(text.raw, wish.span.end):
            log.add(name)
        if wish.sign == "=":
            said = text.raw[wish.span.start : wish.span.end]
            if name.lower() in _ARTICLES and "=" not in said:
                continue
            values.setdefault(name, (wish.value, *_further(text, wish.span.end)))
            continue
        low, high = bounds.get(name, (-math.inf, math.inf))
        low, high = (wish.value, high) if wish.sign == ">=" else (low, wish.value)
        bounds[name] = (float(low), float(high))
    return bounds, values, log


def _further(text: Text, end: int) -> tuple[Scalar, ...]:
    """Return the rest of a list that goes on at `end`: "16, 32 or 64", "16/32"."""
    more = rf"(?:\s*,\s*{_NUMBER})*\s*(?:,\s*)?(?:\bor\b|/)\s*{_NUMBER}(?![\w.]*\w)"
    found = re.compile(more, re.I).match(text.raw, end)
    return _numbers_in(found[0]) if found else ()


def _turned(text: Text, names: Mapping[str, str]) -> Iterator[tuple[str, tuple[float, float]]]:
    """Yield bounds whose number stands first: "1 <= depth", "1 < depth < 8"."""
    sign = r"(?:<=?|≤|>=?|≥)"
    pattern = rf"(?<![\w.])({_NUMBER})\s*({sign})\s*({_any(names)})(?:\s*({sign})\s*({_NUMBER}))?"
    for match in re.finditer(pattern, text.raw, re.I):
        first, last = float(match[1]), float(match[5]) if match[5] else math.inf
        if match[2][0] in "<≤":
            yield names[_key(match[3])], (first, last)
        else:
            yield names[_key(match[3])], (-math.inf if math.isinf(last) else last, first)


def _lists(text: Text, names: Mapping[str, str]) -> Iterator[tuple[str, Span]]:
    """Yield lists in braces, or in brackets with three numbers or more (two are a range)."""
    more = rf"\s*,\s*{_NUMBER}"
    listed = rf"(?:[\[(]\s*{_NUMBER}(?:{more}){{2,}}\s*[\])]|\{{\s*{_NUMBER}(?:{more})+\s*\}}"
    listed += rf"|(?:one\s+of|either)\s+{_NUMBER}(?:(?:\s*,\s*|\s*,?\s*\bor\s+){_NUMBER})+)"
    for match in re.finditer(rf"({_any(names)}){_IS}({listed})", text.raw, re.I):
        yield names[_key(match[1])], Span(*match.span(2))


def _options(
    text: Text, names: Mapping[str, str], arguments: Mapping[str, Argument]
) -> Iterator[tuple[str, Span, tuple[Scalar, ...]]]:
    """Yield the choices that stand behind an argument's name: "optimizer sgd or adam"."""
    for spoken, name in names.items():
        known = _choices(arguments[name])
        if not known:
            yield from _free_options(text, spoken, arguments[name])
            continue
        one = rf"['\"]?(?:{'|'.join(re.escape(k) for k in sorted(known, key=len, reverse=True))})"
        one += r"(?![\w-])['\"]?"
        listed = rf"[\[{{(]?{one}(?:(?:\s*,\s*|\s*/\s*|\s+)(?:(?:or|and)\s+)?{one})*"
        sign = _SET if arguments[name].type == "bool" else _IS
        pattern = rf"{_any([spoken])}{sign}({listed})"
        for match in re.finditer(pattern, text.raw, re.I):
            found = re.findall(one, match[1], re.I)
            values = dict.fromkeys(known[f.strip("'\"").lower()] for f in found)
            yield name, Span(*match.span()), tuple(values)


def _free_options(
    text: Text, spoken: str, argument: Argument
) -> Iterator[tuple[str, Span, tuple[Scalar, ...]]]:
    """Yield the words that an argument of text may be: "optimizer adam, sgd or lion"."""
    if argument.type != "text" or role_of(argument) == "path":
        return
    one = r"['\"]?[A-Za-z][\w.+-]*['\"]?"
    more = rf"{one}(?:\s*,\s*{one})*\s*(?:,\s*)?(?:\bor\b|/)\s*{one}"
    listed = rf"{_IS}(?P<list>[\[{{(]\s*{one}(?:\s*,\s*{one})+\s*[\])}}]|{more})"
    for match in re.finditer(
        rf"{_any([spoken])}(?:{listed}|\s*=\s*(?P<one>{one}))", text.raw, re.I
    ):
        said = re.sub(r"(?i)\bor\b|/", ",", match["list"] or match["one"]).strip("[]{}()")
        values = dict.fromkeys(w for v in said.split(",") if (w := v.strip(" '\"")))
        yield argument.name, Span(*match.span()), tuple(values)


def _choices(argument: Argument) -> dict[str, Scalar]:
    if argument.type == "bool":
        return dict(_SWITCH)
    declared = argument.parameter
    options = declared.options if isinstance(declared, Categorical | Ordinal) else argument.choices
    return {o.lower(): o for o in options if isinstance(o, str) and o}


def _names(arguments: Sequence[Argument]) -> dict[str, str]:
    """Return what each argument may be called; what two are called is nobody's."""
    own = {_key(a.name): a.name for a in arguments}
    spoken = [(n, a.name) for a in arguments for n in names_of(a)]
    counts = Counter(n for n, _ in spoken)
    return {n: name for n, name in spoken if counts[n] == 1 and len(n) > 1} | own


def _key(said: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", said.lower()).strip()


def _any(names: Mapping[str, str] | Sequence[str]) -> str:
    words = sorted(names, key=len, reverse=True)
    each = "|".join(r"[\s_.-]*".join(re.escape(w) for w in n.split()) for n in words)
    return rf"(?<![\w.])(?:{each})(?![\w-])"


def _budgets(text: Text) -> list[Span]:
    """Return where budgets and workers stand, whose numbers are no argument's."""
    quotes = [c.quote for c in read_budget(text).claims.values() if re.search(r"[^\W\d]", c.quote)]
    workers = read_workers(text)
    found = [Span(i, i + len(q)) for q in quotes if (i := text.raw.find(q)) >= 0]
    return [*found, workers.span] if workers else found


def _numbers_in(text: str) -> tuple[Scalar, ...]:
    return tuple(dict.fromkeys(_plain(float(n)) for n in re.findall(_NUMBER, text, re.I)))


def _plain(number: float) -> int | float:
    return int(number) if number.is_integer() else number


def _lies(value: Scalar, low: float, high: float) -> bool:
    return isinstance(value, int | float) and low <= value <= high


def _said(proposal: Proposal, parameter: Parameter | None) -> Proposal:
    if parameter is None:
        raise InvalidTaskError(
            f"The goal leaves no two values of {proposal.argument.name}.",
            hint="Give it a range, or one value to keep: 'depth between 2 and 8', 'depth = 4'.",
        )
    return replace(proposal, role="tune", origin="you", reason=SAID, parameter=parameter)


def _cut(proposal: Proposal, low: float, high: float) -> Proposal:
    """Cut the proposed range at one end."""
    parameter = proposal.parameter
    if not isinstance(parameter, Float | Int):
        return proposal
    low, high = max(parameter.low, low), min(parameter.high, high)
    return _said(proposal, between(proposal.argument, low, high, log=parameter.log))

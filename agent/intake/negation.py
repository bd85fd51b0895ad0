"""What is wished for and what is ruled out: the reach of "no", "anything but", "… forbidden"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.intake.text import Span, Text, fold


def ruled_out(text: Text, mentions: Sequence[Span]) -> list[bool]:
    """Return for each mention whether the user rules it out.

    A negator reaches to the end of its clause, past "and", "or" and commas, until a word that
    wishes for something ("use", "only", "sondern") or a "but" ends it. A verdict after a mention
    ("… are forbidden") reaches back over the mentions that it is joined to.
    """
    negators = _negators(text)
    enders = [*text.find_words("positive"), *text.find_words("but")]
    enders = [e for e in enders if not any(e.overlaps(n) for n in negators)]
    out = [_before(text, m, mentions, negators, enders) for m in mentions]
    for i, mention in enumerate(mentions):
        if _verdict(text, mention):
            for j in _joined_before(text, mentions, i):
                out[j] = True
    return out


def _negators(text: Text) -> list[Span]:
    harmless = list(text.find_words("not_negators"))
    return [n for n in text.find_words("negators") if not any(n.overlaps(h) for h in harmless)]


def _before(
    text: Text,
    mention: Span,
    mentions: Sequence[Span],
    negators: Sequence[Span],
    enders: Sequence[Span],
) -> bool:
    clause = text.clause(mention)
    within = [n for n in negators if clause.start <= n.end and n.end <= mention.start]
    if not within:
        return False
    last = within[-1]
    if any(last.end <= e.start and e.end <= mention.start for e in enders):
        return False
    return _reaches(text, last, mention, mentions)


def _reaches(text: Text, negator: Span, mention: Span, mentions: Sequence[Span]) -> bool:
    """Return whether only mentions, articles and joining words stand between the two."""
    between = list(text.folded[negator.end : mention.start])
    for other in mentions:
        if negator.end <= other.start and other.end <= mention.start:
            for i in range(other.start - negator.end, other.end - negator.end):
                between[i] = "#"
    rest = "".join(between)
    if re.search(r"\s-\s|\|", rest):
        return False  # a dash between blanks begins something new
    joined = re.sub(r"#+", "#", rest)
    if "#" not in joined:
        return len(re.findall(r"\w+", joined)) <= 5 and "," not in joined
    after = joined.rsplit("#", 1)[1]
    if not re.fullmatch(_joining(text), after):
        return False
    listed = text.folded[negator.start : negator.end].endswith((":", "："))
    return (
        listed
        or "," not in after
        or _list_goes_on(text, mention, mentions)
        or bool(_has_and(text, after))
    )


def _joining(text: Text) -> str:
    ands = "|".join(map(re.escape, [*map(fold, text.phrases("and")), "&", "/", "或", "や"]))
    articles = r"any|a|an|the|no|kein\w*|des|de|d'|un\w*|geen|el|los|las|les?|la"
    articles += r"|die|den|der|das|lo|gli|il|os|as|het"
    joined = rf"(?:(?:{ands})\s*)?(?:{_INCLUDING})?(?:(?:{articles})\s+)*"
    return rf"[\s,/&(]*(?:{_KINDS})?[\s,(]*{joined}\s*"


_KINDS = (
    r"(?:of|de|di|van|von) (?:any|all|every|whatever|what|toute?s?|tod[oa]s?|ogni|welke|jeder"
    r"|aller)(?:\s(?:kinds?|sorts?|types?|sortes?|tipos?|genere|soort|art))?"
    r"|jeglicher art|at all|whatsoever"
)
_INCLUDING = (
    r"(?:(?:this|that|which|it|das|cela|esto|eso|dit)\s)?"
    r"(?:(?:also\s)?(?:includes?|means|covers|goes for|applies to)|including|incl\.?|inclusive"
    r"|einschliesslich|inklusive|schliesst|y compris|incluidos|incluidas|incluyendo|incluso"
    r"|also|d\. ?h\.|c'est-a-dire|es decir|cioe"
    r"|compresi|comprese|incluindo|inclusief|wlacznie z|such as|like|be it|i\.e\.|whether)[\s:]*"
)
"""What goes on with a negation: "no trees of any kind, and that includes forests"."""


def _has_and(text: Text, after: str) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(fold(a))}(?!\w)", after) for a in text.phrases("and"))


def _list_goes_on(text: Text, mention: Span, mentions: Sequence[Span]) -> bool:
    """Return whether "or" and a further mention follow: "no trees, forests or boosting"."""
    following = [m for m in mentions if m.start >= mention.end]
    if not following:
        return False
    between = text.folded[mention.end : following[0].start]
    return bool(re.fullmatch(_joining(text), between)) and (
        _has_and(text, between) or _list_goes_on(text, following[0], mentions)
    )


def _verdict(text: Text, mention: Span) -> bool:
    if re.compile(r"\s?\?\s*(?:no|nope|nah|nein|non|nee|nie|nej|нет)\b").match(
        text.folded, mention.end
    ):
        return True
    phrases = sorted({fold(p) for p in text.phrases("negators_after")}, key=len, reverse=True)
    verdict = "|".join(re.escape(p).replace(r"\ ", r"\s+") for p in phrases) or r"(?!)"
    glue = r"[\s),\"'「」]*(?:(?:models?|modelle|methods?|的模型)\s*)?"
    found = re.compile(rf"{glue}({verdict})(?![a-z])").match(text.folded, mention.end)
    return bool(found) and not re.match(
        r"\s+(?:nur|only|just)\b", text.folded[found.end() :] if found else ""
    )


def _joined_before(text: Text, mentions: Sequence[Span], i: int) -> list[int]:
    """Return `i` and the mentions before it that only joining words separate from it."""
    joined = [i]
    while i > 0:
        between = text.folded[mentions[i - 1].end : mentions[i].start]
        if not re.fullmatch(_joining(text), between) or not between.strip():
            break
        i -= 1
        joined.append(i)
    return joined

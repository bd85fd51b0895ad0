"""The seed, where the words say one: "random seed 7"."""

from __future__ import annotations

import re

from agent.intake.claims import Claim
from agent.intake.text import Span, Text
from agent.intake.vocabulary import words


def read_seed(text: Text) -> Claim | None:
    """Return the last seed that is said, None where none is."""
    found = None
    for span in text.find(words("wishes")["seed"]):
        after = re.compile(r"[\s:=]*(?:of\s|is\s)?(\d+)").match(text.folded, span.end)
        if after:
            found = Claim(int(after[1]), text.quote(Span(span.start, after.end())))
    return found

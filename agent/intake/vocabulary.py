"""The word lists in `words/`: one file per language, and names of models, metrics and settings."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "tr", "ru", "zh", "ja")
_SCRIPTS = {"ru": r"[\u0400-\u04ff]", "ja": r"[\u3040-\u30ff]", "zh": r"[\u4e00-\u9fff]"}


@cache
def words(name: str) -> dict[str, Any]:
    """Return the word list `name`: a language, or "models", "metrics", "settings", "wishes"."""
    import yaml

    text = files("agent.intake").joinpath(f"words/{name}.yaml").read_text(encoding="utf-8")
    # The base loader reads every scalar as text: "no" and "on" are words here, never booleans.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    content: dict[str, Any] = yaml.load(text, Loader=loader)
    return content


@cache
def stopwords(language: str) -> frozenset[str]:
    """Return the folded everyday words of a language."""
    from agent.intake.text import fold

    return frozenset(fold(str(w)) for w in words(language)["stopwords"])


def languages_of(folded: str) -> tuple[str, ...]:
    """Return the languages that a folded text may be in: the likeliest, then English.

    Languages are told by their script, else by the words nobody can do without.
    """
    for language, script in _SCRIPTS.items():
        if re.search(script, folded):
            return (language, "en")
    tokens = re.findall(r"[^\W\d_]+", folded)
    latin = [k for k in LANGUAGES if k not in _SCRIPTS]
    score = {k: sum(t in stopwords(k) for t in tokens) for k in latin}
    score |= {k: score[k] + _telling(k, folded) for k in latin}
    best = max(latin, key=lambda k: score[k])
    return (best,) if best == "en" else (best, "en")


def _telling(language: str, folded: str) -> int:
    """Count words that only this language has for what is tuned: "Versuche", "essais", ...."""
    from agent.intake.text import pattern

    keys = ("trials", "minute", "hour", "folds", "durations", "predict", "target_after")
    own = {str(w) for k in keys for w in words(language)[k] if len(str(w)) > 3}
    others = {str(w) for o in LANGUAGES if o != language for k in keys for w in words(o).get(k, ())}
    found = pattern(tuple(sorted(own - others))).findall(folded)
    return 2 * len(found)

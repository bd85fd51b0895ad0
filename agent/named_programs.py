"""A program that the description itself names: "tune train.py, lowest val_loss"."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from agent.intake.files import read_file
from agent.intake.text import Text
from agent.intake.vocabulary import stopwords

RUNNERS = {".py": "python", ".sh": "bash", ".R": "Rscript", ".jl": "julia"}
"""What runs a script of that ending."""
_ENDINGS = "|".join(re.escape(e) for e in RUNNERS)
_SCRIPT = re.compile(
    rf"(?<![\w./~-])(?P<script>(?:[\w.~+-]*/)*[\w+-][\w.+-]*?(?:{_ENDINGS}))(?![\w/])"
)
_QUOTED = re.compile(r"`([^`\n]+)`|[\"“«]([^\"”»\n]+)[\"”»]|(?<!\w)'([^'\n]+)'(?!\w)")
_RUN = re.compile(r"(?:^|\s)(?P<runner>python[\d.]*|bash|sh|Rscript|julia|uv run)\s$")
_AIM = re.compile(
    r"(?:^|\b(?:tun\w+|optimi\w+|improv\w+|of|(?<!as\s)(?<!like\s)in|program|script|command)\s)"
    r"(?:the\s)?(?:script\s|program\s|file\s)?[`\"']?$",
    re.IGNORECASE,
)


def command_in(description: str, directory: Path) -> tuple[str, ...]:
    """Return the command line that a description names, () where it names none that is there.

    A script is run by what its ending asks for; one that stands beside a table which is there
    counts where the words say that it is to be tuned ("tune train.py on churn.csv").
    """
    found = list(dict.fromkeys(_commands(description, directory)))
    return found[0] if len(found) == 1 else ()


def _commands(description: str, directory: Path) -> Iterator[tuple[str, ...]]:
    found = list(_quoted(description, directory)) or list(_scripts(description, directory))
    # The directory is looked at only where a script is named.
    beside = bool(found) and _table_there(description, directory)
    yield from (words for words, meant in found if meant or not beside)


def _quoted(description: str, directory: Path) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield command lines in quotes, and whether the words say that they are to be tuned."""
    for match in _QUOTED.finditer(description):
        if words := _split(next(filter(None, match.groups())), directory):
            yield words, _aimed(description, match.start())


def _scripts(description: str, directory: Path) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield scripts with what runs them, and whether the words say that they are to be tuned."""
    for match in _SCRIPT.finditer(description):
        script, runner = match["script"], _RUN.search(description[: match.start()])
        if not (directory / Path(script).expanduser()).is_file():
            continue
        if runner is None:
            yield (RUNNERS[Path(script).suffix], script), _aimed(description, match.start())
        else:
            arguments = _arguments(description[match.end() :])
            yield (*runner["runner"].split(), script, *arguments), True


def _table_there(description: str, directory: Path) -> bool:
    """Return whether the description could as well be about a table."""
    claim = read_file(Text(description), directory).get("data.path")
    return claim is not None and (directory / str(claim.value)).is_file()


def _aimed(description: str, at: int) -> bool:
    return bool(_AIM.search(description[:at][-40:]))


def _split(text: str, directory: Path) -> tuple[str, ...]:
    """Return the words of a command line that names a script which is there, else ()."""
    try:
        words = shlex.split(text)
    except ValueError:
        return ()
    script = next((w for w in words if Path(w).suffix in RUNNERS), None)
    if script is None or not (directory / Path(script).expanduser()).is_file():
        return ()
    return (RUNNERS[Path(script).suffix], *words) if words[0] == script else tuple(words)


def _arguments(after: str) -> list[str]:
    """Return the options that follow a script, up to the first word that is none of theirs."""
    found: list[str] = []
    for word in after.split() if after.startswith(" ") else ():
        bare = word.rstrip(",;")
        value = found and found[-1].startswith("-") and "=" not in found[-1]
        if not bare.startswith("-") and not (value and bare.lower() not in stopwords("en")):
            break
        found.append(bare)
        if bare != word:
            break
    return found

"""Which table is meant: the file named, a table whose name is said, or the only one there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from agent.intake.claims import Claim, Reading
from agent.intake.text import Span, Text, fold
from agent.intake.vocabulary import words
from evals.tables import tables_in
from evals.workbooks import split_sheet

_ENDINGS = (
    r"csv\.gz|tsv\.gz|csv|tsv|parquet|pq|tab|txt|xlsx|xlsm|xlsb|xls|jsonl\.gz|json|jsonl|ndjson|feather|arff|dat|data|pkl|sav"
    r"|sqlite|db|zip|ods"
)
_SHEET = r"(?:\#[\w-]+)?"
_QUOTED = re.compile(
    rf"[\"'«‘]([^\"'«»\n]{{1,200}}?\.(?:{_ENDINGS})(?:\#[^\"'«»\n]{{1,40}})?)[\"'»’]", re.IGNORECASE
)
_NAME = rf"(?:(?:~|\.{{1,2}})?/)?(?:[\w.+-]+/)*[\w+-][\w.+-]*?\.(?:{_ENDINGS})(?![\w/]){_SHEET}"
_PLAIN = re.compile(
    # A letter of a script with blanks before it belongs to the name: häuser.csv is no user.csv.
    rf"(?<![^\W\u3040-\u9fff]|@)(?a:{_NAME})",
    re.IGNORECASE,
)
_PLAIN_UNICODE = re.compile(
    rf"(?<![^\W\u3040-\u9fff])(?:(?:~|\.{{1,2}})?/)?(?:[\w.+-]+/)*[\w+-][\w.+-]*?\.(?:{_ENDINGS})(?![a-z0-9_/]){_SHEET}",
    re.IGNORECASE,
)
_AFTER_SHEET = re.compile(
    r"[\s:=]*(?:(?:named|called|number|no\.?|nr\.?|namens|nommée|llamada)\s+)?"
    r"(?:[\"'«“„](?P<quoted>[^\"'»“”\n]{1,40})[\"'»“”]|(?P<word>[\w-]+))"
)
_WORKBOOK = re.compile(r"\.(?:xls[xmb]?|ods)\b", re.IGNORECASE)


def file_spans(text: Text) -> list[Span]:
    """Return where file names stand, and the sheets of workbooks."""
    return sorted([*file_names(text), *sheet_spans(text)])


def file_names(text: Text) -> list[Span]:
    """Return where file names stand."""
    quoted = [Span(*m.span(1)) for m in _QUOTED.finditer(text.raw)]
    for pattern in (_PLAIN, _PLAIN_UNICODE):
        found = [Span(*m.span()) for m in pattern.finditer(text.raw)]
        quoted += [s for s in found if not any(s.overlaps(q) for q in quoted)]
    return sorted(quoted)


def sheet_spans(text: Text) -> dict[Span, str]:
    """Map where words name a sheet of a workbook to its name: 'sheet "2024"', "2024 sheet"."""
    found: dict[Span, str] = {}
    for span in text.find(words("wishes")["sheet"]) if _WORKBOOK.search(text.raw) else ():
        before = re.search(r"(\S+)\s$", text.raw[: span.start])
        if after := _AFTER_SHEET.match(text.raw, span.end):
            found[Span(span.start, after.end())] = after["quoted"] or after["word"]
        elif before:
            found[Span(before.start(), span.end)] = before[1]
    return found


def read_file(text: Text, directory: Path) -> Reading:
    """Claim `data.path`, relative to `directory` as the user wrote it."""
    reading = Reading()
    blanks = _with_blanks(text, directory)
    spans = [*blanks, *(s for s in file_names(text) if not any(s.overlaps(b) for b in blanks))]
    names = list(dict.fromkeys(text.raw[s.start : s.end] for s in sorted(spans)))
    there = [n for n in (_existing(directory, name) for name in names) if n]
    if there:
        quote = next(n for n in names if _existing(directory, n) == there[-1])
        if len(set(there)) > 1:
            named = " and ".join(dict.fromkeys(there))
            reading.contradict("data.path", f"Several files are named: {named}.")
        reading.notes += [
            f"There is no file {n}: {there[-1]} alone is read."
            for n in names
            if not _existing(directory, n)
        ]
        reading.add("data.path", Claim(there[-1], quote))
    elif names:
        meant = _misspelt(directory, names[-1])
        if meant:
            reading.notes.append(f"There is no file {names[-1]}; {meant} was meant.")
        reading.add("data.path", Claim(meant or names[-1], names[-1]))
    elif folder := _folder(text, directory):
        path, tables = at(Path(), folder), tables_in(at(directory, folder))
        if len(tables) == 1:
            reading.notes.append(f"{tables[0]} is the only table in {folder}.")
            path /= tables[0]
        reading.add("data.path", Claim(str(path), folder))
    else:
        _unnamed(text, directory, reading)
    return reading


def _folder(text: Text, directory: Path) -> str | None:
    """Return the folder that the words name, with a slash in it as a path has."""
    for word in text.raw.split():
        name = word.lstrip("\"'(“«").rstrip("\"'.,;:!?)”»")
        if "/" in name and re.search(r"\w", name) and at(directory, name).is_dir():
            return name
    return None


def at(directory: Path, name: str) -> Path:
    """Return where `name` is; a `~` that is nobody's home stands for itself."""
    try:
        return directory / Path(name).expanduser()
    except RuntimeError:
        return directory / name


def _with_blanks(text: Text, directory: Path) -> list[Span]:
    """Return where tables of `directory` stand whose names hold blanks, also without quotes."""
    names = [fold(t) for t in tables_in(directory) if " " in t]
    here = [Span(*m.span()) for n in names for m in re.finditer(re.escape(n), text.folded)]
    return here or list(_paths_with_blanks(text, directory))


def _paths_with_blanks(text: Text, directory: Path) -> Iterator[Span]:
    """Yield the longest paths that lie there: "my data/of last year.csv"."""
    for match in re.finditer(rf"\S+\.(?:{_ENDINGS})(?!\w)", text.raw, re.IGNORECASE):
        words = [m.end() for m in re.finditer(r"(?:^|\s)[\"'(]?", text.raw[: match.start()])]
        for start in words[-8:]:
            name = text.raw[start : match.end()]
            with suppress(OSError):
                if "/" in name and " " in name and at(directory, name).is_file():
                    yield Span(start, match.end())
                    break


def _existing(directory: Path, name: str) -> str | None:
    """Return `name` as it lies in `directory`, upper and lower case forgiven; None without it."""
    file, sheet = split_sheet(name)
    if sheet:
        found = _existing(directory, str(file))
        return f"{found}#{sheet}" if found else None
    path = at(directory, name)
    if path.exists():
        return str(Path(name)) if not name.startswith("~") else str(path)
    if not path.parent.is_dir():
        return None
    same = [f.name for f in path.parent.iterdir() if f.name.casefold() == path.name.casefold()]
    return str(Path(name).with_name(same[0])) if len(same) == 1 else None


def _misspelt(directory: Path, name: str) -> str | None:
    """Return the one table beside the missing file whose name differs by a slip, never a digit."""
    from rapidfuzz.distance import DamerauLevenshtein as Distance

    path = at(directory, str(split_sheet(name)[0]))
    said = fold(path.name)
    near = [
        table
        for table in (tables_in(path.parent) if path.parent.is_dir() else ())
        if re.findall(r"\d", said) == re.findall(r"\d", table)
        and Distance.distance(said, fold(table)) <= (1 if len(_stem(said)) < 7 else 2)
    ]
    return str(Path(name).with_name(near[0])) if len(near) == 1 and len(_stem(said)) >= 4 else None


def _unnamed(text: Text, directory: Path, reading: Reading) -> None:
    tables = tables_in(directory)
    said = [t for t in tables if _said(text, t)]
    if len(said) == 1:
        span = next(text.find([_stem(said[0])]))
        reading.add("data.path", Claim(said[0], text.quote(span)))
    elif len(tables) == 1:
        where = f"{tables[0]} is the only table here"
        reading.add("data.path", Claim(tables[0], where, origin="your data"))
    elif tables:
        few = ", ".join(tables[:6])
        reading.contradict("data.path", f"No file is named, and several tables lie here: {few}.")
    else:
        reading.contradict("data.path", "No file is named, and no table lies in this directory.")


def _stem(name: str) -> str:
    return re.sub(r"(\.[a-z]+)+$", "", fold(name))


def _said(text: Text, table: str) -> bool:
    stem = _stem(table)
    return len(stem) >= 3 and any(True for _ in text.find([stem]))

"""Settles which table is meant, and of a workbook which sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.intake.claims import Claim, Question
from agent.intake.files import at, file_names, read_file, sheet_spans
from agent.intake.interview import Interview
from agent.intake.text import Text, fold
from evals.tables import tables_in
from evals.workbooks import split_sheet, tables_of


def table_named(text: Text, interview: Interview, directory: Path) -> Claim:
    """Return the table that is meant, a file perhaps with a sheet, as in "shop.xlsx#2024".

    Raises:
        InvalidTaskError: the words leave it open, and nobody can be asked.
        DataError: the workbook is damaged, or has no such sheet.
    """
    claim = _file(text, interview, directory)
    if claim.origin != "your words":
        interview.assume(f"No file is named; {claim.quote}.")
    return _with_sheet(claim, text, interview, directory)


def _file(text: Text, interview: Interview, directory: Path) -> Claim:
    reading = read_file(text, directory)
    for note in reading.notes:
        interview.assume(note)
    for name, sentence in reading.contradictions:
        tables = tuple(tables_in(directory))
        question = Question(name, sentence, tables, tables[0] if tables else "")
        answer = interview.settle(question, "Name one file in the description.")
        reading.add(name, Claim(answer, f"your answer: {answer}"))
    return reading.claims["data.path"]


def _with_sheet(claim: Claim, text: Text, interview: Interview, directory: Path) -> Claim:
    """Add the sheet that the words name; of several tables that nobody chose, ask for one."""
    path, sheet = split_sheet(claim.value)
    if sheet or not (tables := tables_of(at(directory, str(path)))):
        return claim
    said = sheet_said(text, tables)
    if said:
        return Claim(f"{path}#{said}", f"{claim.quote}, {said}", origin=claim.origin)
    if len(tables) == 1:
        return claim
    sentence = f"Several sheets of {path.name} hold tables: {', '.join(tables[:8])}."
    question = Question("data.path", sentence, tuple(tables), tables[0])
    answer = interview.settle(question, f"Say which, such as {path.name}#{tables[0]}.")
    return Claim(f"{path}#{answer}", f"your answer: {answer}")


def sheet_said(text: Text, tables: Sequence[str]) -> str:
    """Return the sheet that the words name, "" where they name none.

    That is what stands beside a word for sheets, in quotes or a number also where no table is
    called so, else the one name of a table that stands anywhere but in a file's name.
    """
    names = {fold(t).strip(): t for t in tables}
    for span, said in sheet_spans(text).items():
        if fold(said) in names:
            return names[fold(said)]
        if said.isdigit() or f'"{fold(said)}"' in text.folded[span.start : span.end]:
            return said
    files = file_names(text)
    found = [
        table
        for name, table in names.items()
        if any(not any(s.overlaps(f) for f in files) for s in text.find([name]))
    ]
    return found[0] if len(found) == 1 else ""

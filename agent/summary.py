"""What is printed when a run ends, and by `plaintune show`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from agent.advice_view import contribution
from agent.beliefs_view import BeliefRow, belief_rows
from agent.explain import Story, stories
from agent.origins import origin_style
from agent.recipe import recipe
from agent.study_view import StudyView, account, origin_rows, trial_rows
from agent.verdicts import verdicts


def summary(view: StudyView, directory: Path | None = None) -> RenderableType:
    """Return the end of a run in words: the best configuration, why it won, where the files are."""
    best = view.best
    parts: list[RenderableType] = [Text(line) for line in verdicts(view)]
    if best is not None:
        if copied := recipe(view.task, best.config):
            line = Text(copied, "bold", no_wrap=True, overflow="ignore")
            parts += [Text("To use it:", "dim"), line]
        parts.append(_stories(stories(view.task, view.trials, best)))
        if best.rationale:
            label = origin_style(best.origin)[0]
            parts.append(Text(f"Reason given by its proposer ({label}): {best.rationale}", "dim"))
    parts.append(_origins(view))
    parts += [_beliefs(rows)] if (rows := belief_rows(view)) else []
    parts += [Text(line, "dim") for line in account(view)]
    if sentence := contribution(view):
        parts.append(Text(sentence, "dim"))
    parts += [Text(note, "yellow") for note in view.outcome.notes]
    if directory is not None:
        parts.append(_files(view, directory))
    parts.append(Text(_times(view.outcome.seconds), "dim"))
    return Group(*parts)


def _stories(told: Sequence[Story]) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("parameter", "best", "default", "matters"):
        side: JustifyMethod = "left" if name == "parameter" else "right"
        table.add_column(name, justify=side, overflow="fold")
    table.add_column("what the Gaussian process says of the change")
    for s in told:
        add_row(table, s.name, Text(s.best, "bold"), s.default, s.share, s.says)
    return table if told else Text("")


def _origins(view: StudyView) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("proposed by")
    for name in ("trials", "best", "improved the best", "failed or pruned"):
        table.add_column(name, justify="right")
    for row in origin_rows(view):
        label, colour, _ = origin_style(row.origin)
        numbers = (str(row.trials), row.best, str(row.improved), str(row.lost))
        table.add_row(Text(label, colour), *numbers)
    return table


def _beliefs(rows: Sequence[BeliefRow]) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("believed beforehand", "after these trials"):
        table.add_column(name, overflow="fold")
    for row in rows:
        add_row(table, row.belief, row.verdict)
    return table


def _files(view: StudyView, directory: Path) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for what, name in view.outcome.files.items():
        add_row(table, Text(what, "dim"), str(directory / name))
    return table


def _times(seconds: dict[str, float]) -> str:
    return " · ".join(f"{part} {taken:.1f} s" for part, taken in seconds.items())


def trial_table(view: StudyView) -> RenderableType:
    """Return all trials of a study as a table."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    scores = " / ".join(o.metric for o in view.task.objectives)
    for name in ("trial", "origin", "state", scores, "s", "configuration"):
        table.add_column(Text(name), overflow="fold")
    for row in trial_rows(view):
        label, colour, _ = origin_style(row.origin)
        cells = (str(row.number), Text(label, colour), row.state, row.value, row.seconds)
        style = "bold" if row.is_best else ""
        add_row(table, *cells, Text.assemble(row.config, (row.why_lost, "dim")), style=style)
    return table


def add_row(table: Table, *cells: str | Text, style: str = "") -> None:
    """Add a row whose words are the user's own: square brackets in them are no markup."""
    table.add_row(*(Text(c) if isinstance(c, str) else c for c in cells), style=style)

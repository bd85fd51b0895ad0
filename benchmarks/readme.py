"""The README's section on a suite, from the packed results: its numbers are never typed by hand.

What stands between two marker comments is replaced; everything else in the file stays as it is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import report, results, statistics
from benchmarks.report import ALL, OURS
from benchmarks.statistics import Curves
from prompts.errors import UserError

README = Path(__file__).parent.parent / "README.md"
BEGIN = "<!-- suite {0}: what follows is written by `python -m benchmarks readme {0}` -->"
END = "<!-- suite {0}: end -->"
SHOWN = (10, 20, 30)
LABELS = {
    "plaintune-gp": "**plaintune, GP only**",
    "optuna-gp": "Optuna GP",
    "optuna-tpe": "Optuna TPE",
    "optuna-cmaes": "Optuna CMA-ES",
    "botorch": "plain BoTorch",
    "ax": "Ax",
    "smac": "SMAC",
    "hebo": "HEBO",
    "default+random": "random after the default",
    "random": "random, no default",
}
TITLES = {
    "tables": "Tables of real trainings",
    "sklearn": "scikit-learn tasks",
    "functions": "Functions (BBOB)",
    "mixed": "Mixed and conditional spaces",
    ALL: "All of them",
}


def write(
    suite: str,
    arms: Sequence[str] = (),
    ours: str = OURS,
    root: Path | None = None,
    readme: Path = README,
) -> Path:
    """Write the section into `readme`, and report and figures first; return `readme`.

    Raises:
        UserError: the suite has no packed results, or `readme` has no place for them.
    """
    frame = results.packed(suite, root)
    begin, end = BEGIN.format(suite), END.format(suite)
    before, after = _around(readme, begin, end)
    folder = (root or results.ROOT) / suite
    report.write(suite, arms, ours, root)
    text = section(suite, statistics.normalised(frame), arms, ours, _link(folder, readme))
    readme.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")
    return readme


def _around(readme: Path, begin: str, end: str) -> tuple[str, str]:
    text = readme.read_text(encoding="utf-8")
    before, begun, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not begun or not ended:
        raise UserError(
            f"{readme} does not say where the results belong.",
            hint=f"Put these two lines where they should stand:\n{begin}\n{end}",
        )
    return before, after


def _link(folder: Path, readme: Path) -> str:
    return Path(os.path.relpath(folder, readme.parent)).as_posix()


def section(suite: str, frame: pd.DataFrame, arms: Sequence[str], ours: str, link: str) -> str:
    """Return the section on normalised results; its figures lie in the folder `link`."""
    found = report.comparisons(frame, arms, ours)
    parts = [_introduction(suite, frame, link)]
    for name in [n for n in TITLES if n in found] + [n for n in found if n not in TITLES]:
        figure = report.figure_of(name)
        title = TITLES.get(name, name)
        parts.append(f"**{title}** ({report.counted(found[name][0])})")
        if name != ALL:
            parts.append(f"![{title}: regret over evaluations]({link}/{figure})")
        parts.append(_table(found[name][0], frame, ours))
        parts.append("\n".join(report.standings({name: found[name]}, ours)))
    return "\n\n".join(p for p in parts if p) + "\n"


def _introduction(suite: str, frame: pd.DataFrame, link: str) -> str:
    tasks = frame.task.nunique()
    return f"""Without the language model, the search itself against its peers, {tasks} tasks, up to
{frame.trial.max()} evaluations, the same five
starting points for all but `random`. Mean regret of the incumbent with 95 % intervals over seeds: 0
is the optimum, 1 the median random configuration. A table compares pairs of task and seed that all
of its arms finished; wins, ties and losses are ours against that arm after {SHOWN[-1]}. p is \
Wilcoxon's,
Holm-corrected over the peers, over pairs and (pairs of one task are not independent) over tasks.
[Every budget, versions, machine, failures]({link}/report.md); newest run {frame.date.max()[:10]},
written by `python -m benchmarks readme {suite}`."""


def _table(found: Curves, frame: pd.DataFrame, ours: str) -> str:
    budgets = [b for b in report.budgets_of(found) if b in SHOWN] or report.budgets_of(found)
    versus = f"{LABELS.get(ours, ours).strip('*')}: wins / ties / losses"
    head = ["arm", *(f"after {b}" for b in budgets), "CPU s per suggestion", versus]
    known = ours in found.arms
    duels = {d.peer: d for d in statistics.duels(found, ours, budgets[-1])} if known else {}
    rows = []
    for i in report.ordered(found, budgets[-1]):
        arm = found.arms[i]
        own = report.finished(frame, found, i)
        seconds = own[own.suggest_s > 0].suggest_cpu_s.median()
        cells = [report.cell(found.at(b)[i], found, 3) for b in budgets]
        rest = report.score(duels[arm]) if arm in duels else ""
        speed = "–" if np.isnan(seconds) else f"{seconds:.3f}"
        rows.append([LABELS.get(arm, arm), *cells, speed, rest])
    return report.table(head, rows).rstrip()

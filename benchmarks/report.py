"""Markdown tables and a figure from the results of a suite; losses stand beside wins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import results, statistics
from benchmarks.arms.base import N_START
from benchmarks.statistics import Curves
from benchmarks.suites import BUDGETS

OURS = "plaintune-gp"
ALL = "all groups"


def write(suite: str, arms: Sequence[str] = (), ours: str = OURS, root: Path | None = None) -> Path:
    """Write `report.md` and `regret.png` beside the results of `suite`; return the former."""
    frame = statistics.normalised(results.load(suite, root))
    chosen = [a for a in arms or sorted(frame.arm.unique()) if a in set(frame.arm)]
    chosen = [a for a in chosen if not _hopeless(frame, a)]
    found = {name: _curves(part, chosen) for name, part in _groups(frame)}
    found = {name: c for name, c in found.items() if len(c.tasks)}
    folder = (root or results.ROOT) / suite
    parts = [_heading(suite, frame, found[ALL]), _failures(frame)]
    parts += [_section(name, c, frame, ours) for name, c in found.items()]
    (folder / "report.md").write_text("\n".join(p for p in parts if p), encoding="utf-8")
    draw(found, folder / "regret.png")
    return folder / "report.md"


def _groups(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(ALL, frame), *((str(g), part) for g, part in frame.groupby("group"))]


def _hopeless(frame: pd.DataFrame, arm: str) -> bool:
    return bool((frame[frame.arm == arm].error != "").all())


def _curves(frame: pd.DataFrame, arms: Sequence[str]) -> Curves:
    done = frame[(frame.error == "") & frame.arm.isin(arms)]
    trials = int(done.groupby(["arm", "task", "seed"]).trial.max().min()) if len(done) else 1
    return statistics.curves(frame, arms, trials)


def _heading(suite: str, frame: pd.DataFrame, found: Curves) -> str:
    newest = frame.date.max()
    versions = "\n".join(
        f"- {arm}: {', '.join(sorted(part.version.unique()))}"
        for arm, part in frame.groupby("arm")
        if arm in found.arms
    )
    absent = sorted(set(frame.arm) - set(found.arms))
    option = f" --arms {','.join(found.arms)}" if absent else ""
    note = f"\nNot shown, for too few or no finished runs: {', '.join(absent)}.\n" if absent else ""
    return f"""# Suite `{suite}`

Made by `python -m benchmarks run --suite {suite}` and
`python -m benchmarks report {suite}{option}`.
{len(np.unique(found.tasks))} tasks, {len(found.tasks)} pairs of task and seed that every arm
finished, {found.regret.shape[2]} evaluations each. {"; ".join(sorted(frame.machine.unique()))};
newest run {newest}.

Regret is that of the incumbent: 0 the optimum, 1 the median of random configurations (clipped
there). Every arm starts from the same default and random points, {N_START} in all; `random` has no
start. Means over tasks, 95 % bootstrap intervals over seeds. Seconds are processor time.

{versions}
{note}"""


def _failures(frame: pd.DataFrame) -> str:
    failed = frame[frame.error != ""].drop_duplicates(["arm", "task", "seed"])
    if not len(failed):
        return ""
    lines = [
        f"- **{arm} failed** in {len(part)} of {len(frame[frame.arm == arm].key.unique())} runs: "
        f"{part.error.iloc[0][:160]}"
        for arm, part in failed.groupby("arm")
    ]
    return "\n".join(["## Failed", "", *lines, ""])


def _section(name: str, found: Curves, frame: pd.DataFrame, ours: str) -> str:
    budgets = [b for b in BUDGETS if N_START < b <= found.regret.shape[2]]
    head = [f"regret @{b}" for b in budgets] + ["area", "rank", "s / suggestion (p95)", "repeats"]
    order = np.argsort([statistics.mean_of(v, found.tasks) for v in found.at(budgets[-1])])
    rows = [_row(found, int(i), budgets, frame) for i in order]
    count = f"{len(np.unique(found.tasks))} tasks, {len(found.tasks)} pairs"
    table = _table(["arm", *head], rows)
    return f"## {name} ({count})\n\n{table}\n{_duels(found, ours, budgets)}"


def _row(found: Curves, i: int, budgets: Sequence[int], frame: pd.DataFrame) -> list[str]:
    cells = []
    for values in (*(found.at(b)[i] for b in budgets), found.area()[i]):
        low, high = statistics.interval(values, found.tasks)
        cells.append(f"{statistics.mean_of(values, found.tasks):.4f} [{low:.4f}, {high:.4f}]")
    own = frame[(frame.arm == found.arms[i]) & frame.task.isin(found.tasks) & (frame.error == "")]
    seconds = own[own.suggest_s > 0].suggest_cpu_s
    rank = statistics.ranks(found.at(budgets[-1]))[i]
    speed = f"{seconds.median():.3f} ({seconds.quantile(0.95):.3f})"
    return [found.arms[i], *cells, f"{rank:.2f}", speed, f"{100 * own.repeat.mean():.1f} %"]


def _duels(found: Curves, ours: str, budgets: Sequence[int]) -> str:
    if ours not in found.arms:
        return ""
    rows = [
        [d.peer, str(b), f"{d.wins} / {d.ties} / {d.losses}", f"{d.difference:+.4f}", _p(d.p_value)]
        for b in budgets
        for d in statistics.duels(found, ours, b)
    ]
    head = [f"{ours} against", "at", "wins / ties / losses", "mean difference", "p (Holm)"]
    return "\n" + _table(head, rows)


def _p(value: float) -> str:
    return f"{value:.1e}" if value < 0.001 else f"{value:.3f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def draw(found: dict[str, Curves], target: Path) -> None:
    """Draw regret over evaluations, a panel per group, with 95 % intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5 * len(found), 4), layout="constrained")
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, (name, c) in zip(panels, found.items(), strict=True):
        _panel(axes, name, c)
    figure.savefig(target, dpi=110)


def _panel(axes: object, name: str, found: Curves) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    x = np.arange(N_START, found.regret.shape[2] + 1)
    for arm, regret in zip(found.arms, found.regret, strict=True):
        mean = [statistics.mean_of(regret[:, t - 1], found.tasks) for t in x]
        low, high = np.transpose([statistics.interval(regret[:, t - 1], found.tasks) for t in x])
        (line,) = axes.plot(x, mean, label=arm, linewidth=2.5 if arm == OURS else 1.2)
        axes.fill_between(x, low, high, color=line.get_color(), alpha=0.1, linewidth=0)
    axes.set(title=name, xlabel="evaluations", ylabel="mean normalised regret", yscale="log")
    axes.legend(fontsize=7)

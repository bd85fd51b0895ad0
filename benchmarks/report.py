"""Markdown tables and figures from the results of a suite; losses stand beside wins.

Arms differ in how many runs they finished and how far these go. So each group of tasks has one
comparison of all arms, on the pairs and evaluations that all of them reach, and where there is more
a second one of the arms that go as far as ours (`statistics.blocks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import figures, held_out, results, statistics
from benchmarks.arms.base import N_START
from benchmarks.statistics import Curves, Duel
from benchmarks.suites import BUDGETS

OURS = "plaintune-gp"
ALL = "all groups"
SIGNIFICANT = 0.05
STANDING = (
    f"Ahead or behind: p below {SIGNIFICANT} over pairs, the first in brackets; the second is over "
    "tasks."
)
_EPOCHS = """
An evaluation is a full training's worth of epochs here, shared by the trials that were stopped; the
seconds are those of all suggestions in it, and a repeat is one among them.
"""
Blocks = dict[str, list[Curves]]


def write(suite: str, arms: Sequence[str] = (), ours: str = OURS, root: Path | None = None) -> Path:
    """Write `report.md` and a figure per group beside the results of `suite`; return the former.

    Raises:
        UserError: the suite has no packed results.
    """
    frame = statistics.normalised(results.packed(suite, root))
    found = comparisons(frame, arms, ours)
    folder = (root or results.ROOT) / suite
    parts = [_heading(suite, frame, found, ours), _failures(frame)]
    parts += [f"## Where {ours} stands\n\n{STANDING}\n", *standings(found, ours), "\n"]
    for name, blocks in found.items():
        figures.draw(name, blocks, ours, folder / figure_of(name))
        parts += [f"## {name}\n\n![regret over evaluations]({figure_of(name)})\n"]
        parts += [section(c, frame, ours) for c in blocks]
    parts += [held_out.section(frame, c.arms) for c in found[ALL]]
    (folder / "report.md").write_text("\n".join(p for p in parts if p), encoding="utf-8")
    return folder / "report.md"


def figure_of(group: str) -> str:
    """Return the name of the figure of a group of tasks."""
    return "regret.png" if group == ALL else f"regret-{group}.png"


def comparisons(frame: pd.DataFrame, arms: Sequence[str], ours: str) -> Blocks:
    """Return per group, all groups first, what can be compared; without arms that never finish."""
    known = set(frame.arm)
    chosen = [a for a in arms or sorted(known) if a in known and not _hopeless(frame, a)]
    groups = [(ALL, frame), *((str(g), part) for g, part in frame.groupby("group"))]
    found = {name: statistics.blocks(part, chosen, ours) for name, part in groups}
    return {name: blocks for name, blocks in found.items() if blocks}


def _hopeless(frame: pd.DataFrame, arm: str) -> bool:
    return bool((frame[frame.arm == arm].error != "").all())


def _heading(suite: str, frame: pd.DataFrame, found: Blocks, ours: str) -> str:
    shown = list(dict.fromkeys(arm for c in found[ALL] for arm in c.arms))
    parts = {arm: part for arm, part in frame.groupby("arm") if arm in shown}
    versions = "\n".join(
        f"- {arm}: {', '.join(sorted(part.version.unique()))}; {part.key.nunique()} runs"
        for arm, part in parts.items()
    )
    absent = sorted(set(frame.arm) - set(shown))
    option = f" --arms {','.join(shown)}" if absent else ""
    option += f" --ours {ours}" if ours != OURS else ""
    note = f"\nNot shown: {', '.join(absent)}.\n" if absent else ""
    return f"""# Suite `{suite}`

Made by `python -m benchmarks run --suite {suite}` and
`python -m benchmarks report {suite}{option}`.
{frame.task.nunique()} tasks; {"; ".join(sorted(frame.machine.unique()))}; newest run
{frame.date.max()}.

Regret is that of the incumbent: 0 the optimum, 1 the median of random configurations (clipped
there). Every arm starts from the same default and random points, {N_START} in all, but for
`random`, which has no start, and those of ours with a model or a portfolio, which get the default
only.
Means over tasks, 95 % bootstrap intervals over seeds. Seconds are processor time. A pair is
a task and a seed; a comparison counts only pairs that all of its arms finished. p is Wilcoxon's
signed rank, Holm-corrected over the peers: over pairs, and over tasks (pairs of one task are not
independent).
{_EPOCHS if stopped(frame) else ""}
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


def standings(found: Blocks, ours: str) -> list[str]:
    """Return a line per comparison: how ours does against the best peer, and whom it beats."""
    return [
        standing(name, c, ours)
        for name, blocks in found.items()
        for c in blocks
        if ours in c.arms and len(c.arms) > 1
    ]


def standing(name: str, found: Curves, ours: str) -> str:
    """Return where `ours` stands at the comparison's last budget of 30 or less, else its last."""
    budget = last_budget(found, 30) if found.regret.shape[2] <= 30 else last_budget(found)
    means = dict(zip(found.arms, _means(found, budget), strict=True))
    peer = min((a for a in found.arms if a != ours), key=means.__getitem__)
    duels = statistics.duels(found, ours, budget)
    return (
        f"- **{name}** after {budget} ({counted(found)}): {_gap(means[ours], means[peer])} than "
        f"the best peer's, {peer} ({means[ours]:.4f} against {means[peer]:.4f}). {_verdicts(duels)}"
    )


def _gap(own: float, best: float) -> str:
    if best <= 0:
        return "the same" if own <= 0 else "higher"
    share = 100 * (1 - own / best)
    return f"mean regret {abs(share):.0f} % {'lower' if share >= 0 else 'higher'}"


def _verdicts(duels: Sequence[Duel]) -> str:
    ahead = [d for d in duels if d.p_value < SIGNIFICANT and d.difference < 0]
    behind = [d for d in duels if d.p_value < SIGNIFICANT and d.difference > 0]
    rest = [d for d in duels if d not in ahead and d not in behind]
    kinds = {"Ahead of": ahead, "Behind": behind, "Not told apart from": rest}
    return " ".join(
        f"{words} {', '.join(f'{d.peer} (p {_p(d.p_value)}, {_p(d.p_tasks)})' for d in some)}."
        for words, some in kinds.items()
        if some
    )


def last_budget(found: Curves, limit: int = max(BUDGETS)) -> int:
    """Return the largest of the suites' budgets that `found` reaches, at most `limit`."""
    return max(budgets_of(found, limit))


def budgets_of(found: Curves, limit: int = max(BUDGETS)) -> list[int]:
    """Return the budgets to report: those that `found` reaches after the common start."""
    reached = found.regret.shape[2]
    return [b for b in BUDGETS if N_START < b <= min(reached, limit)] or [reached]


def counted(found: Curves) -> str:
    """Return how much a comparison rests on."""
    return f"{len(np.unique(found.tasks))} tasks, {len(found.tasks)} pairs"


def _means(found: Curves, budget: int) -> list[float]:
    return [statistics.mean_of(v, found.tasks) for v in found.at(budget)]


def section(found: Curves, frame: pd.DataFrame, ours: str) -> str:
    """Return the table of a comparison, and ours against each other arm."""
    budgets = budgets_of(found)
    head = [f"regret @{b}" for b in budgets] + ["area", "rank", "s / suggestion (p95)", "repeats"]
    head += ["trials / stopped a run"] if stopped(frame) else []
    head += ["LLM calls / tokens / s a run"] if asked(frame) else []
    rows = [_row(found, i, budgets, frame) for i in ordered(found, budgets[-1])]
    title = f"### {len(found.arms)} arms to {found.regret.shape[2]} evaluations ({counted(found)})"
    return f"{title}\n\n{table(['arm', *head], rows)}\n{_duels(found, ours, budgets)}"


def ordered(found: Curves, budget: int) -> list[int]:
    """Return the places of the arms, the lowest mean regret after `budget` first."""
    return [int(i) for i in np.argsort(_means(found, budget), kind="stable")]


def _row(found: Curves, i: int, budgets: Sequence[int], frame: pd.DataFrame) -> list[str]:
    cells = [cell(v, found, 4) for v in (*(found.at(b)[i] for b in budgets), found.area()[i])]
    own = finished(frame, found, i)
    seconds = own[own.suggest_s > 0].suggest_cpu_s
    rank = statistics.ranks(found.at(budgets[-1]))[i]
    speed = f"{seconds.median():.3f} ({seconds.quantile(0.95):.3f})"
    told = [_begun(own)] if stopped(frame) else []
    told += [_usage(own)] if asked(frame) else []
    return [found.arms[i], *cells, f"{rank:.2f}", speed, f"{100 * own.repeat.mean():.1f} %", *told]


def stopped(frame: pd.DataFrame) -> bool:
    """Return whether any trial of `frame` was stopped early."""
    return "stopped" in frame and bool((frame.stopped.fillna(0) > 0).any())


def _begun(own: pd.DataFrame) -> str:
    """Return the means over whole runs, however far they are looked at."""
    mean = own.drop_duplicates("key")[["started", "stopped"]].mean()
    return f"{mean.started:.0f} / {mean.stopped:.0f}"


def asked(frame: pd.DataFrame) -> bool:
    """Return whether any arm of `frame` asked a language model."""
    return "llm_calls" in frame and bool((frame.llm_calls.fillna(0) > 0).any())


def _usage(own: pd.DataFrame) -> str:
    """Return the means over whole runs, however far they are looked at."""
    mean = own.drop_duplicates("key")[["llm_calls", "llm_tokens", "llm_s"]].fillna(0).mean()
    return f"{mean.llm_calls:.1f} / {mean.llm_tokens:.0f} / {mean.llm_s:.0f}" if mean.any() else "–"


def finished(frame: pd.DataFrame, found: Curves, i: int) -> pd.DataFrame:
    """Return the trials of arm `i` on the tasks of a comparison, up to its last evaluation."""
    own = frame[(frame.arm == found.arms[i]) & frame.task.isin(found.tasks) & (frame.error == "")]
    return own[own.trial <= found.regret.shape[2]]


def cell(values: statistics.Array, found: Curves, digits: int) -> str:
    """Return a mean and its interval, which one seed per task does not give."""
    low, high = statistics.interval(values, found.tasks)
    mean = statistics.mean_of(values, found.tasks)
    if len(np.unique(found.tasks)) == len(found.tasks):
        return f"{mean:.{digits}f} [one seed]"
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _duels(found: Curves, ours: str, budgets: Sequence[int]) -> str:
    if ours not in found.arms:
        return ""
    rows = [
        [d.peer, str(b), score(d), f"{d.difference:+.4f}", _p(d.p_value), _p(d.p_tasks)]
        for b in budgets
        for d in statistics.duels(found, ours, b)
    ]
    head = ["at", "wins / ties / losses", "mean difference", "p (pairs)", "p (tasks)"]
    return table([f"{ours} against", *head], rows)


def score(duel: Duel) -> str:
    """Return wins, ties and losses."""
    return f"{duel.wins} / {duel.ties} / {duel.losses}"


def _p(value: float) -> str:
    return f"{value:.1e}" if value < 0.001 else f"{value:.3f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)

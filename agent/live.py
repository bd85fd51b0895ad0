"""The live terminal view of a run: best so far, the trial in progress, who proposed what."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agent.advice_view import trust_meter
from agent.digits import readable
from agent.events import (
    AdviceArrived,
    Event,
    Note,
    RunStarted,
    TrialFinished,
    TrialReported,
    TrialStarted,
)
from agent.explain import default_trial, other_scores
from agent.origins import origin_style
from agent.study_view import configuration, score_digits
from agent.summary import add_row
from evals.failures import kind_of_end
from evals.objectives import gains, incumbent
from evals.task import Task
from evals.trials import Trial, TrialState

BARS = "▁▂▃▄▅▆▇█"
RECENT = 8


def sparkline(task: Task, trials: Sequence[Trial], width: int = 40) -> str:
    """Return the regret of the best so far to the best of all, one bar per trial, falling to ▁."""
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    if not complete:
        return ""
    best = np.maximum.accumulate(gains(task, complete)[:, 0])
    if len(best) > width:
        best = best[np.linspace(0, len(best) - 1, width).round().astype(int)]
    regret = best[-1] - best
    scale = regret.max() or 1.0
    return "".join(BARS[round(r / scale * (len(BARS) - 1))] for r in regret)


def duration(seconds: float) -> str:
    """Return a duration as people say it: 42 s, 3 min 05 s, 1 h 12 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class LiveView:
    """A listener that redraws itself; use it as a context manager around a run."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._task: Task | None = None
        self._study = ""
        self._trials: dict[int, Trial] = {}
        self._running: dict[int, tuple[Trial, float, str]] = {}
        self._began = time.monotonic()
        self._tokens = 0
        self._said: set[str] = set()
        self._calls = 0
        self._live = Live(
            console=console, get_renderable=self.render, refresh_per_second=4, transient=True
        )

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take one event in; the next redraw shows it."""
        match event:
            case RunStarted():
                self._task, self._study = event.task, event.study
                self._trials = {t.number: t for t in event.trials}
                self._began = time.monotonic()
            case TrialStarted(trial):
                self._running[trial.number] = (trial, time.monotonic(), "")
            case TrialReported():
                self._report(event)
            case TrialFinished(trial):
                self._running.pop(trial.number, None)
                self._trials[trial.number] = trial
                self._say_why(trial)
            case AdviceArrived(call):
                self._calls += 1
                self._tokens += call.tokens
            case Note(text):
                self.console.print(text, markup=False)
            case _:
                return

    def _say_why(self, trial: Trial) -> None:
        """Print why a trial failed, once per kind of failure: the first one tells most."""
        if kind := kind_of_end(trial):
            if kind not in self._said and trial.evaluation:
                reason = trial.evaluation.reason
                self.console.print(f"trial {trial.number + 1} failed: {reason}", markup=False)
            self._said.add(kind)

    def _report(self, event: TrialReported) -> None:
        if event.number in self._running:
            trial, began, _ = self._running[event.number]
            said = f"step {event.step}: {readable(event.value)}"
            self._running[event.number] = (trial, began, said)

    def render(self) -> RenderableType:
        """Return the view as it stands."""
        if self._task is None:
            return Text("Getting ready …", style="dim")
        trials = [self._trials[n] for n in sorted(self._trials)]
        parts = [self._head(self._task, trials), self._recent(self._task, trials)]
        parts += [self._now(*running) for running in list(self._running.values())]
        if not self._running:
            parts.append(Text("▶ choosing the next configuration", style="bold"))
        if self._calls and trials:
            parts.append(Text(trust_meter(self._task, trials), style="dim"))
        return Group(*parts, self._left(self._task))

    def _head(self, task: Task, trials: Sequence[Trial]) -> RenderableType:
        best, default = incumbent(task, trials), default_trial(trials)
        digits = score_digits(trials)[0]
        text = Text.assemble(("best ", "dim"))
        if best is None:
            text.append("none yet")
        else:
            score = f"{task.objective.metric} {readable(best.values[0], digits)}"
            score += other_scores(task, best)
            text.append(score, style="bold green")
            text.append(f"  trial {best.number + 1}, by {origin_style(best.origin)[0]}", "dim")
            if default and default.values and default.number != best.number:
                text.append(f"  (default {readable(default.values[0], digits)})", "dim")
            text.append(f"\nregret {sparkline(task, trials)}", style="cyan")
            text.append(f"\n{configuration(best)}", style="dim")
        return text

    def _recent(self, task: Task, trials: Sequence[Trial]) -> RenderableType:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
        for name in ("trial", "origin", *(o.metric for o in task.objectives), "s"):
            table.add_column(Text(name), no_wrap=True)
        table.add_column("configuration", no_wrap=True, overflow="ellipsis", ratio=1)
        best, digits = incumbent(task, trials), score_digits(trials)[0]
        for trial in trials[-RECENT:]:
            label, colour, _ = origin_style(trial.origin)
            values: list[str] = [
                readable(v, 4 if i else digits) for i, v in enumerate(trial.values)
            ]
            values = values or [str(trial.state), *("" for _ in task.objectives[1:])]
            style = "bold" if best and best.number == trial.number else ""
            cells: list[str | Text] = [str(trial.number + 1), Text(label, colour), *values]
            cells.append(f"{trial.cost:.1f}")
            add_row(table, *cells, configuration(trial), style=style)
        return table

    def _now(self, trial: Trial, began: float, said: str) -> RenderableType:
        label, colour, _ = origin_style(trial.origin)
        return Text.assemble(
            (f"▶ trial {trial.number + 1} ", "bold"),
            (label, colour),
            f"  {duration(time.monotonic() - began)}  {said}\n  ",
            (configuration(trial), "dim"),
        )

    def _left(self, task: Task) -> RenderableType:
        budget, spent = task.budget, time.monotonic() - self._began
        parts = [f"{len(self._trials)} of {budget.trials or '∞'} trials", duration(spent)]
        if budget.seconds:
            parts.append(f"{duration(budget.seconds - spent)} left")
        elif budget.trials and self._trials:
            mean = float(np.mean([t.cost for t in self._trials.values()]))
            at_once = max(1, len(self._running))
            left = mean * (budget.trials - len(self._trials)) / at_once
            parts.append(f"about {duration(left)} left")
        tokens = f"{self._calls} LLM answers, {self._tokens:,} tokens"
        if budget.tokens is not None:
            tokens += f", {max(0, budget.tokens - self._tokens):,} left"
        return Text(" · ".join([*parts, tokens]) + " · Ctrl-C ends it cleanly", style="dim")

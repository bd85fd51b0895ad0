"""The report is one file, complete, and immune to what a user's columns are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from agent.advice_view import trust_meter, trust_series
from agent.events import AdviceArrived, Note, RunStarted, TrialFinished, TrialReported, TrialStarted
from agent.explain import marginal_of, stories
from agent.figures import history_figure, slice_figure
from agent.live import LiveView, sparkline
from agent.outcome import Outcome, Score
from agent.recipe import recipe
from agent.report import render_report, write_report
from agent.showing import show
from agent.study_view import StudyView, account, origin_rows, trial_rows
from agent.summary import summary, trial_table
from agent.verdicts import verdicts
from evals.space import Categorical, Condition, Float, Int, Ordinal, SearchSpace
from evals.task import Data, Objective, Program, Source, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.calls import CallRecord
from prompts.chat import Completion

HOSTILE = "<script>alert('x')</script>"
SPACE = SearchSpace(
    (
        Float("learning_rate", 1e-3, 1.0, log=True, default=0.1),
        Int("max_depth", 1, 12, default=6),
        Categorical("booster", ("gbtree", "dart"), default="gbtree"),
        Float("rate_drop", 0.0, 0.5, default=0.1, condition=Condition("booster", ("dart",))),
    )
)
TASK = Task(
    description=f"tune for {HOSTILE}",
    data=Data(path="a.csv", target=HOSTILE, kind="binary", positive="yes"),
    models=("xgboost",),
    space=SPACE,
    objectives=(Objective(metric="log_loss", direction="minimize"),),
    sources={"data.target": Source(origin="your words", quote=HOSTILE)},
)


def studied(count: int, failed: int = 1) -> list[Trial]:
    configs = [SPACE.default_config(), *SPACE.sample(np.random.default_rng(1), count)]
    trials = []
    for number, config in enumerate(configs[:count]):
        assert config is not None
        loss = abs(np.log10(float(config["learning_rate"])) + 2) + 0.1  # type: ignore[arg-type]
        evaluation = Evaluation(TrialState.COMPLETE, (loss,), (0.01,), cost=1.0)
        if number in range(3, 3 + failed):
            evaluation = Evaluation(TrialState.FAILED, reason=f"ran out of memory {HOSTILE}")
        origin = "default" if number == 0 else ("llm" if number % 2 else "surrogate")
        suggestion = Suggestion(config, origin, rationale=f"because {HOSTILE}")
        trials.append(Trial(number, suggestion, evaluation))
    return trials


@pytest.mark.parametrize("count", [0, 1, 2, 12])
def test_report_opens_offline_and_escapes(tmp_path: Path, count: int) -> None:
    view = StudyView("demo", TASK, studied(count))
    text = write_report(view, tmp_path / "report.html").read_text(encoding="utf-8")
    page = text.split("</script>", 1)[1]
    assert HOSTILE not in page
    assert 'src="http' not in text
    assert "<link" not in page
    assert list(tmp_path.iterdir()) == [tmp_path / "report.html"]


def test_report_says_what_mattered() -> None:
    page = render_report(StudyView("demo", TASK, studied(14)), snippet="import joblib")
    assert "learning_rate" in page
    assert "by the change" in page
    assert "ran out of memory" in page
    assert "import joblib" in page


def test_verdicts_name_noise_and_direction() -> None:
    outcome = Outcome(
        test=(Score(metric="log_loss", value=0.30, std=0.01),),
        default_test=(Score(metric="log_loss", value=0.50, std=0.01),),
    )
    said = verdicts(StudyView("demo", TASK, studied(12), outcome=outcome))
    assert any("better by 0.2." in s and "never saw" in s for s in said)
    close = outcome.model_copy(update={"test": (Score(metric="log_loss", value=0.49, std=0.01),)})
    said = verdicts(StudyView("demo", TASK, studied(12), outcome=close))
    assert any("within the noise" in s for s in said)
    assert "No trial completed" in verdicts(StudyView("demo", TASK, []))[0]


def test_every_trial_and_origin_is_listed_truly() -> None:
    trials = studied(10)
    rows = origin_rows(StudyView("demo", TASK, trials))
    assert {r.origin: r.trials for r in rows} == {"default": 1, "llm": 5, "surrogate": 4}
    assert sum(r.lost for r in rows) == 1
    assert [r.number for r in trial_rows(StudyView("demo", TASK, trials))] == list(range(1, 11))


def test_account_adds_up_what_the_llm_cost() -> None:
    answer = Completion("{}", "m", prompt_tokens=100, cached_tokens=80, completion_tokens=20)
    calls = [
        CallRecord("warmstart", 0, "m", "h", answers=(answer,), accepted=3, seconds=2.0),
        CallRecord("propose", 4, "m", "h", error="timed out", rejected=("C is missing.",)),
    ]
    said = " ".join(account(StudyView("demo", TASK, studied(4), calls)))
    assert "asked 2 times" in said
    assert "80 %" in said
    assert "timed out" in said
    assert "1 were rejected" in said
    assert account(StudyView("demo", TASK, [])) == ["No language model was asked."]


def claimed(count: int) -> list[Trial]:
    claim = {"claim": {"parameter": "learning_rate", "move": "lower"}}
    return [
        replace(t, suggestion=replace(t.suggestion, details=claim)) if t.origin == "llm" else t
        for t in studied(count)
    ]


def test_report_checks_the_reasons_and_shows_trust() -> None:
    call = CallRecord("warmstart", 0, "m", "h", accepted=3, seconds=2.0)
    page = render_report(StudyView("demo", TASK, claimed(14), [call]))
    assert "Would it have worked without the language model?" in page
    assert "trials came from the language model" in page
    assert "learning_rate lower" in page
    assert "steps open to advice" in page
    assert HOSTILE not in page.split("</script>", 1)[1]
    silent = [t for t in studied(14) if t.origin != "llm"]
    assert "Would it have worked" not in render_report(StudyView("demo", TASK, silent))


def test_trust_falls_for_an_adviser_whose_trials_are_worse() -> None:
    trials = [
        replace(t, evaluation=Evaluation(TrialState.COMPLETE, (9.0 if t.origin == "llm" else 1.0,)))
        for t in studied(10)
    ]
    shares = [share for _, share in trust_series(TASK, trials)]
    assert len(shares) == 10
    assert shares[-1] < 0.2 * shares[0]
    assert "not asked for now" in trust_meter(TASK, trials)


def test_live_view_shows_trust_once_the_model_has_answered() -> None:
    console = Console(width=120, record=True, file=StringIO())
    live = LiveView(console)
    live(RunStarted(TASK, "demo", tuple(studied(9))))
    console.print(live.render())
    assert "trust in the language model" not in console.export_text(clear=True)
    live(AdviceArrived(CallRecord("warmstart", 0, "m", "h", accepted=3)))
    console.print(live.render())
    assert "trust in the language model" in console.export_text()


def test_live_view_follows_the_events() -> None:
    trials = studied(10)
    console = Console(width=120, record=True, file=StringIO())
    live = LiveView(console)
    live(RunStarted(TASK, "demo", tuple(trials[:9])))
    live(TrialStarted(replace(trials[9], evaluation=None)))
    live(TrialReported(9, 2, 0.5))
    console.print(live.render())
    said = console.export_text(clear=True)
    assert "trial 10" in said
    assert "step 2: 0.5" in said
    assert "9 of 30 trials" in said
    live(TrialFinished(trials[9], None))
    console.print(live.render())
    assert "10 of 30 trials" in console.export_text()


def test_live_view_says_once_why_trials_fail() -> None:
    console = Console(width=120, record=True, file=StringIO())
    live = LiveView(console)
    for trial in studied(8, failed=3):
        live(TrialFinished(trial, None))
    live(Note("see [red]this[/red]"))
    said = console.export_text()
    assert said.count("failed: ran out of memory") == 1 and "[red]this[/red]" in said


def test_sparkline_falls_to_the_best() -> None:
    bars = sparkline(TASK, studied(12))
    assert len(bars) == 11
    assert bars[0] == "█"
    assert bars[-1] == "▁"
    assert sparkline(TASK, []) == ""


def test_summary_tells_scores_origins_and_files(tmp_path: Path) -> None:
    console = Console(width=120, record=True, file=StringIO())
    outcome = Outcome(files={"model": "model.skops"}, seconds={"training": 3.0})
    view = StudyView("demo", TASK, studied(12), outcome=outcome)
    console.print(summary(view, tmp_path))
    console.print(trial_table(view))
    said = console.export_text()
    assert "model.skops" in said
    assert "language model" in said
    assert "training 3.0 s" in said


def printed(view: StudyView, width: int = 120) -> str:
    """What a terminal of that width shows of a study."""
    console = Console(width=width, record=True, file=StringIO())
    live = LiveView(console)
    live(RunStarted(view.task, view.name, tuple(view.trials)))
    for part in (trial_table(view), summary(view, Path("runs [a]")), live.render()):
        console.print(part)
    return console.export_text()


def test_square_brackets_are_shown_as_they_are() -> None:
    space = SearchSpace((Categorical("[red]how", ("[/b]", "[x]"), default="[x]"),))
    objectives = (Objective(metric="[bold]m", direction="minimize"),)
    task = Task(description="d", space=space, objectives=objectives)
    trials = [
        Trial(
            i,
            Suggestion({"[red]how": how}, "default" if i == 0 else "[/o]"),
            Evaluation(TrialState.COMPLETE, (float(i),)),
        )
        for i, how in enumerate(["[x]", "[/b]", "[x]", "[/b]"])
    ]
    outcome = Outcome(files={"model": "model.skops"})
    said = printed(StudyView("demo", task, trials, outcome=outcome))
    for words in ("[red]how=[/b]", "[red]how=[x]", "[bold]m", "[/o]", "runs [a]"):
        assert words in said


LONG = Program(command=("python", "train.py", "--data", "d" * 90, *(f"--flag-{i}" for i in "abcd")))


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_that_is_to_be_copied_is_cut(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    task = TASK.model_copy(update={"program": LONG, "evaluator": "command"})
    view = StudyView("demo", task, studied(3))
    best = view.best
    assert best is not None
    show(summary(view))
    said = capsys.readouterr().out
    assert all(line in said for line in recipe(task, best.config).splitlines())


def test_a_long_configuration_is_one_line_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    space = SearchSpace((Categorical("how", ("a " * 300, "b " * 300), default="a " * 300),))
    objectives = (Objective(metric="m", direction="minimize"),)
    task = Task(description="d", space=space, objectives=objectives)
    done = Evaluation(TrialState.COMPLETE, (1.0,))
    show(
        trial_table(
            StudyView("demo", task, [Trial(0, Suggestion({"how": "b " * 300}, "user"), done)])
        )
    )
    assert f"how={'b ' * 300}" in capsys.readouterr().out


TWO = (
    Objective(metric="acc", direction="maximize"),
    Objective(metric="ms", direction="minimize"),
)


def scored(*scores: tuple[float, ...], objectives: tuple[Objective, ...] = TWO[:1]) -> StudyView:
    """A study without a table or a program whose trials, the default first, gave these scores."""
    space = SearchSpace((Int("size", 1, 12, default=1), Float("rate", 0.0, 1.0, default=0.5)))
    task = Task(description="d", space=space, objectives=objectives)
    trials = [
        Trial(
            i,
            Suggestion({"size": i + 1, "rate": 0.5}, "surrogate" if i else "default"),
            Evaluation(TrialState.COMPLETE, values),
        )
        for i, values in enumerate(scores)
    ]
    return StudyView("demo", task, trials)


def test_scores_that_differ_look_different() -> None:
    view = scored((1_000_000.001,), (1_000_000.0065,), (1_000_000.004,))
    shown = [row.value for row in trial_rows(view)]
    assert len(set(shown)) == 3 and not any("e+" in value for value in shown)
    assert "acc 1000000.007, the library's default 1000000.001: better by 0.0055" in printed(view)
    assert "<h1>acc 1000000.007</h1>" in render_report(view)
    assert str(Score(metric="m", value=22110.4, std=3576.2)) == "22110 ± 3576"
    assert str(Score(metric="m", value=1.5e300)) == "1.5e+300"


def test_only_a_test_part_that_was_scored_is_spoken_of() -> None:
    view = StudyView("demo", TASK, studied(6))
    assert not any("test part" in said for said in verdicts(view))
    failed = Evaluation(TrialState.FAILED, reason="no GPU")
    trials = [replace(view.trials[0], evaluation=failed), *view.trials[1:]]
    said = verdicts(replace(view, trials=trials))
    assert said == ["There is no score of the library's default: no GPU"]


def test_a_test_score_is_told_without_the_default_s() -> None:
    alone = Outcome(test=(Score(metric="log_loss", value=0.30, std=0.01),))
    said = verdicts(StudyView("demo", TASK, studied(6), outcome=alone))
    assert (
        "On the test part, which the search never saw, the tuned configuration reaches "
        "log_loss 0.3 ± 0.01." in said
    )


def test_several_objectives_are_all_shown() -> None:
    view = scored((0.8, 20.0), (0.9, 90.0), (0.7, 30.0), objectives=TWO)
    said = printed(view)
    assert "acc / ms" in said and "0.9 / 90" in said
    assert "Best means best on acc, the first of 2 objectives" in said
    assert "no other trial beats: 1, 2." in " ".join(said.split())
    assert "acc / ms" in render_report(view)


def test_where_all_scores_are_equal_nothing_mattered() -> None:
    view = scored(*[(0.5,)] * 5)
    page = render_report(view)
    assert "Which parameters mattered" not in page and "50 %" not in printed(view)


def test_a_lost_trial_says_why_in_the_terminal_too() -> None:
    console = Console(width=300, record=True, file=StringIO())
    console.print(trial_table(StudyView("demo", TASK, studied(5))))
    assert f"  ran out of memory {HOSTILE}" in console.export_text()


def test_the_report_calls_origins_by_one_name() -> None:
    page = render_report(StudyView("demo", TASK, studied(5)))
    assert "</span>surrogate</td>" not in page and page.count("</span>Gaussian process</td>") == 3


def test_choices_stand_in_their_own_order_and_are_no_markup() -> None:
    space = SearchSpace((Ordinal("size", ("8", "<b>16</b>", "2e3"), default="8"),))
    task = Task(description="d", space=space, objectives=TWO[:1])
    trials = [
        Trial(i, Suggestion({"size": s}, "sobol"), Evaluation(TrialState.COMPLETE, (float(i),)))
        for i, s in enumerate(["2e3", "<b>16</b>", "8"])
    ]
    axis = slice_figure(task, trials, {"size": ((), np.array([]), np.array([]))}).layout.xaxis
    assert axis.type == "category"
    assert list(axis.categoryarray) == ["8", "&lt;b&gt;16&lt;/b&gt;", "2e3"]
    assert "<b>16" not in history_figure(task, trials).data[0].customdata[1][1]


def test_trust_is_drawn_up_to_the_last_trial() -> None:
    assert trust_series(TASK, studied(62))[-1][0] == 62


def measured(scores: Callable[[float], float], count: int = 10) -> list[Trial]:
    """Trials of which only the learning rate matters, as `scores` tells its distance from 0.01."""
    trials = studied(count, failed=0)
    distances = [t.values[0] - 0.1 for t in trials]
    return [
        replace(t, evaluation=Evaluation(TrialState.COMPLETE, (scores(d),)))
        for t, d in zip(trials, distances, strict=True)
    ]


def told(trials: list[Trial]) -> dict[str, tuple[str, str]]:
    best = min(trials, key=lambda t: t.values[0])
    return {s.name: (s.share, s.says) for s in stories(TASK, trials, best)}


@pytest.mark.parametrize("unit", [1e300, 1e-300, -1e300, 1e160])
def test_scores_of_any_size_are_explained_in_their_own_unit(unit: float) -> None:
    plain = told(measured(lambda d: d if unit > 0 else d - 3.0))
    large = told(measured(lambda d: (d if unit > 0 else d - 3.0) * abs(unit)))
    share, says = large["learning_rate"]
    assert share == plain["learning_rate"][0] and "by the change" in says
    amount = float(says.split("(")[1].split(" ")[0]) / abs(unit)
    expected = float(plain["learning_rate"][1].split("(")[1].split(" ")[0])
    assert amount == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("disaster", [1e30, 1e300, 1.7e308])
def test_one_disaster_does_not_hide_what_the_others_say(disaster: float) -> None:
    trials = measured(float)
    worst = max(trials[1:], key=lambda t: t.values[0])
    bad = replace(worst, evaluation=Evaluation(TrialState.COMPLETE, (disaster,)))
    amounts = told([bad if t is worst else t for t in trials])
    sizes = [float(s.split("(")[1].split(" ")[0]) for _, s in amounts.values() if "(" in s]
    assert sizes and max(map(abs, sizes)) < 100


def test_the_figures_of_the_largest_scores_have_a_range() -> None:
    trials = measured(lambda d: (d - 0.5) * 1.7e308 if d < 1 else 1.7e308)
    marginals = {"learning_rate": marginal_of(TASK, trials, "learning_rate", 5)}
    for figure in (history_figure(TASK, trials), slice_figure(TASK, trials, marginals)):
        assert np.isfinite(figure.layout.yaxis.range).all()
    assert np.isfinite(marginals["learning_rate"][1]).all()

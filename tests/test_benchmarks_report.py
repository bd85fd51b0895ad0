"""Reports compare like with like when arms differ in seeds and length; so does the README."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import readme, report, statistics
from benchmarks.arms.base import N_START
from benchmarks.protocol import PROTOCOL
from prompts.errors import UserError

TASKS = {"hpobench-car": "tables", "hpobench-kc1": "tables", "bbob-sphere-5d": "functions"}
BEGIN, END = readme.BEGIN.format("tiny"), readme.END.format("tiny")


def runs(arm: str, level: float, seeds: int, trials: int) -> pd.DataFrame:
    """Return runs on three tasks whose regret falls with trials from about `level`."""
    index = [(t, s, n) for t in TASKS for s in range(seeds) for n in range(1, trials + 1)]
    task, seed, trial = (np.array(column) for column in zip(*index, strict=True))
    frame = pd.DataFrame({"arm": arm, "task": task, "seed": seed, "trial": trial})
    start = frame.trial <= N_START
    return frame.assign(
        group=frame.task.map(TASKS),
        regret=level * (1 + 0.01 * frame.seed) / frame.trial,
        suggest_s=np.where(start, 0.0, 0.5),
        suggest_cpu_s=np.where(start, 0.0, 0.25),
        key=frame.arm + frame.task + frame.seed.astype(str),
        observed=0.0,
        repeat=False,
        error="",
        version="1",
        machine="a machine",
        date="2026-11-25T00:00:00",
        protocol=PROTOCOL,
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return packed results: ours and a fast peer at 50 trials, a slow one at 30 on two seeds."""
    folder = tmp_path_factory.mktemp("reports") / "results" / "tiny"
    folder.mkdir(parents=True)
    for arm in (
        runs("plaintune-gp", 0.4, 7, 50),
        runs("optuna-gp", 0.5, 6, 50),
        runs("botorch", 0.3, 2, 30),
    ):
        arm.to_parquet(folder / f"{arm.arm.iloc[0]}.parquet")
    return folder.parent


@pytest.fixture(scope="module")
def written(root: Path) -> str:
    """Return the README after its section and the report were written."""
    target = root.parent / "README.md"
    target.write_text(f"before\n{BEGIN}\nold 0.123\n{END}\nafter\n")
    return readme.write("tiny", root=root, readme=target).read_text()


def test_a_slow_arm_neither_hides_the_others_runs_nor_is_hidden(root: Path) -> None:
    frame = pd.concat(pd.read_parquet(f) for f in (root / "tiny").glob("*.parquet"))
    whole, fast = statistics.blocks(frame, ["plaintune-gp", "optuna-gp", "botorch"], "plaintune-gp")
    assert whole.regret.shape == (3, 3 * 2, 30)
    assert fast.arms == ("plaintune-gp", "optuna-gp") and fast.regret.shape == (2, 3 * 6, 50)


def test_arms_of_the_same_reach_and_seeds_are_compared_once() -> None:
    frame = pd.concat([runs("a", 0.4, 3, 30), runs("b", 0.5, 3, 30)])
    (only,) = statistics.blocks(frame, ["a", "b"], "a")
    assert only.regret.shape == (2, 9, 30)


def test_an_arm_of_few_runs_gets_a_comparison_of_its_own() -> None:
    frame = pd.concat([runs("a", 0.4, 9, 30), runs("b", 0.5, 9, 30), runs("c", 0.5, 1, 30)])
    found = statistics.blocks(frame, ["a", "b", "c"], "a")
    assert [(c.arms, len(c.tasks)) for c in found] == [(("a", "b", "c"), 3), (("a", "b"), 27)]


def test_one_seed_gives_no_interval() -> None:
    (found,) = statistics.blocks(
        pd.concat([runs("a", 0.4, 1, 30), runs("b", 0.5, 1, 30)]), ["a", "b"], "a"
    )
    assert report.cell(found.at(10)[0], found, 3) == "0.040 [one seed]"


def test_losses_are_said_as_plainly_as_wins(root: Path, written: str) -> None:
    text = (root / "tiny" / "report.md").read_text()
    assert (
        "- **tables** after 30 (2 tasks, 4 pairs): mean regret 33 % higher than the best peer's, "
        "botorch (0.0134 against 0.0100)." in text
    )
    assert "- **tables** after 50 (2 tasks, 12 pairs): mean regret 20 % lower" in text
    assert "Ahead of optuna-gp (p 4.9e-04" in text
    assert "| botorch | 30 | 0 / 0 / 6 | +0.0034 |" in text
    for figure in ("regret.png", "regret-tables.png", "regret-functions.png"):
        assert f"({figure})" in text and (root / "tiny" / figure).stat().st_size > 10_000


def test_a_verdict_that_only_pairs_support_shows_the_p_over_tasks(root: Path) -> None:
    frame = pd.concat(pd.read_parquet(f) for f in (root / "tiny").glob("*.parquet"))
    fast = statistics.blocks(frame, ["plaintune-gp", "optuna-gp"], "plaintune-gp")[0]
    (duel,) = statistics.duels(fast, "plaintune-gp", 50)
    assert duel.p_value < 0.001 and duel.p_tasks == 0.25
    assert f"optuna-gp (p {duel.p_value:.1e}, 0.250)" in report.standing(
        "all", fast, "plaintune-gp"
    )


def test_the_readme_is_written_between_its_marks_and_nowhere_else(written: str) -> None:
    assert written.startswith(f"before\n{BEGIN}\n") and written.endswith(f"{END}\nafter\n")
    assert "old 0.123" not in written and "(results/tiny/report.md)" in written
    assert "regret over evaluations](results/tiny/regret-tables.png)" in written
    assert "| plain BoTorch | 0.030 [0.030, 0.030] | 0.015 [0.015, 0.015] |" in written
    assert "0.010 [0.010, 0.010] | 0.250 | 0 / 0 / 4 |" in written


def test_a_readme_without_marks_or_a_suite_without_results_is_refused(
    root: Path, tmp_path: Path
) -> None:
    target = tmp_path / "README.md"
    target.write_text("nothing")
    with pytest.raises(UserError, match="where they should stand"):
        readme.write("tiny", root=root, readme=target)
    with pytest.raises(UserError, match="benchmarks pack absent"):
        readme.write("absent", root=root, readme=target)


def test_the_readme_has_a_place_for_the_full_suite() -> None:
    text = readme.README.read_text(encoding="utf-8")
    assert text.index(readme.BEGIN.format("full")) < text.index(readme.END.format("full"))


@pytest.mark.parametrize(
    "words",
    [["run", "--suite", "nosuch"], ["run", "--arms", "optuna"], ["report", "nosuch"]],
)
def test_what_there_is_not_is_said_without_a_traceback(words: list[str]) -> None:
    from typer.testing import CliRunner

    from benchmarks.__main__ import app

    outcome = CliRunner().invoke(app, words)
    assert outcome.exit_code in (1, 2) and isinstance(outcome.exception, SystemExit)
    assert words[-1] in outcome.output

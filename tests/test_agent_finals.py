"""The best few of a table's search are trained again on other folds before one is crowned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import plaintune
from agent.finals import finals
from agent.outcome import Outcome
from agent.study_view import StudyView
from agent.verdicts import verdicts
from evals.dataset import load_dataset
from evals.evaluators.tabular import TabularEvaluator
from evals.space import Config, Float, SearchSpace
from evals.splits import make_splits
from evals.task import Data, Objective, Task, Validation
from evals.trials import Evaluation, Suggestion, Trial, TrialState

SPACE = SearchSpace((Float("x", 0, 100),))
AUC = Objective(metric="roc_auc", direction="maximize")


class Judge:
    """Scores a configuration on other folds by `truth`, which maps x to a score or to None."""

    def __init__(self, truth: dict[float, float | None], repeats: int = 2) -> None:
        self.truth, self.repeats, self.asked = truth, repeats, list[tuple[float, int]]()

    def again(self, config: Config, seed: int, number: int) -> Evaluation:
        x = float(config["x"])  # type: ignore[arg-type]
        self.asked.append((x, number))
        value = self.truth[x]
        if value is None:
            return Evaluation(TrialState.FAILED, reason="no memory")
        return Evaluation(TrialState.COMPLETE, (value,))


def task(*more: Objective) -> Task:
    return Task(evaluator="tabular", space=SPACE, objectives=(AUC, *more))


def trials(scores: Sequence[float], error: float | None = 0.1, cost: float = 1.0) -> list[Trial]:
    std = None if error is None else (error,)
    return [
        Trial(i, Suggestion({"x": float(i)}, "random"), _told(s, std, cost))
        for i, s in enumerate(scores)
    ]


def _told(score: float, std: tuple[float, ...] | None, cost: float) -> Evaluation:
    return Evaluation(TrialState.COMPLETE, (score,), std, cost)


SCORES = [0.5] * 27 + [0.90, 0.89, 0.88]
"""Thirty trials: the last three are ahead."""


def test_the_winner_is_the_best_by_the_mean_of_search_and_other_folds() -> None:
    judge = Judge({27: 0.80, 28: 0.86, 29: 0.84} | dict.fromkeys(map(float, range(27)), 0.5))
    said: list[str] = []
    last = finals(task(), trials(SCORES, error=0.011), judge, notify=said.append)
    assert last is not None
    assert (last.winner, last.leader) == (28, 27)
    assert last.means == pytest.approx({27: 2.5 / 3, 28: 2.61 / 3, 29: 2.56 / 3})
    assert judge.asked == [(27, 0), (28, 0), (29, 0), (27, 1), (28, 1), (29, 1)]
    assert "6 cross-validations" in said[0]
    view = StudyView("s", task(), trials(SCORES), outcome=Outcome(best=28, judged=30, finals=last))
    words = " ".join(verdicts(view))
    assert "Of the best 3, trained again on other folds, trial 29 is ahead by the mean" in words
    assert "trial 28, which led the search, has 0.833" in words


def test_as_many_compete_as_the_search_was_long_at_most_six() -> None:
    for count, rivals in ((4, 0), (10, 2), (20, 4), (30, 6), (200, 6)):
        judge = Judge({float(i): 0.5 for i in range(count)})
        finals(task(), trials([0.5 + i / 1e4 for i in range(count)]), judge)
        assert len(judge.asked) == 2 * rivals


def test_there_is_no_last_round_without_rivals_folds_or_time() -> None:
    judge = Judge(dict.fromkeys(map(float, range(30)), 0.5), repeats=0)
    assert finals(task(), trials(SCORES), judge) is None
    judge.repeats = 2
    assert finals(task(), trials([0.5] * 29 + [0.9], error=0.01), judge) is None
    assert finals(task(), trials(SCORES, cost=10.0), judge, seconds_left=39.0) is None
    assert judge.asked == []
    assert finals(task(), trials(SCORES, cost=10.0), judge, seconds_left=41.0) is not None
    assert len(judge.asked) == 4


def test_the_last_round_is_shorter_than_the_search() -> None:
    judge = Judge({27: 0.8, 28: 0.8, 29: 0.8})
    slow = [t if t.number < 27 else _slow(t) for t in trials(SCORES, error=0.011)]
    assert finals(task(), slow, judge) is None
    # 27 s and 3 * 15 s of search leave 54 s: three would take 90 s, two 60 s.
    assert judge.asked == []


def _slow(trial: Trial) -> Trial:
    assert trial.evaluation is not None
    return replace(trial, evaluation=replace(trial.evaluation, cost=15.0))


def test_who_cannot_be_trained_again_does_not_win_and_the_leader_stays_without_rivals() -> None:
    truth: dict[float, float | None] = {27: 0.8, 28: None, 29: 0.7}
    last = finals(task(), trials(SCORES, error=0.011), Judge(truth))
    assert last is not None
    assert (last.winner, set(last.means)) == (27, {27, 29})
    assert any(r.reason == "no memory" for r in last.repeats)
    assert finals(task(), trials(SCORES, error=0.01), Judge(truth | {27: None})) is None


@pytest.mark.parametrize("scheme", ["stratified", "shuffled", "group", "time"])
def test_other_folds_are_other_folds_of_the_same_rows(scheme: str) -> None:
    rng = np.random.default_rng(0)
    y, column = np.repeat(["a", "b"], 40), rng.integers(0, 12, 80)
    validation = Validation(
        folds=4, scheme=scheme, column=None if scheme in ("stratified", "shuffled") else "c"
    )
    splits = make_splits(y, "binary", validation, column, 3)
    few = {"time": (0,), "group": (1, 2)}
    assert len(splits.others) in few.get(scheme, (2,))
    for folds in splits.others:
        assert len(folds) == len(splits.folds)
        for train, valid in folds:
            assert set(train) | set(valid) == set(range(len(splits.tuning)))
            assert not set(train) & set(valid)
            if scheme == "group":
                part = column[splits.tuning]
                assert not set(part[train]) & set(part[valid])
    drawn = [tuple(map(tuple, [v for _, v in f])) for f in (splits.folds, *splits.others)]
    assert len(set(drawn)) == len(drawn)


def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["sick"] = np.where(X[:, 0] * X[:, 1] + rng.normal(size=200) > 0, "yes", "no")
    frame.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


def test_a_run_on_a_table_says_who_won_the_last_round_and_keeps_it(tmp_path: Path) -> None:
    words = f"predict sick in {table(tmp_path)} with decision trees, best ROC AUC, 12 trials"
    storage = str(tmp_path / "s.db")
    run = plaintune.run(words, llm="none", storage=storage, name="few", out=str(tmp_path / "o"))
    last = run.outcome.finals
    assert last is not None
    assert run.best is not None
    assert last.winner == run.best.number
    assert last.means[last.winner] == max(last.means.values())
    assert last.leader == max(run.trials, key=lambda t: t.values or (-1.0,)).number
    loaded = plaintune.load("few", storage=storage)
    assert loaded.outcome.finals == last
    assert "trained again on other folds" in Path(tmp_path / "o" / "report.html").read_text()


def test_the_evaluator_scores_on_other_folds(tmp_path: Path) -> None:
    data = Data(path=str(table(tmp_path)), target="sick", kind="binary", positive="yes")
    known = Task(
        evaluator="tabular",
        data=data,
        models=("decision_tree",),
        space=SearchSpace((Float("ccp_alpha", 0.0, 0.1),)),
        objectives=(AUC,),
    )
    with TabularEvaluator(known) as evaluator:
        assert evaluator.repeats == len(load_dataset(known).others) == 2
        config: Config = {"ccp_alpha": 0.0}
        usual = evaluator.evaluate(config, fidelity=None, seed=0, report=lambda *_: False)
        others = [evaluator.again(config, 0, k) for k in (0, 1, 0)]
    assert others[0].values == others[2].values
    assert len({usual.values, others[0].values, others[1].values}) == 3

"""Several objectives: what will do, where fronts are measured from, and functions by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from acquisition.hypervolume import boxes, reference_point
from acquisition.registry import check_several, make_designer
from acquisition.trust import plateau
from agent.figures import history_figure
from agent.pruning import hopeless
from agent.study_view import StudyView, origin_rows, unbeaten
from agent.verdicts import verdicts
from evals.objectives import acceptable, best_order, incumbent, shortfalls
from evals.space import Float, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.errors import InvalidTaskError, UserError

SPACE = SearchSpace((Float("x", 0, 1), Float("y", 0, 1)))


def task(threshold: float | None = None) -> Task:
    size = Objective(metric="size", direction="minimize", threshold=threshold)
    quality = Objective(metric="quality", direction="maximize")
    return Task(evaluator="function", space=SPACE, objectives=(quality, size))


def trial(number: int, *values: float, config: dict[str, float] | None = None) -> Trial:
    told = Evaluation(TrialState.COMPLETE, values, intermediate={0: values[0], 1: values[0]})
    place = config or {"x": number / 10, "y": 0.0}
    return Trial(number, Suggestion(dict(place), "random"), told)


TRIALS = [trial(0, 0.9, 9.0), trial(1, 0.8, 5.0), trial(2, 0.7, 6.0), trial(3, 0.5, 1.0)]


def test_the_winner_is_the_best_of_those_that_will_do() -> None:
    numbers = [
        (None, 0, [0, 1, 3]),
        (5.5, 1, [1, 3]),
        (0.5, 3, [0, 1, 3]),  # Nothing will do: all count, and the nearest is the best.
    ]
    for threshold, best, front in numbers:
        found = incumbent(task(threshold), TRIALS)
        assert found is not None
        assert found.number == best
        assert [t.number for t in unbeaten(task(threshold), TRIALS)] == front
    assert [t.number for t in acceptable(task(5.5), TRIALS)] == [1, 3]


def test_only_what_keeps_to_the_limits_improves_the_best() -> None:
    rows = origin_rows(StudyView("s", task(5.5), TRIALS))
    assert [r.improved for r in rows] == [1]
    later = [*TRIALS, trial(4, 0.85, 5.0)]
    assert [r.improved for r in origin_rows(StudyView("s", task(5.5), later))] == [2]


def test_a_limit_that_nothing_keeps_to_is_said() -> None:
    def said(threshold: float) -> str:
        return " ".join(verdicts(StudyView("s", task(threshold), TRIALS)))

    assert "Within the limits: size at most 5.5." in said(5.5)
    assert "Beyond them" not in said(5.5)
    default = replace(TRIALS[0], suggestion=replace(TRIALS[0].suggestion, origin="default"))
    view = StudyView("s", task(5.5), [default, *TRIALS[1:]])
    assert "Beyond them is the library's default: size 9 where at most 5.5" in " ".join(
        verdicts(view)
    )
    assert "Best means best on quality" not in said(0.5)
    nearest = "No trial keeps to every limit. The best is the nearest to them: size 1 where"
    assert f"{nearest} at most 0.5" in said(0.5)


def test_misses_of_several_limits_are_added_up_in_shares_of_what_there_is() -> None:
    both = task(3.0).model_copy(
        update={
            "objectives": (
                task().objectives[0].model_copy(update={"threshold": 0.95}),
                task(3.0).objectives[1],
            )
        }
    )
    assert shortfalls(both, TRIALS).round(3).tolist() == [0.875, 0.625, 1.0, 1.125]
    assert [t.number for t in best_order(both, TRIALS)] == [1, 0, 2, 3]
    huge = [trial(0, 1e308, 1e308), trial(1, -1e308, -1e308)]
    assert [t.number for t in best_order(task(1.0), huge)] == [1, 0]


def test_one_objective_has_no_threshold() -> None:
    with pytest.raises(InvalidTaskError, match="leaves nothing to choose by"):
        Task(
            evaluator="function",
            space=SPACE,
            objectives=(Objective(metric="loss", direction="minimize", threshold=1.0),),
        )


def test_hypervolume_begins_at_the_threshold() -> None:
    Y = np.array([[0.0, 3.0], [1.0, 1.0], [2.0, -1.0]])
    front, reference = reference_point(Y, np.array([np.nan, 0.5]))
    assert front.tolist() == [[0.0, 3.0], [1.0, 1.0]]
    assert reference[1] == 0.5
    lower, _ = boxes(Y, np.array([np.nan, 0.5]))
    assert lower[:, 1].min() == 0.5
    assert boxes(Y)[0][:, 1].min() < -1.0
    lower, _ = boxes(Y, np.array([np.nan, 9.0]))  # Nothing reaches it: everything beyond counts.
    assert (lower[:, 1] >= 9.0).all()


def test_the_search_keeps_to_where_it_will_do() -> None:
    wanted = task(0.2)
    designer, trials = make_designer("gp"), list[Trial]()
    for number in range(18):
        rng = np.random.default_rng([0, number])
        config = designer.suggest(wanted, trials, 1, rng)[0].config
        x, y = float(config["x"]), float(config["y"])  # type: ignore[arg-type]
        quality = float(np.sin(3 * x) - (y - 0.5) ** 2)
        trials.append(trial(number, quality, x * x + 0.1 * y, config={"x": x, "y": y}))
    assert sum(t.values[1] <= 0.2 for t in trials[8:]) >= 8
    best = incumbent(wanted, trials)
    assert best is not None
    assert best.values[0] > 0.85  # The most that a size of 0.2 allows is 0.92.


def test_noisy_hypervolume_is_a_function_by_name() -> None:
    rng = np.random.default_rng(0)
    designer = make_designer("gp", acquisition="qlognehvi")
    trials = [trial(i, *rng.normal(size=2), config=c) for i, c in enumerate(SPACE.sample(rng, 7))]  # type: ignore[arg-type]
    found = designer.suggest(task(), trials, 2, rng)
    assert len({SPACE.key(s.config) for s in found}) == 2
    check_several(task(), "qlognehvi")
    one = task().model_copy(update={"objectives": task().objectives[:1]})
    with pytest.raises(UserError, match="is for several objectives"):
        check_several(one, "qlognehvi")


def test_of_several_objectives_the_first_makes_no_trial_hopeless() -> None:
    alone, running = [trial(i, float(i)) for i in range(8)], {0: -9.0, 1: -9.0}
    one = task().model_copy(update={"objectives": task().objectives[:1]})
    assert hopeless(one, alone, running)
    assert hopeless(task(), [trial(i, float(i), 1.0) for i in range(8)], running) == ""


def test_the_line_of_the_best_so_far_and_the_plateau_keep_to_the_limits() -> None:
    line = history_figure(task(5.5), TRIALS).data[-1]
    assert (list(line.x), list(line.y)) == ([2, 4], [0.8, 0.8])
    nothing_will_do = history_figure(task(0.5), TRIALS).data[-1]
    assert (list(nothing_will_do.x), list(nothing_will_do.y)) == (
        [1, 2, 4, 4],
        [0.9, 0.8, 0.5, 0.5],
    )
    assert plateau(task(5.5), TRIALS) == 2
    assert plateau(task(), TRIALS) == 3

"""A program's goal in other languages than English."""

from __future__ import annotations

import pytest

from agent.goals import read_goal


@pytest.mark.parametrize(
    ("words", "metric", "direction", "trials"),
    [
        ("minimiere loss, 5 Versuche", "loss", "minimize", 5),
        ("den val_loss minimieren, 20 Versuche", "val_loss", "minimize", 20),
        ("möglichst niedrige val_loss, 20 Versuche", "val_loss", "minimize", 20),
        ("höchste accuracy, 12 Versuche", "accuracy", "maximize", 12),
        ("le plus petit val_loss, 5 essais", "val_loss", "minimize", 5),
        ("la plus haute accuracy, 5 essais", "accuracy", "maximize", 5),
        ("minimizar val_loss, 20 intentos", "val_loss", "minimize", 20),
        ("la mayor accuracy, 20 intentos", "accuracy", "maximize", 20),
        ("minimizza la val_loss, 10 prove", "val_loss", "minimize", 10),
        ("laagste val_loss, 10 pogingen", "val_loss", "minimize", 10),
        ("最小化 val_loss", "val_loss", "minimize", 30),
        ("lowest val_loss, 5 trials", "val_loss", "minimize", 5),
    ],
)
def test_a_goal_is_read_in_whatever_language_it_comes(
    words: str, metric: str, direction: str, trials: int
) -> None:
    goal = read_goal(words)
    assert [(o.metric, o.direction) for o in goal.objectives] == [(metric, direction)]
    assert goal.budget.trials == trials
    assert goal.sources["objectives"].origin == "your words"

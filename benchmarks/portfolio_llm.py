"""Do examples from other tables make a language model's first answers better?

    python -m benchmarks.portfolio_llm ask --minutes 9     # resumable; answers are kept
    python -m benchmarks.portfolio_llm score               # trains what was proposed

Leave-one-table-out on tables of the meta-table: the warmstart question as a study puts it, without
examples, with the best configurations on the two most similar other tables, and with their standing
and the default's beside them. Each proposal is scored as the meta-table was; its quantile is that
among the family's measured configurations on that table (0.5: no better than an even spread).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from acquisition.examples import examples
from acquisition.llm_designer import Question, partial_card, read, warmstart
from acquisition.portfolio import known_scores
from benchmarks.cache import directory, remembered
from benchmarks.meta_sources import SOURCES, Source
from benchmarks.meta_table import SECONDS, SEED, card, table
from evals.metrics import DEFAULT_METRIC, METRICS
from evals.space import Config
from evals.spaces import space_for
from evals.task import Data, Objective, Task, Validation
from prompts.chat import prompt_hash

ARMS = ("none", "standing", "examples")
FAMILIES = ("lightgbm", "random_forest")
STEP = 4
"""Every so-manieth table is asked about: all kinds come up."""
COUNT = 3
RESULTS = Path(__file__).parent / "results" / "portfolio"


def cases() -> Iterator[tuple[Source, str, str]]:
    """Yield table, family and arm: pairs of the first two arms come first, tables spread out."""
    for arms in (ARMS[:2], ARMS[2:]):
        for family in FAMILIES:
            for source in [*SOURCES[:: 2 * STEP], *SOURCES[STEP :: 2 * STEP]]:
                for arm in arms:
                    yield source, family, arm


def task_of(source: Source, family: str) -> Task:
    """Return the task as a study on the table would have it, with its usual metric."""
    metric = DEFAULT_METRIC[source.kind]
    frame = table(source)
    return Task(
        description=f"Tune {family} to predict {source.target}.",
        data=Data(path="table.csv", target=source.target, kind=source.kind),
        models=(family,),
        space=space_for((family,), source.kind, n_rows=len(frame)),
        objectives=(Objective(metric=metric, direction=METRICS[metric].direction),),
        validation=Validation(folds=3, test_fraction=0.02),
        seed=SEED,
    )


def question(source: Source, family: str, arm: str) -> Question:
    """Return what the language model is asked."""
    task = task_of(source, family)
    seen = {"without": [source.name], "standing": arm == "standing"}
    shown = () if arm == "none" else examples(task, card(source), **seen)
    told = partial_card(task) | {"Table": card(source).sentence()}
    return warmstart(task, COUNT, card=told, examples=shown)


def answers() -> dict[str, str]:
    """Return the answers so far by prompt hash."""
    path = RESULTS / "llm_answers.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def ask(minutes: float) -> None:
    """Put the questions that have no answer yet to the default model."""
    from agent.language_models.registry import open_language_model

    until = time.monotonic() + 60 * minutes
    model, known = open_language_model("auto", notify=print), answers()
    assert model is not None
    for source, family, arm in cases():
        asked = question(source, family, arm)
        key = f"{model.name} {prompt_hash(asked.messages)}"
        if key in known or time.monotonic() > until:
            continue
        began = time.monotonic()
        [answer] = model.complete(
            asked.messages,
            schema=asked.schema,
            seed=SEED,
            temperature=0.8,
            max_tokens=asked.max_tokens,
        )
        known[key] = answer.text
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / "llm_answers.json").write_text(json.dumps(known, indent=0) + "\n")
        print(f"{source.name} {family} {arm}: {time.monotonic() - began:.1f} s", flush=True)


def score() -> pd.DataFrame:
    """Return one row per answered case: how its proposals did."""
    found = {key.split()[-1]: text for key, text in answers().items()}
    rows = []
    for source, family, arm in cases():
        text = found.get(prompt_hash(question(source, family, arm).messages))
        if text is not None:
            rows.append(_scored(source, family, arm, text))
    return pd.DataFrame(rows)


def _scored(source: Source, family: str, arm: str, text: str) -> dict[str, Any]:
    task = task_of(source, family)
    scores = known_scores((family,), source.kind, task.objective.metric)
    assert scores is not None
    gains = scores.gains[scores.tables.index(source.name)]
    proposed = [_gain(source, task, s.config) for s in read(task, (), text).suggestions]
    ranks = [float(((gains < g).mean() + (gains <= g).mean()) / 2) for g in proposed]
    default = float(((gains < gains[0]).mean() + (gains <= gains[0]).mean()) / 2)
    return {
        "table": source.name,
        "family": family,
        "arm": arm,
        "first": ranks[0] if ranks else np.nan,
        "mean": float(np.mean(ranks)) if ranks else np.nan,
        "best": max(ranks, default=np.nan),
        "default": default,
        "valid": len(ranks),
    }


def _gain(source: Source, task: Task, config: Config) -> float:
    from evals.evaluators.isolation import Limits
    from evals.evaluators.tabular import TabularEvaluator

    def measure() -> dict[str, float]:
        with TabularEvaluator(task, table(source), limits=Limits(seconds=SECONDS)) as evaluator:
            result = evaluator.evaluate(config, fidelity=None, seed=SEED, report=lambda s, v: False)
        return {"value": result.values[0]} if result.values else {}

    words = [source.name, task.models[0], task.objective.metric, sorted(config.items())]
    value = remembered("portfolio-llm:" + json.dumps(words, default=str), measure).get("value")
    return -np.inf if value is None else task.objective.sign * value


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("command", choices=["ask", "score"])
    parser.add_argument("--minutes", type=float, default=9.0)
    asked = parser.parse_args()
    print(f"answers in {directory()} and {RESULTS}", flush=True)
    if asked.command == "ask":
        ask(asked.minutes)
        return
    rows = score()
    rows.to_csv(RESULTS / "llm.csv", index=False)
    print(rows.groupby(["family", "arm"], sort=False).mean(numeric_only=True).round(3))


if __name__ == "__main__":
    main()

"""Do examples from other tables make a language model's first answers better?

    python -m benchmarks.portfolio_llm ask --minutes 9     # resumable; answers are kept
    python -m benchmarks.portfolio_llm ask --backend vllm --at-once 16
    python -m benchmarks.portfolio_llm score               # trains what was proposed

Leave-one-table-out on tables of the meta-table: the warmstart question as a study puts it, without
examples and with the best configurations on other tables (`ARMS`). Each proposal is scored as the
meta-table was; its quantile is that among the family's measured configurations on that table (0.5:
no better than an even spread). `regret`: of the best of the default and all proposals, `random`
that of the default and as many measured configurations, `portfolio` that of the default and as many
of the portfolio, `both` that of the default and half of each (0 the best known, 1 the median).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from acquisition.examples import card_of, examples, proven
from acquisition.llm_designer import Example, Question, read, warmstart
from acquisition.portfolio import greedy, known_scores, regrets
from agent.adviser import TEMPERATURE
from benchmarks.cache import directory, remembered
from benchmarks.meta_sources import SOURCES, Source
from benchmarks.meta_table import SECONDS, SEED, card, table
from evals.meta_knowledge import Scores, TableCard
from evals.metrics import DEFAULT_METRIC, METRICS
from evals.space import Config
from evals.spaces import space_for
from evals.task import Data, Objective, Task, Validation
from prompts.chat import LanguageModel, prompt_hash
from prompts.errors import LanguageModelError

ARMS: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "two": {"count": 2},
    "four": {"count": 4},
    "eight": {"count": 8},
    "two, with ranks": {"count": 2, "standing": True},
    "two, of any tables": {"count": 2},
    "portfolio": {"portfolio": 4},
    "portfolio of eight": {"portfolio": 8},
    "portfolio and two": {"portfolio": 4, "count": 2},
}
"""What is shown: the best configurations on so many (`count`) of the most similar tables, or on
any; so many of the portfolio's, which complement each other over all tables."""
ANY = "two, of any tables"
FAMILIES = ("lightgbm", "decision_tree", "svm", "knn")
TABLES = 4
"""So many per family, spread over all kinds."""
COUNT = 4
"""Proposals: with the default five trials."""
DRAWS = 500
RESULTS = Path(__file__).parent / "results" / "portfolio"


@dataclass(frozen=True)
class Case:
    """One question: a table that counts as never seen, a family, and what is shown."""

    source: Source
    family: str
    arm: str


def cases() -> Iterator[Case]:
    """Yield the cases, all arms of a table and family together."""
    for i in range(TABLES):
        for family in FAMILIES:
            source = _able(family)[i]
            yield from (Case(source, family, arm) for arm in ARMS)


def _able(family: str) -> list[Source]:
    """Return tables that the family was measured on, spread evenly over the list."""
    found = [s for s in SOURCES if (k := _known(s, family)) and s.name in k.tables]
    offset, step = FAMILIES.index(family), len(found) / TABLES
    return [found[(int(i * step) + offset) % len(found)] for i in range(TABLES)]


def _known(source: Source, family: str) -> Scores | None:
    return known_scores((family,), source.kind, DEFAULT_METRIC[source.kind])


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


def question(case: Case) -> Question:
    """Return what the language model is asked."""
    task, own = task_of(case.source, case.family), card(case.source)
    return warmstart(task, COUNT, card=card_of(task, own), examples=shown(case, task))


def shown(case: Case, task: Task) -> tuple[Example, ...]:
    """Return the examples of the case's arm."""
    options, unseen = dict(ARMS[case.arm]), [case.source.name]
    good = proven(task, options.pop("portfolio", 0), unseen)
    like = _another(case.source) if case.arm == ANY else card(case.source)
    return good + (examples(task, like, without=unseen, **options) if options else ())


def _another(source: Source) -> TableCard:
    """Return the card of another table, far off in the list and so of another kind."""
    return card(SOURCES[(SOURCES.index(source) + len(SOURCES) // 2) % len(SOURCES)])


def answers() -> dict[str, str]:
    """Return the answers so far by prompt hash."""
    path = RESULTS / "llm_answers.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def ask(backend: str, minutes: float, at_once: int) -> None:
    """Put the questions that have no answer yet to the default model, so many at once."""
    from agent.language_models.registry import open_language_model

    until = time.monotonic() + 60 * minutes
    model, known = open_language_model(backend, model="default", notify=print), answers()
    assert model is not None
    todo = [(case, q) for case in cases() if _key(q := question(case)) not in known]
    with ThreadPoolExecutor(at_once) as pool:
        while todo and time.monotonic() < until:
            now, todo = todo[:at_once], todo[at_once:]
            texts = pool.map(partial(_answer, model), now)
            for (case, asked), text in zip(now, texts, strict=True):
                known |= {_key(asked): text} if text else {}
                print(case.source.name, case.family, case.arm, flush=True)
            RESULTS.mkdir(parents=True, exist_ok=True)
            (RESULTS / "llm_answers.json").write_text(json.dumps(known, indent=0) + "\n")


def _key(asked: Question) -> str:
    return f"default {prompt_hash(asked.messages)}"


def _answer(model: LanguageModel, job: tuple[Case, Question]) -> str:
    """Return the answer, "" where the model did not give one in time."""
    asked = job[1]
    try:
        [found] = model.complete(
            asked.messages,
            schema=asked.schema,
            seed=SEED,
            temperature=TEMPERATURE,
            max_tokens=asked.max_tokens,
        )
    except LanguageModelError as error:
        print(error, flush=True)
        return ""
    return found.text


def score() -> pd.DataFrame:
    """Return one row per answered case: how its proposals did."""
    found = answers()
    asked = [(case, found.get(_key(question(case)))) for case in cases()]
    return pd.DataFrame([_scored(case, text) for case, text in asked if text is not None])


def _scored(case: Case, text: str) -> dict[str, Any]:
    task, scores = task_of(case.source, case.family), _known(case.source, case.family)
    assert scores is not None
    gains = scores.gains[scores.tables.index(case.source.name)]
    default = task.space.key(task.space.default_config() or {})
    configs = [s.config for s in read(task, (), text).suggestions]
    proposed = np.array([_gain(case.source, task, c) for c in configs])
    new = [g for g, c in zip(proposed, configs, strict=True) if task.space.key(c) != default]
    ranks = [_rank(gains, g) for g in proposed]
    return {
        "table": case.source.name,
        "family": case.family,
        "arm": case.arm,
        "first": ranks[0] if ranks else np.nan,
        "mean": float(np.mean(ranks)) if ranks else np.nan,
        "best": max(ranks, default=np.nan),
        "default": _rank(gains, gains[0]),
        "valid": len(ranks),
        "new": len(new),
        **_regrets(scores, case.source.name, gains, np.array(new)),
    }


def _rank(gains: NDArray[np.float64], gain: float) -> float:
    return float(((gains < gain).mean() + (gains <= gain).mean()) / 2)


def _regrets(
    scores: Scores, name: str, gains: NDArray[np.float64], new: NDArray[np.float64]
) -> dict[str, float]:
    """Return the regret of five trials: the default, then the model's, random, the portfolio's."""
    finite = np.nan_to_num(gains, nan=-np.inf)
    best, median = max([finite.max(), *new]), np.median(finite)

    def regret(found: NDArray[np.float64]) -> float:
        return float(np.clip((best - max([finite[0], *found])) / (best - median), 0.0, 1.0))

    rng = np.random.default_rng(SEED)
    drawn = [regret(finite[rng.permutation(len(finite) - 1)[:COUNT] + 1]) for _ in range(DRAWS)]
    others = scores.without([name])
    chosen = greedy(regrets(others.gains), COUNT, range(1, len(finite)), [0])
    return {
        "regret": regret(new),
        "random": float(np.mean(drawn)),
        "portfolio": regret(finite[chosen]),
        "both": regret(np.concatenate([finite[chosen[: COUNT // 2]], new[: COUNT // 2]])),
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
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--at-once", type=int, default=1, help="questions open together")
    asked = parser.parse_args()
    print(f"answers in {directory()} and {RESULTS}", flush=True)
    if asked.command == "ask":
        ask(asked.backend, asked.minutes, asked.at_once)
        return
    rows = score()
    rows.to_csv(RESULTS / "llm.csv", index=False)
    print(rows.groupby("arm", sort=False).mean(numeric_only=True).round(3).to_string())


if __name__ == "__main__":
    main()

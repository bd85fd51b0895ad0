"""LLAMBO's published claim again: does a warmstart beat random search after the default?

    python -m benchmarks.llambo_claim ask --minutes 30    # calls of the default model; resumable
    python -m benchmarks.llambo_claim report              # benchmarks/results/llambo_claim.md

The question is plaintune's own, before anything was tried, per task, seed and variant: with real
names, and anonymised (`-anonymous`: numbered parameters, no words). Every answer is kept twice: as
text (`benchmarks.remembering`) and, once scored, as the regrets of its proposals
(`llambo_claim.csv`), which a later change of the prompt does not touch. After Liu et al. 2024
(arXiv 2402.03921), section 4, whose warmstarts begin a search; here they are all of it.

Controls: random draws after the default, exactly, over all of a table or over 300 trained draws of
a scikit-learn task; random draws alone; the default and the portfolio made on the benchmark's other
tables. Regret: 0 the best known, 1 the median of random configurations, clipped there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from acquisition.llm_designer import Question, read, warmstart
from agent.adviser import TEMPERATURE
from agent.language_models.replay import request_key
from benchmarks.arms.plaintune_portfolio import left_out, measured
from benchmarks.remembering import Remembering, cached, compact
from benchmarks.tasks.base import SingleObjectiveTask
from benchmarks.tasks.registry import ANONYMOUS, open_task
from evals.space import Config
from prompts.chat import Completion, Message
from prompts.errors import LanguageModelError

RESULTS = Path(__file__).parent / "results"
RESAMPLES = 2000
CONTROL = "default, then random"
ABOUT = """Mean regret (0 the best known, 1 the median random configuration, clipped) of the best of
the first 2, 5 and 12 evaluations, every task alike, with 95 % bootstrap intervals over tasks and
answers; below zero in "minus control" is better than random search after the default. The model is
plaintune's default, Qwen2.5-Coder-1.5B-Instruct, asked plaintune's own first question for four
proposals; twelve evaluations take three answers. What an answer repeats is not filled up. Without
names all eight tables put the same question: one answer per seed serves them all, so that their
intervals say nothing about other answers. Few tasks make wide or, with one, empty intervals. Made
by `python -m benchmarks.llambo_claim ask` and `report`."""
BUDGETS = (2, 5, 12)
PROPOSALS = 4
"""Per call: with the default before them, five evaluations."""
SEEDS = 3
"""Calls per task and variant; the twelve evaluations take the proposals of all of them."""
WORDS = {"": "", ANONYMOUS: ", anonymised"}
SECTIONS: dict[str, tuple[str, ...]] = {
    "Tasks answered with real names and anonymised": ("", ANONYMOUS),
    "Tasks answered anonymised": (ANONYMOUS,),
    "HPOBench, without a language model": (),
}
TASKS = (
    *("hpobench-car", "sklearn-svm-wine", "hpobench-credit_g", "sklearn-decisiontree-breast"),
    *("hpobench-segment", "sklearn-mlp_sgd-iris", "hpobench-phoneme", "sklearn-adaboost-breast"),
    *("hpobench-vehicle", "sklearn-randomforest-breast", "hpobench-kc1", "sklearn-svm-breast"),
    *("hpobench-australian", "hpobench-blood_transfusion"),
)
"""Tables and scikit-learn tasks in turn, so that part of the calls covers both."""


def cases() -> Iterator[tuple[str, int]]:
    """Yield task (or its anonymous variant) and seed, in the order they are asked.

    Without words two tables of one benchmark put the same question, which is asked only once.
    """
    for seed in range(SEEDS):
        for task in TASKS:
            yield task, seed
            yield task + ANONYMOUS, seed


def question(task: str) -> Question:
    """Return plaintune's question for a study that has tried nothing yet."""
    return warmstart(open_task(task).task, PROPOSALS)


def answer(model: Remembering, task: str, seed: int) -> Completion:
    """Return the answer of the model.

    Raises:
        LanguageModelError: it is not among the kept ones, and no backend is named.
    """
    messages, options = request(task, seed)
    [found] = model.complete(messages, **options)
    return found


def request(task: str, seed: int) -> tuple[Sequence[Message], dict[str, Any]]:
    """Return messages and options of the call for an answer."""
    asked = question(task)
    return asked.messages, {
        "schema": asked.schema,
        "seed": 1000 * seed,
        "temperature": TEMPERATURE,
        "max_tokens": asked.max_tokens,
        "count": 1,
    }


def ask(backend: str, minutes: float, at_once: int = 1) -> None:
    """Ask for what is not kept yet until the time is up, and keep what came out.

    `at_once` questions are open together; a server such as vLLM answers eight in little more than
    the time of one. Without a backend only answers that are kept already are scored.
    """
    until, model = time.monotonic() + 60 * minutes, cached("default", backend)
    known = kept()
    there = set(zip(known.task, known.seed, strict=True))
    todo = [case for case in cases() if case not in there]
    with ThreadPoolExecutor(at_once) as pool:
        while todo and time.monotonic() < until:
            now = different(todo, at_once)
            todo = [case for case in todo if case not in now]
            answers = list(pool.map(partial(_tried, model), now))
            rows = [scored(*case, text) for case, text in zip(now, answers, strict=True) if text]
            known = pd.concat([known, pd.DataFrame(rows)])
            known.to_csv(RESULTS / "llambo_claim.csv", index=False)
    compact(model.path)


def different(todo: Sequence[tuple[str, int]], limit: int) -> list[tuple[str, int]]:
    """Return the first `limit` cases that put different questions, in order."""
    found: dict[str, tuple[str, int]] = {}
    for task, seed in todo:
        if len(found) == limit:
            break
        messages, options = request(task, seed)
        found.setdefault(request_key(messages, **options), (task, seed))
    return list(found.values())


def _tried(model: Remembering, case: tuple[str, int]) -> str:
    try:
        found = answer(model, *case)
    except LanguageModelError:
        if model.backend:
            raise
        return ""
    print(f"{case}: {found.completion_tokens} tokens, {found.seconds:.1f} s", flush=True)
    return found.text


def kept() -> pd.DataFrame:
    """Return a row per answer so far: task (or anonymous variant), seed, what it proposed."""
    path = RESULTS / "llambo_claim.csv"
    if path.exists():
        return pd.read_csv(path, keep_default_na=False)
    return pd.DataFrame(columns=["task", "seed", "asked", "refused", "default", "regrets"])


def scored(task: str, seed: int, text: str) -> dict[str, Any]:
    """Return what an answer proposed: regrets of its distinct valid configurations, in order.

    `default` is the place of the default configuration among them, -1 where it is not.
    """
    opened = open_task(task)
    said = read(opened.task, (), text)
    configs = [s.config for s in said.suggestions]
    keys = [opened.space.key(c) for c in configs]
    default = opened.space.key(opened.space.default_config() or {})
    place = keys.index(default) if default in keys else -1
    plain = task.removesuffix(ANONYMOUS)
    told = " ".join(f"{regret(plain, opened.evaluate(c, 0).values[0]):.6f}" for c in configs)
    rest = {"asked": PROPOSALS, "refused": len(said.rejected), "default": place}
    return {"task": task, "seed": seed, **rest, "regrets": told}


def regret(task: str, value: Any) -> Any:
    """Return the regret of a result, or of many, on a task with real names, clipped to [0, 1]."""
    opened = open_task(task)
    assert isinstance(opened, SingleObjectiveTask)
    return np.clip(opened.scale.regret(value), 0.0, 1.0)


@cache
def default_regret(task: str) -> float:
    """Return the regret of the default configuration."""
    return _regret_of(task, open_task(task).space.default_config() or {})


def _regret_of(task: str, config: Config) -> float:
    return float(regret(task, open_task(task).evaluate(config, 0).values[0]))


@cache
def drawn(task: str) -> NDArray[np.float64]:
    """Return the regrets of all configurations that random search may draw, sorted."""
    sign, gains = open_task(task).task.objective.sign, measured([task])[1][0]
    return np.sort(regret(task, sign * gains[1:]))


def expected(regrets: NDArray[np.float64], draws: int) -> float:
    """Return the mean of the least of `draws` uniform draws, with replacement, from `regrets`.

    They are sorted: the least is the k-th or a later one with probability (1 - k/n)^draws.
    """
    beyond = (1 - np.arange(len(regrets) + 1) / len(regrets)) ** draws
    return float(np.sum((beyond[:-1] - beyond[1:]) * regrets))


def controls(task: str, budget: int) -> dict[str, float]:
    """Return what the arms without a language model reach within `budget` evaluations."""
    own, draws = default_regret(task), drawn(task)
    known = [_regret_of(task, s.config) for s in left_out(task).suggestions[: budget - 1]]
    return {
        CONTROL: expected(np.minimum(draws, own), budget - 1),
        "random": expected(draws, budget),
        "default, then portfolio": min([own, *known]),
    }


def warmstarts(task: str, rows: pd.DataFrame, budget: int) -> dict[str, list[float]]:
    """Return what the answers `rows` reach within `budget`, one value per replicate.

    An answer is a replicate where it is long enough, else all of a task's answers together are.
    """
    own = default_regret(task)
    lists = [_parts(r) for _, r in rows.sort_values("seed").iterrows()]
    if budget - 1 > PROPOSALS:
        if len(lists) < SEEDS:
            return {}
        lists = [([r for whole, _ in lists for r in whole], [r for _, new in lists for r in new])]
    return {
        "default, then LLM": [min([own, *new[: budget - 1]]) for _, new in lists],
        "LLM": [min([1.0, *whole[:budget]]) for whole, _ in lists],
    }


def _parts(row: pd.Series) -> tuple[list[float], list[float]]:
    """Return the regrets of all proposals, and of those that are not the default."""
    whole = [float(r) for r in str(row["regrets"]).split()]
    return whole, [r for i, r in enumerate(whole) if i != int(row["default"])]


def values(known: pd.DataFrame, variants: Sequence[str]) -> pd.DataFrame:
    """Return a row per group, task, arm, budget and replicate: tasks answered in all `variants`.

    A variant is an ending of a task's name: "" or `ANONYMOUS`. Without any: the controls alone, on
    the tables, where they cost no training.
    """
    rows = []
    free = [t for t in TASKS if t.startswith("hpobench")]
    answered = [t for t in TASKS if {t + v for v in variants} <= set(known.task)]
    for task in answered if variants else free:
        for budget in BUDGETS:
            found = {
                arm + WORDS[variant]: reached
                for variant in variants
                for arm, reached in warmstarts(
                    task, known[known.task == task + variant], budget
                ).items()
            }
            if variants and len(found) < 2 * len(variants):
                continue
            found |= {arm: [r] for arm, r in controls(task, budget).items()}
            group = "tables" if task.startswith("hpobench") else "scikit-learn"
            rows += [(group, task, arm, budget, r) for arm, some in found.items() for r in some]
    return pd.DataFrame(rows, columns=["group", "task", "arm", "budget", "regret"])


def interval(by_task: Sequence[NDArray[np.float64]]) -> tuple[float, float, float]:
    """Return mean and 95 % bootstrap interval, tasks drawn first, then replicates within them."""
    rng = np.random.default_rng(0)
    picked = rng.integers(len(by_task), size=(RESAMPLES, len(by_task)))
    drawn_means = np.empty(picked.shape)
    for k, own in enumerate(by_task):
        places = picked == k
        drawn_means[places] = own[rng.integers(len(own), size=(places.sum(), len(own)))].mean(
            axis=1
        )
    means = drawn_means.mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(np.mean([v.mean() for v in by_task])), float(low), float(high)


def table(found: pd.DataFrame) -> str:
    """Return mean regrets, and differences to the control, as Markdown."""
    lines = ["| arm | " + " | ".join(f"at {b} | minus control" for b in BUDGETS) + " |"]
    lines += ["|" + "---|" * (1 + 2 * len(BUDGETS))]
    for arm in dict.fromkeys(found.arm):
        lines.append(f"| {arm} | " + " | ".join(_cells(found, arm, b) for b in BUDGETS) + " |")
    return "\n".join(lines)


def _cells(found: pd.DataFrame, arm: str, budget: int) -> str:
    rows = found[found.budget == budget]
    own = {str(t): part.to_numpy() for t, part in rows[rows.arm == arm].groupby("task").regret}
    if not own:
        return "– | –"
    base = rows[rows.arm == CONTROL].set_index("task").regret
    gaps = [v - base[t] for t, v in own.items()]
    against = "" if arm == CONTROL else _written(gaps, "+")
    return f"{_written(list(own.values()))} | {against}"


def _written(by_task: Sequence[NDArray[np.float64]], sign: str = "") -> str:
    mean, low, high = interval(by_task)
    return f"{mean:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def report() -> str:
    """Return all results as Markdown."""
    known = kept()
    parts = ["# LLAMBO's claim: does a warmstart beat random search after the default?", ABOUT]
    parts.append(_counts(known))
    for title, variants in SECTIONS.items():
        found = values(known, variants)
        for name, part in (("all", found), *found.groupby("group")):
            if name == "all" or found.group.nunique() > 1:
                parts += [f"## {title}: {name} ({_reached(part)})", table(part)]
    return "\n\n".join(parts) + "\n"


def _reached(found: pd.DataFrame) -> str:
    return ", ".join(f"{found[found.budget == b].task.nunique()} tasks at {b}" for b in BUDGETS)


def _counts(known: pd.DataFrame) -> str:
    lines = []
    for name, hidden in (("real names", False), ("anonymised", True)):
        part = known[known.task.str.endswith(ANONYMOUS) == hidden]
        valid = sum(len(str(r).split()) for r in part.regrets)
        lines.append(
            f"- {name}: {len(part)} answers on {part.task.nunique()} tasks; {valid} of "
            f"{part.asked.sum()} proposals distinct and valid, {(part.default >= 0).sum()} answers "
            "repeat the default"
        )
    return "\n".join(lines)


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=["ask", "report"])
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--backend", default="llama.cpp", help="empty: nobody is asked")
    parser.add_argument("--at-once", type=int, default=1, help="questions open together")
    given = parser.parse_args()
    if given.command == "ask":
        ask(given.backend, given.minutes, given.at_once)
        return
    text = report()
    (RESULTS / "llambo_claim.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

"""Every fault between plaintune and a real language model server, many times, during a run.

    python -m benchmarks.llm_faults --times 20            # llama.cpp's server with the tiny model
    python -m benchmarks.llm_faults --times 20 --managed  # the vLLM server that runs already

A proxy on the loop-back address (`benchmarks.faulty_proxy`) passes the first question on and then
misbehaves. A run is right if all its trials completed, it stayed within its time, every trial said
to be the model's is one that the model proposed, and the report says what went wrong.
Writes `benchmarks/results/llm_faults.json` (every run) and prints a table.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from acquisition.registry import make_designer
from agent.advice_limits import Limits
from agent.advising import make_adviser
from agent.language_models.openai_url import OpenAIModel
from agent.loop import Agent
from agent.store import Store
from agent.study_view import StudyView, account
from benchmarks.faulty_proxy import FAULTS, FaultyProxy, llama_server
from evals.evaluator import Report
from evals.space import Config, Float, Int, SearchSpace
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, TrialState

OUT = Path(__file__).resolve().parent / "results" / "llm_faults.json"
TRIALS = 14
SECONDS = 0.3
"""What a trial takes."""
SILENT = ("time-out", "drips")
TIMEOUT = 20.0
SHORT = 2.0
"""Seconds that the client waits for an answer: `SHORT` where none will come."""
WHOLE = 2 * SHORT
"""Seconds after which a question without an answer counts as failed, where none will come."""
PATIENCE = 20.0
COST = 3.0
"""What a trial says it cost, so that the loop waits so long for an answer."""
SPACE = SearchSpace((Float("rate", 1e-4, 1, log=True, default=0.1), Int("n", 1, 50, default=5)))
TOLD = {
    "refused": "to be reached",
    "restarts": "",
    "dies": "no answer|to be reached",
    "time-out": "did not answer|no answer within",
    "drips": "did not answer|no answer",
    "busy": "",
    "always busy": "refuses more requests",
    "broken": "status 503",
    "truncated": "no answer|to be reached",
    "cut off": "not JSON",
    "empty": "empty answer",
    "repeats": "rejected",
    "no model": "knows no such address or model",
    "wrong key": "does not accept the API key",
    "no answer": "no answer",
}
"""What the account must say; nothing where the fault may heal before anybody notices."""


class Bowl:
    """A trial of `SECONDS`."""

    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        """Return how far the rate is from 0.01."""
        time.sleep(SECONDS)
        loss = abs(float(config["rate"] or 0) - 0.01)
        return Evaluation(TrialState.COMPLETE, (loss,), cost=COST)


def faulty_run(fault: str, url: str, key: str, folder: Path, seed: int = 0) -> dict[str, Any]:
    """Run a study through a proxy with `fault` and return what became of it."""
    task = Task(
        evaluator="none",
        space=SPACE,
        objectives=(Objective(metric="loss", direction="minimize"),),
        budget=Budget(trials=TRIALS),
        seed=seed,
    )
    store = Store.create(task, f"{fault}-{seed}".replace(" ", "-"), f"{folder}/faults.db")
    said: list[str] = []
    designer = make_designer("hybrid", portfolio=False)
    whole = WHOLE if fault in SILENT else 3 * PATIENCE
    limits = Limits(patience=PATIENCE, timeout=whole, proposals=1, hidden=0.0)
    began = time.monotonic()
    with FaultyProxy(url, key, fault=fault) as proxy:
        timeout = SHORT if fault in SILENT else TIMEOUT
        model = OpenAIModel(proxy.url, api_key=proxy.key, timeout=timeout)
        adviser = make_adviser(
            task, designer, model, log=store, notify=said.append, limits=limits, view=no_view
        )
        agent = Agent(task, store=store, designer=designer, evaluator=Bowl(), adviser=adviser)
        agent.run()
        if adviser:
            adviser.close()
    seconds = time.monotonic() - began
    view = StudyView(store.name, task, store.trials(), store.calls())
    return {"fault": fault, "seed": seed, "asked": proxy.asked, **judged(view, fault, seconds)}


def no_view(task: Task, trials: Any) -> Any:
    """Show the model nothing of the surrogate, so that prompts stay short."""
    from acquisition.llm_designer import View

    return View()


def judged(view: StudyView, fault: str, seconds: float) -> dict[str, Any]:
    """Return what is to be kept of a run, and in `wrong` what was not as it must be."""
    lines = [*account(view)]
    states = [t.state for t in view.trials]
    proposed = _proposed(view)
    of_model = [SPACE.key(t.config) for t in view.trials if t.origin == "llm"]
    wrong = []
    if states != [TrialState.COMPLETE] * TRIALS:
        wrong.append("a trial is lost")
    if [t.number for t in view.trials] != list(range(TRIALS)):
        wrong.append("numbers are missing")
    if not set(of_model) <= proposed:
        wrong.append("an origin is not true")
    if seconds > (most := PATIENCE + (TRIALS - 1) * (SECONDS + COST) + 10):
        wrong.append(f"it took longer than {most:.0f} s")
    met = any(c.asked_at > 0 and c.arrived_at is not None for c in view.calls)
    if met and not re.search(TOLD[fault], " ".join(lines)):
        wrong.append("the account does not say what happened")
    return {
        "seconds": round(seconds, 2),
        "by the model": len(of_model),
        "met": met,
        "failed calls": sum(bool(c.error) for c in view.calls),
        "told": next((x for x in lines[::-1] if re.search(TOLD[fault] or "hidden", x)), lines[-1]),
        "wrong": wrong,
    }


def _proposed(view: StudyView) -> set[object]:
    """Return the keys of all configurations that the recorded answers hold."""
    found = set()
    for answer in (a for c in view.calls for a in c.answers):
        try:
            proposals = json.loads(answer.text)["proposals"]
        except (ValueError, KeyError, TypeError):
            continue
        found |= {SPACE.key(SPACE.validate(p["config"])) for p in proposals}
    return found


@contextmanager
def upstream(managed: bool) -> Iterator[tuple[str, str]]:
    """Yield the URL and the key of a real server."""
    if managed:
        from agent.language_models.vllm_server import running

        state = running()
        if state is None:
            raise SystemExit("No vLLM server runs: plaintune llm start --model tiny.")
        yield state.url, state.key
    else:
        from agent.model_cache import MODELS, fetch

        with llama_server(str(fetch(MODELS["tiny"], print))) as server:
            yield server


def table(rows: list[dict[str, Any]]) -> str:
    """Return a Markdown table, a row per fault."""
    lines = [
        "| fault, from the second question on | runs | answer seen | all right "
        "| trials by the model | failed calls | seconds, longest | the report says, for instance |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for fault in FAULTS:
        mine = [r for r in rows if r["fault"] == fault]
        if mine:
            sums = [sum(r[k] for r in mine) for k in ("by the model", "failed calls")]
            longest = max(r["seconds"] for r in mine)
            told = re.sub(r"http://\S+?(?=[ .]? )", "URL", mine[-1]["told"])[:110]
            cells = [
                fault,
                len(mine),
                sum(r["met"] for r in mine),
                sum(not r["wrong"] for r in mine),
                *sums,
                longest,
                told,
            ]
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run every fault, keep every run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--managed", action="store_true")
    parser.add_argument("--faults", nargs="*", default=list(FAULTS))
    given = parser.parse_args()
    server = "vLLM" if given.managed else "llama.cpp"
    kept = json.loads(OUT.read_text()) if OUT.is_file() else []
    rows = [r for r in kept if not (r["server"] == server and r["fault"] in given.faults)]
    with tempfile.TemporaryDirectory() as folder, upstream(given.managed) as (url, key):
        for seed in range(given.times):
            for fault in given.faults:
                row = faulty_run(fault, url, key, Path(folder), seed)
                rows.append({"server": server, **row})
                print(json.dumps(row), flush=True)
            OUT.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    print(table([r for r in rows if r["server"] == server]))


if __name__ == "__main__":
    main()

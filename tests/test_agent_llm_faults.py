"""Every fault between plaintune and its language model, one at a time, during a whole run.

A server on the loop-back address misbehaves in one way. Whatever it does, all trials are run and
none claims an origin it has not.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from acquisition.registry import make_designer
from agent.advice_limits import Limits
from agent.advising import make_adviser
from agent.language_models.openai_url import OpenAIModel
from agent.loop import Agent
from agent.store import Store
from evals.evaluator import Report
from evals.space import Config, Float, Int, SearchSpace
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, TrialState
from prompts.errors import LanguageModelError

TRIALS = 6
CONFIG = {"rate": 0.02, "n": 7}
PROPOSAL = {"config": CONFIG, "parameter": "rate", "move": "lower", "reason": "smaller steps"}
TASK = Task(
    evaluator="none",
    space=SearchSpace((Float("rate", 1e-4, 1, log=True, default=0.1), Int("n", 1, 50, default=5))),
    objectives=(Objective(metric="loss", direction="minimize"),),
    budget=Budget(trials=TRIALS),
)


class Bowl:
    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        time.sleep(0.2)
        return Evaluation(TrialState.COMPLETE, (abs(float(config["rate"] or 0) - 0.01),), cost=0.2)


class Server:
    """Answers every question in the way that is set in `fault`, or well."""

    def __init__(self) -> None:
        self.fault = ""
        self.retry_after = "0"
        self.asked = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listed = {"id": "m", "object": "model", "created": 0, "owned_by": "me"}
                self.answer(200, json.dumps({"data": [listed]}).encode())

            def do_POST(self) -> None:
                server.asked += 1
                self.rfile.read(int(self.headers["Content-Length"]))
                getattr(server, f"_{server.fault}")(self)

            def answer(self, status: int, content: bytes, promised: int | None = None) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(promised or len(content)))
                self.send_header("Retry-After", server.retry_after)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.handle_error = lambda request, address: None  # type: ignore[method-assign]
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def _hangs(self, handler: Any) -> None:
        time.sleep(1.5)

    def _busy(self, handler: Any) -> None:
        handler.answer(429, b"{}")

    def _broken(self, handler: Any) -> None:
        handler.answer(503, b"{}")

    def _wrong_key(self, handler: Any) -> None:
        handler.answer(401, b"{}")

    def _truncated(self, handler: Any) -> None:
        content = reply("{}")
        handler.answer(200, content[: len(content) // 2], promised=len(content))

    def _empty(self, handler: Any) -> None:
        handler.answer(200, reply(""))

    def _garbage(self, handler: Any) -> None:
        handler.answer(200, reply('{"proposals": [{"config": {"rate": 7'))

    def _dies(self, handler: Any) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)

    def _repeats(self, handler: Any) -> None:
        handler.answer(200, reply(json.dumps({"proposals": [PROPOSAL]})))

    def _recovers(self, handler: Any) -> None:
        (self._busy if self.asked == 1 else self._repeats)(handler)


def reply(text: str) -> bytes:
    """Return the body of a server's answer that says `text`."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    body = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
    return json.dumps(body | {"choices": [choice]}).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.http.shutdown()


numbers = count()


def run(model: OpenAIModel, folder: Path, patience: float = 1.0) -> tuple[Agent, list[str]]:
    """Run a whole study and return it with what was said about the language model."""
    store = Store.create(TASK, f"run-{next(numbers)}", storage=f"sqlite:///{folder}/study.db")
    said: list[str] = []
    designer = make_designer("hybrid")
    limits = Limits(patience=patience)
    adviser = make_adviser(TASK, designer, model, log=store, notify=said.append, limits=limits)
    agent = Agent(TASK, store=store, designer=designer, evaluator=Bowl(), adviser=adviser)
    agent.run()
    if adviser:
        adviser.close()
    return agent, said


FAULTS = {
    "hangs": "did not answer",
    "busy": "refuses more requests",
    "broken": "status 503",
    "truncated": "no answer|to be reached",
    "empty": "empty answer",
    "garbage": "",
    "dies": "to be reached",
    "wrong_key": "does not accept the API key",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_advice_and_nothing_else(server: Server, tmp_path: Path, fault: str) -> None:
    server.fault, server.asked = fault, 0
    model = OpenAIModel(server.url, api_key="key", timeout=0.5, retries=1)
    agent, said = run(model, tmp_path, patience=20.0)
    assert [t.state for t in agent.trials] == [TrialState.COMPLETE] * TRIALS
    assert not [t for t in agent.trials if t.suggestion.origin == "llm"]
    assert server.asked >= 1
    for call in agent.store.calls():
        assert call.accepted == 0 and (call.error or call.rejected or not call.answers)
    if FAULTS[fault]:
        assert any(re.search(FAULTS[fault], line) for line in said), said


def test_no_server(tmp_path: Path) -> None:
    agent, said = run(OpenAIModel("http://127.0.0.1:9/v1", retries=0), tmp_path)
    assert len(agent.trials) == TRIALS and "to be reached" in said[0]
    assert {t.suggestion.origin for t in agent.trials}.isdisjoint({"llm"})


@pytest.mark.parametrize("fault", ["recovers", "repeats"])
def test_what_is_said_again_is_tried_once(server: Server, tmp_path: Path, fault: str) -> None:
    server.fault = fault
    agent, _ = run(OpenAIModel(server.url, api_key="key"), tmp_path, patience=10.0)
    configs = [TASK.space.key(t.config) for t in agent.trials]
    assert len(set(configs)) == TRIALS
    assert [t.suggestion.origin for t in agent.trials].count("llm") <= 1
    assert any(call.accepted for call in agent.store.calls())


def test_what_will_not_pass_is_not_waited_for(server: Server) -> None:
    """All tries together keep to the time limit, whatever pause the server asks for."""
    server.fault = "hangs"
    model = OpenAIModel(server.url, api_key="key", timeout=0.5, retries=5)
    with pytest.raises(LanguageModelError, match=r"within 0\.5 s"):
        model.complete([{"role": "user", "content": "a"}])
    assert server.asked == 1
    server.fault, server.asked, server.retry_after = "busy", 0, "3600"
    with pytest.raises(LanguageModelError, match="refuses more requests"):
        model.complete([{"role": "user", "content": "a"}])
    assert server.asked == 1
    server.asked, server.retry_after = 0, "0"
    with pytest.raises(LanguageModelError, match="refuses more requests"):
        model.complete([{"role": "user", "content": "a"}])
    assert server.asked == 6

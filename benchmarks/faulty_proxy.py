"""A proxy on the loop-back address that misbehaves in one way, between a client and a real server.

    with FaultyProxy(url, key, fault="truncated", after=1) as proxy:
        OpenAIModel(proxy.url, api_key=proxy.key)

Until `after` questions are answered all are passed on untouched; then the fault begins.
What it needs an answer for, it does to the server's first one.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx

from agent.language_models.llama_cpp import wait_until_healthy

FAULTS = (
    "refused",  # nobody listens any more
    "restarts",  # nobody listens for a while, then the server is back
    "dies",  # the connection ends in the middle of an answer, then nobody listens
    "time-out",  # the answer never comes
    "drips",  # the answer comes, a byte at a time
    "busy",  # 429 with Retry-After for some questions
    "always busy",  # 429 with a Retry-After that is longer than anybody waits
    "broken",  # 503
    "truncated",  # half of the answer is sent
    "cut off",  # the answer is whole, its JSON is not
    "empty",  # the answer says nothing
    "repeats",  # always the first answer again
    "no model",  # the model is not there any more
    "wrong key",  # the key is not accepted any more
    "no answer",  # what comes is not the protocol
)
HEALS = 2
"""Questions, or seconds, after which `restarts` and `busy` end."""
ANSWER = 120.0
"""Seconds that the real server may take for an answer, and longer than any client waits."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hung up."""


class FaultyProxy:
    """Listens from `__enter__` to `__exit__`; `met` of the `asked` questions met the fault.

    On leaving, whatever it waits for ends: the server behind it must not go on with an answer for
    nobody, which the next proxy's question would have to wait for.
    """

    def __init__(self, upstream: str, upstream_key: str, *, fault: str, after: int = 1) -> None:
        self.key = secrets.token_hex(8)
        self.fault, self.after, self.asked, self.passed, self.met = fault, after, 0, 0, 0
        self._upstream, self._upstream_key = urlsplit(upstream), upstream_key
        self._first: bytes = b""
        self._gone = threading.Event()
        self._lock = threading.Lock()
        self._asking: set[http.client.HTTPConnection] = set()
        self._server = self._listen(0)
        self._port = int(self._server.server_port)
        self.url = f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> FaultyProxy:
        return self

    def __exit__(self, *error: object) -> None:
        self._gone.set()
        with self._lock:
            for each in self._asking:
                _hang_up(each.sock)
            self._close()

    def _listen(self, port: int) -> _Server:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy.relay(self, "GET", b"")

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                proxy.asked += 1
                if proxy.fault and proxy.passed >= proxy.after:
                    proxy.met += 1
                    name = proxy.fault.replace(" ", "_").replace("-", "_")
                    getattr(proxy, f"_{name}")(self, content)
                else:
                    proxy.relay(self, "POST", content)

            def log_message(self, *args: Any) -> None:
                return

        server = _Server(("127.0.0.1", port), Handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def relay(self, handler: BaseHTTPRequestHandler, method: str, content: bytes) -> None:
        """Pass a request on and its answer back."""
        if handler.headers.get("Authorization") != f"Bearer {self.key}":
            return _answer(handler, 401, b'{"error": {"message": "wrong key"}}')
        status, reply = self._ask(handler, method, content)
        if method == "POST" and status == http.client.OK:
            self._first = self._first or reply
            self.passed += 1
        return _answer(handler, status, reply)

    def _ask(
        self, handler: BaseHTTPRequestHandler, method: str, content: bytes
    ) -> tuple[int, bytes]:
        server = self._upstream
        assert server.hostname and server.port
        asking = http.client.HTTPConnection(server.hostname, server.port, timeout=ANSWER)
        key = {"Authorization": f"Bearer {self._upstream_key}", "Content-Type": "application/json"}
        try:
            asking.connect()
            with self._lock:
                self._asking.add(asking)
            if self._gone.is_set():
                raise ConnectionError("the proxy is being closed")
            asking.request(method, handler.path, body=content or None, headers=key)
            reply = asking.getresponse()
            return reply.status, reply.read()
        except (OSError, http.client.HTTPException) as error:
            return 502, json.dumps({"error": {"message": str(error)}}).encode()
        finally:
            with self._lock:
                self._asking.discard(asking)
            asking.close()

    # The faults

    def _refused(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        threading.Thread(target=self._close, daemon=True).start()
        _reset(handler)

    def _restarts(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        if self.met == 1:
            threading.Thread(target=self._reopen, daemon=True).start()
            _reset(handler)
        else:
            self.relay(handler, "POST", content)

    def _reopen(self) -> None:
        self._close()
        self._gone.wait(HEALS)
        with self._lock:
            if not self._gone.is_set():
                self._server = self._listen(self._port)

    def _dies(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        threading.Thread(target=self._close, daemon=True).start()
        self._truncated(handler, content)

    def _time_out(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        self._gone.wait(ANSWER)

    def _drips(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        reply = self._first
        _head(handler, 200, len(reply))
        with contextlib.suppress(OSError):
            for i in range(len(reply)):
                handler.wfile.write(reply[i : i + 1])
                handler.wfile.flush()
                if self._gone.wait(0.5):
                    return

    def _busy(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        if self.met > HEALS:
            self.relay(handler, "POST", content)
        else:
            _answer(handler, 429, b'{"error": {"message": "busy"}}', {"Retry-After": "1"})

    def _always_busy(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        _answer(handler, 429, b'{"error": {"message": "busy"}}', {"Retry-After": "3600"})

    def _broken(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        _answer(handler, 503, b'{"error": {"message": "out of order"}}')

    def _truncated(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        reply = self._first
        _head(handler, 200, len(reply))
        handler.wfile.write(reply[: len(reply) // 2])
        handler.wfile.flush()
        _reset(handler)

    def _cut_off(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        _answer(handler, 200, self._altered(lambda text: text[: len(text) // 2]))

    def _empty(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        _answer(handler, 200, self._altered(lambda text: ""))

    def _altered(self, change: Callable[[str], str]) -> bytes:
        body = json.loads(self._first)
        for choice in body["choices"]:
            choice["message"]["content"] = change(choice["message"]["content"])
        return json.dumps(body).encode()

    def _repeats(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        _answer(handler, 200, self._first)

    def _no_model(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        _answer(handler, 404, b'{"error": {"message": "The model does not exist."}}')

    def _wrong_key(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        _answer(handler, 401, b'{"error": {"message": "wrong key"}}')

    def _no_answer(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        _answer(handler, 200, b"<html>This is a login page.</html>")


def _head(handler: BaseHTTPRequestHandler, status: int, length: int, more: Any = None) -> None:
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", **(more or {})}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(length))
    handler.end_headers()


def _answer(handler: BaseHTTPRequestHandler, status: int, content: bytes, more: Any = None) -> None:
    with contextlib.suppress(OSError):
        _head(handler, status, len(content), more)
        handler.wfile.write(content)


def _reset(handler: BaseHTTPRequestHandler) -> None:
    _hang_up(handler.connection)


def _hang_up(connection: socket.socket | None) -> None:
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def llama_server(path: str) -> Iterator[tuple[str, str]]:
    """Serve a GGUF file with llama.cpp's own OpenAI-compatible server; yield its URL and key.

    In a process of its own, which is killed: unloading the library while it computes waits for its
    threads, for ever where they wait for this one.
    """
    command = [sys.executable, "-m", "benchmarks.faulty_proxy", path]
    server = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        assert server.stdout
        line = server.stdout.readline()
        if not line:
            raise RuntimeError(f"llama.cpp does not serve {path}.")
        url, key = json.loads(line)
        with httpx.Client(base_url=url) as client:
            wait_until_healthy(client, limit=ANSWER)
        yield f"{url}/v1", key
    finally:
        server.kill()
        server.communicate()


def serve(path: str) -> None:
    """Serve `path` until nobody holds the other end of the standard input; print URL and key."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import xllamacpp

    params, key = xllamacpp.CommonParams(), secrets.token_hex(8)
    params.model.path = path
    params.n_ctx, params.n_parallel = 4096, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.ui = False
    params.warmup = False
    params.verbosity = -1
    server = xllamacpp.Server(params)
    print(json.dumps([server.listening_address, key]), flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    serve(sys.argv[1])

"""The managed vLLM server as a language model: started again where needed, asleep while it is not.

On a GPU the server gives its memory back between questions (vLLM's sleep mode, level 1: weights go
to the host's memory, the key-value cache is dropped), so that the model being trained has it. Who
asks holds a shared lock on a file; only who gets it alone may send the server to sleep. So runs
that share a server never send it to sleep under each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import httpx

from agent.language_models.openai_url import OpenAIModel
from agent.language_models.vllm_server import running, start
from agent.language_models.vllm_state import ServerState, lives, read_state, state_home
from prompts.chat import Completion, JsonSchema, Message
from prompts.errors import ModelUnavailableError

LEVEL = 1
NOTICED = 10.0
"""Seconds within which a keeper has noticed that its server is gone."""
ANSWER = 300.0
"""Seconds that one answer may take: our own server on a CPU may be slow, and is not dead for it."""
PATIENCE = 60.0
"""Seconds that falling asleep or waking up may take."""


class ManagedVllm(OpenAIModel):
    """The managed server for the model `source`; it is there already.

    A question that finds no server waits for its restart, or starts one where it had stopped
    because nobody asked. A server that failed for good stays away.
    """

    def __init__(
        self,
        state: ServerState,
        source: str,
        *,
        notify: Callable[[str], None],
        timeout: float = ANSWER,
    ) -> None:
        super().__init__(state.url, model=state.model, api_key=state.key, timeout=timeout)
        self._source, self._notify = source, notify
        self._state = state
        self._again = threading.Lock()

    reads_beside = True
    """It batches."""

    @property
    def reads_ahead(self) -> bool:
        """It is ours, and keeps what it has read unless it sleeps between questions."""
        return not self._state.sleeps

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
        """Return `count` answers; wake the server before, and let it sleep after."""

        def ask() -> list[Completion]:
            with _asking():
                wake(self._state)
                return super(ManagedVllm, self).complete(
                    messages,
                    count=count,
                    schema=schema,
                    seed=seed,
                    temperature=temperature,
                    max_tokens=max_tokens,
                )

        try:
            return ask()
        except ModelUnavailableError as error:
            if not error.retryable or not self._come_back():
                raise
            return ask()
        finally:
            sleep(self._state, self._notify)

    def _come_back(self) -> bool:
        """Find the server again, started anew where it had only stopped; return whether it is."""
        with self._again:
            last = _settled()
            if last is not None and last.phase == "failed":
                return False
            self._notify("The vLLM server is gone; waiting until it is back …")
            self._state = start(self._source, notify=self._notify, idle=self._state.idle)
            self.point_to(self._state.url, self._state.key)
            return True


def _settled() -> ServerState | None:
    """Return the state once its keeper has noticed what became of the server."""
    end = time.monotonic() + NOTICED
    while (state := running()) and state.phase == "ready" and not lives(state.server):
        if time.monotonic() > end:
            break
        time.sleep(0.1)
    return state or read_state()


@contextlib.contextmanager
def _asking(alone: bool = False) -> Iterator[bool]:
    """Hold the lock of those who ask, or (`alone`) try to be the only one; yield whether held."""
    state_home().mkdir(parents=True, exist_ok=True)
    with (state_home() / "vllm.asking").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        except BlockingIOError:
            yield False
        else:
            yield True


def is_asleep(state: ServerState) -> bool | None:
    """Return whether the server sleeps; None for one that has no sleep mode.

    Raises:
        ModelUnavailableError: it does not answer.
    """
    if not state.sleeps:
        return None
    reply = _request(state, "GET", "/is_sleeping").json()
    return bool(reply["is_sleeping"]) if "is_sleeping" in reply else None


def wake(state: ServerState) -> None:
    """Wake the server where it sleeps.

    Raises:
        ModelUnavailableError: it does not wake, for instance because the memory is taken.
    """
    if is_asleep(state):
        _request(state, "POST", "/wake_up")


def sleep(state: ServerState, notify: Callable[[str], None] = lambda line: None) -> bool:
    """Send the server to sleep unless somebody asks it something; return whether it sleeps."""
    with _asking(alone=True) as nobody_else:
        if not nobody_else:
            return False
        try:
            if is_asleep(state) is None:
                return False
            _request(state, "POST", f"/sleep?level={LEVEL}")
        except ModelUnavailableError as error:
            notify(f"The vLLM server keeps the GPU's memory: {error.message}")
            return False
    return True


def _request(state: ServerState, method: str, path: str) -> httpx.Response:
    url = state.url.removesuffix("/v1") + path
    headers = {"Authorization": f"Bearer {state.key}"}
    try:
        reply = httpx.request(method, url, headers=headers, timeout=PATIENCE)
        reply.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise ModelUnavailableError(
            f"vLLM answered {path} with status {error.response.status_code}.",
            hint="Its output: plaintune llm logs. Is the GPU's memory taken?",
        ) from error
    except httpx.HTTPError as error:
        raise ModelUnavailableError(
            f"The vLLM server does not answer {path}.", retryable=True
        ) from error
    return reply

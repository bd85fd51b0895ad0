"""Any server that speaks the OpenAI protocol: vLLM, llama.cpp, a company's own, a paid one.

How an answer is bound to a schema differs by server and is asked of the server itself
(`owned_by` in its list of models): vLLM and llama.cpp take our exact grammar, all others a JSON
schema, whose ranges they may or may not keep; what they answer is validated afterwards anyway.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prompts.chat import Completion, JsonSchema, Message
from prompts.errors import InvalidAnswerError, LanguageModelError, ModelUnavailableError
from prompts.grammar import gbnf

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.chat import ChatCompletion
    from tenacity import RetryCallState

KEY_VARIABLES = ("PLAINTUNE_API_KEY", "OPENAI_API_KEY")
TIMEOUT = 60.0
"""Seconds after which a server counts as not answering, further tries included."""
LONGEST_PAUSE = 8.0
"""Seconds between two tries where the server names none."""
OURS = ("x-log", "x-step", "x-odds")


def shown_url(spec: str) -> str:
    """Return how a language model was named without what a URL keeps secret: user and password.

    Of "replay:STUDY@STORAGE" it is the storage's password alone.
    """
    if spec.startswith("replay:"):
        return re.sub(r"(?<=://)([^/:@]*):[^/@]*@", r"\1@", spec)
    return re.sub(r"(?<=://)[^/@]*@", "", spec)


class OpenAIModel:
    """A model behind `url`, which ends before `/chat/completions` (usually with `/v1`).

    `model` None takes the first one the server lists. The key is `api_key`, or the first set one of
    the environment variables in `KEY_VARIABLES`.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str | None = None,
        api_key: str | None = None,
        timeout: float = TIMEOUT,
        retries: int = 2,
    ) -> None:
        self.url = url.rstrip("/")
        self._wanted = model
        self._key = api_key or next((os.environ[k] for k in KEY_VARIABLES if os.environ.get(k)), "")
        self._timeout, self._retries = timeout, retries
        self._lock = threading.Lock()
        self._known: tuple[OpenAI, str, str] | None = None

    @property
    def address(self) -> str:
        """The URL as it may be shown."""
        return shown_url(self.url)

    @property
    def name(self) -> str:
        """The model's name at the server; the URL until the server was asked."""
        return self._known[1] if self._known else self._wanted or self.address

    def point_to(self, url: str, api_key: str) -> None:
        """Ask the server at `url` from now on."""
        with self._lock:
            self.url, self._key, self._known = url.rstrip("/"), api_key, None

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
        """Return `count` answers, in one call where the server can; vLLM is sent no seed.

        vLLM on a CPU (0.32) dies of parallel requests with a seed, and cannot be told from one on a
        GPU by its URL.
        """
        client, model, kind = self._server()
        body: dict[str, Any] = {
            "model": model,
            "messages": [dict(m) for m in messages],
            "temperature": temperature,
            "max_tokens": max_tokens,
            **(_bound(schema, kind) if schema is not None else {}),
        }
        if kind == "llamacpp" and count > 1:
            seeds = [None if seed is None else seed + i for i in range(count)]
            return [c for s in seeds for c in self._ask(client, {**body, **_seed(s, kind)})]
        return self._ask(client, {**body, **_seed(seed, kind), "n": count})

    def _ask(self, client: OpenAI, body: dict[str, Any]) -> list[Completion]:
        start = time.monotonic()
        reply = self._call(lambda left: client.chat.completions.create(**body, timeout=left))
        return _completions(reply, time.monotonic() - start)

    def _server(self) -> tuple[OpenAI, str, str]:
        """Return the client, the model's name there and the kind of server; asks once."""
        with self._lock:
            if self._known is None:
                from openai import OpenAI

                client = OpenAI(
                    base_url=self.url,
                    api_key=self._key or "none",
                    max_retries=0,
                )
                listed = self._call(lambda left: client.models.list(timeout=left).data)
                models = {m.id: m.owned_by for m in listed}
                name = self._wanted or next(iter(models), "")
                if not name or (models and name not in models):
                    raise ModelUnavailableError(
                        f"The server at {self.address} has no model {name!r}.",
                        hint=f"It has: {', '.join(sorted(models)[:20]) or 'none'}. Use --model.",
                    )
                self._known = client, name, models.get(name, "")
            return self._known

    def _call(self, request: Callable[[float], Any]) -> Any:
        """Make `request`, which may take the seconds it is given, again where that may help."""
        import openai
        import tenacity

        end = time.monotonic() + self._timeout
        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            wait=_pause,
            stop=tenacity.stop_after_attempt(self._retries + 1)
            | tenacity.stop_before_delay(self._timeout),
            reraise=True,
        )
        try:
            return tries(lambda: request(max(0.1, end - time.monotonic())))
        except openai.APITimeoutError as error:
            raise LanguageModelError(
                f"The language model at {self.address} did not answer within {self._timeout:g} s.",
                retryable=True,
            ) from error
        except openai.APIConnectionError as error:
            raise ModelUnavailableError(
                f"There is no language model to be reached at {self.address}.",
                hint="Start the server, correct the URL, or use --llm auto.",
                retryable=True,
            ) from error
        except openai.APIStatusError as error:
            raise self._refused(error.status_code, error.message) from error
        except (openai.OpenAIError, ValueError) as error:
            raise InvalidAnswerError(
                f"The language model at {self.address} sent what is no answer: {error}.",
                retryable=True,
            ) from error

    def _refused(self, status: int, message: str) -> LanguageModelError:
        where = f"The language model at {self.address}"
        if status in (401, 403):
            return ModelUnavailableError(
                f"{where} does not accept the API key.",
                hint=f"Set the environment variable {KEY_VARIABLES[0]}.",
            )
        if status == 404:
            return ModelUnavailableError(
                f"{where} knows no such address or model.", hint="Does the URL end with /v1?"
            )
        if status == 429:
            return LanguageModelError(f"{where} refuses more requests for now.", retryable=True)
        retryable = status >= 500 or status in (408, 409)
        return LanguageModelError(
            f"{where} answered with status {status}: {message[:200]}", retryable=retryable
        )


def _may_pass(error: BaseException) -> bool:
    """Return whether asking again may help."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code in (408, 409, 429) or error.status_code >= 500
    return isinstance(error, openai.APIConnectionError)


def _pause(state: RetryCallState) -> float:
    """Return the seconds until the next try: what the server asks for, else growing ones."""
    error = state.outcome.exception() if state.outcome else None
    asked = getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")
    if asked.replace(".", "", 1).isdigit():
        return float(asked)
    return min(LONGEST_PAUSE, 0.5 * 2.0 ** (state.attempt_number - 1))


def _seed(seed: int | None, kind: str) -> dict[str, int]:
    return {} if seed is None or kind == "vllm" else {"seed": seed % 2**31}


def _bound(schema: JsonSchema, kind: str) -> dict[str, Any]:
    if kind == "vllm":
        return {"extra_body": {"structured_outputs": {"grammar": gbnf(schema)}}}
    if kind == "llamacpp":
        return {"extra_body": {"grammar": gbnf(schema)}}
    described = {"name": "answer", "strict": True, "schema": plain_schema(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def plain_schema(schema: Any) -> Any:
    """Return `schema` without our own keywords, which strict servers refuse."""
    if isinstance(schema, Mapping):
        return {k: plain_schema(v) for k, v in schema.items() if k not in OURS}
    return [plain_schema(s) for s in schema] if isinstance(schema, list) else schema


def _completions(reply: ChatCompletion, seconds: float) -> list[Completion]:
    """Return the answers; the prompt is counted with the first only, since it was sent once."""
    if not reply.choices or not any(c.message.content for c in reply.choices):
        raise InvalidAnswerError("The language model sent an empty answer.", retryable=True)
    usage = reply.usage
    details = usage.prompt_tokens_details if usage else None
    share = (usage.completion_tokens if usage else 0) / len(reply.choices)
    return [
        Completion(
            text=choice.message.content or "",
            model=reply.model,
            prompt_tokens=usage.prompt_tokens if usage and not i else 0,
            cached_tokens=(details.cached_tokens or 0) if details and not i else 0,
            completion_tokens=round(share),
            seconds=seconds,
            finish_reason=choice.finish_reason or "stop",
        )
        for i, choice in enumerate(reply.choices)
    ]

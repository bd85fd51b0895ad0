"""`plaintune llm …`: the language model by itself."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Fetch, serve and try the language model.", no_args_is_help=True)


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _fail(error: Exception, code: int = 1) -> typer.Exit:
    typer.echo(f"Error: {error}", err=True)
    return typer.Exit(code)


@app.callback()
def main() -> None:
    """Look after the language model."""


@app.command()
def fetch(names: Annotated[list[str], typer.Argument(help="default, light or tiny")]) -> None:
    """Fetch models into the cache, so that later commands need no network."""
    from agent.model_cache import MODELS
    from agent.model_cache import fetch as fetch_model
    from prompts.errors import PlaintuneError

    if unknown := [n for n in names if n not in MODELS]:
        raise _fail(ValueError(f"No model is called {unknown[0]}; use {', '.join(MODELS)}."), 2)
    try:
        for name in names:
            typer.echo(fetch_model(MODELS[name], _say))
    except PlaintuneError as error:
        raise _fail(error, error.exit_code) from error


@app.command()
def start(
    model: Annotated[
        str, typer.Option(help="default, light, tiny, a GGUF file, a directory or a hub name")
    ] = "default",
    idle: Annotated[
        float, typer.Option(min=1, help="stop after so many seconds without a question")
    ] = 1800,
) -> None:
    """Start a vLLM server in the background, or find the one that runs."""
    from agent.language_models.vllm_server import start as start_server
    from prompts.errors import PlaintuneError

    try:
        state = start_server(model, notify=_say, idle=idle)
    except PlaintuneError as error:
        raise _fail(error, error.exit_code) from error
    typer.echo(f"vLLM serves {state.model} at {state.url}.")


@app.command()
def stop() -> None:
    """Stop the vLLM server that `start` started."""
    from agent.language_models.vllm_server import stop as stop_server

    typer.echo("vLLM is stopped." if stop_server() else "No vLLM server was running.")


@app.command()
def status() -> None:
    """Say whether the vLLM server runs, and how many tokens it saw and found in its cache."""
    import httpx

    from agent.language_models.vllm_server import metrics, running
    from agent.language_models.vllm_state import read_state

    state = running()
    if state is None:
        last = read_state()
        failed = f" It failed last time: {last.reason}." if last and last.reason else ""
        typer.echo(f"No vLLM server is running.{failed}")
        raise typer.Exit(3)
    typer.echo(f"{state.phase}: {state.model} at {state.url}, restarted {state.restarts} times")
    if state.phase == "ready":
        try:
            found = metrics(state)
        except httpx.HTTPError as error:
            raise _fail(error) from error
        asked, hit = (
            found.get("prefix_cache_queries_total", 0),
            found.get("prefix_cache_hits_total", 0),
        )
        typer.echo(
            f"{found.get('prompt_tokens_total', 0):,.0f} tokens in, "
            f"{hit / asked if asked else 0:.0%} of them from the prefix cache, "
            f"{found.get('generation_tokens_total', 0):,.0f} out"
        )


@app.command()
def logs(lines: Annotated[int, typer.Option("--lines", "-n", min=1)] = 50) -> None:
    """Print the end of the vLLM server's output."""
    from agent.language_models.vllm_state import log_path

    if not log_path().is_file():
        raise _fail(ValueError("There is no output: no vLLM server was started."))
    text = log_path().read_text(errors="replace").splitlines()
    typer.echo("\n".join(text[-lines:]))


@app.command("try")
def try_(
    text: Annotated[str, typer.Argument(help="what to say to the model")],
    llm: Annotated[str, typer.Option(help="auto, llama.cpp, transformers or a URL")] = "auto",
    model: Annotated[str | None, typer.Option(help="default, light, tiny, path or name")] = None,
    max_tokens: Annotated[int, typer.Option(min=1)] = 200,
) -> None:
    """Say something to the language model and print its answer, with what it cost."""
    from agent.language_models.registry import open_language_model
    from prompts.errors import PlaintuneError

    try:
        opened = open_language_model(llm, model=model, notify=_say)
        if opened is None:
            raise _fail(ValueError("With --llm none there is no model to try."), 2)
        answer = opened.complete([{"role": "user", "content": text}], max_tokens=max_tokens)[0]
    except PlaintuneError as error:
        raise _fail(error, error.exit_code) from error
    typer.echo(answer.text)
    rate = answer.completion_tokens / max(answer.seconds, 1e-9)
    _say(
        f"{opened.name}: {answer.prompt_tokens} tokens in ({answer.cached_tokens} from the cache), "
        f"{answer.completion_tokens} out, {answer.seconds:.1f} s, {rate:.0f} tokens/s in all."
    )


if __name__ == "__main__":
    app()

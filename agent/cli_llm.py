"""`plaintune llm …`: the language model by itself."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Fetch and try the language model.", no_args_is_help=True)


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

"""How the program ends: one sentence and an exit code, whatever happened."""

from __future__ import annotations

import atexit
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

from agent.signals import Interrupted, interruptible
from prompts.errors import PlaintuneError


def run_safely(call: Callable[[], object]) -> int:
    """Run `call` and return the exit code; no traceback reaches the terminal."""
    try:
        with interruptible():
            call()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Interrupted as end:
        say("Stopped.")
        _say_notes(end)
        return end.exit_code
    except PlaintuneError as error:
        say(f"plaintune: {error}")
        _say_notes(error)
        return error.exit_code
    except BrokenPipeError:
        return 1
    except Exception as error:
        say(f"plaintune: something went wrong that should not: {type(error).__name__}: {error}")
        say(f"The details are in {_log(error)}; please report them.")
        return 1
    return 0


def leave(code: int) -> NoReturn:
    """End the process after its clean-up functions, without unloading native libraries.

    A language model that still computes in its own threads crashes the process when Python unloads
    it, or holds it up for as long as its answer takes.
    """
    if llama_cpp := sys.modules.get("agent.language_models.llama_cpp"):
        atexit.unregister(llama_cpp.settle)
    atexit._run_exitfuncs()
    with suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def escape_unprintable() -> None:
    """Write a character that the output's encoding lacks as its code, as stderr always does."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Write a message for people."""
    print(text, file=sys.stderr, flush=True)


def _say_notes(error: BaseException) -> None:
    for note in getattr(error, "__notes__", ()):
        say(note)


def _log(error: Exception) -> str:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    path = Path(state) / "plaintune" / "errors.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write("".join(traceback.format_exception(error)) + "\n")
    except OSError as unwritable:
        return f"no file ({path} cannot be written: {unwritable.strerror})"
    return str(path)

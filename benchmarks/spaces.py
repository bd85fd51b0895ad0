"""How good are proposed search spaces? On the yardstick in `tests/data/spaces`.

    python -m benchmarks.spaces development            # code alone
    python -m benchmarks.spaces development --llm      # with the default language model

Prints one row per kind of program and the mistakes, and with --out writes them as JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import runpy
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from agent.parameters import Program, propose_all
from evals.arguments import Argument
from evals.constants import read_constants
from evals.flags import read_config, read_help
from evals.parameters import Float, Int, Parameter
from evals.proposals import Proposal
from evals.signature import read_function
from evals.sources import read_source
from prompts.chat import LanguageModel

DATA = Path(__file__).parents[1] / "tests" / "data" / "spaces"


@dataclass(frozen=True)
class Verdict:
    """One program: names expected, proposed and harmful, and how the ranges lie.

    `overlap` holds per expected and proposed parameter the Jaccard index of the proposed and the
    acceptable range on the acceptable range's scale; `outside` those that share no value, or hold
    their default not.
    """

    program: str
    kind: str
    expected: tuple[str, ...]
    missing: tuple[str, ...]
    proposed: tuple[str, ...]
    harmful: tuple[str, ...]
    overlap: dict[str, float]
    invalid: tuple[str, ...]
    seconds: float
    questions: int
    origins: dict[str, str]


def read_program(path: Path, kind: str) -> tuple[list[Argument], str]:
    """Return a program's arguments and what it says of itself."""
    text = path.read_text(encoding="utf-8")
    if kind == "function":
        space = runpy.run_path(str(path), run_name=path.stem)
        function = [v for v in space.values() if type(v).__name__ == "function"][-1]
        return list(read_function(function).arguments), function.__doc__ or ""
    if kind == "constants":
        return read_constants(text), _about(text)
    if kind == "hydra config":
        return read_config(text), path.stem
    return (
        (read_source(text), _about(text))
        if path.suffix == ".py"
        else (
            read_help(text),
            " ".join(text.split("\n\n")[0].split())[:200],
        )
    )


def _about(text: str) -> str:
    first = text.strip().splitlines()[0]
    return first.strip("\"'# ")[:200] if first[:1] in "\"'#" else ""


def judge(path: Path, model: LanguageModel | None) -> Verdict:
    """Compare what is proposed for a program with what a practitioner would tune."""
    truth = yaml.safe_load(path.with_name(f"{path.name}.expected.yaml").read_text())
    arguments, about = read_program(path, truth["kind"])
    began = time.monotonic()
    asked = propose_all(arguments, Program(about, truth["goal"]), model)
    tuned = {p.argument.name: p for p in asked.proposals if p.parameter is not None}
    shared = [n for n in truth["tune"] if n in tuned]
    return Verdict(
        program=path.name,
        kind=truth["kind"],
        expected=tuple(truth["tune"]),
        missing=tuple(n for n in truth["tune"] if n not in tuned),
        proposed=tuple(tuned),
        harmful=tuple(n for n in tuned if n in truth["harmful"]),
        overlap={n: _overlap(tuned[n].parameter, truth["tune"][n]) for n in shared},
        invalid=tuple(n for n, p in tuned.items() if not _holds_default(p)),
        seconds=round(time.monotonic() - began, 2),
        questions=len(asked.calls),
        origins={n: f"{p.origin}: {_range(p.parameter)}" for n, p in tuned.items()},
    )


def _holds_default(proposal: Proposal) -> bool:
    default = proposal.argument.default
    return default is None or (
        proposal.parameter is not None and proposal.parameter.check(default) == default
    )


def _range(parameter: Parameter | None) -> str:
    if isinstance(parameter, Float | Int):
        return f"{parameter.low:g} to {parameter.high:g}{' log' if parameter.log else ''}"
    return ", ".join(map(str, parameter.options)) if parameter else ""


def _overlap(parameter: Parameter | None, truth: dict[str, Any]) -> float:
    """Return the Jaccard index of two ranges, or of two sets of choices."""
    if not isinstance(parameter, Float | Int):
        options = set(map(str, parameter.options)) if parameter else set()
        wanted = truth.get("choices")
        if wanted is None:
            inside = [o for o in options if truth["low"] <= float(o) <= truth["high"]]
            return len(inside) / len(options)
        wanted = set(map(str, wanted))
        return len(options & wanted) / len(options | wanted)
    low, high = truth["low"], truth["high"]
    spans = [(parameter.low, parameter.high), (low, high)]
    if truth.get("log") and low > 0:
        spans = [(math.log(max(a, low / 1e3)), math.log(b)) for a, b in spans]
    (a, b), (c, d) = spans
    return max(0.0, min(b, d) - max(a, c)) / (max(b, d) - min(a, c))


def summary(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return the figures over several programs."""
    overlaps = [o for v in verdicts for o in v.overlap.values()]
    expected = sum(len(v.expected) for v in verdicts)
    proposed = sum(len(v.proposed) for v in verdicts)
    return {
        "programs": len(verdicts),
        "expected": expected,
        "found": round(1 - sum(len(v.missing) for v in verdicts) / expected, 3),
        "proposed": proposed,
        "harmful": round(sum(len(v.harmful) for v in verdicts) / max(proposed, 1), 3),
        "ranges overlapping": round(sum(o > 0 for o in overlaps) / max(len(overlaps), 1), 3),
        "Jaccard at least 1/3": round(sum(o >= 1 / 3 for o in overlaps) / max(len(overlaps), 1), 3),
        "mean Jaccard": round(sum(overlaps) / max(len(overlaps), 1), 3),
        "valid with default inside": round(
            1 - sum(len(v.invalid) for v in verdicts) / max(proposed, 1), 3
        ),
        "questions": sum(v.questions for v in verdicts),
        "seconds": round(sum(v.seconds for v in verdicts), 1),
    }


def _kept(path: Path) -> dict[str, Verdict]:
    """Return the verdicts of a run that was cut short, by program."""
    if not path.exists():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))["verdicts"]
    lists = {f.name for f in fields(Verdict) if str(f.type).startswith("tuple")}
    plain = [{k: tuple(v) if k in lists else v for k, v in row.items()} for row in rows]
    return {row["program"]: Verdict(**row) for row in plain}


def _write(path: Path, verdicts: Sequence[Verdict]) -> None:
    kinds = dict.fromkeys(v.kind for v in verdicts)
    rows = {k: summary([v for v in verdicts if v.kind == k]) for k in kinds}
    content = {
        "rows": rows | {"all": summary(verdicts)},
        "verdicts": [asdict(v) for v in verdicts],
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Judge one half of the yardstick."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("half", choices=["development", "held_out"])
    parser.add_argument("--llm", action="store_true", help="ask the default language model")
    parser.add_argument("--out", type=Path, help="write verdicts as JSON, after each program")
    parser.add_argument("--more", action="store_true", help="keep the verdicts that --out holds")
    given = parser.parse_args()
    model = None
    if given.llm:
        from agent.language_models.registry import open_language_model

        model = open_language_model("auto", notify=print)
    paths = sorted((DATA / given.half).glob("*.expected.yaml"))
    known = _kept(given.out) if given.more and given.out else {}
    verdicts = []
    for path in (p.with_name(p.name.removesuffix(".expected.yaml")) for p in paths):
        verdicts.append(known.get(path.name) or judge(path, model))
        if given.out:
            _write(given.out, verdicts)
    for verdict in verdicts:
        print(f"{verdict.program}: missing {verdict.missing}, harmful {verdict.harmful}")
        for name, overlap in verdict.overlap.items():
            if overlap < 1 / 3:
                print(f"    {name}: {verdict.origins[name]} (Jaccard {overlap:.2f})")
    print(json.dumps(summary(verdicts), indent=1))


if __name__ == "__main__":
    main()

"""The command line: light to start, one sentence for bad input, clean on a signal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agent.cli import app
from agent.exits import run_safely
from agent.store import Store
from evals.evaluator import Report
from evals.evaluators.registry import EVALUATORS
from evals.space import Config, Float, Int, SearchSpace
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, TrialState

ROOT = Path(__file__).parent.parent
TASK = Task(
    description="a bowl",
    evaluator="bowl",
    space=SearchSpace((Float("x", -2, 2, default=1.5), Int("n", 1, 4, default=2))),
    objectives=(Objective(metric="loss", direction="minimize"),),
    budget=Budget(trials=4),
)


class Bowl:
    """A fast evaluator: (x - 0.3)^2 + n; `before` is called with the number of evaluations."""

    def __init__(self) -> None:
        self.count = 0
        self.before: Callable[[int], object] = lambda count: None

    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        self.before(self.count)
        self.count += 1
        loss = (float(config["x"]) - 0.3) ** 2 + float(config["n"])  # type: ignore[arg-type]
        return Evaluation(TrialState.COMPLETE, (loss,), (0.01,))


LIGHT = ["torch", "pandas", "sklearn", "optuna", "botorch", "numpy", "rich", "xllamacpp", "openai"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "task.yaml").write_text(TASK.to_yaml(), encoding="utf-8")
    return tmp_path


@pytest.fixture
def bowl(monkeypatch: pytest.MonkeyPatch) -> Bowl:
    made = Bowl()
    monkeypatch.setitem(EVALUATORS, "bowl", lambda task, frame: made)
    return made


class Said(NamedTuple):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def plaintune(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def call(*words: str) -> Said:
        code = run_safely(lambda: app(list(words), prog_name="plaintune"))
        return Said(code, *capsys.readouterr())

    return call


Plaintune = Callable[..., Said]


@pytest.mark.parametrize("words", [["--help"], ["plan", "--help"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys, agent.exits as e\nfrom agent.cli import app\n"
        f"code = e.run_safely(lambda: app({words!r}, prog_name='plaintune'))\n"
        f"print('LOADED', code, [m for m in {LIGHT!r} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "Usage: plaintune" in done.stdout
    assert done.stdout.strip().endswith("LOADED 0 []")


def test_the_public_module_loads_nothing_and_has_everything() -> None:
    code = (
        "import sys, plaintune\n"
        "assert not {'numpy', 'agent', 'evals'} & set(sys.modules)\n"
        "assert [n for n in dir(plaintune) if getattr(plaintune, n) is None] == []\n"
        "print(plaintune.Float('x', 0, 1).name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "x\n"


def test_from_a_task_to_a_report(here: Path, bowl: Bowl, plaintune: Plaintune) -> None:
    done = plaintune("run", "task.yaml", "--llm", "none", "--name", "first", "--json")
    assert done.code == 0, done.err
    found = done.json
    assert found["study"] == "first"
    assert len(found["trials"]) == 4
    assert found["trials"][0]["origin"] == "default"
    assert found["best"]["values"][0] == min(t["values"][0] for t in found["trials"])
    assert found["stopped"] == "all 4 trials are done"
    for file in found["files"].values():
        assert (here / file).is_file()
    assert "trial   1  default" in done.err

    other = plaintune("run", "plaintune-runs/first/task.yaml", "--llm", "none", "--json").json
    assert other["study"] != "first"
    assert [t["config"] for t in other["trials"]] == [t["config"] for t in found["trials"]]

    more = plaintune("resume", "first", "--trials", "6", "--llm", "none", "--json")
    assert len(more.json["trials"]) == 6
    fewer = plaintune("resume", "first", "--trials", "3", "--llm", "none", "--json").json
    assert fewer["stopped"] == "6 trials are done, and no more than 3 were asked for"
    shown = plaintune("show", "first")
    assert shown.code == 0
    assert "loss" in shown.out
    rows = {row["study"]: row["trials"] for row in plaintune("list", "--json").json}
    assert rows == {"first": 6, other["study"]: 4}
    (here / "plaintune-runs/first/report.html").unlink()
    path = plaintune("report", "first").out.strip()
    assert Path(path).stat().st_size > 10_000


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_says_how_to_go_on(
    here: Path, bowl: Bowl, plaintune: Plaintune, signum: signal.Signals
) -> None:
    bowl.before = lambda count: signal.raise_signal(signum) if count == 2 else None
    stopped = plaintune("run", "task.yaml", "--llm", "none", "--name", "s")
    assert stopped.code == 128 + signum
    assert "Traceback" not in stopped.err
    assert "plaintune resume s" in stopped.err
    before = plaintune("show", "s", "--json").json["trials"]
    assert [t["state"] for t in before] == ["complete", "complete", "running"]
    bowl.before = lambda count: None
    after = plaintune("resume", "s", "--llm", "none", "--json").json["trials"]
    assert [t["state"] for t in after] == ["complete"] * 4
    assert [t["config"] for t in after[:3]] == [t["config"] for t in before]


def test_suggestions_without_training(here: Path, plaintune: Plaintune) -> None:
    found = plaintune("suggest", "task.yaml", "-n", "3", "--llm", "none", "--json").json
    assert [s["origin"] for s in found] == ["default", "sobol", "sobol"]
    assert len({json.dumps(s["config"]) for s in found}) == 3
    assert not (here / "plaintune.db").exists()


def test_options_win_over_the_task(here: Path, plaintune: Plaintune) -> None:
    words = ["plan", "task.yaml", "--trials", "9", "--seed", "3", "--llm", "none"]
    task = Task.from_yaml(plaintune(*words).out)
    assert (task.budget.trials, task.seed) == (9, 3)
    assert task.sources["budget.trials"].quote == "--trials 9"


@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_output_in_an_encoding_that_lacks_a_letter(here: Path, json_too: list[str]) -> None:
    task = TASK.model_copy(update={"description": "größer 日 🎯"})
    (here / "task.yaml").write_text(task.to_yaml(), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "agent", "plan", "task.yaml", "--llm", "none", *json_too],
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if json_too:
        assert json.loads(done.stdout)["description"] == task.description
    assert "gr\\" in done.stdout


BAD: list[tuple[list[str], str]] = [
    (["run", "missing.yaml"], "missing.yaml cannot be read"),
    (["run", "broken.yaml"], "not valid YAML"),
    (["run", "missing.yaml", "--llm-budget", "much"], "is no limit"),
    (["run", "missing.yaml", "--strategy", "magic"], "no strategy called"),
    (["run", "missing.yaml", "--name", "a/b"], "cannot be a study's name"),
    (["run", "missing.yaml", "--name", ""], "cannot be a study's name"),
    (["run", "Predict \udcff from one_class.csv"], "does not say which column"),
    (["run", "Predict y from my data/of käse.csv"], "only one column"),
    (["run", "latin.yaml"], "not UTF-8"),
    (["run", "task.yaml", "--trials", "0"], "trials = "),
    (["run", "task.yaml", "--trials", "-3"], "trials = "),
    (["run", "task.yaml", "--trials", "many"], "--trials"),
    (["run", "task.yaml", "--seconds", "0"], "seconds = "),
    (["run", "task.yaml", "--name", "a/b"], "cannot be a study's name"),
    (["run", "task.yaml", "--name", "taken"], "exists already"),
    (["run", "task.yaml", "--out", "task.yaml"], "cannot be written"),
    (["run", "task.yaml", "--out", "/proc/nowhere"], "cannot be written"),
    (["run", "task.yaml", "--storage", "/nonexistent/a.db"], "cannot be opened"),
    (["run", "task.yaml", "--storage", "latin.yaml"], "is not a database"),
    (["run", "task.yaml", "--storage", "foo://x"], "not a database address"),
    (["resume", "nobody"], "no study called 'nobody'"),
    (["resume", "takn"], "There is: taken"),
    (["show", "nobody"], "no study called"),
    (["report", "nobody"], "no study called"),
    (["suggest", "task.yaml", "-n", "0"], "-n must be at least 1"),
    (["run", ""], "description is empty"),
    (["run", "word " * 10_000 + "predict y from one_class.csv"], "8,000 is the most"),
    (["run", "Predict y from absent.csv"], "There is no file"),
    (
        ["plan", "task.yaml", "--score", "x", "--cpu-seconds", "3"],
        "--score, --cpu-seconds says how a command is run",
    ),
    (["run", "Predict y from empty.csv"], "is empty"),
    (["run", "Predict y from binary.csv"], "not a table"),
    (["run", "Predict y from one_row.csv"], "only 1 row"),
    (["run", "Predict y from one_class.csv"], "only one value"),
    (["run", "Predict y from no_target.csv"], "has no values"),
    (["run", "Predict x from one_class.csv, maximise accuracy, 0 trials"], "must be positive"),
    (["run", "Predict x from one_class.csv, accuracy"], "No column is left"),
    (["run"], "Missing argument"),
    (["fly"], "No such command"),
]


@pytest.fixture(scope="module")
def bad_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the files that `BAD` names."""
    place = tmp_path_factory.mktemp("bad")
    (place / "task.yaml").write_text(TASK.to_yaml(), encoding="utf-8")
    (place / "broken.yaml").write_text("a: [", encoding="utf-8")
    (place / "latin.yaml").write_bytes("a: ü".encode("latin-1") * 1000)
    (place / "empty.csv").touch()
    (place / "binary.csv").write_bytes(bytes(range(256)) * 9)
    (place / "my data").mkdir()
    (place / "my data/of käse.csv").write_text("y\na\nb\n")
    (place / "one_row.csv").write_text("x,y\n1,2\n")
    (place / "one_class.csv").write_text("x,y\n" + "1,a\n2,a\n" * 30)
    (place / "no_target.csv").write_text("x,y\n" + "1,\n2,\n" * 30)
    Store.create(TASK, "taken", str(place / "plaintune.db"))
    return place


@pytest.mark.parametrize(("words", "sentence"), BAD, ids=[" ".join(w)[-60:] for w, _ in BAD])
def test_bad_input_is_one_sentence(
    bad_place: Path,
    monkeypatch: pytest.MonkeyPatch,
    bowl: Bowl,
    plaintune: Plaintune,
    words: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(bad_place)
    quiet = [] if words[0] in ("show", "report", "fly") or len(words) == 1 else ["--llm", "none"]
    done = plaintune(*words, *quiet)
    assert done.code == 2
    assert sentence in done.err
    assert "Traceback" not in done.err


def test_a_bug_is_logged_and_not_shown(
    here: Path, plaintune: Plaintune, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("agent.commands.plan", broken)
    done = plaintune("plan", "task.yaml")
    assert done.code == 1
    assert "Traceback" not in done.err
    log = here / "state/plaintune/errors.log"
    assert str(log) in done.err
    assert "ZeroDivisionError: oh" in log.read_text()


def test_leaving_cleans_up_and_does_not_wait_for_threads() -> None:
    code = (
        "import atexit, threading, time\nfrom agent.exits import leave\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "atexit.register(print, 'cleaned up')\nleave(3)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (3, "cleaned up\n")


def test_what_stays_open_is_said(here: Path, plaintune: Plaintune) -> None:
    rows = "".join(f"{i},{i * 7 % 5}.5\n" for i in range(60))
    (here / "shop.csv").write_text(f"a,b\n{rows}", encoding="utf-8")
    said = plaintune("plan", "predict b from shop.csv in time order", "--llm", "none", "--yes")
    assert said.code == 0
    assert "names no column that tells the time" in said.err


@pytest.mark.parametrize("option", ["--metric", "--score", "--score-file", "--memory"])
def test_an_option_about_a_command_needs_one(here: Path, plaintune: Plaintune, option: str) -> None:
    for command in ("run", "plan"):
        said = plaintune(command, "task.yaml", option, "5", "--llm", "none", "--yes")
        assert said.code == 2
        assert f"{option} says how a command is run, and no command is given" in said.err


def test_the_budget_of_the_options_leaves_no_default(here: Path, plaintune: Plaintune) -> None:
    (here / "shop.csv").write_text("a,b\n" + "1,2.5\n3,4.5\n7,1.5\n" * 20, encoding="utf-8")
    words = ("plan", "predict b from shop.csv", "--llm", "none", "--json")
    said = plaintune(*words, "--seconds", "60")
    assert (said.json["budget"]["trials"], said.json["budget"]["seconds"]) == (None, 60)
    assert "No budget is given" not in said.err
    assert plaintune(*words, "--trials", "7").json["budget"]["trials"] == 7


def test_a_task_may_have_blanks_in_its_name(here: Path, plaintune: Plaintune) -> None:
    (here / "task.yaml").rename(here / "my task.yaml")
    said = plaintune("plan", "my task.yaml", "--llm", "none")
    assert (said.code, "a bowl" in said.out) == (0, True)


def test_the_command_to_go_on_with_can_be_typed(
    here: Path, bowl: Bowl, plaintune: Plaintune
) -> None:
    def interrupt(count: int) -> None:
        if count == 2:
            signal.raise_signal(signal.SIGINT)

    bowl.before = interrupt
    words = ("run", "task.yaml", "--llm", "none", "--name", "s", "--storage", "my runs.db")
    assert "plaintune resume s --storage 'my runs.db'\n" in plaintune(*words).err
    assert "plaintune resume s --storage 'my runs.db'`;" in plaintune(*words).err


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """Which language models were opened; none of them is there."""
    found: list[tuple[str, str | None]] = []

    def open_none(spec: str, *, model: str | None, notify: Any) -> None:
        found.append((spec, model))

    monkeypatch.setattr("agent.language_models.registry.open_language_model", open_none)
    return found


def test_a_study_goes_on_with_the_language_model_it_began_with(
    here: Path, bowl: Bowl, plaintune: Plaintune, opened: list[tuple[str, str | None]]
) -> None:
    plaintune("run", "task.yaml", "--llm", "none", "--name", "bare")
    plaintune("run", "task.yaml", "--llm", "llama.cpp", "--model", "tiny", "--name", "asked")
    assert opened == [("none", None), ("llama.cpp", "tiny")]
    done = plaintune("resume", "bare", "--trials", "5")
    assert done.code == 0 and "began with --llm none" in done.err
    plaintune("resume", "asked", "--trials", "5")
    assert opened[2:] == [("none", None), ("llama.cpp", "tiny")]
    plaintune("resume", "asked", "--trials", "6", "--llm", "auto")
    plaintune("resume", "bare", "--trials", "6", "--model", "light")
    plaintune("steer", "bare", "gibberish gobbledygook", "--yes")
    assert opened[4:] == [("auto", None), ("auto", "light"), ("none", None)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("plaintune:task", "a: ["),
        ("plaintune:task", "description: from another version"),
        ("plaintune:outcome", {"stopped": 5}),
        ("plaintune:outcome", "words"),
    ],
)
def test_a_study_that_cannot_be_read_does_not_hide_the_others(
    here: Path, plaintune: Plaintune, key: str, value: object
) -> None:
    for name in ("first", "broken", "last"):
        store = Store.create(TASK, name)
        if name == "broken":
            store.set_study_attribute(key, value)
    listed = plaintune("list")
    assert [line.split()[0] for line in listed.out.splitlines()] == ["first", "last"]
    [line] = listed.err.splitlines()
    assert line.startswith("broken is not listed. ") and len(line) > 40
    assert (listed.code, len(plaintune("list", "--json").json)) == (0, 2)
    shown = plaintune("show", "broken")
    assert shown.code == 2 and "something went wrong" not in shown.err

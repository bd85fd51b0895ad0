"""The command line. Everything heavy is imported when a command runs, not before.

Data goes to stdout, messages go to stderr. Exit codes: 0 done, 1 failed, 2 bad input,
130 Ctrl-C, 143 SIGTERM.
"""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli_llm import app as llm_app
from agent.talk import Talk
from prompts.chat import LanguageModel

app = typer.Typer(
    name="plaintune",
    help="Say in plain English what to tune, and get a tuned model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(llm_app, name="llm")

Source = Annotated[str, typer.Argument(help="What to tune, in plain words, or a task.yaml.")]
Study = Annotated[str, typer.Argument(help="The study's name; see `plaintune list`.")]
Words = Annotated[str, typer.Argument(help="What should change, in plain words.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; state the assumptions made.")]
NoInput = Annotated[bool, typer.Option("--no-input", help="The same as --yes.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object; asks nothing.")]
Trials = Annotated[int | None, typer.Option("--trials", "-t", help="How many trials to run.")]
Seconds = Annotated[float | None, typer.Option("--seconds", help="How long to run.")]
StopBelowGain = Annotated[
    float | None,
    typer.Option(
        "--stop-below-gain", help="Stop where no more than this is likely to be gained; 0: never."
    ),
]
Seed = Annotated[int | None, typer.Option("--seed", help="The same seed chooses the same trials.")]
Llm = Annotated[
    str,
    typer.Option(
        "--llm", help="auto, none, llama.cpp, vllm, transformers, a URL, or replay:STUDY."
    ),
]
StudyLlm = Annotated[
    str | None, typer.Option("--llm", help="As for `run`. Without it: what the study began with.")
]
Model = Annotated[
    str | None, typer.Option("--model", help="default, light, tiny, a file, or a hub name.")
]
LlmBudget = Annotated[
    str,
    typer.Option("--llm-budget", help='What the LLM may cost: "20 calls, 5k tokens, 2 min".'),
]
Storage = Annotated[
    str | None,
    typer.Option("--storage", help="A file or a database URL. Without it: plaintune.db, here."),
]
Strategy = Annotated[
    str,
    typer.Option(
        "--strategy", help="hybrid, gp, llm, llambo, llinbo-transient, …, sobol, or random."
    ),
]
Portfolio = Annotated[
    bool,
    typer.Option("--portfolio/--no-portfolio", help="Begin with what did well on other tables."),
]
Surrogate = Annotated[
    str,
    typer.Option("--surrogate", help="gp, heteroscedastic, random_forest, saas, warped, or auto."),
]
Acquisition = Annotated[
    str,
    typer.Option("--acquisition", help="logei, ucb, qlognei, thompson, joint_entropy, …"),
]
Replicate = Annotated[
    str,
    typer.Option("--replicate", help="auto: run contenders again where noise decides; or off."),
]
Transfer = Annotated[
    str | None,
    typer.Option("--transfer", help="Earlier studies to learn from: STUDY,STUDY or auto."),
]
Beliefs = Annotated[
    bool, typer.Option("--beliefs", help="Ask the language model first what it expects.")
]
Context = Annotated[
    str,
    typer.Option("--context", help="What the LLM's first question tells: none, partial, full."),
]
LogValues = Annotated[
    bool, typer.Option("--log-values", help="Show it values on a log scale as logarithms.")
]
Permute = Annotated[
    bool, typer.Option("--permute", help="Ask the language model again with permuted scores.")
]
Name = Annotated[str | None, typer.Option("--name", help="What to call the study.")]
Out = Annotated[
    str | None, typer.Option("--out", help="Where files go. Without it: plaintune-runs/STUDY.")
]
Command = Annotated[
    list[str] | None,
    typer.Argument(help="After --: a command line to tune, such as: python train.py."),
]
Space = Annotated[
    str | None, typer.Option("--space", help="The command's parameters: YAML, or a task.yaml.")
]
Metric = Annotated[str | None, typer.Option("--metric", help="The command's score, by name.")]
Score = Annotated[
    str | None, typer.Option("--score", help="Regular expression; its group holds the score.")
]
ScoreFile = Annotated[
    str | None,
    typer.Option(
        "--score-file", help="JSON, CSV or TensorBoard file (or its folder) that it writes."
    ),
]
Memory = Annotated[int | None, typer.Option("--memory", help="MiB that one trial may use.")]
CpuSeconds = Annotated[
    int | None, typer.Option("--cpu-seconds", help="Processor time that one trial may use.")
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="How many trials run at a time.")
]
Gpus = Annotated[
    str | None, typer.Option("--gpus", help="GPUs to deal among the workers, such as 0,1.")
]
Constraint = Annotated[
    list[str] | None,
    typer.Option(
        "--constraint", help='Try only where this holds: "heads * 8 <= width"; may be repeated.'
    ),
]
Count = Annotated[int, typer.Option("-n", "--count", help="How many configurations.")]


@app.command()
def run(
    source: Source,
    command: Command = None,
    yes: Yes = False,
    no_input: NoInput = False,
    json: Json = False,
    trials: Trials = None,
    seconds: Seconds = None,
    stop_below_gain: StopBelowGain = None,
    constraint: Constraint = None,
    seed: Seed = None,
    llm: Llm = "auto",
    model: Model = None,
    llm_budget: LlmBudget = "",
    storage: Storage = None,
    name: Name = None,
    out: Out = None,
    strategy: Strategy = "hybrid",
    portfolio: Portfolio = True,
    beliefs: Beliefs = False,
    context: Context = "partial",
    log_values: LogValues = False,
    surrogate: Surrogate = "gp",
    acquisition: Acquisition = "logei",
    replicate: Replicate = "off",
    transfer: Transfer = None,
    space: Space = None,
    metric: Metric = None,
    score: Score = None,
    score_file: ScoreFile = None,
    memory: Memory = None,
    cpu_seconds: CpuSeconds = None,
    workers: Workers = None,
    gpus: Gpus = None,
) -> None:
    """Understand the task, search, and leave a tuned model, its test score and a report."""
    from agent import commands
    from agent.command_line import CommandLine
    from agent.setting import Setting

    line = CommandLine.checked(
        command,
        source,
        space=space,
        metric=metric,
        pattern=score,
        score_file=score_file,
        memory=memory,
        cpu_seconds=cpu_seconds,
    )
    wishes = commands.Wishes(trials, seconds, seed, llm_budget, stop_below_gain, constraint or ())
    talk = Talk(ask=not (yes or no_input), json=json, llm=llm, model=model)
    setting = Setting(
        llm=llm,
        model=model,
        storage=storage,
        name=name,
        out=out,
        strategy=strategy,
        portfolio=portfolio,
        beliefs=beliefs,
        context=context,
        log_values=log_values,
        surrogate=surrogate,
        acquisition=acquisition,
        replicate=replicate,
        transfer=commands.listed(transfer) or (),
        workers=workers,
        devices=commands.listed(gpus),
    )
    commands.run(source, wishes, talk, setting, line)


@app.command()
def plan(
    source: Source,
    command: Command = None,
    yes: Yes = False,
    no_input: NoInput = False,
    json: Json = False,
    trials: Trials = None,
    seconds: Seconds = None,
    constraint: Constraint = None,
    seed: Seed = None,
    llm: Llm = "auto",
    model: Model = None,
    space: Space = None,
    metric: Metric = None,
    score: Score = None,
    score_file: ScoreFile = None,
    memory: Memory = None,
    cpu_seconds: CpuSeconds = None,
) -> None:
    """Stop after understanding: print the task as YAML, with where each field came from."""
    from agent import commands
    from agent.command_line import CommandLine

    line = CommandLine.checked(
        command,
        source,
        space=space,
        metric=metric,
        pattern=score,
        score_file=score_file,
        memory=memory,
        cpu_seconds=cpu_seconds,
    )
    wishes = commands.Wishes(trials, seconds, seed, constraints=constraint or ())
    talk = Talk(ask=not (yes or no_input), json=json, llm=llm, model=model)
    commands.plan(source, wishes, talk, line)


@app.command()
def suggest(
    source: Source,
    count: Count = 5,
    yes: Yes = False,
    no_input: NoInput = False,
    json: Json = False,
    seed: Seed = None,
    llm: Llm = "auto",
    model: Model = None,
) -> None:
    """Suggest configurations, with reasons, and train nothing."""
    from agent import commands

    talk = Talk(ask=not (yes or no_input), json=json, llm=llm, model=model)
    commands.suggest(source, count, commands.Wishes(seed=seed), talk)


@app.command()
def resume(
    study: Study,
    json: Json = False,
    trials: Trials = None,
    seconds: Seconds = None,
    stop_below_gain: StopBelowGain = None,
    llm: StudyLlm = None,
    model: Model = None,
    llm_budget: LlmBudget = "",
    storage: Storage = None,
    out: Out = None,
    workers: Workers = None,
    gpus: Gpus = None,
) -> None:
    """Go on with a study that was stopped, or whose budget is raised."""
    from agent import commands

    talk = Talk(ask=False, json=json, llm=llm, model=model)
    wishes = commands.Wishes(
        trials, seconds, llm_budget=llm_budget, stop_below_gain=stop_below_gain
    )
    devices = commands.listed(gpus)
    commands.resume(study, wishes, talk, storage=storage, out=out, workers=workers, devices=devices)


@app.command()
def steer(
    study: Study,
    words: Words,
    yes: Yes = False,
    json: Json = False,
    llm: StudyLlm = None,
    model: Model = None,
    storage: Storage = None,
) -> None:
    """Say how a study should go on: "not above 200 trees, rather shallow ones"."""
    from agent import commands

    talk = Talk(ask=not yes, json=json, llm=llm, model=model)
    commands.steer(study, words, talk, storage=storage)


@app.command("list")
def list_studies(storage: Storage = None, json: Json = False) -> None:
    """List the studies in a database."""
    from agent import commands

    commands.list_studies(storage, as_json=json)


@app.command()
def show(study: Study, storage: Storage = None, json: Json = False) -> None:
    """Show a study: its task, its trials, its best configuration."""
    from agent import commands

    commands.show(study, storage, as_json=json)


@app.command()
def report(study: Study, storage: Storage = None, out: Out = None) -> None:
    """Write a study's report again, as one HTML file."""
    from agent import commands

    commands.report(study, storage, out)


@app.command()
def audit(
    study: Study,
    storage: Storage = None,
    json: Json = False,
    permute: Permute = False,
    llm: StudyLlm = None,
    model: Model = None,
) -> None:
    """Say what the language model's trials were worth, and whether its reasons hold."""
    from agent import auditing
    from agent.store import Store

    talk = Talk(ask=False, json=json, llm=llm, model=model)

    def asked() -> LanguageModel | None:
        return talk.about(Store.load(study, storage)).language_model()

    auditing.audit_study(study, storage, as_json=json, permute=asked if permute else None)


def main() -> None:
    """Run the command line and exit with its code."""
    from agent.exits import escape_unprintable, leave, run_safely

    escape_unprintable()
    leave(run_safely(lambda: app(prog_name="plaintune")))


if __name__ == "__main__":
    main()

"""Plain English in, a checked task out.

Code and the language model read the description side by side; `merge` says what is settled; what
is open is asked about, or, with nobody to ask, assumed aloud, or refused where that were reckless.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.intake import llm_reader
from agent.intake.claims import Ask, Claim, Question, Reading
from agent.intake.code_reader import CodeReader
from agent.intake.columns import value_aliases
from agent.intake.doubts import Doubts
from agent.intake.interview import Interview
from agent.intake.kinds import read_kind
from agent.intake.left_out import left_out, unknown
from agent.intake.merge import (
    merge_budget,
    merge_objectives,
    overruled,
    settle_count,
    settle_models,
)
from agent.intake.metric_limits import one_sided, read_as
from agent.intake.models import ALL, fits
from agent.intake.positive import read_positive, usual_positive
from agent.intake.rough import rough_budgets
from agent.intake.splitting import drawn, drawn_although
from agent.intake.text import Text
from agent.intake.thresholds import Threshold
from agent.intake.which_table import table_named
from evals.dressed import NOTE, undressed
from evals.metrics import DEFAULT_METRIC, METRICS, metric
from evals.structure import find_structure
from evals.tables import profile, read_table
from evals.task import Kind, Source, Task
from prompts.chat import LanguageModel
from prompts.errors import DataError, InvalidTaskError, LanguageModelError

if TYPE_CHECKING:
    from pandas import DataFrame

LONGEST = 8000
"""Characters of a description; more is a document, not a wish."""
DEFAULT_TRIALS = 30
Notify = Callable[[str], None]


def understand(
    description: str,
    *,
    directory: Path,
    language_model: LanguageModel | None,
    frame: DataFrame | None = None,
    ask: Ask | None = None,
    notify: Notify = lambda line: None,
    budgeted: bool = False,
) -> Task:
    """Return the task that `description` asks for.

    Args:
        description: what the user says, in any language.
        directory: file names in the description are relative to it.
        language_model: the second reader; None leaves code alone.
        frame: the table, where the caller has it already.
        ask: puts one question to the user; None (--yes) takes defaults and says so.
        notify: receives lines about what takes time.
        budgeted: options limit trials or time, so that words that do not need no default.

    Raises:
        InvalidTaskError: a guess would be reckless, or the wishes contradict each other.
        DataError: the table cannot be used.
    """
    text = _checked(description)
    intake = _Intake(text, Interview(ask), language_model, budgeted)
    path = ""
    if frame is None:
        path = str(intake.note("data.path", table_named(text, intake.interview, directory)))
        notify(f"Reading {path} …")
        frame = read_table(directory / path)
    else:
        frame = undressed(frame)
    if note := frame.attrs.get(NOTE):
        intake.interview.assume(str(note))
    reader = CodeReader(text, tuple(map(str, frame.columns)), tuple(value_aliases(frame)))
    reader.read_ahead()
    answer = intake.second_reader(path, frame, notify)
    return intake.task(path, frame, reader, answer)


def _checked(description: str) -> Text:
    if not any(c.isalnum() for c in description):
        raise InvalidTaskError(
            "The description is empty.",
            hint='Say what to tune, such as: "Predict churn from customers.csv with LightGBM".',
        )
    if len(description) > LONGEST:
        raise InvalidTaskError(
            f"The description has {len(description):,} characters; {LONGEST:,} is the most.",
            hint="Say in a few sentences what to predict, from which file, and how.",
        )
    # Bytes that are no UTF-8 reach a command as lone surrogates, which no library can write.
    return Text(description.encode("utf-8", "replace").decode("utf-8"))


@dataclass
class _Intake:
    """One reading in progress: the fields settled so far, each with its source."""

    text: Text
    interview: Interview
    language_model: LanguageModel | None = None
    budgeted: bool = False
    sources: dict[str, Source] = field(default_factory=dict)

    def note(self, name: str, claim: Claim) -> Any:
        """Record where a field came from, and return its value."""
        self.sources[name] = Source(origin=claim.origin, quote=claim.quote)
        return claim.value

    def chose(self, value: str) -> Claim:
        """Return what the user answered as a claim of their own words."""
        return Claim(value, f"your answer: {value}")

    def second_reader(self, path: str, frame: DataFrame, notify: Notify) -> Reading:
        """Let the language model read; without an answer code reads alone, and says so."""
        model = self.language_model
        if model is None:
            self.interview.assume("No language model was asked: code alone read the description.")
            return Reading()
        notify(f"{model.name} reads the description …")
        try:
            answer = llm_reader.ask(model, self.text.raw, path, profile(frame))
        except LanguageModelError as error:
            self.interview.assume(
                f"The language model gave no answer ({error.message}): "
                "code alone read the description."
            )
            return Reading()
        return llm_reader.read_answer(answer.content, self.text)

    def task(self, path: str, frame: DataFrame, code: CodeReader, model: Reading) -> Task:
        """Settle every field that depends on the data, and build the task."""
        target = self._target(code, model, frame)
        hidden = self._left_out(code, frame, target)
        column = frame[target]
        kind: Kind = self.note("data.kind", read_kind(code, column))
        positive = self._positive(code, frame, target, kind)
        families = self._models(code, model, kind)
        objectives = self._objectives(code, model, kind)
        budget, folds = self._budget(code, model, len(column.dropna()))
        wishes = code.wishes
        fixed, bounds = wishes.fixed(families), wishes.constraints(families)
        for name, said in (("fixed", fixed), ("constraints", bounds)):
            if said:
                signs = ("=",) if name == "fixed" else ("<=", ">=")
                spans = [w.span for w in wishes.wishes if w.sign in signs]
                quote = ", ".join(dict.fromkeys(self.text.quote(s) for s in spans))
                self.note(name, Claim(said, quote))
        validation = self._validation(code, frame, target, kind, folds)
        settled = [s.quote for s in self.sources.values() if s.origin in ("your words", "LLM")]
        for sentence in code.dropped(kind, settled):
            self.interview.assume(sentence)
        return self._build(
            description=self.text.raw,
            data={"path": path, "target": target, "kind": kind, "positive": positive}
            | {"left_out": hidden},
            models=families,
            objectives=objectives,
            budget=budget,
            validation=validation,
            fixed=fixed,
            constraints=tuple(bounds),
            rows=int(0.8 * len(column.dropna())),
            seed=self.note("seed", seed) if (seed := code.validation().get("seed")) else 0,
        )

    def _build(self, *, rows: int, **fields: Any) -> Task:
        from evals.spaces import space_for

        space = space_for(
            fields["models"],
            fields["data"]["kind"],
            fields["fixed"],
            fields["constraints"],
            n_rows=rows,
        )
        return Task.checked(
            {
                **fields,
                "space": space,
                "sources": self.sources,
                "assumptions": tuple(self.interview.assumptions),
                "questions": tuple(self.interview.questions),
            }
        )

    def _target(self, code: CodeReader, model: Reading, frame: DataFrame) -> str:
        doubts = Doubts(self.interview, self.language_model, profile(frame))
        claim = doubts.target(code, model, lambda column: self._usable(code, frame, column))
        return str(self.note("data.target", claim))

    def _left_out(self, code: CodeReader, frame: DataFrame, target: str) -> tuple[str, ...]:
        features = [str(c) for c in frame.columns if c != target]
        if none := unknown(self.text, code.mentions, code.jargon):
            raise InvalidTaskError(
                f"“{none[1]}”: the table has no column {none[0]!r}.",
                hint=f"Its columns are: {', '.join(features[:30])}.",
            )
        claim = left_out(self.text, code.mentions, features)
        if claim is None:
            return ()
        if len(claim.value) == len(features):
            raise InvalidTaskError(
                f"“{claim.quote}” leaves no column to learn from.", hint="Name fewer columns."
            )
        return tuple(self.note("data.left_out", claim))

    def _usable(self, code: CodeReader, frame: DataFrame, column: str) -> bool:
        """Return whether a column can be predicted, and by the metrics and models named."""
        try:
            kind: Kind = read_kind(code, frame[column]).value
        except DataError:
            return False
        wrong = (*code.metrics(kind).contradictions, *code.models(kind).contradictions)
        return not any(f"{kind} target" in sentence for _, sentence in wrong)

    def _positive(self, code: CodeReader, frame: DataFrame, target: str, kind: Kind) -> Any:
        if kind != "binary":
            return None
        column = frame[target]
        claim = read_positive(self.text, column, code.jargon) or usual_positive(column)
        if claim.origin != "your words":
            self.interview.assume(f"The positive class of {target} is {claim.value!r}.")
        return self.note("data.positive", claim)

    def _models(self, code: CodeReader, model: Reading, kind: Kind) -> tuple[str, ...]:
        reading = code.models(kind)
        fitting = tuple(f for f in ALL if fits(f, kind))
        settled = overruled(reading, model)
        if reading.contradictions:
            settled = settle_models(reading, model, kind)
        if settled:
            said = ", ".join(settled.value)
            self.interview.assume(f"“{settled.quote}” was read as asking for {said}.")
            return tuple(self.note("models", settled))
        for name, sentence in reading.contradictions:
            question = Question(name, sentence, fitting, fitting[0])
            hint = f"Choose among: {', '.join(fitting)}."
            answer = self.interview.settle(question, hint)
            return tuple(self.note(name, Claim((answer,), f"your answer: {answer}")))
        for note in reading.notes:
            self.interview.assume(note)
        claim = reading.get("models")
        if claim is None:
            self.interview.assume(
                f"No one model is named: all that fit a {kind} target are searched."
            )
            claim = Claim(fitting, "", origin="default")
        return tuple(self.note("models", claim))

    def _objectives(self, code: CodeReader, model: Reading, kind: Kind) -> list[dict[str, Any]]:
        reading, limits = code.metrics(kind), [*code.thresholds, *code.metric_limits(kind)]
        fitting = tuple(m for m, found in METRICS.items() if kind in found.kinds)
        for name, sentence in reading.contradictions:
            question = Question(name, sentence, fitting, DEFAULT_METRIC[kind])
            hint = f"Name one metric, such as {DEFAULT_METRIC[kind]}."
            answer = self.interview.settle(question, hint)
            settled = Claim((answer,), f"your answer: {answer}")
            return self._aims(settled, limits)
        for note in reading.notes:
            self.interview.assume(note)
        claim = merge_objectives(reading, model, kind, code).claim
        if claim is None or all(METRICS[m].of_model for m in claim.value):
            usual = DEFAULT_METRIC[kind]
            self.interview.assume(f"No metric is named: {usual} is used.")
            extras = claim.value if claim else ()
            claim = Claim((usual, *extras), claim.quote if claim else "", origin="default")
        elif claim.origin == "LLM":
            self.interview.assume(f"“{claim.quote}” was read as {claim.value[0]}.")
        for name in (*claim.value, *(t.metric for t in limits)):
            metric(name, kind)
        return self._aims(claim, limits)

    def _aims(self, claim: Claim, limits: Sequence[Threshold]) -> list[dict[str, Any]]:
        """Return the objectives, with what the user says will do."""
        bounds = {t.metric: t for t in limits}
        names = tuple(dict.fromkeys([*claim.value, *bounds]))
        # With a single objective there is nothing to trade for reaching it: it is improved anyway.
        bounds = bounds if len(names) > 1 else {}
        said = [self.text.quote(t.span) for t in bounds.values()]
        quote = ", ".join([q for q in (claim.quote, *said) if q])
        self.note("objectives", replace(claim, value=names, quote=quote))
        for sentence in (*map(read_as, said, bounds.values()), *one_sided(names)):
            self.interview.assume(sentence)
        return [
            {"metric": n, "direction": METRICS[n].direction}
            | ({"threshold": bounds[n].value} if n in bounds else {})
            for n in names
        ]

    def _budget(
        self, code: CodeReader, model: Reading, rows: int
    ) -> tuple[dict[str, Any], int | None]:
        for name, sentence in code.budget.contradictions:
            if settled := settle_count(code.budget, model, name):
                self.interview.assume(f"{sentence} “{settled.quote}” is taken.")
                code.budget.claims[name] = settled
                continue
            question = Question(name, sentence)
            hint = "State one limit, such as 30 trials or half an hour."
            answer = self.interview.settle(question, hint)
            code.budget.claims[name] = _limit(name, answer)
        claims = merge_budget(code.budget, model, self.text, code.wishes.spans)
        limits: dict[str, Any] = {}
        for name, claim in claims.items():
            self.note(name, claim)
            limits[name] = claim.value
        for sentence in rough_budgets(self.text, claims):
            self.interview.assume(sentence)
        if not self.budgeted and not {"budget.trials", "budget.seconds"} & claims.keys():
            self.interview.assume(f"No budget is given: {DEFAULT_TRIALS} trials.")
            default = Claim(DEFAULT_TRIALS, "", origin="default")
            limits["budget.trials"] = self.note("budget.trials", default)
        folds = limits.pop("validation.folds", None)
        if folds is not None and not 1 <= folds <= rows:
            raise InvalidTaskError(
                f"{folds} folds cannot be made of {rows:,} rows.", hint="Ask for 3, 5 or 10 folds."
            )
        return {n.removeprefix("budget."): v for n, v in limits.items()}, folds

    def _validation(
        self, code: CodeReader, frame: DataFrame, target: str, kind: Kind, folds: int | None
    ) -> dict[str, Any]:
        found: dict[str, Any] = {"folds": folds or 5}
        if folds is None:
            self.note("validation.folds", Claim(5, "", origin="default"))
        said = code.validation()
        found |= self._said_scheme(said, frame, target, kind) or self._scheme(frame, target, kind)
        if share := said.get("validation.test_fraction"):
            found["test_fraction"] = self.note("validation.test_fraction", share)
        return found

    def _said_scheme(
        self, said: Reading, frame: DataFrame, target: str, kind: Kind
    ) -> dict[str, Any]:
        """Return the split that the words ask for, where a column allows it."""
        group, time = said.get("validation.group"), said.get("validation.time")
        if group and group.value != target:
            return {"scheme": "group", "column": self.note("validation.scheme", group)}
        if time and time.value and time.value != target:
            return {"scheme": "time", "column": self.note("validation.scheme", time)}
        plain = said.get("validation.shuffled")
        structure = find_structure(frame, target) if time or plain else None
        if plain and not time:
            if structure:
                self.interview.assume(drawn_although(plain.quote, structure))
            return {"scheme": self.note("validation.scheme", replace(plain, value=drawn(kind)))}
        if time and not (structure and structure.scheme == "time"):
            sentence = f"“{time.quote}” names no column that tells the time: rows are not in order."
            self.interview.questions.append(sentence)
        return {}

    def _scheme(self, frame: DataFrame, target: str, kind: Kind) -> dict[str, Any]:
        """Return the split that the data suggest."""
        if structure := find_structure(frame, target):
            claim = Claim(structure.column, structure.sentence, origin="your data")
            self.interview.assume(structure.sentence)
            column = self.note("validation.scheme", claim)
            return {"scheme": structure.scheme, "column": column}
        return {"scheme": self.note("validation.scheme", Claim(drawn(kind), "", origin="default"))}


def _limit(name: str, answer: str) -> Claim:
    """Read the answer to a question about a limit."""
    from agent.intake.budgets import read_budget

    reading = read_budget(Text(answer))
    claim = reading.get(name) or next(iter(reading.claims.values()), None)
    if claim is None or reading.contradictions:
        raise InvalidTaskError(f"{answer!r} is no budget.", hint="Say, for instance, 30 trials.")
    return claim

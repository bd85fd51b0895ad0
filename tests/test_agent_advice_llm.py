"""The default language model itself: what it proposes is valid, new and distinct."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from acquisition.llm_designer import Answer, Question, View, propose, read, warmstart
from agent.language_models.registry import open_language_model
from agent.model_cache import cache_home
from evals.spaces import space_for
from evals.task import Data, Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.chat import LanguageModel

pytestmark = pytest.mark.llm


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageModel]:
    """The model with no prompt state on disk: a restored one moves its numbers a little, and no
    test may depend on what earlier runs left behind."""
    home = tmp_path_factory.mktemp("cache") / "plaintune"
    home.mkdir()
    (home / "models").symlink_to(cache_home() / "models")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(home.parent))
        opened = open_language_model("llama.cpp", notify=print)
        assert opened is not None
        yield opened


def task(*models: str) -> Task:
    return Task(
        description="Predict which customers leave, from churn.csv. Maximise ROC AUC.",
        data=Data(path="churn.csv", target="churn", kind="binary"),
        models=models,
        space=space_for(models, "binary"),
        objectives=(Objective(metric="roc_auc", direction="maximize"),),
    )


def answer(model: LanguageModel, job: Task, trials: list[Trial], question: Question) -> Answer:
    (said,) = model.complete(
        question.messages,
        schema=question.schema,
        seed=1,
        temperature=0.8,
        max_tokens=question.max_tokens,
    )
    assert said.finish_reason == "stop"
    return read(job, trials, said.text)


def test_warmstart_proposes_valid_distinct_configurations(model: LanguageModel) -> None:
    # A small model may say the same twice: then the second is refused, with a reason.
    job = task("lightgbm")
    got = answer(model, job, [], warmstart(job, 2))
    assert got.suggestions and len(got.suggestions) + len(got.rejected) == 2
    assert all(s.rationale and s.origin == "llm" for s in got.suggestions)


def test_propose_stays_in_a_conditional_space(model: LanguageModel) -> None:
    job = task("svm", "knn")
    default = job.space.default_config()
    assert default
    done = Evaluation(TrialState.COMPLETE, (0.71,))
    trials = [Trial(0, Suggestion(default, "default"), done)]
    got = answer(model, job, trials, propose(job, trials, 2, view=View(importances={"model": 1.0})))
    assert got.suggestions
    assert all(job.space.is_valid(s.config) and s.config != default for s in got.suggestions)

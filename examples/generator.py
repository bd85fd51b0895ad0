"""Tune a function that yields after each epoch: hopeless trials are stopped early.

python examples/generator.py
"""

from __future__ import annotations

from collections.abc import Iterator

from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import plaintune


def train(
    learning_rate: float = 0.001,
    hidden_units: int = 32,
    batch_size: int = 128,
    weight_decay: float = 1e-4,
    epochs: int = 20,
    seed: int = 0,
) -> Iterator[dict[str, float]]:
    """Train a network on handwritten digits and yield its validation loss after each epoch."""
    digits = load_digits()
    X, X_val, y, y_val = train_test_split(
        digits.data / 16, digits.target, test_size=0.3, stratify=digits.target, random_state=0
    )
    network = MLPClassifier(
        (hidden_units,),
        learning_rate_init=learning_rate,
        alpha=weight_decay,
        batch_size=batch_size,
        random_state=seed,
    )
    for _ in range(epochs):
        network.partial_fit(X, y, classes=range(10))
        yield {"val_loss": float(log_loss(y_val, network.predict_proba(X_val)))}


if __name__ == "__main__":
    plaintune.tune(train, "get val_loss as low as possible, 25 trials")

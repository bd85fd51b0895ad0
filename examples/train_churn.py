"""Train a small network to predict which customers leave.

    plaintune run "tune lr, weight decay, dropout, hidden and the optimizer, lowest val_loss, \
25 trials" -- python examples/train_churn.py
"""

from __future__ import annotations

import argparse

import pandas as pd
import torch
from torch import nn

parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
parser.add_argument("--data", default="examples/churn.csv", help="table with a column churn")
parser.add_argument("--epochs", type=int, default=15)
parser.add_argument("--lr", type=float, default=1e-3, help="learning rate")
parser.add_argument("--batch-size", type=int, default=256)
parser.add_argument("--hidden", type=int, default=16, help="units of the hidden layer")
parser.add_argument("--dropout", type=float, default=0.0)
parser.add_argument("--weight-decay", type=float, default=1e-4)
parser.add_argument("--optimizer", choices=["sgd", "adamw", "rmsprop"], default="sgd")
parser.add_argument("--seed", type=int, default=0)


def read(path: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return standardised columns and whether the customer left."""
    table = pd.read_csv(path)
    leaves = torch.tensor((table.pop("churn") == "yes").to_numpy(), dtype=torch.float32)
    wide = pd.get_dummies(table.drop(columns="state"), dtype=float)
    columns = torch.tensor(((wide - wide.mean()) / wide.std()).to_numpy(), dtype=torch.float32)
    return columns, leaves


def main() -> None:
    """Train, and print the validation loss after each epoch."""
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(1)
    X, y = read(given.data)
    order = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
    train, held = order[: len(X) * 7 // 10], order[len(X) * 7 // 10 :]
    network = nn.Sequential(
        nn.Linear(X.shape[1], given.hidden),
        nn.ReLU(),
        nn.Dropout(given.dropout),
        nn.Linear(given.hidden, 1),
        nn.Flatten(0),
    )
    makers = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW, "rmsprop": torch.optim.RMSprop}
    optimizer = makers[given.optimizer](
        network.parameters(), lr=given.lr, weight_decay=given.weight_decay
    )
    loss = nn.BCEWithLogitsLoss()
    for epoch in range(given.epochs):
        network.train()
        for batch in train[torch.randperm(len(train))].split(given.batch_size):
            optimizer.zero_grad()
            loss(network(X[batch]), y[batch]).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            print(f"epoch {epoch + 1} val_loss={loss(network(X[held]), y[held]).item():.5f}")


if __name__ == "__main__":
    main()

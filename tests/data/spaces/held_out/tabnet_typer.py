from enum import Enum
from pathlib import Path

import typer


class Mask(str, Enum):
    sparsemax = "sparsemax"
    entmax = "entmax"


def main(
    table: Path = typer.Argument(..., help="CSV with the training rows"),
    n_d: int = typer.Option(8, help="Width of the decision layer"),
    n_steps: int = typer.Option(3, min=1, max=10, help="Decision steps"),
    gamma: float = typer.Option(1.3, help="Coefficient for feature reuse in the masks"),
    lambda_sparse: float = typer.Option(1e-3, help="Weight of the sparsity loss"),
    mask_type: Mask = Mask.sparsemax,
    lr: float = 0.02,
    virtual_batch_size: int = 128,
    max_epochs: int = 100,
    patience: int = typer.Option(10, help="Epochs without improvement before stopping"),
    seed: int = 0,
    save_to: Path = Path("tabnet.zip"),
):
    """Train TabNet; prints val_auc=..."""


if __name__ == "__main__":
    typer.run(main)

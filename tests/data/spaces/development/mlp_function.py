def train(
    lr: float = 3e-4,
    weight_decay: float = 0.01,
    width: int = 256,
    depth: int = 3,
    dropout: float = 0.1,
    activation: str = "relu",
    batch_size: int = 128,
    n_epochs: int = 10,
    seed: int = 0,
    verbose: bool = False,
) -> float:
    """Train a multilayer perceptron and return the validation loss."""

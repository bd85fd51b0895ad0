from dataclasses import dataclass


@dataclass
class ForestConfig:
    n_estimators: int = 100
    max_depth: int = 12
    min_samples_leaf: int = 1
    max_features: float = 0.5
    bootstrap: bool = True
    n_jobs: int = -1
    random_state: int = 1


def evaluate(config: ForestConfig) -> float:
    """Return the cross-validated R2 of a random forest."""

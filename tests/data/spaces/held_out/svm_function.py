from typing import Literal


def fit_svm(
    path: str,
    C: float = 1.0,
    gamma: float = 0.1,
    kernel: Literal["rbf", "poly", "sigmoid"] = "rbf",
    degree: int = 3,
    shrinking: bool = True,
    tol: float = 1e-3,
    cache_size: int = 200,
    random_state: int = 0,
) -> dict:
    """Cross-validate a support vector machine.

    C: inverse strength of the regularisation. gamma: width of the kernel.
    degree: of the polynomial kernel. cache_size: kernel cache in MB.
    """

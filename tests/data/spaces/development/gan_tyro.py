import dataclasses
from typing import Literal

import tyro


@dataclasses.dataclass
class Config:
    data: str
    """Folder of images."""
    g_lr: float = 1e-4
    """Learning rate of the generator."""
    d_lr: float = 4e-4
    """Learning rate of the discriminator."""
    beta1: float = 0.0
    n_critic: int = 2
    """Discriminator steps per generator step."""
    loss: Literal["hinge", "wgan", "bce"] = "hinge"
    z_dim: int = 128
    ema_decay: float = 0.999
    steps: int = 20000
    """Generator updates in all."""
    sample_every: int = 1000
    workdir: str = "gan"


def main(config: Config) -> None:
    """Train, then print fid=..."""


if __name__ == "__main__":
    main(tyro.cli(Config))

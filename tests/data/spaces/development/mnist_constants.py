import torch

LEARNING_RATE = 1e-3
BATCH_SIZE = 64
HIDDEN_UNITS = 128
DROPOUT = 0.25
EPOCHS = 5
DATA_DIR = "./mnist"
DEVICE = "cpu"
SEED = 0

torch.manual_seed(SEED)


def train():
    """Train on MNIST and print test_loss."""

"""Train a small convolutional network on CIFAR-10; prints val_acc at the end."""
import argparse

parser = argparse.ArgumentParser(description="CIFAR-10 training")
parser.add_argument("--data-dir", default="./data", help="where the images are")
parser.add_argument("--lr", type=float, default=0.1, help="initial learning rate")
parser.add_argument("--momentum", type=float, default=0.9)
parser.add_argument("--weight-decay", "--wd", type=float, default=5e-4, help="L2 penalty")
parser.add_argument("-b", "--batch-size", type=int, default=128)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--dropout", type=float, default=0.2)
parser.add_argument("--nesterov", action="store_true", help="use Nesterov momentum")
parser.add_argument("--workers", type=int, default=2, help="data loading processes")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--save", type=str, default=None, help="write the checkpoint here")
args = parser.parse_args()

import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--dataset", choices=["cora", "citeseer", "pubmed"], default="cora")
parser.add_argument("--hidden_channels", type=int, default=16)
parser.add_argument("--num_layers", type=int, default=2)
parser.add_argument("--heads", type=int, default=8, help="attention heads")
parser.add_argument("--dropout", type=float, default=0.5)
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--weight_decay", type=float, default=5e-4)
parser.add_argument("--epochs", type=int, default=200)
parser.add_argument("--device", default="cpu")
parser.add_argument("--wandb", action="store_true", help="Track experiment")
args = parser.parse_args()

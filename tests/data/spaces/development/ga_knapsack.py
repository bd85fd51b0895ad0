import argparse

parser = argparse.ArgumentParser(description="A genetic algorithm for the knapsack problem")
parser.add_argument("--population", type=int, default=100)
parser.add_argument("--mutation-rate", type=float, default=0.02)
parser.add_argument("--crossover-rate", type=float, default=0.8)
parser.add_argument("--tournament-size", type=int, default=3)
parser.add_argument("--elitism", type=int, default=2, help="individuals copied unchanged")
parser.add_argument("--generations", type=int, default=500)
parser.add_argument("--instance", type=str, default="knap_100.txt")
parser.add_argument("--rng-seed", type=int, default=None)
parser.add_argument("--quiet", action="store_true")
args = parser.parse_args()

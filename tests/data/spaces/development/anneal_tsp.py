"""Simulated annealing for the travelling salesman; prints the tour length."""
import argparse

p = argparse.ArgumentParser()
p.add_argument("cities", help="file with one x y pair per line")
p.add_argument("--t0", type=float, default=100.0, help="starting temperature")
p.add_argument("--cooling", type=float, default=0.995, help="temperature factor per sweep")
p.add_argument("--moves-per-temp", type=int, default=100, help="proposals at each temperature")
p.add_argument("--move", choices=["swap", "2opt", "insert"], default="2opt")
p.add_argument("--time-limit", type=float, default=10.0, help="seconds")
p.add_argument("--plot", action="store_true", help="draw the tour")
p.add_argument("--seed", type=int, default=123)
a = p.parse_args()

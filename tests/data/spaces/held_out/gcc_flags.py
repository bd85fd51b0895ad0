"""Compile matmul.c with the given flags and print the run time."""
import argparse

ap = argparse.ArgumentParser()
ap.add_argument("source", help="C file")
ap.add_argument("-O", dest="level", choices=["1", "2", "3", "fast"], default="2")
ap.add_argument("--unroll-loops", action="store_true")
ap.add_argument("--tree-vectorize", action="store_true")
ap.add_argument("--inline-limit", type=int, default=600, help="size of inlined functions")
ap.add_argument("--tile", type=int, default=32, help="block of the matrix multiplication")
ap.add_argument("--binary", default="a.out")
ap.add_argument("--runs", type=int, default=5, help="timed repetitions")
args = ap.parse_args()

"""Compress a folder of logs with liblzma; prints ratio and seconds."""
import argparse

p = argparse.ArgumentParser()
p.add_argument("folder")
p.add_argument("--preset", type=int, choices=range(10), default=6)
p.add_argument("--dict-size", type=int, default=8388608, help="bytes of history")
p.add_argument("--lc", type=int, default=3, help="literal context bits, 0 to 4")
p.add_argument("--pb", type=int, default=2, help="position bits, 0 to 4")
p.add_argument("--nice-len", type=int, default=64, help="match length that ends the search")
p.add_argument("--mode", choices=["fast", "normal"], default="normal")
p.add_argument("--mf", choices=["hc3", "hc4", "bt2", "bt3", "bt4"], default="bt4", help="match finder")
p.add_argument("--keep", action="store_true", help="keep the compressed files")
p.add_argument("--repeat", type=int, default=3, help="measure this often")
a = p.parse_args()

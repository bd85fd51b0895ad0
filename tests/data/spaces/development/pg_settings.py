"""Apply PostgreSQL settings, run pgbench, print tps."""
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--dsn", default="postgresql:///bench", help="connection string")
parser.add_argument("--shared-buffers-mb", type=int, default=128)
parser.add_argument("--work-mem-mb", type=int, default=4)
parser.add_argument("--effective-io-concurrency", type=int, default=1)
parser.add_argument("--random-page-cost", type=float, default=4.0)
parser.add_argument("--checkpoint-completion-target", type=float, default=0.9)
parser.add_argument("--wal-buffers-mb", type=int, default=4)
parser.add_argument("--synchronous-commit", choices=["on", "off"], default="on")
parser.add_argument("--seconds", type=int, default=30, help="length of the benchmark")
parser.add_argument("--clients", type=int, default=8, help="load: concurrent clients")
parser.add_argument("--report", default="pgbench.log")
options = parser.parse_args()

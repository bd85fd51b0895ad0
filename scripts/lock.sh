#!/bin/bash
# Write requirements.lock: every package that `make` installs, with its version, for Python 3.11 on
# Linux. Run it after a change in pyproject.toml; the versions in the lock are kept where they fit.
#
# Left out of the lock: torch's build suffix and what only a CUDA build of torch needs (torch pins
# these itself), so that one lock serves a machine with a GPU and one without.
set -euo pipefail
cd "$(dirname "$0")/.."
links=$(.venv/bin/python -m pip config get global.find-links 2>/dev/null || true)
.venv/bin/uv pip compile pyproject.toml --extra transformers --group dev --group bench \
  ${links:+--find-links "$links"} --python-version 3.11 --no-header --no-annotate --quiet \
  --no-emit-package triton --output-file requirements.lock "$@" > /dev/null
sed -i -E 's/^(torch==[0-9.]+)\+.*/\1/; /^(nvidia|cuda)-/d' requirements.lock

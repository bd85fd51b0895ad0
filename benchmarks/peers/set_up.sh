#!/bin/bash
# Give Ax, SMAC and HEBO an environment each under .peers/ (they pin versions that clash with ours and
# with each other's). torch comes first, so that on a machine without a GPU no CUDA package follows.
set -euo pipefail
cd "$(dirname "$0")/../.."
links=$(.venv/bin/python -m pip config get global.find-links 2>/dev/null || true)
for peer in ax smac hebo; do
  lock=benchmarks/peers/requirements-$peer.lock
  [ -x .peers/$peer/bin/python ] || .venv/bin/uv venv -q --python .venv/bin/python .peers/$peer
  .venv/bin/uv pip install -q --python .peers/$peer/bin/python ${links:+--find-links "$links"} \
    --no-deps -r "$lock"
  echo "$peer: $(wc -l < "$lock") packages"
done

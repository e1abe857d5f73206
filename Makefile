# Every command of the project. A machine with Python >= 3.10 and make needs nothing else.
PYTHON ?= python3
PY := .venv/bin/python
# Tiny nets run slower on two threads than on one, and test processes run side by side.
export OMP_NUM_THREADS ?= 1

.PHONY: help setup demo fmt check test test-fast test-reference test-notebooks test-gpu reference golden clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

setup: .venv/.ready  ## Create .venv with mmlight (editable) and the development tools

.venv/.ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --editable ".[dev]"
	touch $@

reference: .reference/.ready .reference/memcached  ## Fetch the original packages that tests compare with

.reference/.ready: tests/reference/install.sh | .venv/.ready
	sh tests/reference/install.sh $(PY) .reference
	touch $@

.reference/memcached: tests/reference/install_memcached.sh | .reference/.ready
	sh tests/reference/install_memcached.sh $@
	touch $@

demo: setup  ## Train the embedded default: LeNet-5 on Fashion-MNIST
	$(PY) -m mmlight fit --config configs/lenet/lenet5_fashion-mnist-mini.py
	$(PY) -m mmlight test --config configs/lenet/lenet5_fashion-mnist-mini.py

fmt: setup  ## Format the code
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

check: setup  ## Lint, format check, types
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy

test: setup reference  ## The whole suite but the GPU tests
	$(PY) -m pytest -n 2 -m "not gpu"

test-fast: setup  ## Unmarked tests only
	$(PY) -m pytest -n 2 -m "not slow and not gpu and not reference and not notebook"

test-reference: setup reference  ## Only the comparisons with the original packages
	$(PY) -m pytest -n 2 -m "reference and not gpu"

test-notebooks: setup  ## Only the notebooks
	$(PY) -m pytest -m notebook

test-gpu: setup  ## Only the tests that need a CUDA device
	$(PY) -m pytest -m gpu

golden: setup  ## Write the golden Specs anew; the diff is the review
	$(PY) -m pytest tests/test_golden.py --golden

clean:  ## Remove everything that the commands above created
	rm -rf .venv .reference .mypy_cache .pytest_cache .ruff_cache work_dirs

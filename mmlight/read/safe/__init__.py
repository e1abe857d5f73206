"""Reads configs without running them; `evaluate.py` says what is read and what is refused."""

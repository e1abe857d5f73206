"""The mm Hook API."""

"""Weights: reading checkpoints, and the names that the originals give to parameters."""

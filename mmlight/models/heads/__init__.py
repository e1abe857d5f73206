"""Heads: features in, logits, losses and scores out."""

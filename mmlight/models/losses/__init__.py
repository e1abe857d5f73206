"""Losses: pure functions first, modules around them."""

"""Writes an old config as a file in the idiom of mmpretrain 1.2."""

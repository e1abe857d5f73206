"""Backbones: images in, one feature per wanted stage out."""

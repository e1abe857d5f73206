"""Trains OpenMMLab classification configs, of either generation and unchanged, under Lightning."""

"""Functions on images, as users' own transforms import them from `mmcv`."""

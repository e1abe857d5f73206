"""STAGE 2, a Config in mmcv 1.x words → a Config in mmengine words."""

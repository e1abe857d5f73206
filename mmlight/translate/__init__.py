"""STAGE 3, a Config in mmengine words → a Spec: one file per config section."""

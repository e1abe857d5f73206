"""STAGE 1, file → Config."""

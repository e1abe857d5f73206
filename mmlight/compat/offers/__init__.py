"""The tables that say under which import names of the originals our things are offered."""

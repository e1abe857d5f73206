"""Upgrades `checkpoint_config`."""

from typing import Final

from mmlight.read.node import ConfigDict
from mmlight.upgrade.move import move, pop

BEST_WORDS: Final = {
    "save_best": "save_best",
    "rule": "rule",
    "greater_keys": "greater_keys",
    "less_keys": "less_keys",
    "out_dir": "best_out_dir",
    "file_client_args": "backend_args",
}
"""What `evaluation` says of the best checkpoint, and what the checkpoint hook calls it."""


def move_best_words(evaluation: ConfigDict, new: ConfigDict) -> None:
    """Move what `evaluation` says of the best checkpoint to the checkpoint hook."""
    for old, word in BEST_WORDS.items():
        move(evaluation, old, new, f"default_hooks.checkpoint.{word}")


def upgrade_checkpoint(old: ConfigDict, new: ConfigDict, hooks: ConfigDict) -> None:
    """Write `default_hooks.checkpoint`, None where nothing is saved."""
    checkpoint = hooks.setdefault("checkpoint", ConfigDict())
    options, origin = pop(old, "checkpoint_config")
    for key in list(options or ()):
        move(options, key, checkpoint, key)
    if options is not None:
        hooks.put("checkpoint", checkpoint, origin)
    if options is None and not checkpoint:
        hooks.put("checkpoint", None, origin)
    elif options is None:
        checkpoint.put("interval", -1, origin)
        checkpoint.put("save_last", False, origin)
    elif new.get("train_cfg", {}).get("type") == "IterBasedTrainLoop":
        checkpoint.setdefault("by_epoch", False)

"""Writes `model` as mmpretrain 1.2 does; a note says what words of mmlight alone meant."""

from typing import Any

from mmlight.read.node import ConfigDict
from mmlight.spec import Note

MIXING = "Which augment a batch gets is drawn from another generator: the same odds, other draws."
BLOCKS = "mmpretrain raises the rate from block to block; in mmcls every block had it."
ZEROS = "The weights of the checkpoint come last; in mmcls the zeros of the residual blocks did."
SIGMOIDS = "mmpretrain predicts sigmoids; in mmcls scores, and a threshold on them, are of logits."


def modernize_model(values: ConfigDict, notes: list[Note]) -> None:
    """Write `model`.

    From: mmpretrain 1.2 `ImageClassifier` against mmcls 0.25.
    """
    model = values.get("model")
    if not isinstance(model, ConfigDict):
        return
    backbone = model.get("backbone")
    backbone = backbone if isinstance(backbone, ConfigDict) else ConfigDict()
    if backbone.pop("drop_path_schedule", None) is not None:
        origin = backbone.origin_of("drop_path_rate")
        notes.append(Note("model.backbone.drop_path_rate", BLOCKS, origin))
    last = model.pop("pretrained_last", True)
    pretrained = model.get("pretrained") or _is_checkpoint(backbone.get("init_cfg"))
    if not last and pretrained and "Res" in str(backbone.get("type")):
        notes.append(Note("model.backbone.init_cfg", ZEROS, backbone.origin_of("init_cfg")))
    head = model.get("head")
    if isinstance(head, ConfigDict):
        head.pop("difficult_as_positive", None)  # its datasets have no targets of -1
        if head.pop("logits_as_scores", False):
            notes.append(Note("model.head.type", SIGMOIDS, head.origin_of("type")))
    train_cfg = model.get("train_cfg")
    if isinstance(train_cfg, ConfigDict) and "augments" in train_cfg:
        _modernize_augments(train_cfg, notes)


def _modernize_augments(train_cfg: ConfigDict, notes: list[Note]) -> None:
    """Drop the number of classes, which the preprocessor tells, and odds that are even."""
    train_cfg.pop("generation", None)
    train_cfg.pop("num_classes", None)
    augments, probs = train_cfg["augments"], train_cfg.get("probs")
    if len(augments) > 1 or probs not in (None, [1.0], [1]):
        notes.append(Note("model.train_cfg.augments", MIXING, train_cfg.origin_of("augments")))
    if probs is not None and len(set(probs)) == 1 and sum(probs) == 1:
        del train_cfg["probs"]


def _is_checkpoint(init_cfg: Any) -> bool:
    entries = init_cfg if isinstance(init_cfg, (list, tuple)) else [init_cfg]
    return any(isinstance(e, dict) and e.get("type") == "Pretrained" for e in entries)

"""Writes `model` as mmpretrain 1.2 does; a note says what words of mmlight alone meant."""

from collections.abc import Mapping
from typing import Any, Final

from mmlight.read.node import ConfigDict
from mmlight.spec import Note

MIXING = "Which augment a batch gets is drawn from another generator: the same odds, other draws."
ZEROS = "The weights of the checkpoint come last; in mmcls the zeros of the residual blocks did."
OWN_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "attention_scale": (
        "type",
        "mmpretrain multiplies the products of query and key by sqrt(d), where mmcls divides them.",
    ),
    "branch_reduction": (
        "type",
        "mmpretrain adds the losses of the two branches, mmcls takes their mean: half as much.",
    ),
    "downsample_norm_eps": (
        "type",
        "mmpretrain's norms in front of a smaller map have the eps of norm_cfg, in mmcls 1e-5.",
    ),
    "drop_path_schedule": (
        "drop_path_rate",
        "mmpretrain raises the rate from block to block; in mmcls every block had it.",
    ),
    "drops_cls_token": (
        "with_cls_token",
        "mmpretrain has no class token at all; mmcls had one until positions were added.",
    ),
    "edge_stride": (
        "arch",
        "mmpretrain shrinks the map in the first convolution of an edge block, mmcls in the last.",
    ),
    "logits_as_scores": (
        "type",
        "mmpretrain predicts sigmoids; in mmcls scores, and a threshold on them, are of logits.",
    ),
}
"""What mmpretrain has no word for -> the key a note is for, and what it does instead."""


def modernize_model(values: ConfigDict, notes: list[Note]) -> None:
    """Write `model`.

    From: mmpretrain 1.2 `ImageClassifier` against mmcls 0.25.
    """
    model = values.get("model")
    if not isinstance(model, ConfigDict):
        return
    backbone = model.get("backbone")
    backbone = backbone if isinstance(backbone, ConfigDict) else ConfigDict()
    _drop_own_words(backbone, "model.backbone", notes)
    last = model.pop("pretrained_last", True)
    pretrained = model.get("pretrained") or _is_checkpoint(backbone.get("init_cfg"))
    if not last and pretrained and "Res" in str(backbone.get("type")):
        notes.append(Note("model.backbone.init_cfg", ZEROS, backbone.origin_of("init_cfg")))
    head = model.get("head")
    if isinstance(head, ConfigDict):
        head.pop("difficult_as_positive", None)  # its datasets have no targets of -1
        _drop_own_words(head, "model.head", notes)
    train_cfg = model.get("train_cfg")
    if isinstance(train_cfg, ConfigDict) and "augments" in train_cfg:
        _modernize_augments(train_cfg, notes)


def _drop_own_words(part: ConfigDict, path: str, notes: list[Note]) -> None:
    for word, (key, text) in OWN_WORDS.items():
        if part.pop(word, False):
            notes.append(Note(f"{path}.{key}", text, part.origin_of(key)))


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

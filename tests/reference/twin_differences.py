"""What differs between an upgraded config of mmcls and its twin in mmpretrain, and why.

Values are compared in the normal form of tests/reference/test_twins.py. `MISSING` stands for a key
that is not there, `...` for any value.
"""

import re
from dataclasses import dataclass
from typing import Any

MISSING = "<missing>"


@dataclass(frozen=True)
class Difference:
    """One reason for which entries differ.

    Args:
        reason: Why.
        count: How many entries of how many files it explains, all together.
        files: Pattern of the paths; `*` stands for anything.
        key: Pattern of the key paths.
        ours: The value in the upgraded config.
        twin: The value in mmpretrain's file.
    """

    reason: str
    count: int
    files: str
    key: str
    ours: Any = ...
    twin: Any = ...

    def explains(self, file: str, key: str, ours: Any, twin: Any) -> bool:
        """Tell whether it is about this entry."""
        return (
            _matches(self.files, file)
            and _matches(self.key, key)
            and (self.ours is ... or self.ours == ours)
            and (self.twin is ... or self.twin == twin)
        )


def _matches(pattern: str, text: str) -> bool:
    parts = [".*".join(map(re.escape, part.split("*"))) for part in pattern.split("|")]
    return re.fullmatch("|".join(parts), text) is not None


D = Difference
_LATER = "mmpretrain changed the recipe after mmcls 0.25"
_SLIP = "the twin says something else, most likely by mistake"
_LENGTH = "the old warm-up counts iterations, and no config says how many an epoch has"
_SHIFT = "the twin's curve begins after the warm-up, by which its rate is up to 24% higher"
_TWICE = "the old file normalizes train and test images differently, so the steps stay"
_TWICE_FILES = "repmlp/*|tnt/tnt-s*"
_DATA = "*_dataloader.dataset.pipeline*"
_21K = "resnet/resnet50_8xb128_coslr-90e_in21k.py"
_CONVNEXT = "convnext/*"

DIFFERENCES = (
    # -------------------------------------------------------------------- schedule
    D(
        "the twin gives up the cool-down in the last epoch and starts it before the cosine ends",
        *(15, "t2t_vit/*", "param_scheduler[*"),
    ),
    D(
        "the twin's schedule is for 100 epochs, both files train 90",
        *(3, _21K, "param_scheduler[1].*"),
    ),
    D(
        "a curve that begins at once can be told in epochs, and moves at every iteration still",
        *(8, "shufflenet_*", "param_scheduler[1].*"),
    ),
    D(_SHIFT, 80, "*", "param_scheduler[1].begin", 0),
    D(_SHIFT, 80, "*", "param_scheduler[1].T_max"),
    D(
        "the old cosine moves at every iteration, the twin's at every epoch",
        *(49, "*", "param_scheduler[1].convert_to_iter_based", True, MISSING),
    ),
    D(
        "the old warm-up moves at every iteration, the twin's at every epoch",
        *(9, "regnet/*|" + _21K, "param_scheduler[0].convert_to_iter_based", True, MISSING),
    ),
    D(_LATER, 3, "mvit/*", "param_scheduler[1].eta_min", MISSING, 1e-05),
    D(
        "the old file wants a part of the rate, the twin a number that fits another rate",
        *(20, "*", "param_scheduler[1].eta_min", ..., 1e-05),
    ),
    D(_LENGTH, 12, "*", "param_scheduler[0].by_epoch", False, True),
    D(_LENGTH, 12, "*", "param_scheduler[0].convert_to_iter_based", MISSING, True),
    D(_LENGTH, 4, "mlp_mixer/*|repmlp/*", "param_scheduler[0].end", 10000, 30),
    D(_LENGTH, 1, "resnet/*warmup-coslr*", "param_scheduler[0].end", 2500, 5),
    D(_LENGTH, 3, "resnet/*-rsb-*", "param_scheduler[0].end", 3130, 5),
    D(_LENGTH, 4, "conformer/*", "param_scheduler[0].end", 6260, 5),
    D(_LATER, 3, "mvit/*", "param_scheduler[0].start_factor", 0.0001, 0.001),
    # -------------------------------------------------------------- optimizer, loop
    D(_LATER, 51, "*", "optim_wrapper.paramwise_cfg.flat_decay_mult", MISSING, 0.0),
    D(_LATER, 18, "*", "optim_wrapper.clip_grad.max_norm", 5.0, MISSING),
    D(_LATER, 3, "mvit/*", "optim_wrapper.paramwise_cfg.custom_keys.cls_token.*", MISSING, 0.0),
    D(_LATER, 5, _CONVNEXT, "custom_hooks[0].momentum", 4e-05, 0.0001),
    D("mmpretrain validates every epoch", 50, "*", "train_cfg.val_interval", 10, 1),
    D("mmpretrain validates every epoch", 1, "lenet/*", "train_cfg.val_interval", 5, 1),
    # ----------------------------------------------------------------------- model
    D(_LATER, 55, _CONVNEXT, "model.head.*|model.init_cfg.*|model.train_cfg.*"),
    D("the last stage by its number", 5, _CONVNEXT, "model.backbone.out_indices", [3], MISSING),
    D(_LATER, 1, "resnet/*rsb-a1*", "model.head.loss.use_sigmoid", MISSING, True),
    D(
        "mmcls gives this head other start values than it is told, which mmpretrain has by default",
        *(4, "conformer/*", "model.head.init_cfg", MISSING, None),
    ),
    D("only what training logs", 3, "cspnet/*", "model.head.topk", [1, 5], MISSING),
    D(
        "the old file asks for mixing beside `model`, where mmcls 0.25 does not read it",
        *(12, "resnest/*", "model.train_cfg.*"),
    ),
    D(
        "the twin names an augment that mmpretrain does not have, and words of mmcls",
        *(3, "resnet/*cutmix*", "model.train_cfg.augments[0].*"),
    ),
    D(
        "the old file loads the checkpoint by `load_from`",
        *(3, "vgg/vgg16_8xb16_voc.py", "model.backbone.init_cfg.*"),
    ),
    # ------------------------------------------------------------------------ data
    D("the twin has the size of its base", 2, "hornet/*", "train_dataloader.batch_size", 128, 64),
    D("evaluation alone; the twin has the size of its base", 56, "*", "*_dataloader.batch_size"),
    D("where the images lie", 6, "*voc*", "*_dataloader.dataset.data_root"),
    D(
        "mmpretrain reports the best 1 alone",
        16,
        "*cifar*|*_cub*",
        "*_evaluator[0].topk",
        [1, 5],
        MISSING,
    ),
    D("0.x reports its metrics in the order of their names", 16, "*voc*", "*_evaluator*"),
    D("the twin does not evaluate", 28, _21K, "val_*|test_*"),
    D(_SLIP, 1, _21K, "data_preprocessor.num_classes", 21843, 21842),
    D(_TWICE, 40, _TWICE_FILES, _DATA),
    D(_TWICE, 9, _TWICE_FILES, "data_preprocessor.*"),
    D(_SLIP, 2, "efficientnet/*-es_*", "data_preprocessor.*", [127.5, 127.5, 127.5]),
    D(_LATER, 19, "resnet/*-rsb-*", _DATA),
    D(_LATER, 96, "resnest/*", _DATA),
)

"""The shape of a 0.x config as far as this stage relies on it: the dicts and lists it looks into.

What fits no shape is taken out and told before the upgrade begins, see `mmlight.upgrade.malformed`.

To add a shape: 1. put it into the entries of the dict that holds it; 2. add the case to
tests/upgrade/test_malformed.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mmlight.read.node import ConfigDict

DATA: Final = (str, bytes, int, float, complex, bool, dict, list, tuple, set, type(None))
"""What a config file can say; anything else is a live object."""
EVERY: Final = "*"
"""Stands for all entries of a dict."""


def _is_dict(value: Any) -> bool:
    return isinstance(value, ConfigDict)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _is_name(value: Any) -> bool:
    return isinstance(value, str)


def _is_part(value: Any) -> bool:
    """Accept live objects: the next stage says whether it can use them."""
    return _is_dict(value) or not isinstance(value, DATA)


KINDS: Final[dict[str, Callable[[Any], bool]]] = {
    "anything": lambda _: True,
    "nothing": lambda _: False,
    "a dict": _is_dict,
    "a dict or an object": _is_part,
    "a list of dicts": _is_list,
    "a dict or a list of dicts": lambda v: _is_dict(v) or _is_list(v),
    "a dataset or a list of datasets": lambda v: _is_part(v) or _is_list(v),
    "a name": _is_name,
    "a name or a list of names": lambda v: _is_name(v) or (_is_list(v) and all(map(_is_name, v))),
    "a name or a class": lambda v: _is_name(v) or callable(v),
    "a number": lambda v: isinstance(v, (int, float)),
    "a whole number or (height, width)": lambda v: (
        isinstance(v, int)
        or (_is_list(v) and len(v) == 2 and all(isinstance(side, int) for side in v))
    ),
}
"""Tells of each kind of value whether a value is of it, whatever is inside."""


def _no_items() -> "Shape | None":
    return None


def _no_types() -> "Mapping[str, Shape]":
    return {}


@dataclass(frozen=True)
class Shape:
    """What a value must be; an entry that is None counts as a missing one.

    Args:
        kind: A key of `KINDS`.
        example: What the user may write.
        entries: Of a dict: the shapes of its entries.
        needs: Of a dict: the entries that it cannot do without.
        items: Of a list: the shape of its items.
        by_type: Of a dict: the shape that it has instead when it is of this type of mmcls.
    """

    kind: str
    example: str
    entries: "Mapping[str, Shape]" = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    items: "Callable[[], Shape | None]" = _no_items
    by_type: "Callable[[], Mapping[str, Shape]]" = _no_types

    def fits(self, value: Any) -> bool:
        """Tell whether a value is of this kind, whatever is inside."""
        return KINDS[self.kind](value)


# ---- model
AUGMENT: Final = "dict(type='BatchMixup', alpha=0.2, num_classes=10, prob=1.0)"
TYPE: Final = {"type": Shape("a name or a class", "the name of a class")}
MIXED: Final = {**TYPE, "prob": Shape("a number", "prob=0.5")}
AUGMENTS: Final = Shape(
    "a dict or a list of dicts",
    AUGMENT,
    MIXED,
    needs=("type",),
    items=lambda: Shape("a dict", AUGMENT, MIXED, needs=("type",)),
)
MIXING: Final = Shape("a dict", f"dict(augments={AUGMENT})", {"augments": AUGMENTS})

# ---- data
RESIZE: Final = "dict(type='Resize', size=(256, -1))"
SIZE: Final = Shape("a whole number or (height, width)", "(224, 224)")
STEP: Final = Shape("a dict or an object", RESIZE, by_type=lambda: STEPS)
PIPELINE: Final = Shape("a list of dicts", f"[{RESIZE}, ...]", items=lambda: STEP)
STEPS: Final[dict[str, Shape]] = {
    "Resize": Shape("a dict", RESIZE, {"size": SIZE}),
    "Pad": Shape("a dict", "dict(type='Pad', size=224)", {"size": SIZE}),
    "CenterCrop": Shape("a dict", "dict(type='CenterCrop', crop_size=224)", {"crop_size": SIZE}),
    "Compose": Shape(
        "a dict",
        f"dict(type='Compose', transforms=[{RESIZE}])",
        {"transforms": PIPELINE},
        needs=("transforms",),
    ),
}
# what the pipeline of a dataset that mmcls has not is, its author decides
OWN_PIPELINE: Final = Shape(
    "anything", "", items=lambda: Shape("anything", "", by_type=lambda: STEPS)
)
IMAGENET: Final = "dict(type='ImageNet', data_prefix='data/imagenet/train', pipeline=[...])"
DATASET: Final[Shape] = Shape(
    "a dataset or a list of datasets",
    IMAGENET,
    {"pipeline": OWN_PIPELINE},
    items=lambda: DATASET,
    by_type=lambda: {
        **dict.fromkeys(IMAGES, Shape("a dict", IMAGENET, {"pipeline": PIPELINE})),
        **dict.fromkeys(WRAPPERS, Shape("a dict", IMAGENET, {"dataset": DATASET})),
        "ConcatDataset": Shape(
            "a dict",
            f"dict(type='ConcatDataset', datasets=[{IMAGENET}, ...])",
            {"datasets": Shape("a list of dicts", f"[{IMAGENET}, ...]", items=lambda: DATASET)},
        ),
    },
)
WRAPPERS: Final[tuple[str, ...]] = ("RepeatDataset", "ClassBalancedDataset", "KFoldDataset")
IMAGES: Final[tuple[str, ...]] = (
    *("CIFAR10", "CIFAR100", "CUB", "CustomDataset", "FashionMNIST", "ImageNet", "ImageNet21k"),
    *("MNIST", "StanfordCars", "VOC"),
)
"""The datasets of mmcls 0.25."""
LOADER: Final = Shape("a dict", "dict(samples_per_gpu=64)")
STAGES: Final = ("train", "val", "test")
DATA_SECTION: Final = Shape(
    "a dict",
    "dict(samples_per_gpu=32, workers_per_gpu=2, train=dict(...), val=dict(...))",
    {**dict.fromkeys(STAGES, DATASET), **{f"{stage}_dataloader": LOADER for stage in STAGES}},
)

# ---- optimizer
RULES: Final = Shape(
    "a dict",
    "dict(norm_decay_mult=0.0)",
    {
        "custom_keys": Shape(
            "a dict",
            "{'.cls_token': dict(decay_mult=0.0)}",
            {EVERY: Shape("a dict", "dict(decay_mult=0.0)")},
        )
    },
)
POLICY: Final = Shape(
    "a dict",
    "dict(policy='step', step=[30, 60, 90])",
    {"policy": Shape("a name", "policy='step'")},
    needs=("policy",),
)

# ---- runtime
# words of the loop of 1.x, to which the entries of `evaluation` go
LOOP_WORDS: Final = (
    *("type", "max_epochs", "max_iters", "dynamic_intervals"),
    *("val_interval", "val_begin", "val_offset", "val_at_end"),
)
EVALUATION: Final = Shape(
    "a dict",
    "dict(interval=1, metric='accuracy')",
    {
        "metric": Shape("a name or a list of names", "metric='accuracy'"),
        "metric_options": Shape("a dict", "dict(topk=(1, 5))"),
        "start": Shape("a number", "start=10"),
        **dict.fromkeys(LOOP_WORDS, Shape("nothing", "")),
    },
)
SECTION_WORDS: Final = {
    "data": (
        *("train", "val", "test", "train_dataloader", "val_dataloader", "test_dataloader"),
        *("samples_per_gpu", "workers_per_gpu", "persistent_workers", "pin_memory", "drop_last"),
    ),
    "evaluation": (
        *("interval", "start", "metric", "metric_options"),
        *("save_best", "rule", "greater_keys", "less_keys", "out_dir"),
    ),
    "optimizer_config": ("type", "grad_clip", "cumulative_iters", "loss_scale"),
    "runner": ("type", "max_epochs", "max_iters"),
}
"""Words of the sections that 1.x words otherwise: what an error about an unknown one names."""
LOG_HOOK: Final = Shape("a dict", "dict(type='TextLoggerHook')", TYPE, needs=("type",))
LOGGING: Final = Shape(
    "a dict",
    f"dict(interval=100, hooks=[{LOG_HOOK.example}])",
    {"hooks": Shape("a list of dicts", f"[{LOG_HOOK.example}]", items=lambda: LOG_HOOK)},
)
HOOK: Final = Shape("a dict or an object", "dict(type='EMAHook')")

CONFIG: Final = Shape(
    "a dict",
    "",
    {
        "model": Shape("a dict", "dict(type='ImageClassifier', ...)", {"train_cfg": MIXING}),
        "data": DATA_SECTION,
        "sampler": Shape("a dict", "dict(type='RepeatAugSampler')", TYPE, needs=("type",)),
        "optimizer": Shape("a dict", "dict(type='SGD', lr=0.1)", {"paramwise_cfg": RULES}),
        "optimizer_config": Shape("a dict", "dict(grad_clip=None)", TYPE),
        "fp16": Shape("a dict", "dict(loss_scale=512.0)"),
        "lr_config": POLICY,
        "momentum_config": POLICY,
        "runner": Shape("a dict", "dict(type='EpochBasedRunner', max_epochs=100)", TYPE),
        "evaluation": EVALUATION,
        "checkpoint_config": Shape("a dict", "dict(interval=1)"),
        "log_config": LOGGING,
        "custom_hooks": Shape("a dict or a list of dicts", f"[{HOOK.example}]", items=lambda: HOOK),
        "dist_params": Shape("a dict", "dict(backend='nccl')"),
    },
)

"""Backbones, necks and heads against the originals: names, shapes, outputs, gradients, modes."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmlight.models.backbones.lenet import LeNet5
from mmlight.models.backbones.resnet import (
    ResNet,
    ResNet_CIFAR,
    ResNetV1c,
    ResNetV1d,
    ResNeXt,
    SEResNet,
    SEResNeXt,
)
from mmlight.models.backbones.vision_transformer import VisionTransformer
from mmlight.models.heads.cls_head import ClsHead
from mmlight.models.heads.linear_head import LinearClsHead
from mmlight.models.heads.vision_transformer_head import VisionTransformerClsHead
from mmlight.models.initialize import (
    Caffe2Xavier,
    Constant,
    Kaiming,
    Override,
    Pretrained,
    TruncNormal,
    Uniform,
    Xavier,
    init_weights,
)
from mmlight.models.losses.cross_entropy_loss import CrossEntropyLoss
from mmlight.models.necks.gap import GlobalAveragePooling
from mmlight.models.preprocessor import ImagePreprocessor
from mmlight.weights.load import load_state
from mmlight.weights.name_map import name_map
from tests.reference.original import Original

OURS: dict[str, type[nn.Module]] = {
    kind.__name__: kind
    for kind in [
        *(LeNet5, ResNet, ResNet_CIFAR, ResNetV1c, ResNetV1d),
        *(ResNeXt, SEResNet, SEResNeXt, VisionTransformer),
    ]
}
TINY = {"embed_dims": 24, "num_layers": 3, "num_heads": 4, "feedforward_channels": 50}
QUICK_GELU = {"act_cfg": {"type": "QuickGELU"}}
WIDE = {"base_channels": 128, "expansion": 2, "stem_channels": 64}
ONLY_NEW = ("out_type", "pre_norm", "layer_scale_init_value", "frozen_stages", "layer_cfgs")
"""Arguments of the Vision Transformer that mmcls 0.25 does not have, or not with such values."""


def their_shapes(cfg):
    """Build on the meta device and return name -> shape."""
    import torch

    try:
        import mmpretrain.models  # noqa: F401
        from mmpretrain.registry import MODELS

        build = MODELS.build
    except ImportError:
        from mmcls.models import build_backbone as build
    linspace = torch.linspace
    torch.linspace = lambda *args, **kwargs: linspace(*args, **{**kwargs, "device": "cpu"})
    try:
        with torch.device("meta"):
            model = build(dict(cfg))
    finally:
        torch.linspace = linspace
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


def their_run(cfg, shape, mode="eval", seed=0, with_grad=False):
    """Fill a backbone with random weights and norm statistics, run it, return what to compare."""
    import random

    import numpy as np
    import torch

    try:
        import mmpretrain.models  # noqa: F401
        from mmpretrain.registry import MODELS

        build = MODELS.build
    except ImportError:
        from mmcls.models import build_backbone as build
    torch.set_num_threads(1)
    model = build(dict(cfg)).double()
    torch.set_default_dtype(torch.float64)
    try:
        torch.manual_seed(seed)
        with torch.no_grad():
            for name, value in model.state_dict().items():
                if name.endswith("running_var"):
                    value.uniform_(0.5, 2)
                elif value.ndim > 1:
                    value.normal_(std=(2 / value[0].numel()) ** 0.5)
                elif value.is_floating_point():
                    value.normal_(0.5, 0.3)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        images = torch.randn(shape)
        model.train(mode == "train")
        for generator in (random.seed, np.random.seed, torch.manual_seed):
            generator(seed)
        with torch.set_grad_enabled(with_grad):
            outputs = [out[1] if isinstance(out, list) else out for out in model(images)]
        if with_grad:
            sum((out.sin()).sum() for out in outputs).backward()
        return {
            "images": images,
            "outputs": [out.detach() for out in outputs],
            "before": before,
            "after": model.state_dict() if mode == "train" else None,
            "grads": {n: p.grad for n, p in model.named_parameters()},
            "needs_grad": {n: p.requires_grad for n, p in model.named_parameters()},
            "training": {n: m.training for n, m in model.named_modules()},
        }
    finally:
        torch.set_default_dtype(torch.float32)


def build_ours(cfg: dict[str, Any]) -> nn.Module:
    kwargs = {key: value for key, value in cfg.items() if key != "type"}
    return OURS[cfg["type"]](**kwargs)


def their_cfg(cfg: dict[str, Any]) -> dict[str, Any]:
    """Leave out our own keyword, and name the registry where the original needs it."""
    theirs = {key: value for key, value in cfg.items() if key != "drop_path_schedule"}
    if "act_cfg" in cfg.get("layer_cfgs", {}):
        theirs["layer_cfgs"] = {"act_cfg": {"type": "mmpretrain.QuickGELU"}}
    return theirs


def run_ours(
    cfg: dict[str, Any], theirs: dict[str, Any], *, mode: str = "eval", with_grad: bool = False
) -> tuple[nn.Module, list[Tensor]]:
    """Load their weights into ours and run the same images."""
    ours = build_ours(cfg).double()
    renamed = name_map(ours).state_dict_to_ours(theirs["before"])
    assert renamed.unknown == ()
    ours.load_state_dict(renamed.state)
    ours.train(mode == "train")
    torch.manual_seed(0)
    with torch.set_grad_enabled(with_grad):
        outputs = list(ours(theirs["images"]))
    if with_grad:
        torch.stack([out.sin().sum() for out in outputs]).sum().backward()
    return ours, [out.detach() for out in outputs]


def assert_close(ours: Any, theirs: Any, rtol: float = 1e-10) -> None:
    """Compare up to rounding, relative to the largest value of each tensor."""
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape
        scale = other.abs().max().item()
        assert math.isfinite(scale)
        torch.testing.assert_close(one, other, rtol=rtol, atol=rtol * scale)


@pytest.fixture(params=["mmcls", "mmpretrain"])
def original(request: pytest.FixtureRequest) -> Original:
    """Each generation in turn."""
    process: Original = request.getfixturevalue(request.param)
    return process


def skip_where_missing(cfg: dict[str, Any], request: pytest.FixtureRequest) -> None:
    new = [key for key in ONLY_NEW if key in cfg and cfg["type"] == "VisionTransformer"]
    if new and "mmcls" in request.node.callspec.id:
        pytest.skip(f"mmcls 0.25 has no {new[0]}")


def row(kind: str, *names: str, **kwargs: Any) -> Any:
    values = (value for value in kwargs.values() if not isinstance(value, dict))
    text = "-".join([kind, *map(str, values), *names])
    return pytest.param({"type": kind, **kwargs}, id=text[:60])


SHAPES = [
    *(row("ResNet", depth=depth) for depth in (18, 34, 50, 101, 152)),
    row("ResNet", "wide", depth=50, **WIDE),
    row("ResNet", "wide", depth=101, **WIDE),
    row("ResNetV1c", depth=50),
    row("ResNetV1d", depth=50),
    row("ResNetV1d", depth=18),
    row("ResNet_CIFAR", depth=18),
    row("ResNet_CIFAR", depth=50),
    row("ResNeXt", depth=50),
    row("ResNeXt", depth=101, groups=32, width_per_group=8),
    row("ResNeXt", depth=152),
    row("SEResNet", depth=50),
    row("SEResNet", depth=101),
    row("SEResNeXt", depth=50),
    row("SEResNeXt", depth=101),
    row("LeNet5", num_classes=10),
    row("LeNet5"),
    row("VisionTransformer", arch="b", img_size=32),
    row("VisionTransformer", arch="deit-tiny", img_size=(64, 32), patch_size=16),
    row("VisionTransformer", arch="l", img_size=32),
    row("VisionTransformer", "final_norm", arch="s", img_size=32, final_norm=False),
    row("VisionTransformer", arch=TINY, img_size=32, qkv_bias=False),
    row("VisionTransformer", arch="base", img_size=32, out_type="avg_featmap"),
    row("VisionTransformer", arch="huge", img_size=28, patch_size=14, pre_norm=True),
    row("VisionTransformer", arch="eva-g", img_size=28, patch_size=14, out_type="cls_token"),
    row("VisionTransformer", arch="dinov2-small", img_size=28, layer_scale_init_value=1e-5),
    row(
        "VisionTransformer",
        "swiglu",
        arch="dinov2-giant",
        img_size=28,
        layer_cfgs={"ffn_type": "swiglu_fused"},
        layer_scale_init_value=1e-5,
    ),
]


@pytest.mark.parametrize("cfg", SHAPES)
def test_names_and_shapes_equal_through_the_map(
    cfg: dict[str, Any], original: Original, request: pytest.FixtureRequest
) -> None:
    skip_where_missing(cfg, request)
    theirs = original(their_shapes, cfg)
    with torch.device("meta"):
        ours = build_ours(cfg)
    state = name_map(ours).state_dict_to_mm(ours.state_dict())
    assert state.unknown == ()
    assert {name: tuple(value.shape) for name, value in state.state.items()} == theirs


NARROW_18 = {"depth": 18, "base_channels": 16}
NARROW = {"depth": 50, "base_channels": 16, "stem_channels": 32}
OUTPUTS = [
    row("ResNet", depth=18),
    row("ResNet", "all", depth=18, base_channels=16, out_indices=(0, 1, 2, 3)),
    row("ResNet", depth=50),
    row("ResNet", **NARROW, style="caffe"),
    row("ResNet", "wide", **NARROW, expansion=2),
    row("ResNet", "narrow", depth=18, stem_channels=16, base_channels=16, in_channels=1),
    row("ResNet", "dilated", **NARROW, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4)),
    row("ResNet", "dilated-caffe", **NARROW, style="caffe", dilations=(1, 1, 2, 4)),
    row("ResNet", "dilated", **NARROW_18, strides=(1, 2, 1, 2), dilations=(1, 2, 2, 1)),
    row("ResNet", "eps", **NARROW, norm_cfg={"type": "SyncBN", "eps": 1e-2}),
    row(
        "ResNet",
        "three-stages",
        **NARROW,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(0, 2),
    ),
    row("ResNetV1c", **NARROW),
    row("ResNetV1d", **NARROW),
    row("ResNetV1d", **NARROW_18),
    row("ResNetV1d", "strides", **NARROW, strides=(1, 2, 2, 1)),
    row("ResNet_CIFAR", depth=18, base_channels=16),
    row("ResNet_CIFAR", **NARROW),
    row("ResNeXt", **NARROW, groups=8, width_per_group=4),
    row("SEResNet", **NARROW, se_ratio=8),
    row("SEResNeXt", **NARROW, groups=8, width_per_group=6),
    row("LeNet5", num_classes=10),
    row("VisionTransformer", arch=TINY, img_size=32, patch_size=8),
    row("VisionTransformer", "two", arch=TINY, img_size=32, out_indices=[0, 2]),
    row("VisionTransformer", "padded", arch=TINY, img_size=(31, 17), patch_size=16),
    row("VisionTransformer", "eps", arch=TINY, img_size=32, norm_cfg={"type": "LN"}),
    row("VisionTransformer", arch=TINY, img_size=32, patch_size=8, out_type="avg_featmap"),
    row("VisionTransformer", arch=TINY, img_size=32, out_type="avg_featmap", final_norm=False),
    row("VisionTransformer", arch=TINY, img_size=32, out_type="featmap", patch_size=8),
    row("VisionTransformer", arch=TINY, img_size=32, out_type="raw", with_cls_token=False),
    row("VisionTransformer", "pre_norm", arch=TINY, img_size=32, pre_norm=True),
    row("VisionTransformer", "clip", arch=TINY, img_size=32, layer_cfgs=QUICK_GELU),
    row("VisionTransformer", "bias", arch=TINY, img_size=32, patch_cfg={"bias": False}),
    row("VisionTransformer", arch=TINY, img_size=32, layer_scale_init_value=0.1),
    row(
        "VisionTransformer",
        "swiglu",
        arch=TINY,
        img_size=32,
        layer_cfgs={"ffn_type": "swiglu_fused"},
        layer_scale_init_value=0.1,
    ),
]


@pytest.mark.parametrize("cfg", OUTPUTS)
def test_outputs_equal_in_float64(
    cfg: dict[str, Any], original: Original, request: pytest.FixtureRequest
) -> None:
    skip_where_missing(cfg, request)
    theirs = original(their_run, their_cfg(cfg), image_shape(cfg))
    _, outputs = run_ours(cfg, theirs)
    assert_close(outputs, theirs["outputs"])
    assert all(out.std() > 0 for out in outputs)


def image_shape(cfg: dict[str, Any]) -> tuple[int, ...]:
    height, width = (32, 32)
    if isinstance(cfg.get("img_size"), tuple):
        height, width = cfg["img_size"]
    return (2, 1 if cfg["type"] == "LeNet5" else cfg.get("in_channels", 3), height, width)


def test_outputs_equal_when_positions_are_resized(original: Original) -> None:
    cfg = {"type": "VisionTransformer", "arch": TINY, "img_size": (28, 20), "patch_size": 8}
    theirs = original(their_run, cfg, (2, 3, 32, 32))
    _, outputs = run_ours(cfg, theirs)
    # mmcls resizes in float64 here, mmpretrain and ours always in float32
    assert_close(outputs, theirs["outputs"], rtol=1e-7)


def test_loads_positions_of_another_size(mmpretrain: Original) -> None:
    def theirs(state, cfg):
        from mmpretrain.registry import MODELS

        model = MODELS.build(cfg)
        model.load_state_dict(state)
        return model.pos_embed.detach()

    cfg = {"type": "VisionTransformer", "arch": TINY, "img_size": 64, "patch_size": 8}
    small = build_ours({**cfg, "img_size": 32})
    nn.init.normal_(small.network.pos_embed)
    ours = build_ours(cfg)
    load_state(ours, small.state_dict(), "a file of ours")
    state = name_map(small).state_dict_to_mm(small.state_dict()).state
    expected = mmpretrain(theirs, state, cfg)
    torch.testing.assert_close(ours.network.pos_embed.detach(), expected)


TRAINED = [
    row("ResNet", depth=18),
    row("ResNet", "cp", **NARROW, with_cp=True),
    row("LeNet5", num_classes=10),
    row("VisionTransformer", arch=TINY, img_size=32, patch_size=8),
    row("VisionTransformer", "drop", arch=TINY, img_size=32, drop_rate=0.2, drop_path_rate=0.4),
    row("ResNeXt", **NARROW, groups=8, drop_path_rate=0.3),
    row("SEResNet", **NARROW, drop_path_rate=0.3),
]


@pytest.mark.parametrize("cfg", TRAINED)
def test_gradients_and_statistics_equal_in_training(
    cfg: dict[str, Any], original: Original, request: pytest.FixtureRequest
) -> None:
    cfg = dict(cfg)
    if "mmcls" in request.node.callspec.id and cfg["type"] == "ResNeXt":
        cfg["drop_path_schedule"] = "constant"
    theirs = original(their_run, their_cfg(cfg), (4, *image_shape(cfg)[1:]), "train", 0, True)
    ours, outputs = run_ours(cfg, theirs, mode="train", with_grad=True)
    names = name_map(ours)
    assert_close(outputs, theirs["outputs"])
    after = names.state_dict_to_mm(ours.state_dict()).state
    assert_close(
        [after[name].double() for name in after], [theirs["after"][name].double() for name in after]
    )
    grads = {names.to_mm[name]: value.grad for name, value in ours.named_parameters()}
    assert grads.keys() == theirs["grads"].keys()
    assert_close(
        [grads[name] for name in grads], [theirs["grads"][name] for name in grads], rtol=1e-8
    )


FROZEN = [
    row("ResNet", **NARROW_18, frozen_stages=2, norm_eval=True),
    row("ResNet", **NARROW_18, frozen_stages=0),
    row("ResNet", **NARROW_18, norm_cfg={"type": "BN", "requires_grad": False}),
    row("ResNetV1c", **NARROW_18, frozen_stages=1),
    row("ResNet_CIFAR", **NARROW_18, frozen_stages=4),
    row("VisionTransformer", arch=TINY, img_size=32, frozen_stages=2),
    row("VisionTransformer", arch=TINY, img_size=32, frozen_stages=3, out_type="avg_featmap"),
    row("VisionTransformer", arch=TINY, img_size=32, frozen_stages=0),
    row("VisionTransformer", "ln", arch=TINY, norm_cfg={"type": "LN", "requires_grad": False}),
]


@pytest.mark.parametrize("mode", ["built", "train", "eval"])
@pytest.mark.parametrize("cfg", FROZEN)
def test_frozen_parameters_and_modes_equal(
    cfg: dict[str, Any], mode: str, original: Original, request: pytest.FixtureRequest
) -> None:
    def theirs(cfg, mode):
        try:
            from mmpretrain.registry import MODELS

            model = MODELS.build(dict(cfg))
        except ImportError:
            from mmcls.models import build_backbone

            model = build_backbone(dict(cfg))
        if mode != "built":
            model.train(mode == "train")
        stateful = [name.rpartition(".")[0] for name in model.state_dict()]
        modules = dict(model.named_modules())
        return (
            {name: p.requires_grad for name, p in model.named_parameters()},
            {
                n: modules[n].training
                for n in stateful
                if n and "Conv" not in type(modules[n]).__name__
            },
        )

    skip_where_missing(cfg, request)
    needs_grad, training = original(theirs, cfg, mode)
    ours = build_ours(cfg)
    if mode != "built":
        ours.train(mode == "train")
    names = name_map(ours)
    assert {names.to_mm[n]: p.requires_grad for n, p in ours.named_parameters()} == needs_grad
    owners = {n.rpartition(".")[0]: mm.rpartition(".")[0] for n, mm in names.to_mm.items()}
    modules = dict(ours.named_modules())
    ours_training = {mm: modules[n].training for n, mm in owners.items()}
    assert {name: ours_training[name] for name in training} == training


@pytest.mark.parametrize("num_stages", [4, 3])
def test_drop_path_rates_equal(num_stages: int, original: Original) -> None:
    def theirs(cfg):
        try:
            from mmpretrain.registry import MODELS

            model = MODELS.build(dict(cfg))
        except ImportError:
            from mmcls.models import build_backbone

            model = build_backbone(dict(cfg))
        return [
            getattr(block.drop_path, "drop_prob", 0.0)
            for layer in model.res_layers
            for block in getattr(model, layer)
        ]

    cfg = {"type": "ResNet", "depth": 18, "drop_path_rate": 0.2, "num_stages": num_stages}
    cfg |= {"strides": (1, 2, 2, 2)[:num_stages], "dilations": (1,) * num_stages}
    cfg |= {"out_indices": (num_stages - 1,)}
    expected = original(theirs, cfg)
    schedule = "constant" if len(set(expected)) == 1 else "linear"
    ours = build_ours({**cfg, "drop_path_schedule": schedule})
    blocks = [block for stage in ours.stages() for block in stage]
    assert [getattr(block.drop_path, "drop_prob", 0.0) for block in blocks] == expected


def their_head(kind, kwargs, feats, target, state):
    """Run a head of mmpretrain: logits, losses, scores."""
    import torch
    from mmpretrain.registry import MODELS
    from mmpretrain.structures import DataSample

    head = MODELS.build({"type": kind, **kwargs}).double()
    head.load_state_dict(state)
    samples = [
        DataSample().set_gt_label(t) if target.ndim == 1 else DataSample().set_gt_score(t)
        for t in target
    ]
    losses = head.loss(feats, samples)
    flat = {k: v[0] if isinstance(v, list) else v for k, v in losses.items()}
    scores = torch.stack([sample.pred_score for sample in head.predict(feats)])
    return head(feats).detach(), {k: float(v) for k, v in flat.items()}, scores.detach()


def their_old_head(kind, kwargs, feats, target, state):
    """Run a head of mmcls: scores and losses."""
    from mmcls.models import build_head

    head = build_head({"type": kind, **kwargs}).double()
    head.load_state_dict(state)
    feats = tuple([None, feat] for feat in feats) if kind.startswith("Vision") else feats
    losses = head.forward_train(feats, target)
    accuracies = {f"accuracy_{k}": float(v) for k, v in losses.pop("accuracy", {}).items()}
    scores = head.simple_test(feats, post_process=False).detach()
    return {"loss": float(losses["loss"]), **accuracies}, scores


HEADS = [
    (LinearClsHead, {"num_classes": 7, "in_channels": 5, "topk": (1, 3), "cal_acc": True}),
    (ClsHead, {"topk": (1, 5), "cal_acc": True}),
    (VisionTransformerClsHead, {"num_classes": 7, "in_channels": 5}),
    (VisionTransformerClsHead, {"num_classes": 7, "in_channels": 5, "hidden_dim": 6}),
]


@pytest.mark.parametrize(("kind", "kwargs"), HEADS)
@pytest.mark.parametrize("soft", [False, True])
def test_head_equals(
    kind: type[ClsHead], kwargs: dict[str, Any], soft: bool, mmcls: Original, mmpretrain: Original
) -> None:
    torch.manual_seed(0)
    kwargs = {**kwargs, "cal_acc": kwargs.get("cal_acc", False) and not soft}
    ours = kind(**kwargs, loss=CrossEntropyLoss(use_soft=soft)).double()
    feats = (torch.randn(8, 4).double(), torch.randn(8, 7 if kind is ClsHead else 5).double())
    target = torch.randint(7, (8,))
    if soft:
        target = torch.softmax(torch.randn(8, 7), dim=1)
    loss = {"type": "CrossEntropyLoss", "use_soft": soft}
    arguments = (kind.__name__, {**kwargs, "loss": loss}, feats, target, ours.state_dict())
    logits, losses, scores = mmpretrain(their_head, *arguments)
    torch.testing.assert_close(ours(feats), logits)
    torch.testing.assert_close(ours.predict(feats), scores)
    assert {k: v.item() for k, v in ours.loss(feats, target).items()} == pytest.approx(losses)
    old_losses, old_scores = mmcls(their_old_head, *arguments)
    torch.testing.assert_close(ours.predict(feats), old_scores)
    assert {k: v.item() for k, v in ours.loss(feats, target).items()} == pytest.approx(old_losses)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_neck_equals(dim: int, original: Original) -> None:
    def theirs(dim, feats):
        try:
            from mmpretrain.registry import MODELS

            neck = MODELS.build({"type": "GlobalAveragePooling", "dim": dim})
        except ImportError:
            from mmcls.models import build_neck

            neck = build_neck({"type": "GlobalAveragePooling", "dim": dim})
        return neck(feats)

    feats = (torch.randn(2, 4, *(5, 3, 2)[:dim]), torch.randn(1, 3, *(2, 2, 2)[:dim]))
    torch.testing.assert_close(GlobalAveragePooling(dim)(feats), original(theirs, dim, feats))


PREPROCESSORS = [
    {},
    {"mean": [120.5, 110.0, 100.0], "std": [58.4, 57.1, 57.4], "to_rgb": True},
    {"mean": [1.0], "std": [2.0], "pad_size_divisor": 8, "pad_value": 3},
    {"to_rgb": True, "pad_size_divisor": 32},
]


@pytest.mark.parametrize("kwargs", PREPROCESSORS)
@pytest.mark.parametrize("form", ["batch", "list", "sizes", "gray"])
def test_preprocessor_equals(kwargs: dict[str, Any], form: str, mmpretrain: Original) -> None:
    def theirs(kwargs, inputs):
        from mmpretrain.registry import MODELS

        model = MODELS.build({"type": "ClsDataPreprocessor", **kwargs})
        return model({"inputs": inputs})["inputs"]

    if form == "gray" and len(kwargs.get("mean", [0])) == 3:
        pytest.skip("three means")
    torch.manual_seed(0)
    channels = 1 if form == "gray" else 3
    inputs = torch.randint(256, (2, channels, 13, 17), dtype=torch.uint8)
    if form == "list":
        inputs = list(inputs)
    if form == "sizes":
        inputs = [inputs[0], inputs[1][:, :9, :20], torch.rand(3, 16, 5)]
    expected = mmpretrain(theirs, kwargs, inputs)
    torch.testing.assert_close(ImagePreprocessor(**kwargs)(inputs), expected, rtol=0, atol=0)


def their_init(kind, cfg):
    """Initialize and return mean, deviation, smallest and largest value of every parameter."""
    import torch

    try:
        import mmpretrain.models  # noqa: F401
        from mmpretrain.registry import MODELS

        model = MODELS.build({"type": kind, **cfg})
    except ImportError:
        from mmcls.models import build_backbone, build_head

        build = build_head if kind.endswith("Head") else build_backbone
        model = build({"type": kind, **cfg})
    torch.manual_seed(0)
    model.init_weights()
    return {
        name: [float(f(p.detach())) for f in (torch.mean, torch.std, torch.min, torch.max)]
        for name, p in model.named_parameters()
    }


INITS = [
    (ResNet, {"depth": 18, "base_channels": 16}, None, None),
    (ResNet, {"depth": 50, "base_channels": 16, "zero_init_residual": False}, None, None),
    (SEResNet, NARROW, None, None),
    (LeNet5, {"num_classes": 10}, None, None),
    (VisionTransformer, {"arch": TINY, "img_size": 64, "patch_size": 4}, None, None),
    (
        VisionTransformer,
        {"arch": TINY, "img_size": 64, "patch_size": 4},
        [{"type": "Kaiming", "layer": "Conv2d", "mode": "fan_in", "nonlinearity": "linear"}],
        [Kaiming(layer="Conv2d", mode="fan_in", nonlinearity="linear")],
    ),
    (LinearClsHead, {"num_classes": 50, "in_channels": 40}, None, None),
    (
        VisionTransformerClsHead,
        {"num_classes": 50, "in_channels": 40, "hidden_dim": 30},
        None,
        None,
    ),
    (
        LinearClsHead,
        {"num_classes": 50, "in_channels": 40},
        {"type": "TruncNormal", "layer": "Linear", "std": 0.2, "a": -0.3, "b": 0.1, "bias": 2},
        TruncNormal(layer="Linear", std=0.2, a=-0.3, b=0.1, bias=2),
    ),
    (
        VisionTransformerClsHead,
        {"num_classes": 50, "in_channels": 40},
        {"type": "Uniform", "layer": ["Linear"], "a": -3, "b": 5, "bias_prob": 0.01},
        Uniform(layer=["Linear"], a=-3, b=5, bias_prob=0.01),
    ),
    (
        LinearClsHead,
        {"num_classes": 50, "in_channels": 40},
        {"type": "Xavier", "layer": [], "override": {"type": "Constant", "name": "fc", "val": 4}},
        Xavier(override=Override("fc", Constant(4))),
    ),
    (
        LinearClsHead,
        {"num_classes": 50, "in_channels": 40},
        {"type": "Xavier", "layer": "Linear", "gain": 3, "distribution": "uniform"},
        Xavier(layer="Linear", gain=3, distribution="uniform"),
    ),
    (
        LinearClsHead,
        {"num_classes": 50, "in_channels": 40},
        {"type": "Caffe2Xavier", "layer": "Linear"},
        Caffe2Xavier(layer="Linear"),
    ),
    (LinearClsHead, {"num_classes": 50, "in_channels": 40}, [], []),
]


@pytest.mark.parametrize(("kind", "cfg", "init_cfg", "ours_init"), INITS)
def test_start_values_have_equal_distributions(
    kind: type[Any], cfg: dict[str, Any], init_cfg: Any, ours_init: Any, original: Original
) -> None:
    their_arguments = cfg if init_cfg is None else {**cfg, "init_cfg": init_cfg}
    expected = original(their_init, kind.__name__, their_arguments)
    ours = kind(**cfg, init_cfg=ours_init)
    torch.manual_seed(1)
    init_weights(ours, lambda module, pretrained: None)
    names = name_map(ours)
    parameters = {names.to_mm[name]: p.detach() for name, p in ours.named_parameters()}
    assert parameters.keys() == expected.keys()
    for name, value in parameters.items():
        mean, std, low, high = expected[name]
        # a deviation estimated from n values is off by 1 / sqrt(2 n); five of these, for both sides
        slack = 5 * 2**0.5 / math.sqrt(value.numel())
        assert value.mean().item() == pytest.approx(mean, abs=slack * std + 1e-7), name
        assert value.std().item() == pytest.approx(std, rel=slack, abs=1e-7), name
        if std == 0:
            assert (value.min().item(), value.max().item()) == pytest.approx((low, high)), name


@pytest.mark.parametrize("as_list", [False, True])
def test_residual_zero_init_meets_loaded_weights_equally(
    as_list: bool, original: Original, tmp_path: Path
) -> None:
    def theirs(path, as_list):
        cfg = {"type": "Pretrained", "checkpoint": path}
        model = {"type": "ResNet", "depth": 18, "init_cfg": [cfg] if as_list else cfg}
        try:
            import mmpretrain.models  # noqa: F401
            from mmpretrain.registry import MODELS

            model = MODELS.build(model)
        except ImportError:
            from mmcls.models import build_backbone

            model = build_backbone(model)
        model.init_weights()
        return {name: float(p.detach().abs().sum()) for name, p in model.named_parameters()}

    source = ResNet(18)
    for parameter in source.parameters():
        nn.init.normal_(parameter)
    state = name_map(source).state_dict_to_mm(source.state_dict()).state
    torch.save(state, tmp_path / "weights.pth")
    expected = original(theirs, str(tmp_path / "weights.pth"), as_list)

    pretrained = Pretrained("weights.pth")
    ours = ResNet(18, init_cfg=[pretrained] if as_list else pretrained)
    init_weights(ours, lambda module, _: module.load_state_dict(source.state_dict()))
    names = name_map(ours).to_mm
    sums = {names[name]: float(p.detach().abs().sum()) for name, p in ours.named_parameters()}
    assert sums == pytest.approx(expected)
    assert (sums["layer1.0.bn2.weight"] == 0) == as_list

"""Convolutional networks are the originals', also where no config of the corpus asks."""

import importlib
import sys

import pytest
import torch

from mmlight.compat import provide_names
from mmlight.models.necks.hr_fuse import HRFuseScales
from mmlight.weights.name_map import name_map
from tests.reference.twin import build_ours, compare_twins

GN = {"type": "GN", "num_groups": 2}
EPS = {"type": "BN", "eps": 1e-2, "momentum": 0.3}
SMALL = {"base_channels": 8, "stem_channels": 8}
ALL = {"out_indices": (0, 1, 2, 3)}
TWO_STAGES = {"num_stages": 2, "strides": (1, 2), "dilations": (1, 2), "out_indices": (0, 1)}
REGNET = {"w0": 8, "wa": 8.0, "wm": 2.0, "group_w": 4, "depth": 6, "bot_mul": 1.0}
DENSENET = {"growth_rate": 4, "depths": [2, 3, 2], "init_channels": 10}


def stage(modules, block, blocks, channels):
    return {
        "num_modules": modules,
        "num_branches": len(channels),
        "block": block,
        "num_blocks": blocks,
        "num_channels": channels,
    }


HRNET = {
    "stage1": stage(1, "BOTTLENECK", (1,), (4,)),
    "stage2": stage(2, "BOTTLENECK", (1, 2), (2, 4)),
    "stage3": stage(1, "BASIC", (1, 1, 1), (2, 4, 8)),
    "stage4": stage(2, "BASIC", (1, 1, 1, 1), (2, 4, 6, 8)),
}


def case(kind, name, **kwargs):
    return pytest.param({"type": kind, **kwargs}, id=f"{kind}-{name}")


CASES = (
    case("ResNet", "gn", depth=18, **SMALL, norm_cfg=GN, **ALL),
    case("ResNet", "strides", depth=18, **SMALL, strides=(2, 1, 2, 2)),
    case("ResNet", "strides-pool", depth=18, **SMALL, strides=(2, 1, 2, 2), avg_down=True),
    case("ResNet", "ln", depth=18, **SMALL, **TWO_STAGES, norm_cfg={"type": "IN", "affine": True}),
    case("ResNetV1d", "gn", depth=50, **SMALL, **TWO_STAGES, norm_cfg=GN),
    case("ResNetV1c", "no-init", depth=50, **SMALL, **TWO_STAGES, init_cfg=None),
    case("SEResNet", "no-init", depth=50, **SMALL, **TWO_STAGES, init_cfg=None, se_ratio=2),
    case("ResNeXt", "gn", depth=50, **SMALL, **TWO_STAGES, groups=2, norm_cfg=GN, with_cp=True),
    case("ResNet_CIFAR", "frozen", depth=18, **SMALL, **TWO_STAGES, frozen_stages=1),
    case("Res2Net", "small", depth=50, **SMALL, **ALL, base_width=5, norm_cfg=EPS),
    case("Res2Net", "plain", depth=50, **SMALL, **TWO_STAGES, deep_stem=False, avg_down=False),
    case("Res2Net", "caffe", depth=50, **SMALL, **TWO_STAGES, style="caffe", scales=2),
    case("Res2Net", "wide", depth=50, base_channels=16, stem_channels=64, **TWO_STAGES),
    case("Res2Net", "gn", depth=50, **SMALL, base_width=16, scales=3, **TWO_STAGES, norm_cfg=GN),
    case("Res2Net", "cp", depth=50, **SMALL, **TWO_STAGES, with_cp=True, frozen_stages=1),
    case("Res2Net", "nonzero", depth=50, **SMALL, **TWO_STAGES, zero_init_residual=False),
    case("ResNeSt", "small", depth=50, **SMALL, **ALL, norm_cfg=EPS),
    case("ResNeSt", "caffe", depth=50, **SMALL, **TWO_STAGES, style="caffe", reduction_factor=1),
    case("ResNeSt", "stride", depth=50, **SMALL, **TWO_STAGES, avg_down_stride=False, radix=1),
    case("ResNeSt", "groups", depth=50, **SMALL, **TWO_STAGES, groups=2, width_per_group=8),
    case("ResNeSt", "gn", depth=50, **SMALL, **TWO_STAGES, norm_cfg=GN, radix=2),
    case("ResNeSt", "frozen", depth=50, **SMALL, **TWO_STAGES, frozen_stages=1, norm_eval=True),
    case("ResNeSt", "no-init", depth=50, **SMALL, **TWO_STAGES, init_cfg=None),
    case("RegNet", "small", arch=REGNET, **ALL, strides=(1, 2, 2, 2), norm_cfg=EPS),
    case("RegNet", "caffe", arch=REGNET, style="caffe", dilations=(1, 2, 1, 1), avg_down=True),
    case("RegNet", "frozen", arch=REGNET, frozen_stages=2, norm_eval=True, in_channels=3),
    case("RegNet", "cp", arch={**REGNET, "bot_mul": 0.5}, with_cp=True, zero_init_residual=False),
    case("RegNet", "one-group", arch={**REGNET, "bot_mul": 0.5, "group_w": 64}, stem_channels=8),
    case(
        *("RegNet", "three"),
        arch={**REGNET, "wa": 4.5, "depth": 5},
        strides=(2, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(0, 2),
    ),
    case("MobileNetV2", "outs", widen_factor=0.35, out_indices=(7, 2, 0), norm_cfg=EPS),
    case("MobileNetV2", "wide", widen_factor=1.05, act_cfg={"type": "LeakyReLU"}),
    case("MobileNetV2", "frozen", widen_factor=0.1, frozen_stages=3, norm_eval=True),
    case("MobileNetV2", "stem", widen_factor=0.1, frozen_stages=0),
    case("MobileNetV2", "cp", widen_factor=0.1, with_cp=True, frozen_stages=7),
    case("MobileNetV2", "no-init", widen_factor=0.1, init_cfg=None, norm_cfg={"type": "SyncBN"}),
    case("MobileNetV3", "outs", arch="small_050", out_indices=(12, 3, 0), norm_cfg=EPS),
    case("MobileNetV3", "frozen", arch="small_050", frozen_stages=4, norm_eval=True),
    case("MobileNetV3", "cp", arch="small_050", with_cp=True, norm_cfg={"type": "SyncBN"}),
    case(
        *("MobileNetV3", "init"),
        arch="small_050",
        init_cfg={"type": "Normal", "std": 9, "layer": "Conv2d"},
    ),
    case("DenseNet", "small", arch=DENSENET, bn_size=2, compression_factor=0.3, norm_cfg=EPS),
    case("DenseNet", "outs", arch=DENSENET, out_indices=[0, -1], frozen_stages=1),
    case("DenseNet", "cp", arch=DENSENET, memory_efficient=True, in_channels=3),
    case("DenseNet", "act", arch=DENSENET, act_cfg={"type": "LeakyReLU", "negative_slope": 0.2}),
    case("HRNet", "small", extra=HRNET, norm_cfg=EPS),
    case("HRNet", "one", extra=HRNET, multiscale_output=False, with_cp=True, norm_cfg=GN),
    case("HRNet", "eval", extra=HRNET, norm_eval=True, zero_init_residual=True),
    case("HRNet", "frozen-norm", extra=HRNET, norm_cfg={"type": "BN", "requires_grad": False}),
    case("VGG", "outs", depth=11, out_indices=(0, 2, 4), frozen_stages=2),
    case(
        *("VGG", "three"),
        depth=13,
        num_stages=3,
        dilations=(1, 2, 1),
        out_indices=(0, 2),
        norm_cfg=EPS,
        norm_eval=True,
        ceil_mode=True,
        with_last_pool=False,
    ),
    case(
        *("VGG", "gn"),
        depth=11,
        num_stages=2,
        dilations=(1, 1),
        out_indices=(1,),
        norm_cfg=GN,
        act_cfg={"type": "Tanh"},
        init_cfg=None,
    ),
    case("InceptionV3", "small", num_classes=3, dropout=0.1),
)
SIZES = {"HRNet": 64, "InceptionV3": 139, "MobileNetV3": 96, "VGG": 36}


@pytest.mark.parametrize("cfg", CASES)
def test_backbone_is_the_originals(cfg, mmpretrain, tmp_path) -> None:
    size = SIZES.get(cfg["type"], 48)
    compare_twins(mmpretrain, cfg, (6, 3, size, size), tmp_path)


OLD_CASES = (
    case("ResNet", "gn", depth=18, **SMALL, norm_cfg=GN),
    case("Res2Net", "small", depth=50, **SMALL, **TWO_STAGES),
    case("ResNeSt", "small", depth=50, **SMALL, **TWO_STAGES),
    case("RegNet", "small", arch=REGNET),
    case("MobileNetV2", "frozen", widen_factor=0.1, frozen_stages=3),
    case("MobileNetV3", "small", arch="small", frozen_stages=3),
    case("DenseNet", "small", arch=DENSENET),
    case("HRNet", "small", extra=HRNET),
    case("VGG", "small", depth=11, num_stages=2, dilations=(1, 1), out_indices=(1,)),
)


@pytest.mark.parametrize("cfg", OLD_CASES)
def test_backbone_is_that_of_the_old_generation(cfg, mmcls, tmp_path) -> None:
    size = SIZES.get(cfg["type"], 48)
    compare_twins(mmcls, cfg, (6, 3, size, size), tmp_path, generation="mmcls")


OWN = """
from mmcv.cnn import build_conv_layer, build_norm_layer
from torch import nn

from {package}.models.backbones import ResNet, ResNetV1d
from {package}.{registry} import {kind} as KIND


@KIND.register_module()
class {prefix}Stem(ResNet):

    def __init__(self, depth, deep_stem=False, **kwargs):
        super().__init__(depth, deep_stem=deep_stem, **kwargs)
        assert not self.deep_stem

    def _make_stem_layer(self, in_channels, base_channels):
        self.conv1 = build_conv_layer(
            self.conv_cfg, in_channels, base_channels, kernel_size=3, stride=1, padding=1,
            bias=False)
        self.norm1_name, norm1 = build_norm_layer(self.norm_cfg, base_channels, postfix=1)
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.norm1(self.conv1(x)))
        outs = []
        for i, layer_name in enumerate(self.res_layers):
            x = getattr(self, layer_name)(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)


@KIND.register_module()
class {prefix}Extra(ResNetV1d):

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.last = nn.Conv2d(self.feat_dim, 5, 1)

    def _make_stem_layer(self, in_channels, stem_channels):
        super()._make_stem_layer(in_channels, stem_channels)
        self.maxpool = nn.Identity()

    def _freeze_stages(self):
        super()._freeze_stages()
        self.stem[0].requires_grad_(False)

    def forward(self, x):
        x = self.maxpool(self.stem(x))
        for name in self.res_layers:
            x = getattr(self, name)(x)
        return (self.last(x),)


@KIND.register_module()
class {prefix}Deep(ResNet):

    def _make_stem_layer(self, in_channels, stem_channels):
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, stem_channels, 3, bias=False),
            build_norm_layer(self.norm_cfg, stem_channels)[1])
        self.maxpool = nn.MaxPool2d(2)
"""
HOMES = {
    "mmcls": {"registry": "models.builder", "kind": "BACKBONES", "prefix": "Old"},
    "mmpretrain": {"registry": "registry", "kind": "MODELS", "prefix": "New"},
}


def register_theirs(text):
    exec(text, {})


@pytest.mark.parametrize("generation", HOMES)
@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("Stem", {"depth": 18, "norm_cfg": EPS, "out_indices": (0, 1)}),
        ("Stem", {"depth": 18, "norm_cfg": GN, "out_indices": (1,), "frozen_stages": 1}),
        ("Extra", {"depth": 50, "out_indices": (1,)}),
        ("Deep", {"depth": 18, "deep_stem": True, "out_indices": (0, 1), "frozen_stages": 0}),
    ],
    ids=["stem", "frozen-stem", "extra", "deep"],
)
def test_users_subclass_is_the_originals(
    generation, name, kwargs, request, tmp_path, monkeypatch
) -> None:
    original = request.getfixturevalue(generation)
    home = HOMES[generation]
    kind, text = f"{home['prefix']}{name}", OWN.format(package=generation, **home)
    module = f"own_backbones_{generation}"
    if module not in sys.modules:
        original(register_theirs, text)
        (tmp_path / f"{module}.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        with provide_names():
            importlib.import_module(module)
    cfg = {"type": kind, **SMALL, **TWO_STAGES, **kwargs}
    compare_twins(original, cfg, (6, 3, 48, 48), tmp_path, generation=generation)


def run_neck(kwargs, sizes):
    """Return the weights of the original neck, its start values, output and gradients."""
    import torch
    from mmpretrain.models.necks import HRFuseScales

    torch.manual_seed(0)
    neck = HRFuseScales(**kwargs)
    neck.init_weights()
    start = {
        name: float(value.double().std(correction=0)) for name, value in neck.state_dict().items()
    }
    neck = neck.double().train()
    feats = tuple(torch.randn(4, *size, dtype=torch.float64) for size in sizes)
    state = {name: value.clone() for name, value in neck.state_dict().items()}
    (output,) = neck(feats)
    output.sin().sum().backward()
    grads = {name: value.grad for name, value in neck.named_parameters()}
    return start, state, feats, output.detach(), grads


def test_neck_is_the_originals(mmpretrain) -> None:
    kwargs = {"in_channels": (4, 256, 12, 16), "out_channels": 24, "norm_cfg": EPS}
    sizes = [(width, 32 // 2**i, 32 // 2**i) for i, width in enumerate(kwargs["in_channels"])]
    start, state, feats, theirs, grads = mmpretrain(run_neck, kwargs, sizes)
    neck = HRFuseScales(**kwargs)
    neck.init_weights()
    for name, value in neck.state_dict().items():
        assert float(value.double().std(correction=0)) == pytest.approx(start[name], rel=0.2), name
    neck = neck.double().train()
    neck.load_state_dict(state)
    (ours,) = neck(feats)
    ours.sin().sum().backward()
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    for name, value in neck.named_parameters():
        torch.testing.assert_close(value.grad, grads[name], rtol=1e-9, atol=1e-9)


def draw_theirs(cfg, path, images):
    """Return what the original gives in training mode after a seed."""
    import torch
    from mmpretrain.registry import MODELS

    backbone = MODELS.build(cfg)
    backbone.train()
    backbone.load_state_dict(torch.load(path, weights_only=True))
    torch.manual_seed(1)
    return backbone(images)[-1].detach()


@pytest.mark.parametrize(
    "cfg",
    [
        {"type": "DenseNet", "arch": DENSENET, "drop_rate": 0.3},
        {"type": "InceptionV3", "num_classes": 3},
    ],
    ids=["DenseNet", "InceptionV3"],
)
def test_dropout_draws_what_the_original_draws(cfg, mmpretrain, tmp_path) -> None:
    torch.manual_seed(0)
    ours, images = build_ours(cfg).train(), torch.rand(4, 3, 96, 96)
    path = tmp_path / "weights.pth"
    torch.save(name_map(ours).state_dict_to_mm(ours.state_dict()).state, path)
    theirs = mmpretrain(draw_theirs, cfg, str(path), images)
    torch.manual_seed(1)
    torch.testing.assert_close(ours(images)[-1], theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_second_classifier_of_inception_is_the_originals(mmpretrain, tmp_path) -> None:
    cfg = {"type": "InceptionV3", "num_classes": 3, "aux_logits": True}
    compare_twins(mmpretrain, cfg, (4, 3, 299, 299), tmp_path)

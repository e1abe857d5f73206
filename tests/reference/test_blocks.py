"""Building blocks of users' networks against the originals, through the table of offers."""

import itertools
import random
from typing import Any

import pytest

from tests.reference.offered import GENERATIONS, OURS, Case, compare, is_there
from tests.reference.original import Original


@pytest.fixture(params=GENERATIONS)
def original(request) -> Original:
    return request.getfixturevalue(request.param)


def run_modules(cases):
    """Build each module, run it forwards and backwards; return values, outputs and gradients."""
    import importlib
    import warnings

    import torch

    def run(path, args, kwargs, inputs, training, extra):
        home, name = path.rsplit(".", 1)
        torch.manual_seed(0)
        module = getattr(importlib.import_module(home), name)(*args, **kwargs)
        before = {key: value.clone() for key, value in module.state_dict().items()}
        init = getattr(module, "init_weights", None)
        if init and not kwargs.get("sub_sample"):  # where the originals fail
            torch.manual_seed(1)
            init()
        again = {key: value.clone() for key, value in module.state_dict().items()}
        torch.manual_seed(2)
        module.double()  # so that the order of sums does not show
        with torch.no_grad():
            for value in module.state_dict().values():
                if value.dtype.is_floating_point:
                    value.copy_(torch.rand_like(value) + 0.1)
        module.train(training)
        # layers behind 'inplace' must not write into a leaf
        tensors = [torch.randn(shape).double().requires_grad_() for shape in inputs]
        output = module(*(tensor * 1 for tensor in tensors), **extra)
        first = output[0] if isinstance(output, tuple) else output
        if kwargs.get("mode") != "concatenation":  # where the originals fail
            first.square().mean().backward()
        return {
            "before": before,
            "again": again,
            "output": output,
            "after": module.state_dict(),
            "input gradients": [tensor.grad for tensor in tensors],
            "gradients": {n: p.grad for n, p in module.named_parameters()},
            "trained": [n for n, p in module.named_parameters() if p.requires_grad],
        }

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [run(*case) for case in cases]


def compare_modules(original: Original, cases: list[Any], tolerance: float = 1e-10) -> int:
    """Compare every module that the generation has; return how many there were."""
    cases = [case for case in cases if is_there(original, case[0])]
    theirs = original(run_modules, cases)
    ours = run_modules([(OURS[case[0]], *case[1:]) for case in cases])
    for case, our, their in zip(cases, ours, theirs, strict=True):
        for part in ("before", "again", "trained"):
            compare(our[part], their[part], f"{case}: {part}")
        for part in ("output", "after", "gradients", "input gradients"):
            compare(our[part], their[part], f"{case}: {part}", tolerance)
    return len(cases)


def make_conv_modules() -> list[Any]:
    """Return 80 arbitrary convolutions with norms and activations."""
    draw = random.Random(0)
    norms = [
        None,
        *({"type": kind} for kind in ("BN", "BN2d", "SyncBN", "IN", "IN2d")),
        {"type": "BN", "eps": 1e-3, "momentum": 0.3, "requires_grad": False},
        {"type": "GN", "num_groups": 2},
        {"type": "IN", "affine": True},
    ]
    activations = [
        None,
        *({"type": kind} for kind in ("ReLU", "LeakyReLU", "PReLU", "ReLU6", "ELU", "Sigmoid")),
        *({"type": kind} for kind in ("Tanh", "SiLU", "GELU", "HSwish", "HSigmoid", "Swish")),
        {"type": "LeakyReLU", "negative_slope": 0.2},
    ]
    convolutions = [
        None,
        *({"type": kind} for kind in ("Conv", "Conv2d", "ConvWS", "ConvAWS")),
        {"type": "Conv2dAdaptivePadding"},
        {"type": "deconv"},
    ]
    orders = list(itertools.permutations(("conv", "norm", "act")))
    cases = []
    for _ in range(80):
        norm = draw.choice(norms)
        kwargs = {
            "stride": draw.choice([1, 2]),
            "padding": draw.choice([0, 1, (1, 2)]),
            "dilation": draw.choice([1, 2]),
            "groups": draw.choice([1, 2]),
            "bias": draw.choice(["auto", True, False]),
            "norm_cfg": norm,
            "act_cfg": draw.choice(activations),
            "conv_cfg": draw.choice(convolutions),
            "inplace": draw.choice([True, False]),
            "order": draw.choice(orders),
        }
        plain = kwargs["conv_cfg"] is None
        if plain:
            kwargs["padding_mode"] = draw.choice(["zeros", "circular", "reflect", "replicate"])
            kwargs["with_spectral_norm"] = draw.choice([True, False])
        if kwargs.get("padding_mode") in ("reflect", "replicate"):
            kwargs["padding"] = 1
        training = draw.choice([True, False]) and (norm or {}).get("type") != "SyncBN"
        extra = draw.choice([{}, {"activate": False}, {"norm": False}])
        args = (4, 6, draw.choice([1, 3]))
        cases.append(("mmcv.cnn.ConvModule", args, kwargs, [(2, 4, 9, 8)], training, extra))
    return cases


def test_conv_modules_are_equal_when_random(original):
    assert compare_modules(original, make_conv_modules()) == 80


BRICKS = "mmcv.cnn.bricks"
IMAGE, TOKENS = [(2, 8, 10, 6)], [(2, 12, 8)]
BN = {"norm_cfg": {"type": "BN"}}
SIMPLE: list[Any] = [
    ("mmcv.cnn.DepthwiseSeparableConvModule", (8, 6, 3), {"padding": 1, **BN}, IMAGE),
    (
        "mmcv.cnn.DepthwiseSeparableConvModule",
        (8, 6, 3),
        {"stride": 2, "pw_norm_cfg": None, "dw_act_cfg": None, **BN},
        IMAGE,
    ),
    ("mmcv.cnn.Conv2d", (8, 4, 3), {"padding": 1}, IMAGE),
    ("mmcv.cnn.Linear", (8, 4), {}, TOKENS),
    ("mmcv.cnn.MaxPool2d", (2,), {}, IMAGE),
    ("mmcv.cnn.ConvTranspose2d", (8, 4, 3), {"stride": 2}, IMAGE),
    ("mmcv.cnn.ConvWS2d", (8, 4, 3), {"eps": 1e-3}, IMAGE),
    ("mmcv.cnn.ConvAWS2d", (8, 4, 3), {"stride": 2, "bias": False}, IMAGE),
    (f"{BRICKS}.Conv2dAdaptivePadding", (8, 4, 3), {"stride": 2}, IMAGE),
    (f"{BRICKS}.upsample.PixelShufflePack", (8, 4, 2, 3), {}, IMAGE),
    ("mmcv.cnn.Swish", (), {}, IMAGE),
    ("mmcv.cnn.HSwish", (), {}, IMAGE),
    ("mmcv.cnn.HSigmoid", (1.0, 2.0, 0.1, 0.8), {}, IMAGE),
    (f"{BRICKS}.activation.Clamp", (-0.3, 0.6), {}, IMAGE),
    (f"{BRICKS}.Dropout", (0.3,), {}, IMAGE),
    (f"{BRICKS}.DropPath", (), {}, [(32, 3, 2)]),
    ("mmcv.cnn.Scale", (0.3,), {}, IMAGE),
    (f"{BRICKS}.LayerScale", (8,), {"data_format": "channels_first", "scale": 0.1}, IMAGE),
    ("mmcls.models.utils.LayerScale", (8, False, "channels_first"), {}, IMAGE),
    ("mmpretrain.models.utils.LayerScale", (8, 0.2), {}, TOKENS),
    ("mmcls.models.backbones.convnext.LayerNorm2d", (8,), {"eps": 1e-3}, IMAGE),
    ("mmpretrain.models.utils.LayerNorm2d", (8,), {"eps": 1e-3}, IMAGE),
    ("mmpretrain.models.utils.QuickGELU", (), {}, IMAGE),
    ("mmcv.cnn.ContextBlock", (8, 0.5), {}, IMAGE),
    (
        "mmcv.cnn.ContextBlock",
        (8, 0.5),
        {"pooling_type": "avg", "fusion_types": ("channel_add", "channel_mul")},
        IMAGE,
    ),
    *(
        ("mmcv.cnn.NonLocal2d", (8,), {"mode": mode, "sub_sample": sub, **more}, IMAGE)
        for mode in ("gaussian", "embedded_gaussian", "dot_product", "concatenation")
        for sub in (False, True)
        for more in ({}, {"zeros_init": False, "use_scale": False, **BN})
        # the original compares channels that do not fit in this mode, unless nothing is reduced
        for more in ([{**more, "reduction": 1}] if mode == "gaussian" else [more])
    ),
    ("mmcv.cnn.NonLocal1d", (8,), {"sub_sample": True}, [(2, 8, 10)]),
    ("mmcv.cnn.NonLocal3d", (8,), {"sub_sample": True}, [(2, 8, 3, 4, 4)]),
    ("mmcls.models.utils.SELayer", (8,), {"ratio": 2, "divisor": 2}, IMAGE),
    ("mmpretrain.models.utils.SELayer", (8, 3), {"return_weight": True}, IMAGE),
    *(
        (f"{package}.models.utils.InvertedResidual", (8, out, mid), more, IMAGE)
        for package in GENERATIONS
        for out, mid, more in (
            (8, 16, {"drop_path_rate": 0.4}),
            (6, 8, {"stride": 2, "kernel_size": 5, "with_cp": True}),
            (8, 16, {"se_cfg": {"channels": 16}, "act_cfg": {"type": "HSwish"}}),
        )
    ),
    (f"{BRICKS}.transformer.FFN", (8, 16), {"num_fcs": 3, "ffn_drop": 0.2}, TOKENS),
    (
        f"{BRICKS}.transformer.FFN",
        (8, 16),
        {"dropout_layer": {"type": "DropPath", "drop_prob": 0.5}, "act_cfg": {"type": "GELU"}},
        TOKENS,
    ),
    (f"{BRICKS}.transformer.FFN", (8, 16), {"add_identity": False}, TOKENS),
    (
        f"{BRICKS}.transformer.MultiheadAttention",
        (8, 2),
        {"attn_drop": 0.1, "proj_drop": 0.2, "dropout_layer": {"type": "DropPath"}},
        TOKENS * 2,
    ),
    (f"{BRICKS}.transformer.MultiheadAttention", (8, 2), {"batch_first": True}, TOKENS),
    (
        f"{BRICKS}.transformer.PatchEmbed",
        (8, 6),
        {"kernel_size": 4, "stride": 3, "norm_cfg": {"type": "LN"}, "input_size": (10, 6)},
        IMAGE,
    ),
    (
        f"{BRICKS}.transformer.PatchEmbed",
        (8, 6, "Conv2d", 4, None, "same"),
        {"dilation": 2, "input_size": 11},
        IMAGE,
    ),
    (f"{BRICKS}.transformer.PatchEmbed", (8, 6, "Conv2d", 4, 4, 1), {"bias": False}, IMAGE),
    (f"{BRICKS}.transformer.AdaptivePadding", (4, 3, 2, "corner"), {}, IMAGE),
]


@pytest.mark.parametrize("training", [True, False])
def test_blocks_are_equal_when_run(original, training):
    cases = [(*case, training, {}) for case in SIMPLE]
    assert compare_modules(original, cases) >= 45


def test_layer_scale_of_feed_forward_is_equal_when_new(mmpretrain):
    kwargs = {"layer_scale_init_value": 0.1}
    case = (f"{BRICKS}.transformer.FFN", (8, 16), kwargs, TOKENS, True, {})
    assert compare_modules(mmpretrain, [case]) == 1


def build_layers(cases):
    """Return names, classes and values of what the build functions make."""
    import importlib

    import torch

    found = []
    for path, args, kwargs in cases:
        home, name = path.rsplit(".", 1)
        torch.manual_seed(0)
        built = getattr(importlib.import_module(home), name)(*args, **kwargs)
        label, layer = built if isinstance(built, tuple) else ("", built)
        state = {key: value.clone() for key, value in layer.state_dict().items()}
        trained = [n for n, p in layer.named_parameters() if p.requires_grad]
        settings = [getattr(layer, key, None) for key in ("eps", "momentum", "stride", "mode")]
        found.append((label, type(layer).__name__, state, trained, settings))
    return found


def test_layers_are_equal_when_built(original):
    norms = [
        *((kind, 8) for kind in ("BN", "BN1d", "BN2d", "BN3d", "SyncBN", "LN", "IN", "IN1d")),
        *((kind, 8) for kind in ("IN2d", "IN3d")),
    ]
    cases: list[Case] = [
        *(("mmcv.cnn.build_norm_layer", ({"type": kind}, size), {}) for kind, size in norms),
        ("mmcv.cnn.build_norm_layer", ({"type": "GN", "num_groups": 4}, 8, "_a"), {}),
        (
            "mmcv.cnn.build_norm_layer",
            ({"type": "BN", "requires_grad": False, "eps": 0.1}, 8),
            {"postfix": 3},
        ),
        *(
            ("mmcv.cnn.build_activation_layer", ({"type": kind},), {})
            for kind in (
                *("ReLU", "LeakyReLU", "PReLU", "RReLU", "ReLU6", "ELU", "Sigmoid", "Tanh"),
                *("SiLU", "GELU", "HSwish", "HSigmoid", "Swish", "Clamp", "Clip"),
            )
        ),
        *(
            ("mmcv.cnn.build_padding_layer", ({"type": kind}, 2), {})
            for kind in ("zero", "reflect", "replicate")
        ),
        *(
            ("mmcv.cnn.build_conv_layer", ({"type": kind}, 4, 6, 3), {"stride": 2})
            for kind in ("Conv1d", "Conv2d", "Conv3d", "Conv", "deconv", "deconv3d", "ConvWS")
        ),
        ("mmcv.cnn.build_conv_layer", (None, 4, 6, 3), {}),
        *(
            ("mmcv.cnn.build_upsample_layer", ({"type": kind, "scale_factor": 2},), {})
            for kind in ("nearest", "bilinear")
        ),
        ("mmcv.cnn.build_upsample_layer", ({"type": "deconv"}, 4, 6, 3), {"stride": 2}),
        (
            "mmcv.cnn.build_upsample_layer",
            ({"type": "pixel_shuffle", "scale_factor": 2, "upsample_kernel": 3}, 4, 6),
            {},
        ),
        (
            "mmcv.cnn.build_plugin_layer",
            ({"type": "ContextBlock", "ratio": 0.5}, "_1"),
            {"in_channels": 8},
        ),
        ("mmcv.cnn.build_plugin_layer", ({"type": "NonLocal2d"}, 2), {"in_channels": 8}),
        (
            "mmcv.cnn.build_plugin_layer",
            ({"type": "ConvModule"},),
            {"in_channels": 8, "out_channels": 4, "kernel_size": 1},
        ),
        ("mmcv.cnn.bricks.drop.build_dropout", ({"type": "Dropout"},), {}),
        ("mmcv.cnn.bricks.drop.build_dropout", ({"type": "DropPath", "drop_prob": 0.2},), {}),
        (
            "mmcv.cnn.bricks.transformer.build_feedforward_network",
            ({"type": "FFN"}, {"embed_dims": 8, "feedforward_channels": 4}),
            {},
        ),
        (
            "mmcv.cnn.bricks.transformer.build_attention",
            ({"type": "MultiheadAttention", "embed_dims": 8, "num_heads": 2},),
            {},
        ),
    ]
    theirs = original(build_layers, cases)
    ours = build_layers([(OURS[path], *rest) for path, *rest in cases])
    for case, our, their in zip(cases, ours, theirs, strict=True):
        compare(our, their, str(case))


def fuse(path, seed):
    import importlib

    import torch
    from torch import nn

    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.Conv2d(4, 4, 1, bias=False)),
        nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1), nn.ReLU(), nn.BatchNorm2d(2),
    )  # fmt: skip
    for value in net.state_dict().values():
        if value.dtype.is_floating_point:
            value.uniform_(0.1, 1)
    home, name = path.rsplit(".", 1)
    fused = getattr(importlib.import_module(home), name)(net.eval())
    return [type(module).__name__ for module in fused.modules()], fused(torch.ones(1, 3, 5, 5))


def test_fused_net_is_equal_when_norms_follow_convolutions(original):
    theirs = original(fuse, "mmcv.cnn.fuse_conv_bn", 3)
    compare(fuse(OURS["mmcv.cnn.fuse_conv_bn"], 3), theirs, "fused", tolerance=1e-6)

"""Networks of re-parameterized branches or large kernels: arguments that no shipped config uses.

RepVGG, MobileOne, RepLKNet, RepMLPNet, PoolFormer, RIFormer, VAN and HorNet against the originals,
and what `switch_to_deploy` makes of those that have it.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmlight.weights.name_map import name_map
from tests.reference.original import Original
from tests.reference.twin import SCRIPT, Limits, build_ours, call_theirs, compare_twins

VGG = {
    "num_blocks": [2, 1, 2, 1],
    "width_factor": [0.5, 0.5, 0.5, 1],
    "group_layer_map": {2: 2, 4: 4},
    "se_cfg": None,
    "stem_channels": 6,
}
SQUEEZED = {**VGG, "se_cfg": {"ratio": 4, "divisor": 1}}
ONE = {
    "num_blocks": [1, 2, 1, 2],
    "width_factor": [0.5, 0.5, 0.25, 0.125],
    "num_conv_branches": [1, 3, 2, 1],
    "num_se_blocks": [0, 1, 0, 2],
}
KERNELS = {
    "large_kernel_sizes": [7, 5, 5, 3],
    "layers": [1, 2, 1, 1],
    "channels": [8, 8, 16, 16],
    "small_kernel": 3,
    "dw_ratio": 1.5,
}
MLP = {"channels": [8, 16], "depths": [1, 2], "sharesets_nums": [1, 4]}
FORMER = {
    "layers": [1, 2, 1, 1],
    "embed_dims": [8, 12, 16, 20],
    "mlp_ratios": [4, 2, 3, 4],
    "layer_scale_init_value": 0.1,
}
ATTENTION = {
    "embed_dims": [8, 8, 12, 16],
    "depths": [1, 2, 1, 1],
    "ffn_ratios": [4, 2, 2, 2],
}
DEPTHWISE = {"type": "DW", "kernel_size": 3}
GATED = {
    "base_dim": 8,
    "depths": [1, 2, 1, 1],
    "orders": [2, 3, 3, 4],
    "dw_cfg": [DEPTHWISE, {**DEPTHWISE, "bias": False}, DEPTHWISE, DEPTHWISE],
}
FILTERED = {**GATED, "dw_cfg": [DEPTHWISE] * 2 + [{"type": "GF", "h": 3, "w": 2}] * 2}
ALL = {"out_indices": [0, 1, 2, 3]}
BN = {"type": "BN", "eps": 1e-3, "momentum": 0.03}
LEAKY = {"type": "LeakyReLU", "negative_slope": 0.2}

CASES: list[tuple[str, dict[str, Any]]] = [
    ("RepVGG", {"arch": VGG, "base_channels": 16, **ALL, "norm_cfg": BN, "act_cfg": LEAKY}),
    ("RepVGG", {"arch": VGG, "base_channels": 16, "strides": [1, 2, 2, 1], "frozen_stages": 2}),
    ("RepVGG", {"arch": VGG, "base_channels": 16, "dilations": [1, 1, 2, 3], "norm_eval": True}),
    ("RepVGG", {"arch": VGG, "base_channels": 16, "with_cp": True, "add_ppf": True}),
    ("RepVGG", {"arch": VGG, "base_channels": 16, "deploy": True, "dilations": [1, 1, 2, 1]}),
    ("RepVGG", {"arch": SQUEEZED, "base_channels": 16, "frozen_stages": 0}),
    ("RepVGG", {"arch": SQUEEZED, "base_channels": 16, "deploy": True}),
    ("RepVGG", {"arch": VGG, "base_channels": 16, "norm_cfg": {"type": "GN", "num_groups": 2}}),
    ("RepVGG", {"arch": "yolox-pai-small", "base_channels": 8, "in_channels": 1}),
    ("MobileOne", {"arch": ONE, "out_indices": [0, -1], "norm_cfg": BN, "act_cfg": LEAKY}),
    ("MobileOne", {"arch": ONE, "frozen_stages": 2, "norm_eval": True, "out_indices": -1}),
    ("MobileOne", {"arch": ONE, "se_cfg": {"squeeze_channels": 3}, "frozen_stages": 0}),
    ("MobileOne", {"arch": ONE, "deploy": True, "norm_cfg": {"type": "BN"}}),
    ("MobileOne", {"arch": ONE, "norm_cfg": {"type": "BN", "requires_grad": False}}),
    ("RepLKNet", {"arch": KERNELS, **ALL, "ffn_ratio": 2, "drop_path_rate": 0.2}),
    ("RepLKNet", {"arch": KERNELS, "frozen_stages": 2, "norm_eval": True, "norm_cfg": BN}),
    ("RepLKNet", {"arch": KERNELS, "with_cp": True, "out_indices": [1]}),
    ("RepLKNet", {"arch": KERNELS, "small_kernel_merged": True, "strides": [1, 1, 1, 1]}),
    ("RepLKNet", {"arch": {**KERNELS, "small_kernel": None}, "frozen_stages": 0}),
    ("RepMLPNet", {"arch": MLP, "img_size": 32, "out_indices": [0, 1], "norm_cfg": BN}),
    ("RepMLPNet", {"arch": MLP, "img_size": 32, "out_indices": [1], "deploy": True}),
    (
        "RepMLPNet",
        {
            "arch": MLP,
            "img_size": (24, 32),
            "out_indices": [1],
            "final_norm": False,
            "reparam_conv_kernels": None,
            "patch_cfg": {"norm_cfg": None, "bias": True},
        },
    ),
    (
        "RepMLPNet",
        {"arch": MLP, "img_size": 30, "out_indices": [1], "reparam_conv_kernels": [1, 5]},
    ),
    ("PoolFormer", {"arch": FORMER, "out_indices": [0, 1, 4, 6], "drop_path_rate": 0.3}),
    ("PoolFormer", {"arch": FORMER, "out_indices": [2, -1], "frozen_stages": 3}),
    ("PoolFormer", {"arch": FORMER, "pool_size": 5, "drop_rate": 0.2, "frozen_stages": -1}),
    (
        "PoolFormer",
        {
            "arch": FORMER,
            "in_patch_size": 5,
            "in_stride": 2,
            "in_pad": 1,
            "out_indices": 2,
            "down_patch_size": 2,
            "down_stride": 2,
            "down_pad": 0,
            "norm_cfg": BN,
        },
    ),
    ("PoolFormer", {"arch": {"layers": [1, 1], "embed_dims": [8, 12]}, "out_indices": [0, 2]}),
    (
        "PoolFormer",
        {"arch": {"layers": [1, 2, 1], "embed_dims": [8, 8, 12]}, "out_indices": [0]},
    ),
    ("RIFormer", {"arch": FORMER, "out_indices": [0, 6], "drop_path_rate": 0.3, "in_channels": 1}),
    ("RIFormer", {"arch": FORMER, "out_indices": [0, 6], "frozen_stages": 2, "norm_cfg": BN}),
    ("RIFormer", {"arch": FORMER, "deploy": True, "frozen_stages": 0, "act_cfg": {"type": "ReLU"}}),
    ("RIFormer", {"arch": FORMER, "norm_cfg": {"type": "GN", "num_groups": 2}, "drop_rate": 0.1}),
    ("VAN", {"arch": ATTENTION, **ALL, "drop_path_rate": 0.2}),
    ("VAN", {"arch": ATTENTION, "frozen_stages": 1, "norm_eval": True, "drop_rate": 0.1}),
    (
        "VAN",
        {"arch": ATTENTION, "patch_sizes": [5, 3, 1, 3], "norm_cfg": {"type": "LN", "eps": 1e-3}},
    ),
    (
        "VAN",
        {
            "arch": ATTENTION,
            "block_cfgs": {"layer_scale_init_value": 0, "norm_cfg": BN, "act_cfg": LEAKY},
        },
    ),
    ("HorNet", {"arch": GATED, **ALL, "drop_path_rate": 0.2, "scale": 0.5}),
    ("HorNet", {"arch": GATED, "out_indices": [0, 1, -1], "frozen_stages": 0}),
    ("HorNet", {"arch": GATED, "out_indices": -1, "frozen_stages": 1, "use_layer_scale": False}),
    ("HorNet", {"arch": GATED, "gap_before_final_norm": False, "with_cp": True, "in_channels": 1}),
    ("HorNet", {"arch": FILTERED, **ALL}),
]
ONLY_NEW = ("MobileOne", "RepLKNet", "RIFormer")
DEPLOYED = [
    ("RepVGG", {"arch": SQUEEZED, "base_channels": 16, "dilations": [1, 1, 2, 1], "add_ppf": True}),
    ("MobileOne", {"arch": ONE, "norm_cfg": BN}),
    ("RepLKNet", {"arch": KERNELS, "out_indices": [0, 3]}),
    ("RepLKNet", {"arch": {**KERNELS, "small_kernel": None}}),
    ("RepMLPNet", {"arch": MLP, "img_size": 32, "out_indices": [1]}),
    (
        "RepMLPNet",
        {"arch": MLP, "img_size": 32, "reparam_conv_kernels": [1, 5], "out_indices": [0]},
    ),
    ("RIFormer", {"arch": FORMER}),
]


def _name(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    return ",".join(key for key in value if key not in ("arch", "base_channels", "img_size"))


@pytest.mark.parametrize(("kind", "kwargs"), CASES, ids=_name)
def test_is_the_original_when_arguments_vary(
    mmpretrain: Original, tmp_path: Path, kind: str, kwargs: dict[str, Any]
) -> None:
    _compare(mmpretrain, tmp_path, "mmpretrain", kind, kwargs)


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [case for case in CASES if case[0] not in ONLY_NEW][::3],
    ids=_name,
)
def test_is_the_original_of_mmcls_when_arguments_vary(
    mmcls: Original, tmp_path: Path, kind: str, kwargs: dict[str, Any]
) -> None:
    _compare(mmcls, tmp_path, "mmcls", kind, kwargs)


def _compare(
    original: Original, folder: Path, generation: str, kind: str, kwargs: dict[str, Any]
) -> None:
    size = kwargs.get("img_size", 64)
    height, width = size if isinstance(size, tuple) else (size, size)
    shape = (2, kwargs.get("in_channels", 3), height, width)
    # the original's Fourier transform is float32 whatever the parameters are
    limits = Limits(output=1e-6, grad=1e-5) if kwargs["arch"] is FILTERED else Limits()
    cfg = {"type": kind, **kwargs}
    parts = ("train",)  # so few values tell nothing about the distribution that they come from
    compare_twins(original, cfg, shape, folder, generation=generation, parts=parts, limits=limits)


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("RepVGG", {"arch": SQUEEZED, "init_cfg": None, "add_ppf": True}),
        ("MobileOne", {"arch": {**ONE, "width_factor": [1, 1, 1, 1]}, "init_cfg": None}),
        (
            "RepMLPNet",
            {
                "arch": {**MLP, "channels": [64, 128]},
                "img_size": 32,
                "out_indices": [0],
                "init_cfg": {"type": "Constant", "layer": "Conv2d", "val": 0.5},
            },
        ),
    ],
    ids=_name,
)
def test_starts_as_the_original_when_the_config_has_its_own_rules(
    mmpretrain: Original, tmp_path: Path, kind: str, kwargs: dict[str, Any]
) -> None:
    shape = (2, 3, 32, 32)
    compare_twins(mmpretrain, {"type": kind, **kwargs}, shape, tmp_path, parts=("start",))


def their_deploy(script, cfg, state, images):
    """Fill the original, switch it, and return what it holds and says."""
    import runpy

    import torch

    model = runpy.run_path(script)["build"](cfg)
    model.load_state_dict(state)
    model.eval()
    before = [out.detach() for out in model(images)]
    model.switch_to_deploy()
    after = [out.detach() for out in model(images)]
    values = {name: torch.clone(value) for name, value in model.state_dict().items()}
    return before, after, values


def fill(model: nn.Module) -> None:
    """Draw weights and running statistics."""
    torch.manual_seed(3)
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.normal_(std=0.3)
            if name.endswith("running_var"):
                value.abs_().add_(0.5)


@pytest.mark.parametrize(("kind", "kwargs"), DEPLOYED, ids=_name)
def test_fused_weights_and_outputs_are_the_originals(
    mmpretrain: Original, kind: str, kwargs: dict[str, Any]
) -> None:
    cfg = {"type": kind, **kwargs}
    ours: Any = build_ours(cfg).eval()
    fill(ours)
    size = kwargs.get("img_size", 64)
    images = torch.randn(2, 3, size, size)
    before = ours(images)
    state = name_map(ours).state_dict_to_mm(ours.state_dict()).state
    theirs_before, theirs_after, theirs = mmpretrain(their_deploy, SCRIPT, cfg, state, images)
    torch.testing.assert_close(list(before), theirs_before, rtol=1e-4, atol=1e-4)
    ours.switch_to_deploy()
    torch.testing.assert_close(list(ours(images)), theirs_after, rtol=1e-4, atol=1e-4)
    fused = name_map(ours).state_dict_to_mm(ours.state_dict()).state
    torch.testing.assert_close(dict(fused), theirs, rtol=1e-6, atol=1e-6)


def test_deployed_weights_load_into_the_original_built_with_deploy(
    mmpretrain: Original, tmp_path: Path
) -> None:
    cfg = {"type": "RIFormer", "arch": FORMER}
    ours: Any = build_ours(cfg)
    ours.switch_to_deploy()
    state = name_map(ours).state_dict_to_mm(ours.state_dict()).state
    torch.save({"state_dict": dict(state)}, tmp_path / "fused.pth")
    built = {**cfg, "deploy": True}
    path = str(tmp_path / "fused.pth")
    assert mmpretrain(call_theirs, SCRIPT, "accept", built, path) == ([], [])


def their_pieces(script, cfg, images, state):
    """Return the outputs of the fused original with and without its forgotten layers."""
    import runpy

    model = runpy.run_path(script)["build"](cfg)
    model.load_state_dict(state)
    model.eval()
    return [out.detach() for out in model(images)]


def test_fused_network_keeps_its_meaning_when_squeezing_is_not_forgotten(
    mmpretrain: Original,
) -> None:
    cfg = {"type": "RepVGG", "arch": SQUEEZED, "base_channels": 16}
    ours: Any = build_ours({**cfg, "se_in_deploy": True}).eval()
    fill(ours)
    images = torch.randn(2, 3, 64, 64)
    state = name_map(ours).state_dict_to_mm(ours.state_dict()).state
    theirs = mmpretrain(their_pieces, SCRIPT, cfg, images, state)
    ours.switch_to_deploy()
    torch.testing.assert_close(list(ours(images)), theirs, rtol=1e-4, atol=1e-4)


def their_frozen(script, cfg):
    """Return the names of what gets no gradient in training mode."""
    import runpy

    model = runpy.run_path(script)["build"](cfg)
    model.train()
    return sorted(name for name, value in model.named_parameters() if not value.requires_grad)


def test_hornet_freezes_the_norm_of_the_next_stage_unless_told_otherwise(
    mmpretrain: Original,
) -> None:
    cfg = {"type": "HorNet", "arch": GATED, "out_indices": [0, 1], "frozen_stages": 0}
    theirs = mmpretrain(their_frozen, SCRIPT, cfg)
    assert "norm1.weight" in theirs
    assert "norm0.weight" not in theirs
    frozen = {}
    for own in (False, True):
        ours = build_ours({**cfg, "freeze_own_norm": own})
        frozen[own] = {
            n.split(".", 1)[1] for n, v in ours.named_parameters() if not v.requires_grad
        }
    assert frozen[False] == set(theirs)
    assert frozen[False] ^ frozen[True] == {
        *("norm0.weight", "norm0.bias"),
        *("norm1.weight", "norm1.bias"),
    }

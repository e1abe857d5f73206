"""EfficientNets, ConvNeXts, CSP, ShuffleNets, MobileViT: what no config of the originals asks for.

What their configs do ask for is in test_corpus_models.py.
"""

from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.weights.name_map import name_map
from tests.reference.original import Original
from tests.reference.twin import SCRIPT, build_ours, call_theirs, compare_twins

RELU = {"type": "ReLU"}
SLOW_NORM = {"type": "BN", "eps": 1e-4, "momentum": 0.03}
FROZEN_NORM = {"type": "BN", "requires_grad": False}
CHANNEL_NORM = {"type": "LN2d", "requires_grad": False}
NEXT = {"depths": [1, 2, 2], "channels": [8, 16, 24]}
EDGE = {"channels": [8, 12, 18, 20], "depths": [1, 2, 2, 2], "num_heads": [2, 2, 3, 4]}
MIXER = {"embed_dims": 12, "depth": 4, "patch_size": 4, "kernel_size": 5}
VIT = [
    ["mobilenetv2", 16, 1, 2, 2],
    ["mobilevit", 24, 2, 20, 30, 2, 2],
    ["mobilevit", 32, 2, 36, 50, 1],
]

NEW: dict[str, dict[str, Any]] = {
    "efficientnet, frozen": {
        "type": "EfficientNet",
        "drop_path_rate": 0.2,
        "out_indices": (0, 3, 6),
        "frozen_stages": 2,
        "norm_cfg": SLOW_NORM,
        "act_cfg": {"type": "GELU"},
        "with_cp": True,
    },
    "efficientnet, edge": {
        "type": "EfficientNet",
        "arch": "el",
        "conv_cfg": None,
        "norm_cfg": FROZEN_NORM,
        "norm_eval": True,
        "act_cfg": RELU,
    },
    "efficientnetv2, frozen": {
        "type": "EfficientNetV2",
        "arch": "b0",
        "in_channels": 4,
        "drop_path_rate": 0.3,
        "out_indices": [0, 2, -1],
        "frozen_stages": 3,
    },
    "efficientnetv2, stored anew": {
        "type": "EfficientNetV2",
        "arch": "b0",
        "conv_cfg": None,
        "drop_path_rate": 0.1,
        "norm_cfg": SLOW_NORM,
        "act_cfg": RELU,
        "with_cp": True,
    },
    "convnext, frozen": {
        "type": "ConvNeXt",
        "arch": NEXT,
        "in_channels": 4,
        "stem_patch_size": 2,
        "drop_path_rate": 0.2,
        "out_indices": [0, 1, 2],
        "frozen_stages": 1,
        "gap_before_final_norm": False,
        "with_cp": True,
    },
    "convnext, convolutions": {
        "type": "ConvNeXt",
        "arch": NEXT,
        "out_indices": [1, 2],
        "linear_pw_conv": False,
        "use_grn": True,
        "layer_scale_init_value": 0.0,
        "norm_cfg": CHANNEL_NORM,
        "act_cfg": RELU,
    },
    "edgenext, frozen": {
        "type": "EdgeNeXt",
        "arch": EDGE,
        "global_blocks": [0, 2, 1, 1],
        "drop_path_rate": 0.2,
        "layer_scale_init_value": 0.1,
        "linear_pw_conv": False,
        "mlp_ratio": 2,
        "conv_kernel_sizes": [3, 3, 5, 7],
        "use_pos_embd_csa": [False, True, False, True],
        "use_pos_embd_global": True,
        "d2_scales": [2, 3, 4, 3],
        "norm_cfg": CHANNEL_NORM,
        "out_indices": [0, 1, 3],
        "frozen_stages": 2,
        "act_cfg": RELU,
    },
    "edgenext, maps": {
        "type": "EdgeNeXt",
        "arch": EDGE,
        "layer_scale_init_value": 0.0,
        "norm_cfg": {"type": "LN2d", "eps": 1e-3},
        "gap_before_final_norm": False,
        "out_indices": [2, -1],
    },
    "convmixer": {
        "type": "ConvMixer",
        "arch": MIXER,
        "in_channels": 2,
        "norm_cfg": SLOW_NORM,
        "act_cfg": RELU,
        "out_indices": [0, 2, -1],
        "frozen_stages": 2,
    },
    "convmixer, group norm": {
        "type": "ConvMixer",
        "arch": MIXER,
        "norm_cfg": {"type": "GN", "num_groups": 3},
    },
    "cspdarknet, frozen": {
        "type": "CSPDarkNet",
        "depth": 53,
        "in_channels": 4,
        "out_indices": (0, -1),
        "frozen_stages": 3,
        "norm_eval": True,
    },
    "cspresnet, deep stem": {
        "type": "CSPResNet",
        "depth": 50,
        "deep_stem": True,
        "frozen_stages": 0,
        "norm_cfg": SLOW_NORM,
        "act_cfg": RELU,
        "init_cfg": {"type": "Normal", "layer": "Conv2d", "std": 0.2},
    },
    "shufflenet, frozen stem": {
        "type": "ShuffleNetV1",
        "groups": 2,
        "widen_factor": 0.25,
        "out_indices": (0, 2),
        "frozen_stages": 0,
        "with_cp": True,
    },
    "shufflenet, frozen stage": {
        "type": "ShuffleNetV1",
        "groups": 1,
        "widen_factor": 0.5,
        "frozen_stages": 1,
        "norm_cfg": SLOW_NORM,
        "act_cfg": {"type": "LeakyReLU"},
    },
    "shufflenet, held norms": {
        "type": "ShuffleNetV1",
        "groups": 4,
        "norm_eval": True,
    },
    "shufflenetv2, frozen": {
        "type": "ShuffleNetV2",
        "widen_factor": 0.5,
        "out_indices": (0, 2, 3),
        "frozen_stages": 1,
        "with_cp": True,
    },
    "shufflenetv2, other layers": {
        "type": "ShuffleNetV2",
        "widen_factor": 1.5,
        "norm_cfg": SLOW_NORM,
        "act_cfg": {"type": "GELU"},
        "norm_eval": True,
    },
    "shufflenetv2, group norm": {
        "type": "ShuffleNetV2",
        "widen_factor": 0.5,
        "norm_cfg": {"type": "GN", "num_groups": 4},
    },
    "mobilevit, frozen": {
        "type": "MobileViT",
        "arch": VIT,
        "in_channels": 4,
        "stem_channels": 8,
        "last_exp_factor": 2,
        "out_indices": [0, 1, -1],
        "frozen_stages": 1,
        "norm_cfg": {**SLOW_NORM, "requires_grad": False},
        "act_cfg": RELU,
    },
}
OLD: dict[str, dict[str, Any]] = {
    "convnext": {"type": "ConvNeXt", "arch": NEXT, "out_indices": [0, 2], "norm_cfg": CHANNEL_NORM},
    "efficientnet, edge": {"type": "EfficientNet", "arch": "es", "frozen_stages": 1},
    "convmixer": {"type": "ConvMixer", "arch": MIXER, "frozen_stages": 1},
    "shufflenet": {"type": "ShuffleNetV1", "widen_factor": 0.5, "frozen_stages": 1},
    "shufflenetv2": {"type": "ShuffleNetV2", "widen_factor": 0.5, "norm_eval": True},
}


def image_shape(cfg: dict[str, Any]) -> tuple[int, ...]:
    """Return the shape of two images of odd sizes."""
    size = 40 if cfg["type"].startswith(("Efficient", "CSP")) else 70
    return 2, cfg.get("in_channels", 3), size, size - 2


@pytest.mark.parametrize("case", NEW)
def test_network_is_that_of_mmpretrain(case: str, mmpretrain: Original, tmp_path: Path) -> None:
    compare_twins(mmpretrain, NEW[case], image_shape(NEW[case]), tmp_path)


@pytest.mark.parametrize("case", OLD)
def test_network_is_that_of_mmcls(case: str, mmcls: Original, tmp_path: Path) -> None:
    compare_twins(mmcls, OLD[case], image_shape(OLD[case]), tmp_path, generation="mmcls")


@pytest.mark.parametrize(
    "cfg",
    [
        {"type": "EfficientNet", "arch": "es"},
        {"type": "EfficientNetV2", "arch": "b0"},
        {"type": "CSPDarkNet", "depth": 53},
        {"type": "CSPResNet", "depth": 50},
        {"type": "ShuffleNetV1", "widen_factor": 0.5},
        {"type": "ShuffleNetV2", "widen_factor": 0.5},
        {"type": "MobileViT", "arch": VIT, "out_indices": [2]},
    ],
    ids=lambda cfg: cfg["type"],
)
def test_convolutions_start_with_the_same_draws(cfg, mmpretrain: Original, tmp_path: Path) -> None:
    mmpretrain(call_theirs, SCRIPT, "run", cfg, (1, 3, 64, 64), str(tmp_path), ("start",))
    theirs = torch.load(tmp_path / "theirs.pt", weights_only=True)["start"]
    ours = build_ours(cfg)
    torch.manual_seed(0)
    ours.init_weights()
    state = name_map(ours).state_dict_to_mm(ours.state_dict()).state
    assert [name for name, value in theirs.items() if value.ndim == 4] != []
    for name, value in theirs.items():
        if value.ndim == 4:
            assert torch.equal(state[name], value), name

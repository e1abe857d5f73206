"""LeViT, EfficientFormer, TinyViT, Conformer, Vision GNN, MixMIM and HiViT beside the originals.

tests/reference/test_corpus_models.py has the configs that ship with the originals; here are the
other arguments.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmlight.models.backbones.hivit import HiViT
from mmlight.models.backbones.mixmim import MixMIMTransformer
from mmlight.models.backbones.vig import PyramidVig, Vig
from mmlight.weights.load import load_state
from mmlight.weights.name_map import name_map
from tests.reference.original import Original
from tests.reference.twin import build_ours, compare_twins

RELU = {"type": "ReLU"}
EFFICIENTFORMER: dict[str, Any] = {
    "type": "EfficientFormer",
    "arch": {
        "layers": [1, 2, 1, 3],
        "embed_dims": [8, 8, 16, 24],
        "downsamples": [False, True, True, True],
        "vit_num": 1,
    },
}
ONLY_ATTENTION = {**EFFICIENTFORMER["arch"], "vit_num": 3}
ONLY_POOLING = {**EFFICIENTFORMER["arch"], "vit_num": 0}
TINYVIT: dict[str, Any] = {
    "type": "TinyViT",
    "arch": {"channels": [8, 8, 16, 24], "num_heads": [1, 2, 2, 3], "depths": [2, 1, 2, 1]},
    "img_size": (64, 64),
    "window_size": [7, 3, 2, 2],
}
CONFORMER: dict[str, Any] = {
    "type": "Conformer",
    "arch": {"embed_dims": 16, "channel_ratio": 1, "num_heads": 2, "depths": 6},
    "base_channels": 16,
}
MIXMIM: dict[str, Any] = {
    "type": "MixMIMTransformer",
    "arch": {"embed_dims": 16, "depths": [1, 2, 1], "num_heads": [1, 2, 4]},
    "img_size": 64,
    "window_size": [4, 8, 7],
}
HIVIT: dict[str, Any] = {
    "type": "HiViT",
    "arch": {"embed_dims": 32, "depths": [1, 1, 7], "num_heads": 4},
    "img_size": 64,
}
LEVIT: dict[str, Any] = {"type": "LeViT", "arch": "128s", "img_size": 64}
VIG: dict[str, Any] = {"type": "Vig", "arch": "tiny"}
PYRAMID: dict[str, Any] = {"type": "PyramidVig", "arch": "tiny"}

CASES = [
    LEVIT,
    {**LEVIT, "out_indices": (0, 2), "drop_path_rate": 0.2, "attn_ratio": 3},
    {**LEVIT, "mlp_ratio": 3, "act_cfg": RELU, "patch_size": 16, "img_size": 80},
    {**LEVIT, "deploy": True},
    EFFICIENTFORMER,
    {**EFFICIENTFORMER, "out_indices": (0, 2, 3), "frozen_stages": 1, "drop_path_rate": 0.3},
    {**EFFICIENTFORMER, "frozen_stages": 3, "out_indices": [2, 3], "mlp_ratios": 2},
    {**EFFICIENTFORMER, "reshape_last_feat": True, "act_cfg": RELU, "pool_size": 5},
    {**EFFICIENTFORMER, "arch": ONLY_ATTENTION, "use_layer_scale": False, "drop_rate": 0.1},
    {**EFFICIENTFORMER, "arch": ONLY_POOLING, "reshape_last_feat": True, "frozen_stages": 0},
    {**EFFICIENTFORMER, "init_cfg": {"type": "Constant", "layer": ["LayerScale"], "val": 2.0}},
    {**EFFICIENTFORMER, "init_cfg": {"type": "Constant", "layer": ["Conv2d"], "val": 2.0}},
    TINYVIT,
    {**TINYVIT, "out_indices": (0, 1, 2, 3), "gap_before_final_norm": False, "frozen_stages": 2},
    {**TINYVIT, "drop_path_rate": 0.0, "drop_rate": 0.2, "act_cfg": RELU, "use_checkpoint": True},
    {**TINYVIT, "mlp_ratio": 2.0, "mbconv_expand_ratio": 2.0, "local_conv_size": 5},
    {**TINYVIT, "norm_cfg": {"type": "LN", "eps": 1e-3, "requires_grad": False}},
    CONFORMER,
    {**CONFORMER, "out_indices": (2, 4, 6), "drop_path_rate": 0.3, "with_cls_token": False},
    {**CONFORMER, "qkv_bias": False, "mlp_ratio": 2.0, "patch_size": 32, "frozen_stages": 2},
    MIXMIM,
    {**MIXMIM, "drop_path_rate": 0.2, "use_checkpoint": True, "qkv_bias": False},
    {**MIXMIM, "drop_rate": 0.1, "attn_drop_rate": 0.2, "mlp_ratio": 2},
    {**MIXMIM, "patch_cfg": {"norm_cfg": None}, "norm_cfg": {"type": "LN", "eps": 1e-3}},
    HIVIT,
    {**HIVIT, "rpe": True, "layer_scale_init_value": 0.1, "drop_path_rate": 0.2},
    {**HIVIT, "rpe": True, "ape": False, "patch_norm": False, "qkv_bias": False, "qk_scale": 0.1},
    {**HIVIT, "drop_rate": 0.1, "attn_drop_rate": 0.2, "stem_mlp_ratio": 2, "mlp_ratio": 2},
    {**HIVIT, "patch_size": 8, "inner_patches": 4, "kernel_size": 4, "pad_size": 1},
]


def describe(cfg: dict[str, Any]) -> str:
    return " ".join([cfg["type"], *(key for key in cfg if key not in ("type", "img_size"))])


def shape_of(cfg: dict[str, Any]) -> tuple[int, ...]:
    size = cfg.get("img_size", 224 if cfg["type"] == "EfficientFormer" else 64)
    return (2, 3, *(size if isinstance(size, tuple) else (size, size)))


VIG_CASES = [
    {**VIG, "graph_conv_type": "edge", "out_indices": (0, -1), "k": 3, "use_dilation": False},
    {**VIG, "graph_conv_type": "sage", "relative_pos": True, "norm_eval": True, "drop_path": 0.2},
    {**VIG, "graph_conv_type": "gin", "frozen_stages": 3, "graph_conv_bias": False, "k": 4},
    {**PYRAMID, "out_indices": [0, 1, 2, 3], "frozen_stages": 1, "act_cfg": RELU, "k": 4},
    {**PYRAMID, "graph_conv_type": "sage", "norm_cfg": {"type": "BN", "eps": 1e-3}, "k": 3},
]


@pytest.mark.parametrize("cfg", CASES, ids=describe)
def test_is_the_original_when_arguments_differ(
    cfg: dict[str, Any], mmpretrain: Original, tmp_path: Path
) -> None:
    compare_twins(mmpretrain, cfg, shape_of(cfg), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("cfg", VIG_CASES, ids=describe)
def test_is_the_original_when_a_graph(
    cfg: dict[str, Any], mmpretrain: Original, tmp_path: Path
) -> None:
    compare_twins(mmpretrain, cfg, (2, 3, 224, 224), tmp_path)


@pytest.mark.parametrize(
    "cfg", [{**EFFICIENTFORMER, "frozen_stages": 1}, {**CONFORMER, "drop_path_rate": 0.1}]
)
def test_is_the_original_of_the_older_generation(
    cfg: dict[str, Any], mmcls: Original, tmp_path: Path
) -> None:
    compare_twins(mmcls, cfg, shape_of(cfg), tmp_path, generation="mmcls")


def their_tables(cfg: dict[str, Any], names: list[str]) -> dict[str, Tensor]:
    import mmpretrain.models  # noqa: F401
    from mmpretrain.registry import MODELS

    state = MODELS.build(cfg).state_dict()
    return {name: state[name] for name in names}


@pytest.mark.parametrize(
    ("cfg", "kind", "names"),
    [
        (MIXMIM, MixMIMTransformer, ["layers.0.blocks.0.attn.relative_position_index"]),
        ({**HIVIT, "rpe": True}, HiViT, ["relative_position_index"]),
        ({**HIVIT, "rpe": True}, HiViT, ["blocks.6.attn.relative_position_index"]),
        (PYRAMID, PyramidVig, [f"stages.{i}.1.0.relative_pos" for i in range(4)]),
        ({**VIG, "relative_pos": True}, Vig, ["blocks.0.0.relative_pos"]),
    ],
)
def test_tables_are_the_originals(
    cfg: dict[str, Any], kind: type[nn.Module], names: list[str], mmpretrain: Original
) -> None:
    theirs = mmpretrain(their_tables, cfg, names)
    ours = kind(**{key: value for key, value in cfg.items() if key != "type"}).state_dict()
    for name in names:
        torch.testing.assert_close(ours[name], theirs[name], rtol=0, atol=0)


def their_resized(cfg: dict[str, Any], shape: tuple[int, ...]) -> tuple[Any, Any, Any]:
    import mmpretrain.models  # noqa: F401
    import torch
    from mmpretrain.registry import MODELS

    torch.manual_seed(0)
    model = MODELS.build(cfg).double()
    model.eval()  # which returns None
    images = torch.randn(shape, dtype=torch.float64)
    with torch.no_grad():
        return model.state_dict(), images, model(images)[0]


def test_position_embedding_is_resized_as_in_hivit(mmpretrain: Original) -> None:
    state, images, expected = mmpretrain(their_resized, HIVIT, (1, 3, 96, 80))
    arguments = {key: value for key, value in HIVIT.items() if key != "type"}
    ours = HiViT(**arguments).double().eval()
    ours.load_state_dict(state)
    with torch.no_grad():
        torch.testing.assert_close(ours(images)[0], expected, rtol=1e-10, atol=1e-10)


def their_fusion(cfg: dict[str, Any], seed: int = 0) -> dict[str, Any]:
    """Build a classifier, fill it, and run it before and after its own switches."""
    import mmpretrain.models  # noqa: F401
    import torch
    from mmpretrain.registry import MODELS

    torch.manual_seed(seed)
    model = MODELS.build(cfg).double()
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.5, 2)
            elif value.is_floating_point() and value.ndim == 1:
                value.normal_(0.5, 0.3)
    model.eval()  # the attention keeps the bias of this moment
    images = torch.randn((2, 3, 64, 64), dtype=torch.float64)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        model.backbone.switch_to_deploy()
        model.head.switch_to_deploy()
        return {
            "images": images,
            "before": before,
            "after": model.state_dict(),
            "logits": model.head(model.extract_feat(images)),
        }


LEVIT_CLASSIFIER: dict[str, Any] = {
    "type": "ImageClassifier",
    "backbone": LEVIT,
    "neck": {"type": "GlobalAveragePooling"},
    "head": {"type": "LeViTClsHead", "num_classes": 5, "in_channels": 384},
}


@pytest.mark.parametrize("distillation", [True, False])
@pytest.mark.parametrize("deploy_first", [True, False])
def test_levit_is_folded_as_the_original_folds(
    distillation: bool, deploy_first: bool, mmpretrain: Original
) -> None:
    head = {**LEVIT_CLASSIFIER["head"], "distillation": distillation}
    theirs = mmpretrain(their_fusion, {**LEVIT_CLASSIFIER, "head": head})
    cfg = {
        **LEVIT_CLASSIFIER,
        "backbone": {**LEVIT, "deploy": deploy_first},
        "head": {**head, "deploy": deploy_first},
    }
    ours = build_ours(cfg).double().eval()
    report = load_state(ours, theirs["after" if deploy_first else "before"], "original")
    assert report.missing + report.unexpected + report.dropped == ()
    assert ours.backbone is not None
    ours.backbone.switch_to_deploy()
    ours.head.switch_to_deploy()
    folded = name_map(ours).state_dict_to_mm(ours.state_dict()).state
    assert folded.keys() == theirs["after"].keys()
    for name, value in theirs["after"].items():
        torch.testing.assert_close(folded[name], value, rtol=1e-10, atol=1e-10, msg=name)
    with torch.no_grad():
        logits = ours.head(ours.extract_features(theirs["images"]))
    assert theirs["logits"].std() > 0.01
    difference = (logits - theirs["logits"]).abs().max() / theirs["logits"].abs().max()
    assert difference < 1e-10

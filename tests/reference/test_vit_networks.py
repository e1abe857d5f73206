"""The plain transformers are the originals', with arguments that the corpus does not use."""

from typing import Any

import pytest
import torch
from torch import Tensor

from mmlight.models.layers.position import sine_positions
from mmlight.weights.load import load_state
from mmlight.weights.name_map import find_entries, name_map
from tests.reference.twin import build_ours, compare_twins

ARCH = {"embed_dims": 16, "num_layers": 3, "num_heads": 2, "feedforward_channels": 24}
SAM = {**ARCH, "global_attn_indexes": [1]}
MIXER = {"embed_dims": 16, "num_layers": 2, "tokens_mlp_dims": 12, "channels_mlp_dims": 24}
LN = {"type": "LN", "requires_grad": False}
RELU = {"type": "ReLU"}


def cfg(kind: str, **words: Any) -> dict[str, Any]:
    return {"type": kind, "arch": dict(ARCH), "img_size": 32, "patch_size": 8, **words}


CASES: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "vit-layers": (
        cfg(
            "VisionTransformer",
            out_type="raw",
            layer_cfgs=[
                {"num_heads": 4, "feedforward_channels": 40},
                {"ffn_type": "swiglu_fused", "layer_scale_init_value": 0.1},
                {"num_fcs": 3, "qkv_bias": False, "norm_cfg": LN, "act_cfg": RELU},
            ],
        ),
        (32, 32),
    ),
    "vit-rates": (
        cfg(
            "VisionTransformer",
            drop_rate=0.1,
            drop_path_rate=0.3,
            layer_scale_init_value=1e-4,
            out_indices=[0, -1],
            out_type="featmap",
        ),
        (32, 32),
    ),
    "vit-frozen": (cfg("VisionTransformer", frozen_stages=2, out_type="avg_featmap"), (32, 32)),
    "vit-no-token": (
        cfg("VisionTransformer", with_cls_token=False, out_type="avg_featmap", final_norm=False),
        (32, 32),
    ),
    "vit-patches": (
        cfg(
            "VisionTransformer",
            patch_cfg={"stride": 6, "padding": 1, "bias": False, "norm_cfg": {"type": "LN"}},
        ),
        (40, 24),
    ),
    "vit-other-size": (cfg("VisionTransformer", img_size=(32, 48)), (37, 50)),
    "distilled": (cfg("DistilledVisionTransformer", out_indices=[1, 2]), (32, 32)),
    "distilled-unused-norm": (
        cfg("DistilledVisionTransformer", pre_norm=True, frozen_stages=1),
        (32, 32),
    ),
    "distilled-map": (cfg("DistilledVisionTransformer", out_type="featmap"), (48, 40)),
    "deit3": (cfg("DeiT3", drop_path_rate=0.2, drop_rate=0.1, out_indices=[0, 2]), (48, 32)),
    "deit3-layers": (
        cfg(
            "DeiT3",
            layer_cfgs=[{"use_layer_scale": False}, {}, {"num_heads": 4}],
            final_norm=False,
            with_cls_token=False,
            out_type="raw",
        ),
        (32, 32),
    ),
    "moco": (cfg("MoCoV3ViT", stop_grad_conv1=True), (32, 32)),
    "moco-frozen": (cfg("MoCoV3ViT", frozen_stages=2, img_size=(32, 48)), (32, 48)),
    "moco-frozen-embedding": (
        cfg("MoCoV3ViT", frozen_stages=0, norm_eval=True, out_type="avg_featmap"),
        (32, 32),
    ),
    "moco-all-frozen": (
        cfg("MoCoV3ViT", frozen_stages=3, norm_eval=True, out_type="avg_featmap"),
        (32, 32),
    ),
    "beit": (cfg("BEiTViT", drop_path_rate=0.2, drop_rate=0.1), (32, 32)),
    "beit-shared": (
        cfg(
            "BEiTViT",
            use_rel_pos_bias=False,
            use_shared_rel_pos_bias=True,
            final_norm=True,
            out_type="cls_token",
        ),
        (32, 32),
    ),
    "beit-absolute": (
        cfg(
            "BEiTViT",
            use_rel_pos_bias=False,
            use_abs_pos_emb=True,
            with_cls_token=False,
            layer_scale_init_value=0.0,
            layer_cfgs={"bias": True},
            out_type="featmap",
            out_indices=[0, 2],
        ),
        (40, 24),
    ),
    "beit-frozen": (
        cfg(
            "BEiTViT",
            img_size=(32, 48),
            frozen_stages=2,
            use_abs_pos_emb=True,
            bias=False,
            out_type="raw",
            layer_cfgs=[
                {"num_fcs": 3},
                {"attn_drop_rate": 0.5, "attn_cfg": {"proj_drop_rate": 0.1, "attn_drop_rate": 0.2}},
                {"num_heads": 4, "norm_cfg": LN},
            ],
        ),
        (32, 48),
    ),
    "eva02": (
        cfg("ViTEVA02", sub_ln=True, drop_path_rate=0.2, final_norm=False, out_type="avg_featmap"),
        (32, 32),
    ),
    "eva02-rates": (
        cfg(
            "ViTEVA02",
            pre_norm=True,
            drop_rate=0.1,
            attn_drop_rate=0.2,
            proj_drop_rate=0.3,
            with_cls_token=False,
            out_type="featmap",
            out_indices=[0, 1, 2],
        ),
        (32, 32),
    ),
    "eva02-frozen": (
        cfg(
            "ViTEVA02",
            img_size=(32, 48),
            frozen_stages=2,
            qkv_bias=False,
            layer_cfgs=[
                {"sub_ln": True, "norm_cfg": LN},
                {"proj_bias": False},
                {"feedforward_channels": 9},
            ],
        ),
        (32, 48),
    ),
    "sam": (
        cfg(
            "ViTSAM",
            arch=SAM,
            window_size=3,
            out_channels=12,
            out_indices=[0, 2],
            drop_rate=0.1,
            drop_path_rate=0.3,
        ),
        (32, 32),
    ),
    "sam-other-size": (
        cfg("ViTSAM", arch=SAM, window_size=3, out_channels=0, out_type="avg_featmap"),
        (56, 40),
    ),
    "sam-frozen": (
        cfg(
            "ViTSAM",
            arch=SAM,
            img_size=(32, 48),
            frozen_stages=2,
            window_size=0,
            use_rel_pos=False,
            layer_cfgs=[{"num_heads": 4}, {"window_size": 2}, {"act_cfg": RELU}],
        ),
        (32, 48),
    ),
    "mixer": (cfg("MlpMixer", arch=MIXER, drop_rate=0.1, drop_path_rate=0.2), (32, 32)),
    "mixer-layers": (
        cfg(
            "MlpMixer",
            arch=MIXER,
            img_size=(32, 48),
            patch_cfg={"bias": False},
            out_indices=[-1, -2],
            layer_cfgs=[
                {"tokens_mlp_dims": 7, "num_fcs": 3, "act_cfg": RELU},
                {"norm_cfg": {**LN, "eps": 1e-3}},
            ],
        ),
        (32, 48),
    ),
    "reversible": (cfg("RevVisionTransformer"), (32, 32)),
    "reversible-token": (
        cfg("RevVisionTransformer", with_cls_token=True, out_type="raw", fusion_mode="avg"),
        (40, 24),
    ),
    "reversible-frozen": (
        cfg("RevVisionTransformer", frozen_stages=1, fusion_mode="add", out_type="featmap"),
        (32, 32),
    ),
    "reversible-stored": (
        cfg(
            "RevVisionTransformer",
            frozen_stages=1,
            final_norm=False,
            fusion_mode="min",
            no_custom_backward=True,
            layer_cfgs=[{}, {"num_fcs": 3}, {"num_heads": 4, "act_cfg": RELU}],
        ),
        (32, 32),
    ),
    "lora": (
        {
            "type": "LoRAModel",
            "module": cfg("VisionTransformer", drop_rate=0.1),
            "alpha": 4,
            "rank": 2,
            "targets": [
                {"type": r".*\.1\..*ffn\.layers.*", "rank": 3},
                {"type": "proj", "alpha": 2, "drop_rate": 0.2},
                {"type": "layers.1"},
            ],
        },
        (32, 32),
    ),
    "lora-frozen": (
        {
            "type": "LoRAModel",
            "module": cfg("BEiTViT", frozen_stages=1),
            "rank": 2,
            "targets": [{"type": "proj"}, {"type": "norm"}],
        },
        (32, 32),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_is_the_original_with_other_arguments(mmpretrain, tmp_path, case) -> None:
    words, size = CASES[case]
    compare_twins(mmpretrain, words, (2, 3, *size), tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        cfg("VisionTransformer", frozen_stages=3, out_type="avg_featmap", pre_norm=True),
        cfg("ViTSAM", arch=SAM, frozen_stages=3, window_size=2),
        cfg("BEiTViT", frozen_stages=3),
        cfg("ViTEVA02", frozen_stages=3),
    ],
    ids=lambda words: words["type"],
)
def test_is_the_original_when_all_layers_are_frozen(mmpretrain, tmp_path, words) -> None:
    compare_twins(mmpretrain, words, (2, 3, 32, 32), tmp_path, parts=())


DISTILLED = {
    "type": "ImageClassifier",
    "backbone": cfg("DistilledVisionTransformer"),
    "head": {"type": "DeiTClsHead", "num_classes": 5, "in_channels": 16},
}
OLD_CASES = {
    "vit": cfg("VisionTransformer", output_cls_token=False, drop_rate=0.1),
    "vit-drops-token": cfg("VisionTransformer", output_cls_token=False, with_cls_token=False),
    "distilled-drops-tokens": cfg(
        "DistilledVisionTransformer", output_cls_token=False, with_cls_token=False
    ),
    "deit-head": {**DISTILLED, "head": {**DISTILLED["head"], "hidden_dim": 7}},
    "mixer": cfg("MlpMixer", arch=MIXER, drop_rate=0.1),
}


@pytest.mark.parametrize("case", OLD_CASES)
def test_is_the_older_original(mmcls, tmp_path, case) -> None:
    shape = (2, 3, 32, 32)
    compare_twins(mmcls, OLD_CASES[case], shape, tmp_path, generation="mmcls")


@pytest.mark.parametrize("hidden", [None, 7])
def test_distillation_head_is_the_original(mmpretrain, tmp_path, hidden) -> None:
    words = {**DISTILLED, "head": {**DISTILLED["head"], "hidden_dim": hidden}}
    compare_twins(mmpretrain, words, (2, 3, 32, 32), tmp_path)


# ------------------------------------------------------------------------- random numbers


def train_theirs(cfg, state, images):
    """Return an output in training mode, from the seed 0."""
    import mmpretrain.models  # noqa: F401
    import torch
    from mmpretrain.registry import MODELS

    model = MODELS.build(cfg)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert (missing, unexpected) == ([], [])
    model.train()
    torch.manual_seed(0)
    return model(images)[-1].detach()


def draw_weights(model: torch.nn.Module) -> None:
    with torch.no_grad():
        for value in model.parameters():
            value.normal_(std=0.2)


@pytest.mark.parametrize(
    "words",
    [
        cfg("VisionTransformer", drop_rate=0.2, drop_path_rate=0.5, layer_cfgs={}),
        cfg("VisionTransformer", layer_cfgs={"attn_drop_rate": 0.3}),
        cfg("DeiT3", drop_rate=0.2, drop_path_rate=0.5),
        cfg("BEiTViT", drop_rate=0.2, drop_path_rate=0.5),
        cfg("BEiTViT", layer_cfgs={"attn_cfg": {"attn_drop_rate": 0.3, "proj_drop_rate": 0.2}}),
        cfg("ViTEVA02", drop_rate=0.2, drop_path_rate=0.5, attn_drop_rate=0.3, proj_drop_rate=0.2),
        cfg("ViTSAM", arch=SAM, window_size=3, drop_rate=0.2, drop_path_rate=0.5),
        cfg("MlpMixer", arch=MIXER, drop_rate=0.2, drop_path_rate=0.5),
        {**CASES["lora"][0], "drop_rate": 0.3},
    ],
    ids=lambda words: words["type"],
)
def test_draws_the_random_numbers_of_the_original(mmpretrain, words) -> None:
    model = build_ours(words).train()
    draw_weights(model)
    images = torch.randn(4, 3, 32, 32)
    state = name_map(model).state_dict_to_mm(find_entries(model)).state
    theirs = mmpretrain(train_theirs, words, state, images)
    torch.manual_seed(0)
    torch.testing.assert_close(model(images)[-1], theirs, rtol=1e-4, atol=1e-5)


# ------------------------------------------------------------- checkpoints of another size


def load_theirs(cfg, state, prefix):
    """Load a checkpoint of another image size; return what the model holds then."""
    import logging

    import mmpretrain.models  # noqa: F401
    from mmpretrain.registry import MODELS

    logging.disable()
    model = MODELS.build(cfg)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    strict = model.state_dict().keys() == state.keys() and "freqs" not in str(state.keys())
    for hook in list(model._load_state_dict_pre_hooks.values()):
        hook(state, prefix, {}, True, [], [], [])
    fitting = {n: v for n, v in state.items() if before[n].shape == v.shape}
    model.load_state_dict(fitting, strict=strict)
    return model.state_dict()


@pytest.mark.parametrize(
    ("words", "size"),
    [
        (cfg("VisionTransformer"), 48),
        (cfg("VisionTransformer", interpolate_mode="bilinear"), (48, 24)),
        (cfg("DistilledVisionTransformer"), 48),
        (cfg("DeiT3"), 24),
        (cfg("ViTEVA02"), 48),
        (cfg("ViTSAM", arch=SAM, window_size=3), 56),
        (cfg("RevVisionTransformer"), 48),
        (cfg("BEiTViT", use_abs_pos_emb=True, use_rel_pos_bias=False), 48),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else str(value),
)
def test_loads_a_checkpoint_of_another_image_size_as_the_original(mmpretrain, words, size) -> None:
    source, target = build_ours(words), build_ours({**words, "img_size": size})
    draw_weights(source)
    state = name_map(source).state_dict_to_mm(source.state_dict()).state
    theirs = mmpretrain(load_theirs, {**words, "img_size": size}, dict(state), "")
    report = load_state(target, state, "a file")
    assert report.unexpected == report.dropped == ()
    ours = name_map(target).state_dict_to_mm(target.state_dict()).state
    assert_same(ours, theirs)


def test_gives_a_shared_table_to_all_layers_as_the_original(mmpretrain) -> None:
    shared = {"use_rel_pos_bias": False, "use_shared_rel_pos_bias": True}
    source, target = build_ours(cfg("BEiTViT", **shared)), build_ours(cfg("BEiTViT"))
    draw_weights(source)
    state = name_map(source).state_dict_to_mm(source.state_dict()).state
    theirs = mmpretrain(load_shared_theirs, cfg("BEiTViT"), dict(state))
    report = load_state(target, state, "a file")
    assert report.missing == report.unexpected == ()
    assert_same(name_map(target).state_dict_to_mm(target.state_dict()).state, theirs)


def load_shared_theirs(cfg, state):
    import mmpretrain.models  # noqa: F401
    from mmpretrain.registry import MODELS

    model = MODELS.build(cfg)
    model.load_state_dict(state, strict=False)
    return model.state_dict()


def assert_same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, rtol=1e-6, atol=1e-6, msg=name)


# ------------------------------------------------------------------------------ positions


def sines_theirs(grid, channels):
    from mmpretrain.models.utils import build_2d_sincos_position_embedding

    return build_2d_sincos_position_embedding(grid, channels)[0]


@pytest.mark.parametrize("grid", [(3, 3), (2, 5)])
def test_sine_positions_are_the_originals(mmpretrain, grid) -> None:
    torch.testing.assert_close(sine_positions(grid, 16), mmpretrain(sines_theirs, grid, 16))


def turn_theirs(cfg, state, images):
    """Run another image size; that computes in float32 only."""
    import mmpretrain.models  # noqa: F401
    import torch
    from mmpretrain.registry import MODELS

    model = MODELS.build(cfg)
    model.eval()
    model.load_state_dict(state)
    with torch.no_grad():
        return model(images)[0]


def test_rotates_another_image_size_as_the_original(mmpretrain) -> None:
    words = cfg("ViTEVA02", out_type="raw")
    model = build_ours(words).eval()
    draw_weights(model)
    state = name_map(model).state_dict_to_mm(model.state_dict()).state
    images = torch.randn(2, 3, 40, 24)
    with torch.no_grad():
        ours = model(images)[0]
    theirs = mmpretrain(turn_theirs, words, state, images)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)

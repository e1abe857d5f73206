"""Checkpoints that we write load strictly in the originals, with class names and equal logits."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch

import mmlight
from mmlight.weights.convert import convert_checkpoint
from tests.reference.original import Original
from tests.runs import write_config

pytestmark = pytest.mark.slow

CLASSES = [f"class {index}" for index in range(7)]
HEAD = "dict(type='LinearClsHead', num_classes=7, in_channels={})"
SWIN = {"embed_dims": 16, "depths": [2, 2, 2, 2], "num_heads": [1, 2, 4, 8]}
SWIN_V2 = {**SWIN, "extra_norm_every_n_blocks": 0}
SIZE = "img_size=256, window_size=8"
VIT = {"embed_dims": 32, "num_layers": 2, "num_heads": 4, "feedforward_channels": 48}
NEXT = {"depths": [1, 1, 2, 1], "channels": [8, 16, 24, 32]}
GAP = "dict(type='GlobalAveragePooling')"
# backbone, neck, head; what has version hooks or entries that are computed comes first
MODELS = {
    "swin": (f"dict(type='SwinTransformer', arch={SWIN}, img_size=224)", GAP, HEAD.format(128)),
    "swin_v2": (f"dict(type='SwinTransformerV2', arch={SWIN_V2}, {SIZE})", GAP, HEAD.format(128)),
    "resnet": ("dict(type='ResNet', depth=18)", GAP, HEAD.format(512)),
    "vit": (
        f"dict(type='VisionTransformer', arch={VIT}, img_size=64, patch_size=16)",
        None,
        "dict(type='VisionTransformerClsHead', num_classes=7, in_channels=32)",
    ),
    "convnext": (f"dict(type='ConvNeXt', arch={NEXT})", None, HEAD.format(32)),
}
SHAPES = {"swin": 224, "swin_v2": 256}
GENERATIONS = ["mmcls", "mmpretrain"]


def _run_mmcls(config: str, path: str, images: Any, strict: bool) -> Any:
    """Load a checkpoint strictly, and as its users do; return class names and logits."""
    import torch
    from mmcls.apis import init_model
    from mmcls.models import build_classifier
    from mmcv import Config
    from mmcv.runner import load_checkpoint

    load_checkpoint(build_classifier(Config.fromfile(config).model), path, "cpu", strict=strict)
    model = init_model(config, path, device="cpu")
    with torch.no_grad():
        features = model.extract_feat(torch.from_numpy(images))
        scores = model.head.simple_test(features, softmax=False, post_process=False)
    return list(model.CLASSES), scores.numpy()


def _run_mmpretrain(config: str, path: str, images: Any, strict: bool) -> Any:
    """Load a checkpoint strictly, and as its users do; return class names and logits."""
    import torch
    from mmengine.config import Config
    from mmengine.runner import load_checkpoint
    from mmpretrain import get_model
    from mmpretrain.registry import MODELS
    from mmpretrain.utils import register_all_modules

    register_all_modules()
    load_checkpoint(MODELS.build(Config.fromfile(config).model), path, "cpu", strict=strict)
    model = get_model(config, pretrained=path)
    with torch.no_grad():
        scores = model.head(model.extract_feat(torch.from_numpy(images)))
    return list(model._dataset_meta["classes"]), scores.numpy()


RUN = {"mmcls": _run_mmcls, "mmpretrain": _run_mmpretrain}


def _write_model(folder: Path, name: str, generation: str) -> Path:
    backbone, neck, head = MODELS[name]
    text = f"model = dict(type='ImageClassifier', backbone={backbone}, neck={neck}, head={head})\n"
    if generation == "mmcls":
        text += "optimizer = dict(type='SGD', lr=0.1)\nlr_config = dict(policy='fixed')\n"
        text += "runner = dict(type='EpochBasedRunner', max_epochs=1)\noptimizer_config = dict()\n"
    return write_config(folder, text)


def _randomize(model: torch.nn.Module) -> None:
    torch.manual_seed(0)
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.uniform_(0.5, 1.5) if value.ndim < 2 else value.normal_(std=0.1)


@pytest.mark.parametrize(
    ("name", "source"), [*((name, "ckpt") for name in MODELS), ("resnet", "safetensors")]
)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_is_loaded_strictly_with_the_names_of_the_classes(
    name: str, generation: str, source: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    original: Original = request.getfixturevalue(generation)
    config = _write_model(tmp_path, name, generation)
    model = mmlight.init_model(config)
    _randomize(model)
    ours = {"state_dict": model.state_dict(), "mmlight": {"classes": CLASSES}}
    torch.save(ours, tmp_path / "ours.ckpt")
    path = tmp_path / "mm.pth"
    if source == "safetensors":  # through another container, without a config
        middle = tmp_path / "mm.safetensors"
        convert_checkpoint(str(tmp_path / "ours.ckpt"), middle, config)
        convert_checkpoint(str(middle), path)
    else:
        convert_checkpoint(str(tmp_path / "ours.ckpt"), path, config)
    size = SHAPES.get(name, 64)
    images = np.random.default_rng(0).normal(size=(2, 3, size, size)).astype(np.float32)
    strict = name != "swin_v2"  # it throws its tables away before it loads, its own ones as well
    classes, scores = original(RUN[generation], str(config), str(path), images, strict)
    assert classes == CLASSES
    with torch.no_grad():
        found = model.head(model.extract_features(torch.from_numpy(images))).numpy()
    np.testing.assert_allclose(found, scores, rtol=1e-4, atol=1e-4 * np.abs(scores).max())


@pytest.mark.parametrize("generation", GENERATIONS)
def test_brings_weights_of_timm_to_the_original(
    generation: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    theirs = timm.create_model("resnet18", num_classes=7).eval()
    torch.save(theirs.state_dict(), tmp_path / "timm.pth")
    config = _write_model(tmp_path, "resnet", generation)
    convert_checkpoint(str(tmp_path / "timm.pth"), tmp_path / "mm.pth", config)
    content = torch.load(tmp_path / "mm.pth", weights_only=True)
    content["meta"] |= {"CLASSES": CLASSES, "dataset_meta": {"classes": CLASSES}}
    torch.save(content, tmp_path / "mm.pth")
    images = np.random.default_rng(0).normal(size=(2, 3, 64, 64)).astype(np.float32)
    words = (RUN[generation], str(config), str(tmp_path / "mm.pth"), images, True)
    _, scores = request.getfixturevalue(generation)(*words)
    with torch.no_grad():
        np.testing.assert_allclose(
            theirs(torch.from_numpy(images)).numpy(), scores, rtol=1e-4, atol=1e-5
        )

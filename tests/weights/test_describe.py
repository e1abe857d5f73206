from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from mmlight.errors import WeightsError
from mmlight.weights.describe import (
    Group,
    describe_checkpoint,
    find_classes,
    find_origin,
    group_tensors,
)

STATE = {
    "backbone.layer1.0.conv1.weight": torch.ones(4, 3, 3, 3),
    "backbone.layer1.0.bn1.num_batches_tracked": torch.tensor(3),
    "backbone.cls_token": torch.ones(1, 1, 8),
    "head.fc.weight": torch.ones(2, 8, dtype=torch.float16),
    "scale": torch.ones(1),
}


def test_groups_weights_by_their_names() -> None:
    assert group_tensors(STATE) == (
        Group("backbone.layer1", 2, 109, ("float32", "int64"), "0.conv1.weight (4, 3, 3, 3)"),
        Group("backbone", 1, 8, ("float32",), "cls_token (1, 1, 8)"),
        Group("head.fc", 1, 16, ("float16",), "weight (2, 8)"),
        Group("scale", 1, 1, ("float32",), "scale (1,)"),
    )


@pytest.mark.parametrize(
    ("content", "origin"),
    [
        ({"meta": {"mmengine_version": "0.10.7"}}, "a checkpoint of mm 1.x (mmengine 0.10.7)"),
        (
            {"meta": {"mmcv_version": "1.7.2", "mmcls_version": "0.25.0"}},
            "a checkpoint of mm 0.x (mmcls 0.25.0)",
        ),
        ({"meta": {"mmcv_version": "1.7.2"}}, "a checkpoint of mm 0.x (mmcv 1.7.2)"),
        ({"pytorch-lightning_version": "2.6.0"}, "a checkpoint of Lightning 2.6.0"),
        ({"pytorch-lightning_version": "2.6.0", "mmlight": {}}, "a checkpoint of mmlight"),
        (
            {"meta": {"mmlight_version": "0.1.0", "words": "mm", "mmcv_version": "1.7.2"}},
            "weights that mmlight 0.1.0 has written, names of mm",
        ),
        (
            {"meta": {"mmlight_version": "0.1.0", "words": ""}},
            "weights that mmlight 0.1.0 has written, names as before",
        ),
        (
            {"arch": "resnet50", "state_dict": {}},
            "a checkpoint of a training script of timm or torchvision (resnet50)",
        ),
        ({"a": torch.ones(1)}, "a state dict"),
        ({"meta": "text"}, "a state dict"),
    ],
)
def test_says_who_wrote_it(content: dict[str, Any], origin: str) -> None:
    assert find_origin(content) == origin


@pytest.mark.parametrize(
    ("content", "classes"),
    [
        ({"meta": {"CLASSES": ["cat", "dog"]}}, ("cat", "dog")),
        ({"meta": {"CLASSES": ("cat", "dog")}}, ("cat", "dog")),
        ({"meta": {"dataset_meta": {"classes": ["cat"]}}}, ("cat",)),
        ({"meta": {"dataset_meta": {"CLASSES": ["cat"]}}}, ("cat",)),
        ({"meta": {"CLASSES": ["old"]}, "mmlight": {"classes": ["ours"]}}, ("ours",)),
        ({"meta": {"CLASSES": "imagenet"}}, ()),
        ({"meta": {"CLASSES": None, "dataset_meta": None}}, ()),
        ({"meta": [1]}, ()),
        ({}, ()),
    ],
)
def test_finds_the_classes_of_every_generation(
    content: dict[str, Any], classes: tuple[str, ...]
) -> None:
    assert find_classes(content) == classes


def test_describes_a_whole_training_state(tmp_path: Path) -> None:
    path = tmp_path / "epoch_3.pth"
    meta = {
        "mmengine_version": "0.10.7",
        "epoch": 3,
        "cfg": "a = 1\nb = 2\nc = 3\n",
        "dataset_meta": {"classes": ["cat", "dog"]},
        "nothing": None,
    }
    hub = {"log_scalars": {}}
    content = {"state_dict": STATE, "meta": meta, "optimizer": {"state": {}}, "message_hub": hub}
    torch.save(content, path)
    found = describe_checkpoint(str(path))
    assert (found.tensors, found.values) == (5, 134)
    assert found.size == path.stat().st_size
    assert found.origin == "a checkpoint of mm 1.x (mmengine 0.10.7)"
    assert found.classes == ("cat", "dog")
    assert found.meta == {"epoch": "3", "cfg": "a text of 3 lines", "dataset_meta": "a dict of 1"}
    assert found.others == ("optimizer", "message_hub")


def test_describes_a_bare_state_dict(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "a.safetensors")
    found = describe_checkpoint(str(tmp_path / "a.safetensors"))
    assert (found.tensors, found.origin, found.others, found.meta) == (5, "a state dict", (), {})
    torch.save(STATE, tmp_path / "a.pth")
    assert describe_checkpoint(str(tmp_path / "a.pth")).others == ()


def test_refuses_a_file_without_weights(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "a.pth")
    with pytest.raises(
        WeightsError, match=r"a\.pth: the checkpoint holds no weights; it has epoch"
    ):
        describe_checkpoint(str(tmp_path / "a.pth"))

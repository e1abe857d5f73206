from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mmlight.check.construct import BROKEN
from mmlight.check.findings import Findings
from mmlight.check.network import build_network, examine_network
from mmlight.compat.cls_head import OldClsHead
from mmlight.errors import MMLightError
from mmlight.run import read_spec
from mmlight.spec import Call, Spec
from tests.check.conftest import TEXT, photos_text
from tests.runs import ROOT, write_config

Only = Callable[..., MMLightError]
Examine = Callable[..., Findings]
AUGMENTS = "num_classes=10,\n    batch_augments=None"
MIXUP = "batch_augments=dict(augments=[dict(type='Mixup', alpha=0.8)])"


def test_builds_without_memory(tmp_path: Path) -> None:
    found = Findings()
    network = build_network(read_spec(write_config(tmp_path, TEXT)), found)
    assert network.is_whole
    assert found.errors == []
    assert all(tensor.is_meta for tensor in network.parts["backbone"].state_dict().values())
    assert not network.parts["backbone"].training


def test_learns_the_number_of_classes(tmp_path: Path) -> None:
    spec = read_spec(write_config(tmp_path, TEXT))
    assert examine_network(spec, {"train": (1, 32, 32)}, Findings()).num_classes == 10


def test_learns_it_without_images_and_without_a_whole_network(tmp_path: Path) -> None:
    spec = read_spec(write_config(tmp_path, TEXT))
    assert examine_network(spec, {}, Findings()).num_classes == 10
    head = Call("mmlight.models.heads.linear_head.LinearClsHead", {"num_classes": 4})
    network = examine_network(Spec(model={"backbone": None, "head": head}), {}, Findings())
    assert network.num_classes == 4
    assert network.parts["head"] is BROKEN
    assert not network.is_whole


class OldHead(OldClsHead):
    """A head in the style of 0.x, which computes its logits in `simple_test` alone."""

    def simple_test(self, x: Any, softmax: bool = True, post_process: bool = True) -> Any:
        return self.pre_logits(x)[:, :7]

    def forward_train(self, x: Any, gt_label: torch.Tensor, **kwargs: Any) -> Any:
        raise ValueError("mode must be 'soft', got 'hard'")


def test_asks_a_head_of_0x_in_its_own_words() -> None:
    backbone = Call("mmlight.models.backbones.lenet.LeNet5", {"num_classes": 10})
    head, found = Call(f"{__name__}.OldHead", path="model.head"), Findings()
    spec = Spec(model={"backbone": backbone, "head": head})
    assert examine_network(spec, {"train": (1, 32, 32)}, found).num_classes == 7
    (error,) = found.errors
    assert str(error) == "model.head: mode must be 'soft', got 'hard'."


class Counts(nn.Module):
    """A backbone that looks at its values."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor]:
        return (x[:, :, 0, 0] * x.sum().item(),)


def test_notes_when_the_shapes_depend_on_the_values() -> None:
    backbone = Call(f"{__name__}.Counts", {}, path="model.backbone")
    found = Findings()
    examine_network(Spec(model={"backbone": backbone}), {"train": (3, 8, 8)}, found)
    assert found.errors == []
    assert "Shapes were not compared from here on" in str(found.notes[0])


def test_compares_the_mean_with_the_images(only: Only) -> None:
    error = only({"[72.94]": "[1., 2., 3.]", "[90.02]": "[1., 1., 1.]"})
    assert (error.path, error.origin) == ("data_preprocessor.mean", "mean=[1., 2., 3.],")
    assert error.problem == "mean has 3 values, the images of train have 1 channels"


def test_tells_when_accuracies_are_asked_for_soft_labels(only: Only) -> None:
    error = only({"cal_acc=False": "cal_acc=True", AUGMENTS: f"num_classes=10, {MIXUP}"})
    assert (error.path, error.origin) == ("model.head.cal_acc", "cal_acc=True,")
    assert "soft labels (batch augments), got True" in error.problem


def test_notes_another_size_of_images(examine: Examine, photos: Path) -> None:
    vit = "arch=dict(embed_dims=8, num_layers=1, num_heads=2, feedforward_channels=8), img_size=48"
    changes = {
        "type='ResNet',\n        depth=18": f"type='VisionTransformer',\n        {vit}",
        "out_indices=(3, )": "",
        "neck=dict(type='GlobalAveragePooling'),": "",
        "in_channels=512": "in_channels=8",
    }
    found = examine(changes, photos_text(photos))
    assert found.errors == []
    (note,) = [note for note in found.notes if "img_size" in note.path]
    assert note.path == "model.backbone.img_size"
    assert note.text == "img_size is 48, the images of train, val, test are 32x32."


def test_traces_a_large_network(tmp_path: Path) -> None:
    path = ROOT / "configs/mmengine/vision_transformer/vit-base-p16_32xb128_in1k.py"
    found = Findings()
    network = examine_network(read_spec(path), {"train": (3, 224, 224)}, found)
    assert (network.num_classes, found.errors) == (1000, [])

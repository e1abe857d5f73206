from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from mmlight.check.findings import Findings
from mmlight.check.shapes import compare_parts, find_stem_channels
from mmlight.errors import MMLightError
from mmlight.spec import Call
from tests.check.conftest import photos_text

Only = Callable[..., MMLightError]
Examine = Callable[..., Findings]
NECK = "neck=dict(type='GlobalAveragePooling'),"


@pytest.mark.parametrize(
    ("changes", "channels"),
    [
        ({}, 512),
        ({"out_indices=(3, )": "out_indices=(1, 2)"}, 256),
        ({"depth=18": "depth=50"}, 2048),
    ],
)
def test_tells_the_real_number_of_channels(
    only: Only, changes: dict[str, str], channels: int
) -> None:
    error = only({**changes, "in_channels=512": "in_channels=777"})
    assert (error.path, error.origin) == ("model.head.in_channels", "in_channels=777,")
    assert error.problem == f"in_channels is 777, the neck gives {channels} channels"
    assert error.expected == f"in_channels={channels}"
    assert error.next_step == f"Set in_channels={channels}."


def test_tells_it_although_the_head_cannot_be_made(examine: Examine) -> None:
    found = examine(
        {
            "in_channels=512": "in_channels=777",
            "num_classes=10,\n        in": "num_classes=0,\n        in",
        }
    )
    problems = {error.path: error.problem for error in found.errors}
    assert problems["model.head.in_channels"] == "in_channels is 777, the neck gives 512 channels"
    assert problems["model.head.num_classes"] == "num_classes must be at least 1, got 0"


def test_tells_both_shapes_when_the_neck_is_missing(only: Only) -> None:
    error = only({NECK: ""})
    assert error.path == "model.head"
    assert error.problem == (
        "the head cannot take what the backbone gives, (2, 512, 1, 1): "
        "its layer 'fc' (Linear) takes 512 channels, it got (2, 512, 1, 1)"
    )
    assert error.next_step == "Put neck=dict(type='GlobalAveragePooling') between them."


def test_tells_when_nothing_turns_features_into_scores(only: Only) -> None:
    head = "type='LinearClsHead',\n        num_classes=10,\n        in_channels=512"
    error = only({head: "type='ClsHead'", NECK: "", "topk=(1, 5)))": "topk=(1, )))"})
    assert error.path == "model.head"
    assert error.problem == "the head gives scores of shape (2, 512, 1, 1)"


def test_tells_when_the_backbone_wants_other_channels(only: Only, photos: Path) -> None:
    error = only({"in_channels=3,": "in_channels=1,"}, photos_text(photos))
    assert (error.path, error.origin) == ("model.backbone.in_channels", "in_channels=1,")
    assert error.problem == ("the backbone takes images of 1 channels, those of train have 3")
    assert error.expected == "in_channels=3, or images of 1 channels"


def test_tells_when_the_images_are_too_small(only: Only) -> None:
    lenet = "type='LeNet5', num_classes=10"
    backbone = (
        "type='ResNet',\n        depth=18,\n        in_channels=1,\n        out_indices=(3, )"
    )
    head = "type='LinearClsHead',\n        num_classes=10,\n        in_channels=512"
    changes = {backbone: lenet, head: "type='ClsHead'", NECK: ""}
    sizes = {"dict(type='Resize', scale=32),\n": "dict(type='Resize', scale=40),\n"}
    error = only({**changes, **sizes})
    assert error.path == "model.backbone"
    assert error.problem.startswith("the backbone cannot take the images of train, (1, 40, 40): ")
    assert "'classifier.0' (Linear) takes 120 channels, it got (2, 1080)" in error.problem


def test_leaves_alone_what_a_part_of_the_user_does() -> None:
    found = Findings()
    call = Call("my.Head", {"in_channels": 7}, path="model.head")
    compare_parts(call, ("neck", "head"), (torch.zeros(2, 5),), None, found)
    assert found.errors == []


def test_compares_lists_of_channels() -> None:
    found = Findings()
    call = Call("mmlight.x.Neck", {"in_channels": [3, 7]}, path="model.neck")
    features = (torch.zeros(2, 3, 8, 8), torch.zeros(2, 5, 4, 4))
    compare_parts(call, ("backbone", "neck"), features, None, found)
    (error,) = found.errors
    assert error.problem == "in_channels is [3, 7], the backbone gives [3, 5] channels"


def test_finds_the_stem() -> None:
    assert find_stem_channels(nn.Sequential(nn.ReLU(), nn.Conv2d(5, 2, 1))) == 5
    assert find_stem_channels(nn.ReLU()) is None

import pytest
import torch
from torch import nn

from mmlight.flops import count_multiply_adds, count_parameters, find_shape
from mmlight.listing import describe_backbone
from mmlight.spec import Call


def test_counts_parameters_of_frozen_layers_too() -> None:
    model = nn.Linear(3, 2)
    model.requires_grad_(False)
    assert count_parameters(model) == 8


def test_counts_a_multiply_add_as_one() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Flatten(), nn.Linear(64, 10))
    # 4x4 places with 4 outputs of 3x3x3 inputs each, then 64 inputs to 10 outputs
    assert count_multiply_adds(model, (3, 4, 4)) == 16 * 4 * 27 + 640


def test_counts_without_memory() -> None:
    with torch.device("meta"):
        model = nn.Conv2d(3, 4, 1)
    assert count_multiply_adds(model, (3, 2, 2)) == 48


RESNET = "mmlight.models.backbones.resnet.ResNet"
VIT = "mmlight.models.backbones.vision_transformer.VisionTransformer"


@pytest.mark.parametrize(
    ("backbone", "shape"),
    [
        (Call(RESNET, {"depth": 18}), (3, 224, 224)),
        (Call(RESNET, {"depth": 18, "in_channels": 1}), (1, 224, 224)),
        (Call(VIT, {"img_size": 384}), (3, 384, 384)),
        (Call(VIT, {"img_size": (64, 32)}), (3, 64, 32)),
        (describe_backbone("LeNet5 num_classes=10"), (1, 32, 32)),
        (nn.Identity(), (3, 224, 224)),
    ],
)
def test_finds_the_images_of_a_backbone(backbone: Call, shape: tuple[int, int, int]) -> None:
    assert find_shape(backbone) == shape

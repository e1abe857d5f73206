import copy
import json
import pickle
import subprocess
import sys

import pytest
import torch
from torch import nn

from mmlight.build import instantiate
from mmlight.flops import count_parameters
from mmlight.listing import SIZES, describe_backbone, list_models
from mmlight.translate.model_rows import BACKBONES
from mmlight.weights.name_map import name_map


def test_all_backbones_have_sizes() -> None:
    types = {name for names in BACKBONES.values() for name in names.split()}
    # one takes any name of timm, the other wraps a network
    assert types - SIZES.keys() == {"TIMMBackbone", "LoRAModel"}


def build_smallest(kind: str) -> nn.Module:
    key, values = SIZES[kind]
    with torch.device("meta"):
        backbone: nn.Module = instantiate(describe_backbone(f"{kind} {key}={values[0]}"))
    return backbone


@pytest.mark.parametrize("kind", SIZES)
def test_smallest_of_each_type_builds(kind: str) -> None:
    backbone = build_smallest(kind)
    assert type(backbone).__name__ == kind
    assert count_parameters(backbone) > 10_000


@pytest.mark.parametrize("kind", SIZES)
def test_smallest_of_each_type_can_be_copied(kind: str) -> None:
    backbone = build_smallest(kind)
    for copied in (copy.deepcopy(backbone), pickle.loads(pickle.dumps(backbone))):
        assert name_map(copied).to_mm == name_map(backbone).to_mm


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("vgg d*1?", ["VGG depth=11", "VGG depth=13", "VGG depth=16", "VGG depth=19"]),
        ("SWINtransformer arch=t", ["SwinTransformer arch=tiny"]),
        ("regnetx_400mf", ["RegNet arch=regnetx_400mf"]),
        ("seresnet50", ["SEResNet depth=50"]),
        ("swin_tiny", ["SwinTransformer arch=tiny", "SwinTransformerV2 arch=tiny"]),
        ("nothing", []),
    ],
)
def test_pattern_is_any_part_of_the_name(pattern: str, names: list[str]) -> None:
    assert list_models(pattern) == names


def test_lists_without_importing_torch() -> None:
    code = (
        "import sys, json; from mmlight.listing import list_models;"
        "print(json.dumps([len(list_models()), 'torch' in sys.modules]))"
    )
    count, has_torch = json.loads(subprocess.check_output([sys.executable, "-c", code]))
    assert (count, has_torch) == (len(list_models()), False)

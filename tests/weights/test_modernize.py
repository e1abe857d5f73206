import re

import timm
import torch

from mmlight.weights.modernize import modernize

WORDS = (
    ("stem.", "downsample_layers.0."),
    ("conv_dw", "dwconv"),
    ("mlp.fc", "pwconv"),
    ("head.norm.", "norm."),
    ("head.fc.", "head."),
)


def test_returns_weights_of_today_as_they_are() -> None:
    state = timm.create_model("test_resnet").state_dict()
    found = modernize("test_resnet.r160_in1k", state)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], value) for name, value in state.items())


def test_lets_timm_rename_what_is_old() -> None:
    """ConvNeXt as its authors published it."""
    state = timm.create_model("test_convnext").state_dict()
    old = {}
    for name, value in state.items():
        new = re.sub(r"^stages\.(\d)\.downsample\.", r"downsample_layers.\1.", name)
        new = re.sub(r"^stages\.(\d)\.blocks\.", r"stages.\1.", new)
        for here, there in WORDS:
            new = new.replace(here, there)
        old[new] = value
    assert len(old.keys() & state.keys()) < len(old) / 2
    found = modernize("test_convnext.r160_in1k", old)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], value) for name, value in state.items())

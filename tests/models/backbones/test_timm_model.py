from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor

from mmlight.errors import WeightsError
from mmlight.models.backbones.timm_model import TIMMBackbone
from mmlight.models.initialize import init_weights
from mmlight.weights.load import load_pretrained
from mmlight.weights.name_map import name_map

NAME = "test_resnet"  # a tiny network of timm, made for tests


@pytest.fixture
def images() -> Tensor:
    return torch.randn(2, 3, 64, 64)


def test_returns_the_last_feature_map(images: Tensor) -> None:
    backbone = TIMMBackbone(NAME).eval()
    (features,) = backbone(images)
    assert features.shape == (2, backbone.timm_model.num_features, 2, 2)
    assert not [name for name in backbone.state_dict() if "fc" in name]


def test_returns_every_stage_when_asked(images: Tensor) -> None:
    backbone = TIMMBackbone(NAME, features_only=True).eval()
    reductions = [64 // item.shape[-1] for item in backbone(images)]
    assert reductions == backbone.timm_model.feature_info.reduction()


def test_takes_grey_images_and_arguments_of_timm() -> None:
    backbone = TIMMBackbone(NAME, in_channels=1, drop_path_rate=0.1)
    assert backbone(torch.randn(2, 1, 64, 64))[0].shape[0] == 2


def test_names_near_networks_when_there_is_none() -> None:
    with pytest.raises(ValueError, match=r"got 'resnett50'; near: .*resnet50"):
        TIMMBackbone("resnett50")


def test_loads_its_checkpoint_when_weights_are_initialized(tmp_path: Path) -> None:
    """Not before: a checkpoint of ours must be usable where that file is not."""
    theirs = TIMMBackbone(NAME).timm_model
    torch.save(theirs.state_dict(), tmp_path / "a.pth")
    backbone = TIMMBackbone(NAME, checkpoint_path=str(tmp_path / "a.pth"))
    name = next(name for name, value in theirs.named_parameters() if value.ndim == 4)
    assert not torch.equal(backbone.timm_model.state_dict()[name], theirs.state_dict()[name])
    init_weights(backbone, load_pretrained)
    for key, value in theirs.state_dict().items():
        assert torch.equal(backbone.timm_model.state_dict()[key], value), key


def test_keeps_the_start_values_of_timm_when_nothing_is_loaded() -> None:
    backbone = TIMMBackbone(NAME)
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    init_weights(backbone, load_pretrained)
    for name, value in backbone.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_has_the_names_of_the_original() -> None:
    names = name_map(TIMMBackbone(NAME)).to_mm
    assert all(ours == theirs for ours, theirs in names.items())
    assert all(name.startswith("timm_model.") for name in names)


def test_takes_published_weights_through_our_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is fetched: a folder of the mirrors has them."""
    torch.manual_seed(1)
    theirs = timm.create_model(NAME)
    save_file(theirs.state_dict(), tmp_path / f"{NAME}.r160_in1k.safetensors")
    monkeypatch.setenv("MMLIGHT_WEIGHTS_MIRROR", str(tmp_path))
    backbone = TIMMBackbone(NAME, pretrained=True)
    init_weights(backbone, load_pretrained)
    for key, value in backbone.timm_model.state_dict().items():
        assert torch.equal(theirs.state_dict()[key], value), key
    grey = TIMMBackbone(NAME, pretrained=True, in_channels=1, features_only=True)
    init_weights(grey, load_pretrained)
    stem = next(value for value in grey.timm_model.parameters() if value.ndim == 4)
    torch.testing.assert_close(stem, next(theirs.parameters()).sum(1, keepdim=True))


def test_runs_nothing_of_a_checkpoint(tmp_path: Path) -> None:
    torch.save(torch.nn.ReLU(), tmp_path / "a.pth")
    backbone = TIMMBackbone(NAME, checkpoint_path=str(tmp_path / "a.pth"))
    with pytest.raises(WeightsError, match=r"holds 'torch\.nn\.modules\.activation\.ReLU', which"):
        init_weights(backbone, load_pretrained)

import copy
import pickle

import pytest
import torch
import torchvision
from torch import Tensor, nn

from mmlight.models.backbones.torchvision_model import TorchvisionBackbone
from mmlight.models.initialize import init_weights
from mmlight.weights.load import load_pretrained, match_state

SMALL = "mobilenet_v3_small"


@pytest.fixture
def images() -> Tensor:
    return torch.randn(2, 3, 64, 64)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("resnet18", (2, 512, 2, 2)),
        ("swin_t", (2, 768, 2, 2)),
        ("squeezenet1_1", (2, 512, 3, 3)),  # its classifier pools
        ("shufflenet_v2_x0_5", (2, 1024)),  # pools without a layer
    ],
)
def test_returns_what_goes_into_pooling_or_classifier(
    name: str, shape: tuple[int, ...], images: Tensor
) -> None:
    assert [x.shape for x in TorchvisionBackbone(name)(images)] == [shape]


def test_returns_the_class_token_of_a_vision_transformer() -> None:
    (feature,) = TorchvisionBackbone("vit_b_32")(torch.rand(1, 3, 224, 224))
    assert feature.shape == (1, 768)


def test_returns_the_layers_that_are_asked_for(images: Tensor) -> None:
    backbone = TorchvisionBackbone("resnet18", out_layers=("layer4", "layer2")).eval()
    network = torchvision.models.resnet18().eval()
    network.load_state_dict(backbone.torchvision_model.state_dict(), strict=False)
    deep, shallow = backbone(images)
    x = network.maxpool(network.relu(network.bn1(network.conv1(images))))
    expected = network.layer2(network.layer1(x))
    torch.testing.assert_close(shallow, expected)
    torch.testing.assert_close(deep, network.layer4(network.layer3(expected)))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"model_name": "resnett18"}, r"got 'resnett18'; near: resnet18"),
        ({"model_name": SMALL, "out_layers": ["feature"]}, r"got 'feature'; near: features"),
        (
            {"model_name": "fcn_resnet50"},
            "must be among the networks of torchvision, got 'fcn_resnet50'",
        ),
    ],
)
def test_names_near_ones_when_there_is_none(words: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TorchvisionBackbone(**words)


def test_builds_without_memory() -> None:
    with torch.device("meta"):
        backbone = TorchvisionBackbone("regnet_y_400mf")
    assert {value.device.type for value in backbone.parameters()} == {"meta"}


def test_computes_the_logits_of_torchvision_with_its_classifier(images: Tensor) -> None:
    network = torchvision.models.get_model(SMALL).eval()
    backbone = TorchvisionBackbone(SMALL).eval()
    backbone.torchvision_model.load_state_dict(network.state_dict(), strict=False)
    (feature,) = backbone(images)
    torch.testing.assert_close(network.classifier(feature.mean((2, 3))), network(images))


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_has_no_second_classifier(name: str) -> None:
    backbone = TorchvisionBackbone(name, init_weights=False)
    assert not [name for name in backbone.state_dict() if "aux" in name.lower()]
    assert len(backbone(torch.rand(2, 3, 96, 96))) == 1


def test_can_be_copied(images: Tensor) -> None:
    backbone = TorchvisionBackbone(SMALL).eval()
    for copied in (copy.deepcopy(backbone), pickle.loads(pickle.dumps(backbone))):
        torch.testing.assert_close(copied(images), backbone(images))


def test_takes_weights_of_torchvision_with_their_classifier(tmp_path) -> None:
    theirs = torchvision.models.get_model(SMALL, num_classes=3)
    model = nn.Module()
    model.backbone = TorchvisionBackbone(SMALL)
    model.head = nn.ModuleDict({"fc": nn.Linear(1024, 3)})
    values, report = match_state(model, theirs.state_dict(), "a.pth")
    # what stands between pooling and the last layer is left out
    assert [name for name in report.unexpected if not name.startswith("classifier.0")] == []
    assert report.missing == report.dropped == ()
    assert torch.equal(values["head.fc.weight"], theirs.classifier[3].weight)


def test_loads_its_checkpoint_when_weights_are_initialized(tmp_path) -> None:
    theirs = torchvision.models.get_model(SMALL)
    torch.save(theirs.state_dict(), tmp_path / "a.pth")
    backbone = TorchvisionBackbone(SMALL, checkpoint_path=str(tmp_path / "a.pth"))
    init_weights(backbone, load_pretrained)
    for name, value in backbone.torchvision_model.state_dict().items():
        assert torch.equal(value, theirs.state_dict()[name]), name


def test_fetches_weights_when_they_are_initialized(monkeypatch) -> None:
    state = torchvision.models.get_model(SMALL).state_dict()
    fetched = []

    def read(location: str) -> dict[str, Tensor]:
        fetched.append(location)
        return state

    monkeypatch.setattr("mmlight.models.backbones.torchvision_model.read_state", read)
    backbone = TorchvisionBackbone(SMALL, pretrained=True)
    assert fetched == []
    init_weights(backbone, load_pretrained)
    assert fetched == [f"torchvision://{SMALL}"]
    for name, value in backbone.torchvision_model.state_dict().items():
        assert torch.equal(value, state[name]), name

import pytest
import torch
from torch import nn

from mmlight.models.backbones.convnext import ConvNeXt
from mmlight.models.initialize import init_weights

SMALL = {"depths": (1, 2, 1), "channels": (8, 16, 24)}


def test_gives_pooled_features_of_the_wanted_stages() -> None:
    features = ConvNeXt(SMALL, out_indices=[0, -1])(torch.rand(2, 3, 32, 32))
    assert [tuple(x.shape) for x in features] == [(2, 8), (2, 24)]


@pytest.mark.parametrize(
    ("arch", "v2", "parameters"),
    [("tiny", False, 27820128), ("xlarge", False, 348147968), ("atto", True, 3387400)],
)
def test_has_the_known_number_of_parameters(arch: str, v2: bool, parameters: int) -> None:
    with torch.device("meta"):
        network = ConvNeXt(arch, use_grn=v2, layer_scale_init_value=0.0 if v2 else 1e-6)
    assert sum(value.numel() for value in network.parameters()) == parameters


def test_convolutions_compute_what_linear_layers_do() -> None:
    linear = ConvNeXt(SMALL, use_grn=True, out_indices=2)
    convolutions = ConvNeXt(SMALL, use_grn=True, out_indices=2, linear_pw_conv=False)
    shapes = {name: value.shape for name, value in convolutions.state_dict().items()}
    state = {name: value.view(shapes[name]) for name, value in linear.state_dict().items()}
    convolutions.load_state_dict(state)
    images = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(convolutions(images)[0], linear(images)[0])


def test_norms_before_downsampling_have_their_own_eps_when_asked() -> None:
    network = ConvNeXt(SMALL, out_indices=2, downsample_norm_eps=0.1).network
    assert network.stages[1].downsample[0].eps == 0.1
    assert {network.stem[1].eps, network.stages[0].blocks[0].norm.eps, network.head.norm.eps} == {
        1e-6
    }


def test_norms_get_no_gradient_when_config_says_so() -> None:
    network = ConvNeXt(SMALL, out_indices=2, norm_cfg={"type": "LN2d", "requires_grad": False})
    norms = [layer for layer in network.modules() if isinstance(layer, nn.LayerNorm)]
    assert not any(value.requires_grad for norm in norms for value in norm.parameters())
    assert network.network.stages[0].blocks[0].gamma.requires_grad


def test_start_values_are_narrow_and_leave_layer_scale() -> None:
    network = ConvNeXt(SMALL, out_indices=2, layer_scale_init_value=0.3)
    init_weights(network, lambda *_: None)
    block = network.network.stages[2].blocks[0]
    assert block.mlp.fc1.weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert block.mlp.fc1.bias.unique().tolist() == [0.0]
    assert block.gamma.unique().tolist() == pytest.approx([0.3])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "nano2"}, "arch must be one of atto, .*, got 'nano2'"),
        ({"arch": {"depths": (1,), "channels": (8, 9)}}, r"one depth and width .*\(8, 9\)"),
        ({"arch": SMALL, "norm_cfg": {"type": "BN"}}, "norm_cfg type must be 'LN2d', got 'BN'"),
        ({"arch": SMALL, "out_indices": 3}, r"out_indices must be in \[0, 3\), got 3"),
    ],
)
def test_raises_when_value_is_impossible(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        ConvNeXt(**kwargs)

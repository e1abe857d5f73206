import pytest
from torch import nn

from mmlight.errors import UnsupportedTypeError
from mmlight.models.layers.norm import freeze_norms, norm_layer, norm_maker


def test_default_eps_is_that_of_torch_batch_norm() -> None:
    layer = norm_layer({"type": "LN"})(4)
    assert (type(layer), layer.eps) == (nn.LayerNorm, 1e-5)


def test_passes_eps_and_momentum() -> None:
    layer = norm_layer({"type": "SyncBN", "eps": 0.1, "momentum": 0.2})(4)
    assert (type(layer), layer.eps, layer.momentum) == (nn.SyncBatchNorm, 0.1, 0.2)


@pytest.mark.parametrize("kind", ["torch.nn.BatchNorm2d", nn.BatchNorm2d, "mmcv.BN"])
def test_finds_class_by_path_and_scope(kind) -> None:
    assert type(norm_layer({"type": kind})(4)) is nn.BatchNorm2d


def test_makes_group_norm_of_groups() -> None:
    layer = norm_layer({"type": "GN", "num_groups": 2})(4)
    assert (layer.num_groups, layer.num_channels, layer.eps) == (2, 4, 1e-5)


def test_passes_arguments_to_a_layer_that_takes_any() -> None:
    layer = norm_layer({"type": "LN2d", "eps": 0.1, "elementwise_affine": False})(4)
    assert (layer.eps, layer.weight) == (0.1, None)


def test_raises_when_group_norm_lacks_groups() -> None:
    with pytest.raises(ValueError, match=r"must have num_groups .* got \{'type': 'GN'\}"):
        norm_layer({"type": "GN"})


def test_raises_when_type_is_unknown() -> None:
    with pytest.raises(UnsupportedTypeError, match="unknown type 'BM'"):
        norm_layer({"type": "BM"})


def test_raises_when_key_is_unknown() -> None:
    with pytest.raises(ValueError, match="type 'BN' does not support groups=3"):
        norm_layer({"type": "BN", "groups": 3})


@pytest.mark.parametrize("requires_grad", [True, False])
def test_freezes_norms_only_when_asked(requires_grad: bool) -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1), nn.LayerNorm(1))
    freeze_norms(model, {"type": "BN", "requires_grad": requires_grad})
    assert model[0].weight.requires_grad
    assert model[1].weight.requires_grad == model[2].bias.requires_grad == requires_grad


@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("kind", ["LN", nn.RMSNorm])
def test_norm_has_gradients_as_asked(kind, flag) -> None:
    norm = norm_maker({"type": kind, "eps": 1e-3, "requires_grad": flag})(4)
    assert norm.eps == 1e-3
    assert {value.requires_grad for value in norm.parameters()} == {flag}

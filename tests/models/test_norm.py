import pytest
from torch import nn

from mmlight.models.norm import freeze_norms, norm_layer


def test_default_eps_is_that_of_torch_batch_norm() -> None:
    layer = norm_layer({"type": "LN"}, allowed=("LN",))(4)
    assert (type(layer), layer.eps) == (nn.LayerNorm, 1e-5)


def test_passes_eps_and_momentum() -> None:
    layer = norm_layer({"type": "SyncBN", "eps": 0.1, "momentum": 0.2}, allowed=("SyncBN",))(4)
    assert (type(layer), layer.eps, layer.momentum) == (nn.SyncBatchNorm, 0.1, 0.2)


def test_raises_when_type_is_not_allowed() -> None:
    with pytest.raises(ValueError, match="must be one of BN, got 'LN'"):
        norm_layer({"type": "LN"}, allowed=("BN",))


def test_raises_when_key_is_unknown() -> None:
    with pytest.raises(ValueError, match="type 'BN' does not support groups=3"):
        norm_layer({"type": "BN", "groups": 3}, allowed=("BN",))


@pytest.mark.parametrize("requires_grad", [True, False])
def test_freezes_norms_only_when_asked(requires_grad: bool) -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1), nn.LayerNorm(1))
    freeze_norms(model, {"type": "BN", "requires_grad": requires_grad})
    assert model[0].weight.requires_grad
    assert model[1].weight.requires_grad == model[2].bias.requires_grad == requires_grad

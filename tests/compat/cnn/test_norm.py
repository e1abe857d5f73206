import pytest
import torch
from torch import nn

from mmlight.compat.cnn.norm import LayerNorm2d, build_norm, build_norm_layer, infer_abbr, is_norm


@pytest.mark.parametrize(
    ("name", "bases", "expected"),
    [
        ("A", (nn.BatchNorm1d,), "bn"),
        ("A", (nn.InstanceNorm3d,), "in"),
        ("A", (nn.GroupNorm,), "gn"),
        ("A", (nn.LayerNorm,), "ln"),
        ("FastBatchNorm", (), "bn"),
        ("MyLayerThing", (), "ln"),
        ("MyInstanceThing", (), "in"),
        ("Other", (), "norm_layer"),
    ],
)
def test_short_name_follows_class_when_inferred(name, bases, expected):
    assert infer_abbr(type(name, bases, {})) == expected
    assert infer_abbr(type(name, bases, {"_abbr_": "own"})) == "own"


def test_gradients_are_off_when_not_required():
    name, norm = build_norm_layer({"type": "GN", "num_groups": 2, "requires_grad": False}, 8, "x")
    assert (name, norm.eps) == ("gnx", 1e-5)
    assert not any(p.requires_grad for p in norm.parameters())
    assert build_norm({"type": "LN", "eps": 1e-6}, 8).eps == 1e-6


def test_norm_refuses_when_arguments_are_wrong():
    with pytest.raises(ValueError, match=r"num_groups must be given .* got \{'type': 'GN'\}"):
        build_norm_layer({"type": "GN"}, 8)
    with pytest.raises(TypeError, match="class_type must be a class, got 'BN'"):
        infer_abbr("BN")


def test_layer_counts_as_norm_when_not_excluded():
    assert is_norm(nn.LayerNorm(3))
    assert not is_norm(nn.LayerNorm(3), exclude=(nn.GroupNorm, nn.LayerNorm))
    assert not is_norm(nn.ReLU())


def test_channels_are_normalized_when_image_is_given():
    x = torch.rand(2, 8, 3, 4)
    norm = LayerNorm2d(8)
    out = norm(x)
    torch.testing.assert_close(out.mean(1), torch.zeros(2, 3, 4), atol=1e-6, rtol=0)
    last = norm(x.permute(0, 2, 3, 1), data_format="channel_last")
    torch.testing.assert_close(last.permute(0, 3, 1, 2), out)
    with pytest.raises(ValueError, match=r"got \(2, 8\)"):
        norm(torch.rand(2, 8))

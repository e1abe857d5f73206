import pytest
import torch
from torch import nn

from mmlight.models.backbones.twins import PCPVT, SVT
from mmlight.models.layers.drop_path import DropPath
from mmlight.models.networks.twins import GroupAttention

ARCH = {
    "embed_dims": [8, 16],
    "depths": [2, 2],
    "num_heads": [2, 2],
    "patch_sizes": [4, 2],
    "strides": [4, 2],
    "mlp_ratios": [2, 2],
    "sr_ratios": [2, 1],
}
WINDOWS = {**ARCH, "window_sizes": [3, 3]}


@pytest.mark.parametrize(("kind", "arch"), [(PCPVT, ARCH), (SVT, WINDOWS)])
def test_outputs_have_the_promised_shapes(kind, arch) -> None:
    outputs = kind(arch, out_indices=(0, 1))(torch.rand(1, 3, 30, 48))
    assert [out.shape for out in outputs] == [(1, 8, 8, 12), (1, 16, 4, 6)]


def test_windows_and_pooled_keys_take_turns() -> None:
    names = [
        type(block.attn).__name__ for block in SVT(WINDOWS, out_indices=(1,)).network.blocks[0]
    ]
    assert names == ["GroupAttention", "GlobalSubSampleAttn"]


def test_branches_are_dropped_twice_but_once_in_windows() -> None:
    backbone = SVT(WINDOWS, out_indices=(1,), drop_path_rate=0.3)
    counts = [
        sum(isinstance(layer, DropPath) for layer in block.children())
        for block in backbone.network.blocks[1]
    ]
    assert counts == [2, 3]


def test_norm_follows_the_stages_that_want_one() -> None:
    network = PCPVT(ARCH, out_indices=(1,), norm_after_stage=[True, False]).network
    assert isinstance(network.norm_after_stage0, nn.LayerNorm)
    assert isinstance(network.norm, nn.Identity)


def test_layers_start_drawn_by_the_fan_out() -> None:
    torch.manual_seed(0)
    backbone = PCPVT(ARCH, out_indices=(1,))
    backbone.init_weights()
    conv = backbone.network.patch_embeds[1].proj
    assert conv.weight.std().item() == pytest.approx((2 / (4 * 16)) ** 0.5, rel=0.2)
    assert conv.bias.abs().max() == 0
    assert backbone.network.blocks[0][0].mlp.fc1.weight.std().item() == pytest.approx(0.02, rel=0.3)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"norm_after_stage": [True]}, r"norm_after_stage must have 2 entries, got \[True\]"),
        ({"out_indices": (2,)}, r"out_indices must be in \[0, 2\), got \(2,\)"),
    ],
)
def test_raises_when_value_is_wrong(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        PCPVT(ARCH, **{"out_indices": (1,)} | kwargs)


def test_raises_when_arch_lacks_windows() -> None:
    with pytest.raises(ValueError, match=r"arch must have the keys .*window_sizes"):
        SVT(ARCH)


@pytest.mark.parametrize("padding_mask", ["both", "any"])
def test_windows_mask_their_padding_as_asked(padding_mask) -> None:
    backbone = SVT(WINDOWS, out_indices=(1,), padding_mask=padding_mask)
    layers = [layer for layer in backbone.modules() if isinstance(layer, GroupAttention)]
    assert [layer.padding_mask for layer in layers] == [padding_mask, padding_mask]
    with pytest.raises(TypeError, match="padding_mask"):
        PCPVT(ARCH, padding_mask=padding_mask)

import pytest
import torch

from mmlight.models.backbones.conformer import Conformer
from mmlight.models.initialize import Constant, Pretrained, init_weights

ARCH = {"embed_dims": 8, "channel_ratio": 1, "num_heads": 2, "depths": 3}


@pytest.mark.parametrize("with_cls_token", [True, False])
@torch.no_grad()
def test_gives_features_of_both_branches(with_cls_token: bool) -> None:
    backbone = Conformer(ARCH, base_channels=8, out_indices=(2, -1), with_cls_token=with_cls_token)
    outputs = backbone(torch.rand(2, 3, 40, 64))  # padded to a multiple of the patch size
    shapes = [[tuple(x.shape) for x in output] for output in outputs]
    assert shapes == [[(2, 16), (2, 8)], [(2, 32), (2, 8)]]
    assert (backbone.cls_token is not None) is with_cls_token


def test_all_layers_are_filled_unless_a_checkpoint_does() -> None:
    backbone = Conformer(ARCH, base_channels=8, init_cfg=(Constant(3, layer="Linear"),))
    init_weights(backbone, lambda *_: None)
    block = backbone.conv_trans_2
    assert block.fusion_block.bn3.weight.unique().tolist() == [0.0]
    assert block.fusion_block.bn2.weight.unique().tolist() == [1.0]
    assert 0 < block.trans_block.attn.qkv.weight.std() < 0.03
    loaded = Conformer(ARCH, base_channels=8, init_cfg=Pretrained("x.pth"))
    before = {name: value.clone() for name, value in loaded.state_dict().items()}
    init_weights(loaded, lambda *_: None)
    assert all(torch.equal(before[name], value) for name, value in loaded.state_dict().items())


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "large"}, "arch must be one of t, tiny, s, small, b, base, got 'large'"),
        ({"arch": {"depths": 3}}, "arch must have the keys .*, got {'depths': 3}"),
        ({"arch": {**ARCH, "depths": 4}}, "arch depths must be divisible by 3, got 4"),
        ({"arch": ARCH, "patch_size": 8}, "patch_size must be divisible by 16, got 8"),
        ({"arch": ARCH, "out_indices": 4}, r"out_indices must be in \[1, 4\), got 4"),
        ({"arch": ARCH, "out_indices": 1}, r"out_indices must be in \[2, 3\], got 1"),
    ],
)
def test_raises_when_an_argument_is_wrong(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        Conformer(**kwargs)

import pytest
import torch

from mmlight.models.backbones.efficientnet_v2 import EfficientNetV2


def test_gives_a_feature_per_layer() -> None:
    with torch.device("meta"):
        features = EfficientNetV2("s", out_indices=[0, 1, 2, 3, 4, 5, 6, -1])(
            torch.rand(1, 3, 64, 64)
        )
    assert [(x.shape[1], x.shape[2]) for x in features] == [
        *((24, 32), (24, 32), (48, 16), (64, 8)),
        *((128, 4), (160, 4), (256, 2), (1280, 2)),
    ]


@pytest.mark.parametrize(
    ("arch", "parameters"),
    [("b0", 5858704), ("b2", 8687086), ("m", 52858356), ("large", 117234272), ("xl", 206838808)],
)
def test_has_the_known_number_of_parameters(arch: str, parameters: int) -> None:
    with torch.device("meta"):
        network = EfficientNetV2(arch)
    assert sum(value.numel() for value in network.parameters()) == parameters


def test_stem_has_no_border_when_padding_is_plain() -> None:
    with torch.device("meta"):
        (stem,) = EfficientNetV2("b0", conv_cfg=None, out_indices=0)(torch.rand(2, 3, 33, 33))
    assert stem.shape[2:] == (16, 16)


def test_raises_when_arch_is_unknown() -> None:
    with pytest.raises(ValueError, match=r"arch must be one of s, small, .*, got 'b4'"):
        EfficientNetV2("b4")


def test_raises_when_there_is_no_such_layer() -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=r"\[0, 8\), got 8"):
        EfficientNetV2("s", out_indices=8)


def test_single_convolutions_count_statistics_once_when_blocks_run_twice() -> None:
    network = EfficientNetV2("b0", with_cp=True).train()
    network(torch.rand(2, 3, 64, 64))[0].sum().backward()
    assert network.network.blocks[0][0].bn1.num_batches_tracked == 1
    assert network.network.blocks[1][0].bn1.num_batches_tracked == 2

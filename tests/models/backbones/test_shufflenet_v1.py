import pytest
import torch

from mmlight.models.backbones.shufflenet_v1 import ShuffleNetV1, ShuffleUnit


@pytest.mark.parametrize(("groups", "channels"), [(1, 144), (2, 200), (3, 240), (4, 272), (8, 384)])
def test_gives_a_feature_per_stage(groups: int, channels: int) -> None:
    with torch.device("meta"):
        features = ShuffleNetV1(groups, out_indices=(0, 1, 2))(torch.rand(1, 3, 64, 64))
    assert [tuple(x.shape[1:]) for x in features] == [
        (channels, 8, 8),
        (2 * channels, 4, 4),
        (4 * channels, 2, 2),
    ]


def test_has_the_known_number_of_parameters() -> None:
    with torch.device("meta"):
        network = ShuffleNetV1()
    assert sum(value.numel() for value in network.parameters()) == 904728


def test_unit_puts_the_pooled_input_beside_the_result() -> None:
    unit = ShuffleUnit(4, 16, 2).eval()
    images = torch.rand(1, 4, 8, 8)
    torch.testing.assert_close(unit(images)[:, :4], torch.nn.AvgPool2d(3, 2, 1)(images))


def test_unit_adds_its_input_when_the_shape_stays() -> None:
    unit = ShuffleUnit(16, 16, 2).eval()
    torch.nn.init.zeros_(unit.g_conv_1x1_expand.conv.weight)
    images = torch.randn(1, 16, 8, 8)
    torch.testing.assert_close(unit(images), images.relu())


def test_raises_when_groups_are_unknown() -> None:
    with pytest.raises(ValueError, match=r"groups must be one of \(1, 2, 3, 4, 8\), got 5"):
        ShuffleNetV1(5)

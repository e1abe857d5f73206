import pytest

from mmlight.models.layers.conv import check_plain_conv, read_padding


@pytest.mark.parametrize("read", [read_padding, check_plain_conv])
def test_raises_when_convolution_is_another_one(read) -> None:
    with pytest.raises(ValueError, match=r"conv_cfg must be None .* got {'type': 'ConvWS'}"):
        read({"type": "ConvWS"})


def test_raises_when_padding_is_not_plain() -> None:
    with pytest.raises(ValueError, match=r"got {'type': 'Conv2dAdaptivePadding'}"):
        check_plain_conv({"type": "Conv2dAdaptivePadding"})

import pytest
import torch

from mmlight.compat.cnn.scale import InitLayerScale, LayerScale, Scale


def test_values_are_multiplied_when_scaled():
    x = torch.ones(2, 3, 4, 5)
    assert Scale(0.5)(x).unique().tolist() == [0.5]
    assert LayerScale(5, scale=2)(x).unique().tolist() == [2.0]
    start = torch.tensor([1.0, 2.0, 3.0])
    layer = InitLayerScale(3, start, data_format="channels_first")
    assert layer(x)[0, :, 0, 0].tolist() == [1.0, 2.0, 3.0]


def test_input_is_overwritten_when_inplace():
    x = torch.ones(2, 5)
    with torch.no_grad():
        assert LayerScale(5, inplace=True, scale=3)(x) is x
    assert x.unique().tolist() == [3.0]


def test_format_is_refused_when_unknown():
    with pytest.raises(ValueError, match=r"data_format must be .* got 'NCHW'"):
        LayerScale(3, data_format="NCHW")

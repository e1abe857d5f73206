import math

import pytest
import torch

from mmlight.models.networks.t2t import (
    T2TModule,
    T2TTransformerLayer,
    sinusoid_encoding,
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"attention_scale": "multiply"}, 2.0),
        ({"attention_scale": "divide"}, 0.5),
        ({"attention_scale": "divide", "qk_scale": 0.3}, 0.3),
        ({"attention_scale": "multiply", "qk_scale": 0.3}, 2.0),
        ({"attention_scale": "divide", "input_dims": 18}, 1 / 3),
    ],
)
def test_scale_is_that_of_the_generation(words, expected) -> None:
    assert T2TTransformerLayer(8, 2, 8, **words).attn.scale == pytest.approx(expected)


def test_values_are_added_where_channels_change() -> None:
    layer = T2TTransformerLayer(4, 1, 4, 9, attention_scale="divide")
    assert layer.attn.value_shortcut
    assert layer(torch.rand(2, 5, 9)).shape == (2, 5, 4)


@pytest.mark.parametrize(("size", "grid"), [((32, 48), (2, 3)), ((30, 40), (2, 3))])
def test_tokens_cover_the_image(size, grid) -> None:
    tokens, found = T2TModule(3, 16, 4, "divide")(torch.rand(2, 3, *size))
    assert found == grid
    assert tokens.shape == (2, grid[0] * grid[1], 16)


def test_positions_are_waves() -> None:
    table = sinusoid_encoding(5, 6)
    assert table.shape == (1, 5, 6)
    assert table.dtype == torch.float32
    assert table[0, 3, 0].item() == pytest.approx(math.sin(3), rel=1e-6)
    assert table[0, 3, 3].item() == pytest.approx(math.cos(3 / 10000 ** (2 / 6)), rel=1e-6)

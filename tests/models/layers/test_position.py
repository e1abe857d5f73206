import logging

import pytest
import torch

from mmlight.models.layers.position import (
    fit_bias_table,
    fit_pos_embed,
    resize_pos_embed,
    sine_positions,
)

# a table of 5x5 distances and what SciPy 1.13's interp2d(kind='cubic') makes of it at 7x7,
# in the way of the originals
TABLE = [
    -1.0,
    0.75,
    -0.25,
    1.5,
    0.5,
    -0.5,
    1.25,
    0.25,
    -0.75,
    1.0,
    0.0,
    -1.0,
    0.75,
    -0.25,
    1.5,
    0.5,
    -0.5,
    1.25,
    0.25,
    -0.75,
    1.0,
    0.0,
    -1.0,
    0.75,
    -0.25,
]
RESIZED = [
    -1.0,
    0.9190453,
    0.75,
    -0.25,
    1.5,
    2.2476168,
    0.5,
    -0.8857144,
    2.2632225,
    2.3414264,
    -0.0938096,
    0.0795253,
    0.7300043,
    0.0014294,
    -0.5,
    0.7642843,
    1.25,
    0.25,
    -0.75,
    -0.2642843,
    1.0,
    -0.0,
    -1.7476168,
    -1.0,
    0.75,
    -0.25,
    -0.4190453,
    1.5,
    0.5,
    -1.2057121,
    -0.5,
    1.25,
    0.25,
    -1.134285,
    -0.75,
    0.8857144,
    0.7873374,
    0.4985706,
    0.4204746,
    0.5938096,
    -0.3777238,
    -1.8414264,
    1.0,
    1.384285,
    0.0,
    -1.0,
    0.75,
    1.4557121,
    -0.25,
]


def test_resizing_keeps_extra_tokens_and_constant_maps() -> None:
    positions = torch.cat([torch.full((1, 1, 2), 5.0), torch.ones(1, 6, 2)], dim=1)
    resized = resize_pos_embed(positions, (2, 3), (4, 4))
    assert resized.shape == (1, 17, 2)
    assert resized[0, 0].tolist() == [5.0, 5.0]
    torch.testing.assert_close(resized[:, 1:], torch.ones(1, 16, 2))


def test_resizing_does_nothing_when_grids_are_equal() -> None:
    positions = torch.rand(1, 7, 2)
    assert resize_pos_embed(positions, (2, 3), (2, 3)) is positions


def test_raises_when_length_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"fit the grid \(2, 2\), got the shape \(1, 7, 2\)"):
        resize_pos_embed(torch.rand(1, 7, 2), (2, 2), (3, 3))


def test_fits_a_square_grid_to_another(caplog) -> None:
    loaded = torch.rand(1, 10, 2)
    with caplog.at_level(logging.INFO):
        fitted = fit_pos_embed(loaded, (2, 5))
    torch.testing.assert_close(fitted, resize_pos_embed(loaded, (3, 3), (2, 5)))
    assert "from 3x3 to 2x5" in caplog.text


@pytest.mark.parametrize("length", [10, 8])
def test_leaves_embeddings_that_fit_or_are_of_no_square(length) -> None:
    loaded = torch.rand(1, length, 2)
    assert fit_pos_embed(loaded, (3, 3)) is loaded


def test_cuts_off_a_class_token_that_has_no_place() -> None:
    loaded = torch.rand(1, 10, 2)
    torch.testing.assert_close(fit_pos_embed(loaded, (3, 3), num_extra_tokens=0), loaded[:, 1:])


def test_sine_positions_tell_all_places_apart() -> None:
    positions = sine_positions((3, 2), 8)
    assert positions.shape == (6, 8)
    assert len(positions.unique(dim=0)) == 6
    assert positions[1, 0] == pytest.approx(0)  # the next place is in the same column


# --------------------------------------------------------------- tables of relative positions


def test_table_is_resized_as_scipy_does() -> None:
    table = torch.cat((torch.tensor(TABLE)[:, None], torch.full((3, 1), 9.0)))
    fitted = fit_bias_table(table, 49 + 3, 3)
    torch.testing.assert_close(fitted[:49, 0], torch.tensor(RESIZED), rtol=1e-6, atol=1e-6)
    assert fitted[49:, 0].tolist() == [9.0, 9.0, 9.0]


@pytest.mark.parametrize("length", [25, 26, 9])
def test_table_stays_when_it_fits_or_is_of_no_square(length) -> None:
    table = torch.rand(length, 2)
    assert fit_bias_table(table, 25 if length != 9 else 49) is table


def test_heads_of_a_table_stay_apart() -> None:
    table = torch.rand(25, 2)
    one = fit_bias_table(table[:, 1:], 49)
    torch.testing.assert_close(fit_bias_table(table, 49)[:, 1:], one)

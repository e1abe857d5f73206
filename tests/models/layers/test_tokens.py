import pytest
import torch

from mmlight.models.layers.tokens import check_out_type, format_tokens

TOKENS = torch.rand(2, 1 + 6, 4)


def test_formats_as_asked() -> None:
    patches = TOKENS[:, 1:]
    assert format_tokens(TOKENS, (2, 3), 1, "raw") is TOKENS
    assert torch.equal(format_tokens(TOKENS, (2, 3), 1, "cls_token"), TOKENS[:, 0])
    torch.testing.assert_close(format_tokens(TOKENS, (2, 3), 1, "avg_featmap"), patches.mean(1))
    maps = format_tokens(TOKENS, (2, 3), 1, "featmap")
    assert maps.shape == (2, 4, 2, 3)
    assert torch.equal(maps[:, :, 1, 2], patches[:, 5])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("patch", True), "out_type must be one of .* got 'patch'"),
        (("cls_token", False), "with_cls_token must be True for out_type='cls_token', got False"),
    ],
)
def test_raises_when_output_cannot_be_had(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        check_out_type(*arguments)

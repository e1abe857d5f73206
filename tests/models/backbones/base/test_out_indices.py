import pytest

from mmlight.models.backbones.base.out_indices import to_out_indices


def test_counts_from_the_end_when_negative() -> None:
    assert to_out_indices((0, -1, -2), 4) == (0, 3, 2)
    assert to_out_indices((2, -1), 12, first=1) == (2, 12)


@pytest.mark.parametrize("indices", [4, -5, (0, 7), ()])
def test_raises_when_there_is_no_such_stage(indices: int | tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"out_indices must be in \[0, 4\), got ") as caught:
        to_out_indices(indices, 4)
    assert str(caught.value).endswith(str(indices))

import pytest
import torch

from mmlight.models.layers.drop_path import DropPath


def test_drops_whole_samples_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    out = DropPath(0.25).train()(torch.ones(4000, 2, 3))
    assert out.unique().tolist() == pytest.approx([0, 4 / 3])
    assert torch.equal(out.amin((1, 2)), out.amax((1, 2)))
    assert out.mean().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("rate", "training"), [(0.5, False), (0.0, True)])
def test_does_nothing_when_off(rate: float, training: bool) -> None:
    x = torch.ones(2, 2)
    assert DropPath(rate).train(training)(x) is x


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_raises_when_rate_is_out_of_range(rate: float) -> None:
    with pytest.raises(ValueError, match=rf"got {rate}"):
        DropPath(rate)

import pytest
import torch

from mmlight.models.necks.gem import GeneralizedMeanPooling


def test_pools_between_mean_and_maximum():
    feat = torch.rand(2, 3, 4, 5)
    first, other = GeneralizedMeanPooling(p=1)((feat, feat[:, :1]))
    torch.testing.assert_close(first, feat.mean((2, 3)))
    assert other.shape == (2, 1)
    near = GeneralizedMeanPooling(p=500)(feat.double())
    torch.testing.assert_close(near, feat.double().amax((2, 3)), rtol=0.02, atol=0)


def test_small_values_count_as_eps_when_clamped():
    feat = torch.tensor([[[[-2.0, 0.1]]]])
    assert GeneralizedMeanPooling(p=1, eps=0.3)(feat).item() == pytest.approx(0.3)
    assert GeneralizedMeanPooling(p=1, clamp=False)(feat).item() == pytest.approx(-0.95)


def test_power_is_trained_unless_told():
    assert GeneralizedMeanPooling().p.requires_grad
    assert not GeneralizedMeanPooling(p_trainable=False).p.requires_grad


def test_raises_when_the_power_is_too_small():
    with pytest.raises(ValueError, match=r"p must be at least 1, got 0\.5"):
        GeneralizedMeanPooling(p=0.5)

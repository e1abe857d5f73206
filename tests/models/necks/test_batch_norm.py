import torch

from mmlight.models.necks.batch_norm import ClsBatchNormNeck


def test_normalizes_each_feature_over_the_batch():
    (out,) = ClsBatchNormNeck(3)((torch.randn(16, 3) * 5 + 2,))
    torch.testing.assert_close(out.mean(0), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(out.std(0, correction=0), torch.ones(3))


def test_has_parameters_when_affine():
    assert not list(ClsBatchNormNeck(3).parameters())
    neck = ClsBatchNormNeck(3, affine=True, eps=0.1)
    assert (len(list(neck.parameters())), neck.bn.eps) == (2, 0.1)

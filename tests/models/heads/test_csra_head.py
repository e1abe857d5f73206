import pytest
import torch

from mmlight.models.heads.csra_head import CSRAClsHead, CSRAModule


def test_even_maps_have_the_mean_and_its_share():
    for temperature in (1, 99):
        part = CSRAModule(2, 3, temperature, lam=0.5)
        x = torch.rand(2, 3, 1, 1).expand(2, 3, 4, 4)
        cosine = part.head(x)[..., 0, 0] / part.head.weight[..., 0, 0].norm(dim=1)
        torch.testing.assert_close(part(x), cosine * 1.5)


def test_heads_have_their_temperatures_and_add_up():
    head = CSRAClsHead(2, 3, num_heads=4, lam=0.1)
    assert [part.temperature for part in head.csra_heads] == [1, 2, 4, 99]
    x = torch.rand(2, 3, 4, 4)
    torch.testing.assert_close(head((x,)), sum(part(x) for part in head.csra_heads))


def test_scores_are_sigmoids_unless_told():
    head, x = CSRAClsHead(2, 3, num_heads=1, lam=0.1), (torch.rand(2, 3, 4, 4),)
    assert torch.equal(head.predict(x), head(x).sigmoid())
    head.logits_as_scores = True
    assert torch.equal(head.predict(x), head(x))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"num_heads": 3, "lam": 0.1}, "num_heads must be one of 1, 2, 4, 6, 8, got 3"),
        ({"num_heads": 1, "lam": 0}, "lam must be above 0, got 0"),
    ],
)
def test_raises_when_values_are_out_of_range(options, text):
    with pytest.raises(ValueError, match=text):
        CSRAClsHead(2, 3, **options)

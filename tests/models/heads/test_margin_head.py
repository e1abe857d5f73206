import math

import pytest
import torch

from mmlight.errors import DataError
from mmlight.models.heads.margin_head import ArcFaceClsHead, NormProduct

LABELS = torch.tensor([0, 2])


def make(**options) -> ArcFaceClsHead:
    torch.manual_seed(0)
    return ArcFaceClsHead(3, 4, **options)


def test_logits_are_scaled_cosines():
    head, x = make(scale=2.0), torch.randn(2, 4)
    cosine = torch.cosine_similarity(x[:, None], head.norm_product.weight[None], dim=2)
    torch.testing.assert_close(head((x,)), cosine * 2)


def test_margin_is_added_to_the_right_class_only():
    head, x = make(scale=1.0, margins=0.5), torch.randn(2, 4)
    plain, shifted = head((x,)), head((x,), LABELS)
    rows = torch.arange(2)
    angles = plain[rows, LABELS].acos()
    assert (angles < math.pi - 0.5).all()
    torch.testing.assert_close(shifted[rows, LABELS], torch.cos(angles + 0.5))
    shifted = shifted.clone()
    shifted[rows, LABELS] = plain[rows, LABELS]
    assert torch.equal(shifted, plain)


def test_line_goes_on_downwards_where_the_angle_would_pass_pi():
    head = make(scale=1.0, margins=0.5)
    x = -head.norm_product.weight[LABELS].detach() * 0.999
    away = head((x,), LABELS)[torch.arange(2), LABELS]
    assert (away < -1).all()
    head.easy_margin = True
    torch.testing.assert_close(head((x,), LABELS), head((x,)))


def test_nearest_centre_counts():
    layer, x = NormProduct(4, 3, 5), torch.randn(2, 4)
    every = torch.cosine_similarity(x[:, None], layer.weight[None], dim=2)
    torch.testing.assert_close(layer(x), every.view(2, 3, 5).amax(2))
    assert layer(x).shape == (2, 3)


def test_margins_come_from_a_number_a_list_or_a_file(tmp_path):
    (tmp_path / "m.txt").write_text("0.1\n0.2\n0.3\n")
    for margins in ([0.1, 0.2, 0.3], str(tmp_path / "m.txt")):
        assert make(margins=margins).margins.tolist() == pytest.approx([0.1, 0.2, 0.3])
    head = make()
    assert head.margins.tolist() == [0.5] * 3
    head.set_margins(1)
    assert head.margins.tolist() == [1] * 3
    assert not [name for name in head.state_dict() if "margin" in name]


def test_labels_say_where_the_margins_are_when_the_target_is_soft():
    head, x = make(), (torch.randn(2, 4),)
    soft = torch.eye(3)[LABELS]
    loss = head.loss(x, soft, labels=LABELS)["loss"]
    torch.testing.assert_close(loss, head.loss(x, LABELS)["loss"])
    with pytest.raises(ValueError, match=r"labels must be class indices .* scores \(2, 3\)"):
        head.loss(x, soft)


def test_half_precision_features_are_taken_under_autocast():
    head, x = make(), torch.randn(2, 4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = head((x.bfloat16(),), LABELS)
    assert logits.dtype == torch.float32


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"margins": [0.1]}, "margins must have 3 values, got 1"),
        ({"margins": "m.csv"}, "margins must be .* got 'm.csv'"),
        ({"num_subcenters": 0}, "num_subcenters must be at least 1, got 0"),
    ],
)
def test_raises_when_values_are_wrong(options, text):
    with pytest.raises(ValueError, match=text):
        make(**options)


def test_raises_when_the_file_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        make(margins=str(tmp_path / "m.txt"))
    (tmp_path / "m.txt").write_text("0.1\nx\n")
    with pytest.raises(DataError, match="could not convert string to float: 'x'"):
        make(margins=str(tmp_path / "m.txt"))


def test_gradient_is_finite_when_a_feature_is_a_centre():
    head = ArcFaceClsHead(num_classes=2, in_channels=2)
    with torch.no_grad():
        head.norm_product.weight.copy_(torch.eye(2))
    feature = torch.eye(2, requires_grad=True)
    head.loss((feature,), torch.tensor([1, 0]))["loss"].backward()
    assert feature.grad.isfinite().all()

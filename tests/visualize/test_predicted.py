import torch

from mmlight.visualize.predicted import make_cell
from mmlight.visualize.sheet import RIGHT, WRONG

BLUE_IF_BGR = torch.tensor([200, 0, 0], dtype=torch.uint8).view(3, 1, 1)


def test_names_the_true_class_only_when_the_prediction_is_wrong():
    found = {"pred_label": 1, "pred_class": "dog", "pred_score": 0.8}
    right = make_cell(BLUE_IF_BGR, found, 1, ["cat", "dog"], is_bgr=True)
    assert (right.texts, right.color) == (["dog 0.80"], RIGHT)
    wrong = make_cell(BLUE_IF_BGR, found, 0, ["cat", "dog"], is_bgr=True)
    assert (wrong.texts, wrong.color) == (["dog 0.80", "(cat)"], WRONG)


def test_says_none_when_no_class_is_predicted_or_true():
    found = {"pred_label": [], "pred_class": [], "pred_score": []}
    cell = make_cell(BLUE_IF_BGR, found, [], ["cat"], is_bgr=True)
    assert (cell.texts, cell.color) == (["none"], RIGHT)
    assert make_cell(BLUE_IF_BGR, found, [0], ["cat"], is_bgr=True).texts == ["none", "(cat)"]


def test_draws_rgb_whatever_the_order_of_channels():
    found = {"pred_label": 0, "pred_class": "cat", "pred_score": 1.0}
    for is_bgr, pixel in ((True, [0, 0, 200]), (False, [200, 0, 0])):
        cell = make_cell(BLUE_IF_BGR, found, 0, ["cat"], is_bgr=is_bgr)
        assert cell.images[0][0, 0].tolist() == pixel

import numpy as np
import pytest
import torch
from PIL import Image

from mmlight.data.transforms import Collect, ImageToTensor, PackInputs, ToTensor
from mmlight.data.transforms.pack import to_chw, to_tensor

IMAGE = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_to_chw_copies_when_any_layout(dtype, channels):
    image = np.arange(5 * 7 * (channels or 1)).reshape((5, 7, channels) if channels else (5, 7))
    image = image.astype(dtype)
    for view in (image, image[:, ::-1], image[1:3, 2:5]):
        tensor = to_chw(view)
        expected = view[None] if channels is None else view.transpose(2, 0, 1)
        assert np.array_equal(tensor.numpy(), expected)
        assert tensor.is_contiguous()
        tensor.zero_()
    assert image.any()


def test_pack_inputs_keeps_what_is_named_when_there():
    results = {
        "img": IMAGE,
        "gt_label": np.int64(4),
        "flip": True,
        "mask": 1,
        "other": 2,
        "sample_idx": 9,
    }
    packed = PackInputs(algorithm_keys=("mask", "none"), meta_keys=("flip", "scale"))(results)
    assert sorted(packed) == ["inputs", "mask", "metas", "target"]
    assert packed["metas"] == {"flip": True}
    assert type(packed["target"]) is int


@pytest.mark.parametrize("label", [3, np.array(3), np.int64(3), torch.tensor(3)])
def test_pack_inputs_gives_int_when_one_label(label):
    assert PackInputs()({"img": IMAGE, "gt_label": label})["target"] == 3


def test_pack_inputs_gives_tensor_when_several_labels():
    assert PackInputs()({"img": IMAGE, "gt_label": [1, 5]})["target"].tolist() == [1, 5]
    assert PackInputs()({"img": IMAGE, "gt_label": []})["target"].dtype == torch.int64
    assert "target" not in PackInputs()({"img": IMAGE})


def test_pack_inputs_takes_other_inputs_when_not_an_array():
    packed = PackInputs()({"img": [IMAGE, Image.fromarray(IMAGE), torch.zeros(3, 1, 1)]})
    assert [tuple(item.shape) for item in packed["inputs"]] == [(3, 5, 7), (3, 5, 7), (3, 1, 1)]


def test_to_tensor_converts_when_numbers_and_arrays():
    assert to_tensor(2.5).tolist() == [2.5]
    assert to_tensor([1, 2]).tolist() == [1, 2]
    assert to_tensor(IMAGE).shape == (5, 7, 3)
    with pytest.raises(ValueError, match=r"value must be .* got str"):
        to_tensor("a")


def test_format_steps_convert_when_keys_are_given():
    results = {"img": IMAGE, "gt_label": 3, "deep": {"a": 1}, "flip": True}
    results = ToTensor(["gt_label", "deep.a"])(ImageToTensor(["img"])(results))
    assert results["deep"]["a"].tolist() == [1]
    data = Collect(["img", "gt_label"], meta_keys=["flip", "none"])(results)
    assert data["img_metas"] == {"flip": True}
    assert data["img"].shape == (3, 5, 7)
    assert sorted(Collect(["img"])(results)) == ["img"]


def test_target_is_the_score_when_there_is_one():
    packed = PackInputs()({"gt_label": 1, "gt_score": np.array([0.2, 0.8])})
    assert packed["target"].tolist() == [0.2, 0.8]


def test_target_is_a_number_when_a_tensor_of_one():
    assert PackInputs()({"gt_label": torch.tensor([3])})["target"] == 3
    assert PackInputs()({"gt_label": torch.tensor([3, 4])})["target"].tolist() == [3, 4]

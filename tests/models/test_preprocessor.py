import pytest
import torch

from mmlight.models.preprocessor import ImagePreprocessor


def test_flips_normalizes_and_pads() -> None:
    images = torch.tensor([1, 2, 3], dtype=torch.uint8).view(1, 3, 1, 1)
    prepare = ImagePreprocessor([0, 1, 2], [1, 2, 4], to_rgb=True, pad_size_divisor=2, pad_value=9)
    out = prepare(images)
    assert out.dtype == torch.float32
    assert out[0, :, 0, 0].tolist() == [3.0, 0.5, -0.25]
    assert out.shape == (1, 3, 2, 2)
    assert out[0, 0, 1].tolist() == [9.0, 9.0]


def test_pads_images_of_a_list_to_the_largest() -> None:
    out = ImagePreprocessor()([torch.ones(3, 2, 5), torch.ones(3, 4, 3)])
    assert out.shape == (2, 3, 4, 5)
    assert out[0, 0].sum() == 10


def test_statistics_follow_the_module_and_stay_out_of_checkpoints() -> None:
    prepare = ImagePreprocessor([1, 1, 1], [1, 1, 1])
    assert prepare.state_dict() == {}
    assert prepare.to("meta").mean.device.type == "meta"


def test_makes_one_hot_targets_when_asked() -> None:
    targets = torch.tensor([1, 0])
    assert ImagePreprocessor().prepare_targets(targets) is targets
    prepare = ImagePreprocessor(num_classes=2, to_onehot=True)
    assert prepare.prepare_targets(targets).tolist() == [[0.0, 1.0], [1.0, 0.0]]
    soft = torch.rand(2, 2)
    assert prepare.prepare_targets(soft) is soft


@pytest.mark.parametrize("kwargs", [{"mean": [1.0]}, {"std": [2.0]}])
def test_raises_when_only_one_statistic_is_given(kwargs) -> None:
    with pytest.raises(ValueError, match="std must be given together with mean"):
        ImagePreprocessor(**kwargs)


def test_raises_when_one_hot_has_no_number_of_classes() -> None:
    with pytest.raises(ValueError, match="num_classes must be given"):
        ImagePreprocessor(to_onehot=True)


def test_makes_scores_of_several_classes_per_image() -> None:
    prepare = ImagePreprocessor(num_classes=3, to_onehot=True)
    scores = prepare.prepare_targets([torch.tensor([0, 2]), torch.tensor([1])])
    assert scores.tolist() == [[1, 0, 1], [0, 1, 0]]
    lists = [torch.tensor([0])]
    assert ImagePreprocessor().prepare_targets(lists) is lists


def test_grey_images_get_a_channel_for_each_mean() -> None:
    out = ImagePreprocessor([1, 2, 3], [1, 1, 1])(torch.full((2, 1, 2, 2), 3.0))
    assert out[0, :, 0, 0].tolist() == [2, 1, 0]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_normalizes_in_float32_when_the_model_has_another_dtype(dtype: torch.dtype) -> None:
    preprocessor = ImagePreprocessor(mean=[123.675], std=[58.395])
    images = torch.full((1, 1, 2, 2), 7, dtype=torch.uint8)
    expected = preprocessor(images)
    assert torch.equal(preprocessor.to(dtype)(images), expected)


def test_channels_lie_together_when_asked() -> None:
    images = torch.randint(0, 256, (2, 3, 5, 4), dtype=torch.uint8)
    words = dict(mean=[1, 2, 3], std=[4, 5, 6], to_rgb=True, pad_size_divisor=4)
    plain = ImagePreprocessor(**words)(images)
    prepared = ImagePreprocessor(**words, channels_last=True)(images)
    assert prepared.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(prepared, plain)

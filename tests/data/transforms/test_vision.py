import pytest
import torch
from PIL import Image

from mmlight.data.transforms import MAERandomResizedCrop, TorchVision


def test_words_become_objects_when_filter_or_dtype():
    to_tensor, convert = TorchVision("ToTensor"), TorchVision("ConvertImageDtype", dtype="float16")
    results = convert(to_tensor({"img": Image.new("RGB", (4, 3))}))
    assert (results["img"].shape, results["img"].dtype) == ((3, 3, 4), torch.float16)
    for word in ("hammimg", "Hamming"):
        assert (
            TorchVision("Resize", size=2, interpolation=word).transform.interpolation.value
            == "hamming"
        )


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (dict(name="Resiz"), "name must be a transform of torchvision, got 'Resiz'"),
        (dict(name="functional"), "name must be a transform of torchvision, got 'functional'"),
        (dict(name="Resize", size=1, interpolation="best"), "interpolation must be one .* 'best'"),
        (dict(name="ConvertImageDtype", dtype="nn"), "dtype must be a type of torch, got 'nn'"),
    ],
)
def test_vision_raises_when_unknown(args, text):
    with pytest.raises(ValueError, match=text):
        TorchVision(**args)


def test_crop_is_cut_to_the_image_when_it_is_larger():
    crop = MAERandomResizedCrop((4, 6), scale=(1.0, 1.0), ratio=(9.0, 9.0), interpolation="bicubic")
    assert crop({"img": Image.new("RGB", (30, 20))})["img"].size == (6, 4)
    assert crop._draw_box(30, 20)[1:] == (0, 8, 30)
    with pytest.raises(ValueError, match=r"interpolation must be one of .* got 'best'"):
        MAERandomResizedCrop(4, interpolation="best")

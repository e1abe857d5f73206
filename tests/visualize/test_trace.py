"""A trace has every image between two transforms, and knows what its values mean."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch.utils.data import ConcatDataset

from mmlight.data.datasets.custom import CustomDataset
from mmlight.data.datasets.mnist import FashionMNIST
from mmlight.data.transforms.compose import Compose
from mmlight.data.transforms.convert import NumpyToPIL, PILToNumpy
from mmlight.data.transforms.flip import RandomFlip
from mmlight.data.transforms.load import LoadImageFromFile
from mmlight.data.transforms.normalize import Normalize
from mmlight.data.transforms.pack import PackInputs
from mmlight.data.transforms.resize import Resize
from mmlight.data.transforms.views import MultiView
from mmlight.data.transforms.vision import TorchVision
from mmlight.errors import DataError
from mmlight.visualize.to_rgb import list_images, to_rgb
from mmlight.visualize.trace import Trace, is_equal
from tests.runs import FASHION

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def load(folder: Path, *steps: Any) -> CustomDataset:
    return CustomDataset(data_prefix=str(folder), pipeline=[LoadImageFromFile(), *steps])


def show(trace: Trace) -> list[Any]:
    return [
        [to_rgb(image, view.meaning) for image in list_images(view.image)] for view in trace.views
    ]


@pytest.mark.parametrize(
    "steps",
    [
        [Normalize(MEAN, STD)],
        [NumpyToPIL(to_rgb=True), PILToNumpy(to_bgr=True)],
        [NumpyToPIL(), PILToNumpy()],
        [NumpyToPIL(to_rgb=True), TorchVision("ToTensor")],
        [
            NumpyToPIL(to_rgb=True),
            TorchVision("ToTensor"),
            TorchVision("Normalize", mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
        ],
        [NumpyToPIL(to_rgb=True), TorchVision("RandomGrayscale", p=0.0)],
    ],
)
def test_every_view_shows_the_photo(steps: list[Any], photos: Path, hopper: np.ndarray) -> None:
    dataset = load(photos, *steps)
    trace = Trace(dataset)
    _ = dataset.prepare_data(0)
    assert len(trace.views) == 1 + len(steps)
    for images in show(trace):
        assert len(images) == 1
        assert abs(images[0].astype(int) - hopper).max() <= 1


def test_names_each_step_and_says_which_changed_nothing(photos: Path) -> None:
    steps = [Resize(64), RandomFlip(0.0), RandomFlip(1.0), PackInputs()]
    dataset = load(photos, *steps, lambda results: results)
    trace = Trace(dataset)
    result = dataset[2]
    assert result["inputs"].shape == (3, 64, 64)
    assert [(view.name, view.is_same) for view in trace.views] == [
        ("LoadImageFromFile", False),
        ("Resize", False),
        ("RandomFlip", True),
        ("RandomFlip", False),
    ]
    assert trace.names[-2:] == ["PackInputs", "<lambda>"]
    assert (trace.label, trace.path) == (1, str(photos / "dog" / "c.jpg"))


def test_views_are_copies(photos: Path, hopper: np.ndarray) -> None:
    def blacken(results: dict[str, Any]) -> dict[str, Any]:
        results["img"][:] = 0
        return results

    dataset = load(photos, blacken)
    trace = Trace(dataset)
    _ = dataset[0]
    (first,), (last,) = show(trace)
    assert (first == hopper).all()
    assert not last.any()
    assert trace.views[1].name == "blacken"


def test_image_in_memory_is_the_original() -> None:
    dataset = FashionMNIST(data_root=str(FASHION), pipeline=[Resize(32)])
    trace = Trace(dataset)
    _ = dataset[3]
    assert [view.name for view in trace.views] == ["original", "Resize"]
    assert trace.views[0].meaning.order == "RGB"
    assert (trace.path, trace.label) == ("", 3)
    assert Trace(FashionMNIST(data_root=str(FASHION)), order="BGR")._meaning.order == "BGR"


def test_several_views_are_kept(photos: Path) -> None:
    dataset = load(photos, MultiView([[Resize(32)], [Resize(16)]], [1, 2]))
    trace = Trace(dataset)
    _ = dataset[0]
    assert [image.shape for image in show(trace)[1]] == [(32, 32, 3), (16, 16, 3), (16, 16, 3)]


def test_datasets_in_wrappers_report_to_one_trace(photos: Path) -> None:
    one, two = load(photos), load(photos, Resize(8))
    two.pipeline = Compose(two.pipeline)  # as users' own datasets have it
    both = ConcatDataset([one, two, one])
    trace = Trace(both)
    lengths = []
    for index in (0, 3, 6):
        _ = both[index]
        lengths.append(len(trace.views))
    assert lengths == [1, 2, 1]


def test_steps_can_be_left_out(photos: Path) -> None:
    dataset = load(photos, Resize(8), Normalize(MEAN, STD))
    trace = Trace(dataset, skip_types=["Resize", "Normalize"])
    assert dataset[0]["img"].shape == (600, 512, 3)
    assert len(trace.views) == 1


def test_tells_which_step_rejects_or_fails(photos: Path) -> None:
    def reject(results: dict[str, Any]) -> None:
        return None

    def fail(results: dict[str, Any]) -> None:
        raise ZeroDivisionError("by zero.")

    dataset = load(photos, reject)
    trace = Trace(dataset)
    assert dataset.prepare_data(0) is None
    assert trace.rejected_by == "reject"
    failing = load(photos, fail)
    Trace(failing)
    with pytest.raises(DataError, match=r"a\.png: fail fails on it: ZeroDivisionError: by zero\."):
        failing.prepare_data(0)


def test_compares_images_of_every_kind() -> None:
    black = Image.new("RGB", (2, 2))
    assert is_equal(black, Image.new("RGB", (2, 2)))
    assert not is_equal(black, np.asarray(black))
    assert not is_equal([black], [black, black])

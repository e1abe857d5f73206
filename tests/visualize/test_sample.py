"""Samples of any dataset are read; the seed decides what is drawn."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlight.data.datasets.custom import CustomDataset
from mmlight.data.datasets.wrapper import find_classes
from mmlight.data.transforms.load import LoadImageFromFile
from mmlight.data.transforms.pack import PackInputs
from mmlight.data.transforms.resized_crop import RandomResizedCrop
from mmlight.errors import ConfigError
from mmlight.spec import Call
from mmlight.stage_data import StageData
from mmlight.visualize.sample import Sample, find_label, label_of, read_samples
from mmlight.visualize.trace import Trace


def read(dataset: Any, indices: list[int], seed: int = 0) -> list[Sample]:
    data = StageData("train", Call("x"), dataset, find_classes(dataset))
    return list(read_samples(data, Trace(dataset), indices, seed=seed))


def load(folder: Path) -> CustomDataset:
    steps = [LoadImageFromFile(), RandomResizedCrop(32), PackInputs()]
    return CustomDataset(data_prefix=str(folder), pipeline=steps)


def test_reads_what_is_known(photos: Path) -> None:
    samples = read(load(photos), [2, 0])
    assert [(s.index, s.label, s.path) for s in samples] == [
        (2, "dog", str(photos / "dog" / "c.jpg")),
        (0, "cat", str(photos / "cat" / "a.png")),
    ]
    assert samples[0].result["inputs"].shape == (3, 32, 32)
    assert [view.name for view in samples[0].views] == ["LoadImageFromFile", "RandomResizedCrop"]


def test_the_seed_and_the_place_decide(photos: Path) -> None:
    def inputs(*args: Any) -> list[torch.Tensor]:
        return [sample.result["inputs"] for sample in read(load(photos), *args)]

    first, again, other = inputs([0, 0]), inputs([0, 0]), inputs([0, 0], 5)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], first[1])  # named twice: two draws
    assert not torch.equal(first[0], other[0])
    assert torch.equal(inputs([2, 0])[1], first[1])  # whatever stands before it


@pytest.mark.parametrize(
    ("item", "label"),
    [
        ((torch.zeros(3, 4, 6), 1), "1"),
        ({"img": np.zeros((4, 6, 3)), "gt_label": 2}, "2"),
        ({"inputs": torch.zeros(3, 4, 6), "target": torch.tensor([1, 2])}, "1, 2"),
        (torch.zeros(3, 4, 6), ""),
    ],
)
def test_reads_a_dataset_without_a_pipeline(item: Any, label: str) -> None:
    (sample,) = read([item], [0])
    assert (sample.label, sample.path, len(sample.views)) == (label, "", 1)
    assert sample.views[0].name == "original"


def test_tells_when_there_is_no_image() -> None:
    with pytest.raises(ConfigError, match="no image is found in its samples, they are str"):
        read(["text"], [0])


def test_finds_labels_without_reading_images(photos: Path) -> None:
    class Several:
        def get_cat_ids(self, index: int) -> list[int]:
            return [index, 7]

    (photos / "dog" / "c.jpg").write_bytes(b"")
    assert find_label(load(photos), 2) == [1]
    assert find_label(Several(), 3) == [3, 7]
    assert find_label([("image", 5)], 0) == 5
    assert label_of({"gt_label": 1, "gt_score": 2}) == 2
    assert label_of("text") is None

"""How far a run of the originals had come is read from what each of their runners writes."""

import logging
from typing import Any

import pytest

from mmlight.errors import WeightsError
from mmlight.weights.mm_progress import Progress, find_generation, read_progress


def read(epoch: Any, done: Any, generation: str, **rule: Any) -> Progress:
    options = {"by_epoch": True, "epoch_length": 10, "location": "a.pth", **rule}
    return read_progress({"epoch": epoch, "iter": done}, generation, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_epochs_are_done_when_saved_after_one(generation: str) -> None:
    assert read(2, 20, generation) == Progress(2, 0, 20)


@pytest.mark.parametrize(
    ("epoch", "done", "expected"),
    [(1, 3, (0, 4, 4)), (1, 9, (1, 0, 10)), (2, 14, (1, 5, 15)), (3, 29, (3, 0, 30))],
)
def test_mmcv_tells_one_iteration_too_few_when_saved_after_one(
    epoch: int, done: int, expected: tuple[int, ...]
) -> None:
    assert read(epoch, done, "0.x") == Progress(*expected)
    assert read(epoch, done, "0.x", by_epoch=False) == Progress(*expected)


@pytest.mark.parametrize(("done", "expected"), [(14, (1, 4)), (20, (2, 0))])
def test_epoch_goes_on_inside_when_mmengine_saved_after_an_iteration(
    done: int, expected: tuple[int, int]
) -> None:
    assert read(1, done, "1.x") == Progress(*expected, done)


def test_passes_are_counted_when_iterations_are() -> None:
    assert read(0, 34, "1.x", by_epoch=False) == Progress(3, 4, 34)
    assert read(0, 34, "1.x", by_epoch=False, epoch_length=None) == Progress(0, 34, 34)
    assert read(1, 33, "0.x", by_epoch=False, epoch_length=None) == Progress(0, 34, 34)


def test_epochs_count_when_batches_have_another_size(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "mmlight"):
        assert read(2, 50, "1.x") == Progress(2, 0, 50)
        assert read(2, 50, "0.x") == Progress(2, 0, 50)
    assert "2 epochs were 50 iterations, here an epoch has 10" in caplog.text


def test_raises_when_there_are_no_numbers() -> None:
    with pytest.raises(WeightsError, match="how far its run had come: '2', None"):
        read("2", None, "0.x")


def test_generation_is_that_of_the_writer() -> None:
    both = {"epoch": 1, "iter": 1}
    assert find_generation({"meta": {**both, "mmengine_version": "0.10"}}) == "1.x"
    assert find_generation({"meta": {**both, "mmcv_version": "1.7"}}) == "0.x"
    assert find_generation({"meta": {"mmcv_version": "1.7"}}) is None  # a published file
    assert find_generation({"meta": {**both, "mmcv_version": "1"}, "mmlight": {}}) is None
    assert find_generation({"state_dict": {}}) is None

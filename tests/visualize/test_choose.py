"""The samples that are asked for are chosen, and what is not there is told."""

from typing import Any

import numpy as np
import pytest

from mmlight.data.datasets.mnist import FashionMNIST
from mmlight.data.datasets.wrapper import find_classes
from mmlight.errors import ConfigError
from mmlight.spec import Call
from mmlight.stage_data import StageData
from mmlight.visualize.choose import Choice, choose_samples
from tests.runs import FASHION


@pytest.fixture(scope="module")
def fashion() -> StageData:
    dataset = FashionMNIST(data_root=str(FASHION))
    return StageData("train", Call("x"), dataset, find_classes(dataset))


def choose(data: StageData, seed: int = 0, **options: Any) -> list[int]:
    return list(choose_samples(data, Choice(**options), seed=seed))


def test_takes_the_first_or_those_named(fashion: StageData) -> None:
    assert choose(fashion, number=3) == [0, 1, 2]
    assert choose(fashion, indices=[17, 3, 17, -1]) == [17, 3, 17, 5999]
    assert choose(fashion, indices=[17, 3], number=1) == [17]
    assert len(choose(fashion)) == 6000


def test_draws_by_seed_without_repeating(fashion: StageData) -> None:
    drawn = choose(fashion, number=50, random=True)
    assert drawn == choose(fashion, number=50, random=True)
    assert drawn != choose(fashion, 1, number=50, random=True)
    assert len(set(drawn)) == 50
    assert max(drawn) > 50


@pytest.mark.parametrize("name", ["Sandal", "5"])
def test_takes_one_class(fashion: StageData, name: str) -> None:
    labels = fashion.dataset.get_gt_labels()
    chosen = choose(fashion, number=4, class_name=name)
    assert chosen == np.flatnonzero(labels == 5)[:4].tolist()
    drawn = choose(fashion, number=4, class_name=name, random=True)
    assert set(labels[drawn]) == {5}
    assert drawn != chosen


def test_takes_one_class_of_several_per_image() -> None:
    data = StageData("val", Call("x"), [("a", [0, 2]), ("b", [1]), ("c", [2])], ("x", "y", "z"))
    assert choose(data, class_name="z") == [0, 2]


@pytest.mark.parametrize(
    ("options", "text", "nearest"),
    [
        ({"number": 0}, "--number: at least 1 sample must be shown, got 0", None),
        ({"indices": [6000]}, "there is no sample 6000, the data of train has 6000", None),
        ({"indices": [-6001]}, "there is no sample -6001", None),
        ({"class_name": "Sandle"}, "there is no class 'Sandle'", "Sandal"),
        ({"class_name": "10"}, "there is no class '10'", None),
        (
            {"class_name": "Bag", "indices": [0]},
            "none of the chosen samples of train has the class 'Bag'",
            None,
        ),
    ],
)
def test_tells_what_is_not_there(
    fashion: StageData, options: dict[str, Any], text: str, nearest: str | None
) -> None:
    with pytest.raises(ConfigError, match=text) as caught:
        choose(fashion, **options)
    assert caught.value.nearest == nearest

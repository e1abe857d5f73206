import numpy as np
import pytest

from mmlight.data.transforms import ApplyToList, MultiScaleFlipAug, MultiView, TestTimeAug


def add(number):
    return lambda results: {**results, "img": results["img"] + number}


def test_views_come_in_order_when_several_pipelines():
    views = MultiView([[add(1)], [add(2), add(2)]], num_views=[1, 2])
    assert views({"img": 0, "x": 1}) == {"img": [1, 4, 4], "x": 1}
    with pytest.raises(ValueError, match="num_views must be 1 numbers as transforms are, got"):
        MultiView([[]], num_views=[1, 2])
    with pytest.raises(ValueError, match="transforms of MultiView must not return None"):
        MultiView([[lambda _: None]], num_views=1)({"img": 0})


def test_items_are_transformed_when_list_and_whole_when_none():
    apply = ApplyToList([add(1)], scatter_key="img", collate_keys=["other"])
    assert apply({"img": [1, 2], "other": 5, "x": 7}) == {"img": [2, 3], "other": [5, 5], "x": 7}
    assert apply({"img": 1}) == {"img": 2}
    assert ApplyToList([lambda _: None], "img", [])({"img": [1]}) is None


def test_every_way_is_gone_when_test_time():
    ways = TestTimeAug([[add(1), add(10)], [add(0), add(100)]])
    assert ways({"img": 0}) == {"img": [1, 101, 10, 110]}
    with pytest.raises(ValueError, match="transforms of test-time augmentation must not return"):
        TestTimeAug([[lambda _: None]])({})


def test_sizes_and_directions_combine_when_flipped():
    sample = {"img": np.arange(24, dtype=np.uint8).reshape(2, 4, 3), "gt_label": 1}
    pack = [dict(type="PackInputs")]
    one = MultiScaleFlipAug(pack)(sample)
    assert [tuple(image.shape) for image in one["inputs"]] == [(3, 2, 4)]
    many = MultiScaleFlipAug(
        pack, scales=[(4, 2), (8, 4)], allow_flip=True, flip_direction=["horizontal", "vertical"]
    )(sample)
    assert [tuple(image.shape[1:]) for image in many["inputs"]] == [(2, 4)] * 3 + [(4, 8)] * 3
    assert [metas["flip_direction"] for metas in many["metas"][:3]] == [
        None,
        "horizontal",
        "vertical",
    ]
    assert many["target"] == [1] * 6
    assert (many["inputs"][1] == many["inputs"][0].flip(2)).all()
    factors = MultiScaleFlipAug(pack, scale_factor=[0.5, 2.0])(sample)
    assert [image.shape[1] for image in factors["inputs"]] == [1, 4]
    assert len(MultiScaleFlipAug(pack, scales=(4, 2))(sample)["inputs"]) == 1

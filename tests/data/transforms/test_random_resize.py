import numpy as np
import pytest

from mmlight.data.transforms import RandomChoiceResize, RandomResize


def drawn(resize, count=50):
    np.random.seed(0)
    found = (resize({"img": np.zeros((10, 20, 3), np.uint8)}) for _ in range(count))
    return [(results["img_shape"], results.get("scale_idx")) for results in found]


def test_edges_stay_between_when_two_sizes():
    shapes = [shape for shape, _ in drawn(RandomResize([(10, 5), (20, 7)]))]
    assert {height for height, _ in shapes} == {5, 6, 7}
    assert min(width for _, width in shapes) >= 10
    assert max(width for _, width in shapes) <= 20


def test_size_is_one_of_those_when_chosen():
    assert set(drawn(RandomChoiceResize([8, [4, 6]]))) == {((8, 8), 0), ((6, 4), 1)}
    assert set(drawn(RandomChoiceResize(7, interpolation="nearest"))) == {((7, 7), 0)}
    edge = RandomChoiceResize([5, 20], resize_type="ResizeEdge", edge="short")
    assert set(drawn(edge)) == {((5, 10), 0), ((20, 40), 1)}


def test_resize_raises_when_words_do_not_fit():
    with pytest.raises(ValueError, match=r"scale must be one or two \(width, height\), got \(1,"):
        RandomResize((1, 2, 3))
    for wrong in (None, (2, 1)):
        with pytest.raises(ValueError, match="ratio_range must be") as caught:
            RandomResize((1, 2), ratio_range=wrong)
        assert str(wrong) in str(caught.value)
    with pytest.raises(ValueError, match=r"scales must not be empty, got \[\]"):
        RandomChoiceResize([])

import numpy as np
import pytest

from mmlight.data.transforms import RandomFlip

IMAGE = np.array([[1, 2], [3, 4]], np.uint8)


def test_flip_names_direction_when_flipped():
    results = RandomFlip(1, direction="vertical")({"img": IMAGE})
    assert results["flip"] is True
    assert results["flip_direction"] == "vertical"
    assert results["img"].tolist() == [[3, 4], [1, 2]]


@pytest.mark.parametrize(("generation", "direction"), [("0.x", "horizontal"), ("1.x", None)])
def test_flip_leaves_image_when_prob_is_zero(generation, direction):
    results = RandomFlip(0.0, generation=generation)({"img": IMAGE})
    assert results == {"img": IMAGE, "flip": False, "flip_direction": direction}


def test_flip_uses_every_direction_when_several():
    np.random.seed(0)
    transform = RandomFlip([0.2, 0.3], direction=["horizontal", "diagonal"])
    drawn = [transform({"img": IMAGE})["flip_direction"] for _ in range(1000)]
    assert 150 < drawn.count("horizontal") < 250
    assert 250 < drawn.count("diagonal") < 350


@pytest.mark.parametrize("prob", [None, 1.5, -0.1, [0.5, 0.6], [0.5]])
def test_flip_raises_when_prob_does_not_fit(prob):
    direction = ["horizontal", "vertical"] if isinstance(prob, list) else "horizontal"
    with pytest.raises(ValueError, match=r"prob must be in \[0, 1\]"):
        RandomFlip(prob, direction=direction)

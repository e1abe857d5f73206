import numpy as np
import pytest

from mmlight.data.transforms import Brightness, Operation


class Probe(Operation):
    signed = True

    def _change(self, img, magnitude):
        return magnitude


def test_operation_takes_sign_and_level_when_drawn():
    np.random.seed(0)
    probe = Probe(prob=1.0, magnitude_range=(0, 30), magnitude_level=5, magnitude_std=100)
    drawn = [probe({"img": 0})["img"] for _ in range(200)]
    assert min(drawn) == -30
    assert max(drawn) == 30
    fixed = Probe(prob=1.0, random_negative_prob=0, magnitude_range=(10, 0), magnitude_level=3)
    assert fixed({"img": 0})["img"] == 7
    below = Probe(
        prob=1.0,
        random_negative_prob=1,
        magnitude_range=(0, 10),
        magnitude_level=3,
        magnitude_std="inf",
    )
    assert all(-3 < below({"img": 0})["img"] <= 0 for _ in range(50))


def test_operation_prefers_magnitude_when_called_with_one():
    assert Probe(2.0, prob=1.0, random_negative_prob=0)({"img": 0}, 5.0)["img"] == 5.0


def test_operation_raises_when_magnitude_is_missing_or_double():
    with pytest.raises(
        ValueError,
        match="one of magnitude and magnitude_range of Brightness must be given, got None",
    ):
        Brightness()
    with pytest.raises(ValueError, match=r"got 1.0 and \(0, 1\)"):
        Brightness(1.0, magnitude_range=(0, 1))
    with pytest.raises(ValueError, match=r"prob must be in \[0, 1\], got 2"):
        Brightness(1.0, prob=2)

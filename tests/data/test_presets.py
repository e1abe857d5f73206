import pytest

from mmlight.data.presets import AUTO_AUGMENT_PRESETS, RAND_AUGMENT_PRESETS
from mmlight.data.transforms import AutoAugment, RandAugment


@pytest.mark.parametrize("name", AUTO_AUGMENT_PRESETS)
def test_auto_augment_builds_when_preset(name):
    assert len(AutoAugment(name).transforms) == 25


@pytest.mark.parametrize(("name", "size"), [("timm_increasing", 15), ("simple_increasing", 5)])
def test_rand_augment_builds_when_preset(name, size):
    assert len(RandAugment(name, 2, 5).transforms) == size
    assert name in RAND_AUGMENT_PRESETS

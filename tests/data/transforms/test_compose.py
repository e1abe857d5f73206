import pytest

from mmlight.data.transforms import Compose
from mmlight.errors import MMLightError


def test_compose_stops_when_a_transform_drops_the_sample():
    seen = []
    pipeline = Compose([lambda results: None, seen.append])
    assert pipeline({}) is None
    assert not seen
    assert len(list(pipeline)) == 2


def test_compose_raises_when_not_callable():
    with pytest.raises(ValueError, match=r"transforms must be callable, got 'Resize'"):
        Compose(["Resize"])


def test_transforms_are_built_when_dicts():
    def live(results):
        return results

    resize, kept = Compose([{"type": "Resize", "scale": (3, 2)}, live])
    assert (resize.scale, kept) == ((3, 2), live)
    with pytest.raises(MMLightError, match="there is no transform 'Resise'"):
        Compose([{"type": "Resise"}])

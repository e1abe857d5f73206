import pytest

from mmlight.data.transforms import Compose


def test_compose_stops_when_a_transform_drops_the_sample():
    seen = []
    pipeline = Compose([lambda results: None, seen.append])
    assert pipeline({}) is None
    assert not seen
    assert len(list(pipeline)) == 2


def test_compose_raises_when_not_callable():
    with pytest.raises(ValueError, match=r"transforms must be callable, got {'type': 'Resize'}"):
        Compose([{"type": "Resize"}])

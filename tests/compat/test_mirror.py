from types import SimpleNamespace

import pytest

from mmlight.compat.mirror import Mirror


class Outer(Mirror):
    def __init__(self) -> None:
        self.own = 1
        self.inner = SimpleNamespace(own=2, gamma=0.5)


def test_shows_and_changes_what_is_inside() -> None:
    outer = Outer()
    assert (outer.own, outer.gamma) == (1, 0.5)
    outer.gamma, outer.own, outer.other = 0.1, 3, 4
    assert vars(outer.inner) == {"own": 2, "gamma": 0.1}
    assert (outer.own, outer.other) == (3, 4)


def test_names_what_is_missing() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'delta'"):
        _ = Outer().delta
    with pytest.raises(AttributeError, match="Mirror has no attribute 'gamma'"):
        _ = Mirror().gamma

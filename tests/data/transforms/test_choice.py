import numpy as np
import pytest

from mmlight.data.transforms import RandomApply, RandomChoice


def mark(name):
    return lambda results: {**results, name: True}


def test_choice_takes_each_pipeline_when_drawn_often():
    choice = RandomChoice([[mark("a"), mark("b")], mark("c")], prob=[0.75, 0.25])
    np.random.seed(0)
    drawn = ["c" in choice({}) for _ in range(400)]
    assert 60 < sum(drawn) < 140
    assert [len(list(pipeline)) for pipeline in choice] == [2, 1]


@pytest.mark.parametrize("prob", [[0.5], [0.5, 0.6]])
def test_choice_raises_when_prob_does_not_fit(prob):
    with pytest.raises(ValueError, match="prob must be 2 numbers with a sum of 1, got") as caught:
        RandomChoice([[], []], prob=prob)
    assert str(prob) in str(caught.value)


def test_apply_takes_all_or_none_when_drawn():
    apply = RandomApply([mark("a"), mark("b")], prob=0.5)
    np.random.seed(0)
    assert {len(apply({})) for _ in range(20)} == {0, 2}
    assert len(list(apply)) == 2
    with pytest.raises(ValueError, match=r"prob must be in \[0, 1\], got 2"):
        RandomApply([], prob=2)

import pickle

import pytest

from mmlight.data.datasets.sliced import SlicedView


class Words(list):
    """A dataset that knows something."""

    metainfo = {"classes": ("a",)}  # noqa: RUF012


def test_view_has_the_first_samples_when_shorter():
    view = SlicedView(Words("abcd"), 3)
    assert (len(view), [view[i] for i in range(3)]) == (3, ["a", "b", "c"])
    assert view.metainfo == {"classes": ("a",)}
    assert pickle.loads(pickle.dumps(view)).metainfo == view.metainfo


@pytest.mark.parametrize("length", [0, 5])
def test_view_is_refused_when_it_needs_more_than_there_is(length):
    text = f"num_batch_per_epoch must need from 1 to 4 samples, got a need of {length}"
    with pytest.raises(ValueError, match=text):
        SlicedView(Words("abcd"), length)

import copy
import pickle

import pytest

from mmlight.read.config_list import ConfigList
from mmlight.read.origin import FILE_MARK, Origin

A, B, C = (Origin("a.py", line) for line in (1, 2, 3))
CHANGES = {
    "items[0] = 9": ([9, 2, 3], ["c.py:1", "a.py:2", "a.py:3"]),
    "items[1:2] = [8, 9]": ([1, 8, 9, 3], ["a.py:1", "c.py:1", "c.py:1", "a.py:3"]),
    "items.insert(0, 9)": ([9, 1, 2, 3], ["c.py:1", "a.py:1", "a.py:2", "a.py:3"]),
    "items.append(9)": ([1, 2, 3, 9], ["a.py:1", "a.py:2", "a.py:3", "c.py:1"]),
    "items.extend([9])": ([1, 2, 3, 9], ["a.py:1", "a.py:2", "a.py:3", "c.py:1"]),
    "items += [9]": ([1, 2, 3, 9], ["a.py:1", "a.py:2", "a.py:3", "c.py:1"]),
    "items.pop(0)": ([2, 3], ["a.py:2", "a.py:3"]),
    "items.remove(2)": ([1, 3], ["a.py:1", "a.py:3"]),
    "del items[1]": ([1, 3], ["a.py:1", "a.py:3"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_origins_follow_the_items_when_a_config_changes_the_list(change):
    scope = {FILE_MARK: "c.py", "items": ConfigList([1, 2, 3], [A, B, C])}
    exec(change, scope)
    items, origins = CHANGES[change]
    assert scope["items"] == items
    assert [str(scope["items"].origin_of(index)) for index in range(len(items))] == origins


@pytest.mark.parametrize(
    "copier", [copy.copy, copy.deepcopy, lambda items: pickle.loads(pickle.dumps(items))]
)
def test_copies_know_their_origins_when_changed(copier):
    items = ConfigList([1, 2], [A, B])
    copied = copier(items)
    copied.put(0, 5, C)
    assert (type(copied), copied, items) == (ConfigList, [5, 2], [1, 2])
    assert [copied.origin_of(index) for index in (0, 1)] == [C, B]
    assert items.origin_of(0) == A

import random

import numpy as np
import pytest
import torch

from mmlight.data.transforms import KeyMapper, TransformBroadcaster


def test_lists_and_dicts_are_seen_when_mapped():
    seen = []
    mapping = {"pair": ["a", "b"], "part": {"x": "c"}, "hidden": ...}
    mapper = KeyMapper(lambda r: seen.append(r) or {**r, "pair": [5, 6]}, mapping=mapping)
    assert mapper({"a": 1, "b": 2, "c": 3, "hidden": 4}) == {"a": 5, "b": 6, "c": 3, "hidden": 4}
    assert seen[0] == {"a": 1, "b": 2, "c": 3, "pair": [1, 2], "part": {"x": 3}}
    assert len(list(mapper)) == 1


def test_missing_entry_is_none_or_hidden_when_it_does_not_exist():
    seen = []
    keep = {"transforms": lambda r: seen.append(dict(r)) or r, "mapping": {"x": "no"}}
    assert KeyMapper(**keep)({}) == {"no": None}
    assert KeyMapper(**keep, allow_nonexist_keys=True)({}) == {}
    assert seen == [{"x": None}, {}]


def test_mapper_raises_when_words_do_not_fit():
    with pytest.raises(ValueError, match=r"remapping must be None with auto_remap, got {'a': 'b'}"):
        KeyMapper([], remapping={"a": "b"}, auto_remap=True)
    with pytest.raises(ValueError, match="transforms of KeyMapper must not return None"):
        KeyMapper([lambda _: None])({})
    for wrong in ({"a": "b"}, {"x": ["b", "c"]}, {"x": {"y": "z"}}):
        with pytest.raises(ValueError, match="remapping must name what the transforms return"):
            KeyMapper([], remapping=wrong)({"x": [1]})


def draw(results):
    return {"drawn": (random.random(), np.random.rand(), torch.rand(1).item()), **results}


@pytest.mark.parametrize("share", [False, True])
def test_items_draw_the_same_when_shared(share):
    outputs = []
    steps = [draw, lambda results: outputs.append(results["drawn"]) or results]
    broadcast = TransformBroadcaster(steps, mapping={"x": "items"}, share_random_params=share)
    assert broadcast({"items": [1, 2]}) == {"items": [1, 2]}
    assert (outputs[0] == outputs[1]) is share


@pytest.mark.parametrize(
    ("results", "text"),
    [
        ({"a": 1, "b": [1]}, "mapping of 'x' must lead to a list, got 1"),
        ({"a": [1, 2], "b": [1]}, "mapping must lead to lists of one length, got {'x': 2, 'y': 1}"),
        ({"a": [], "b": []}, "mapping must lead to lists of one length, got {'x': 0, 'y': 0}"),
    ],
)
def test_broadcast_raises_when_lists_do_not_fit(results, text):
    with pytest.raises(ValueError, match=text):
        TransformBroadcaster([], mapping={"x": "a", "y": "b"})(results)

import pytest

from mmlight.read.key_path import join_path, list_entries, note_paths, walk
from mmlight.read.node import ConfigDict, ConfigList, Origin, to_nodes
from mmlight.read.origin import Overridden, overriding

HERE = Origin("a.py", 3)
TREE = {"a": {"b": [1, {"c": 2}]}, "d": ({"e": 3}, 4), ".f.g": 5}
PATHS = ["a", "a.b", "a.b[0]", "a.b[1]", "a.b[1].c", "d", "d[0]", "d[0].e", "d[1]", ".f.g"]


@pytest.mark.parametrize(
    ("path", "key", "joined"),
    [("", "a", "a"), ("a", "b", "a.b"), ("a", 2, "a[2]"), ("a[2]", "b", "a[2].b")],
)
def test_path_is_joined_when(path, key, joined):
    assert join_path(path, key) == joined


def test_entries_are_listed_when_a_container():
    assert list_entries({"a": 1}) == [("a", 1)]
    assert list_entries([5]) == list_entries((5,)) == [(0, 5)]
    assert list_entries("text") == list_entries(5) == list_entries(None) == []


def test_walk_finds_all_when_nested():
    assert [path for path, _, _ in walk(TREE)] == PATHS
    origins = {str(origin) for _, _, origin in walk(to_nodes(TREE["a"], HERE))}
    assert origins == {"a.py:3"}


def test_note_paths_names_every_entry_when_unknown():
    noted = note_paths(to_nodes(TREE, HERE))
    assert noted == TREE
    found = {origin.path: str(origin) for _, _, origin in walk(noted) if origin is not None}
    assert found == {path: "a.py:3" for path in PATHS if path != "d[1]"}
    assert noted["d"][0].origin.path == "d[0]"


def test_note_paths_leaves_the_source_alone_when_noting():
    tree = to_nodes(TREE, HERE)
    noted = note_paths(tree)
    noted["a"]["b"][1]["c"] = 7
    assert tree == TREE
    assert (tree.origin_of("a").path, tree["a"]["b"].origins[0].path) == ("", "")


def test_note_paths_knows_the_key_when_the_place_is_unknown():
    noted = note_paths(ConfigDict(a=ConfigDict(b=[1])))
    for origin, path in (
        (noted["a"].origin_of("b"), "a.b"),
        (noted["a"]["b"].origins[0], "a.b[0]"),
    ):
        assert (bool(origin), origin.path) == (False, path)


def test_note_paths_keeps_a_path_when_known():
    noted = note_paths(to_nodes({"data": {"train": {"size": 3}, "steps": [{"x": 1}]}}, HERE))
    moved = ConfigDict()
    moved.put("loader", noted.data.train, noted.data.origin_of("train"))
    moved.put("list", ConfigList([noted.data.steps[0]]), None)
    moved.loader.rename("size", "scale")
    moved.loader.put("new", 5, None)
    again = note_paths(moved)
    assert {path: origin.path for path, _, origin in walk(again) if origin is not None} == {
        "loader": "data.train",
        "loader.scale": "data.train.size",
        "loader.new": "data.train.new",
        "list": "list",
        "list[0]": "data.steps[0]",
        "list[0].x": "data.steps[0].x",
    }


def test_note_paths_keeps_the_chain_when_something_was_overridden():
    tree = ConfigDict()
    tree.put("a", 2, overriding(Origin("b.py", 1), 1, HERE))
    origin = note_paths(tree).origin_of("a")
    assert (origin.path, origin.overrode) == ("a", Overridden(1, HERE))

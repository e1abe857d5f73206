import copy

import pytest

from mmlight.read.node import (
    FILE_MARK,
    ConfigDict,
    ConfigList,
    Origin,
    copy_tree,
    known_origin,
    known_origin_of_node,
    to_nodes,
    to_plain,
)

HERE, THERE = Origin("a.py", 3), Origin("b.py", 8)


def noted(origin=HERE, **entries):
    node = ConfigDict()
    node.origin = origin
    for key, value in entries.items():
        node.put(key, value, origin)
    return node


def test_origin_names_file_and_line_when_printed():
    assert str(HERE) == "a.py:3"
    assert str(Origin("--cfg-options a=1")) == "--cfg-options a=1"


def test_dict_gives_attributes_when_read_and_written():
    node = ConfigDict(depth=50)
    node.width = 2
    assert (node.depth, node["width"], dict(node)) == (50, 2, {"depth": 50, "width": 2})
    del node.width
    with pytest.raises(AttributeError, match=r"no key 'width' among \['depth'\]"):
        _ = node.width


def test_origin_falls_back_when_only_the_dict_is_known():
    node = noted(x=1)
    dict.__setitem__(node, "y", 2)
    node.put("z", 3, THERE)
    assert [node.origin_of(key) for key in "xyz"] == [HERE, HERE, THERE]


def test_put_keeps_origin_when_none_is_given():
    node = noted(x=1)
    node.put("x", 2, None)
    assert (node.x, node.origin_of("x")) == (2, HERE)


def test_rename_moves_origin_when_key_is_there():
    node = noted(x=1)
    node.put("x", 1, THERE)
    node.rename("x", "y")
    node.rename("missing", "z")
    assert (dict(node), node.origin_of("y")) == ({"y": 1}, THERE)


@pytest.mark.parametrize("copier", [ConfigDict.copy, copy.copy, copy.deepcopy, copy_tree])
def test_copy_leaves_original_alone_when_changed(copier):
    node = noted(x=1)
    other = copier(node)
    assert (type(other), other.origin_of("x"), other.origin) == (ConfigDict, HERE, HERE)
    other.put("x", 2, THERE)
    assert (node.x, node.origin_of("x"), other.origin_of("x")) == (1, HERE, THERE)


def test_update_keeps_origins_when_source_knows_them():
    node = noted(x=1)
    node.update(noted(THERE, y=2), z=3)
    assert (dict(node), node.origin_of("y"), node.origin_of("z")) == (
        {"x": 1, "y": 2, "z": 3},
        THERE,
        HERE,
    )


def test_assignment_notes_line_when_a_config_runs():
    scope = {FILE_MARK: "c.py", "node": noted(x=1, y=2)}
    exec("\n\nnode['x'] = 5\nnode.y = 6\nnode.update(z=7)", scope)
    origins = [str(scope["node"].origin_of(key)) for key in "xyz"]
    assert origins == ["c.py:3", "c.py:4", "c.py:5"]


def test_assignment_copies_when_dict_comes_from_a_base():
    own = ConfigList([noted(Origin("c.py", 1), size=1)])
    scope = {FILE_MARK: "c.py", "base": noted(HERE), "own": noted(Origin("c.py", 2)), "value": own}
    exec("base.steps = value\nown.steps = value\nvalue[0].size = 2", scope)
    assert (scope["base"].steps[0].size, scope["own"].steps[0].size) == (1, 2)


def test_list_knows_items_when_put():
    items = ConfigList([1, 2, 3], [HERE, HERE])
    items.put(1, 5, THERE)
    assert items == [1, 5, 3]
    assert [items.origin_of(index) for index in range(3)] == [HERE, THERE, HERE]
    assert ConfigList([1]).origin_of(0) is None


def test_copy_tree_separates_when_entries_share_a_node():
    shared = noted(size=1)
    tree = copy_tree(ConfigDict(a=shared, b=ConfigList([shared], [THERE]), c=(shared,)))
    tree.a.size = 2
    assert (tree.b[0].size, tree.c[0].size, shared.size) == (1, 1, 1)
    assert (tree.b.origin_of(0), tree.c[0].origin) == (THERE, HERE)


def test_to_nodes_gives_one_origin_when_plain():
    tree = to_nodes({"a": [{"b": ({"c": 1},)}]}, HERE)
    inner = tree["a"][0]["b"][0]
    assert type(tree["a"][0]["b"]) is tuple
    assert (inner.origin_of("c"), tree["a"].origin_of(0)) == (HERE, HERE)
    assert to_nodes(inner) is inner
    assert to_nodes(noted(THERE, x=1), HERE).origin_of("x") == THERE


def test_to_plain_undoes_when_nodes():
    value = {"a": [{"b": (1, {"c": None})}], "d": "text"}
    plain = to_plain(to_nodes(value))
    assert plain == value
    assert [type(plain), type(plain["a"]), type(plain["a"][0])] == [dict, list, dict]


def test_known_origin_is_none_when_container_is_plain():
    assert known_origin({"a": 1}, "a") is None
    assert known_origin_of_node([1]) is None
    assert known_origin_of_node(noted()) == HERE

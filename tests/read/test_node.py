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
from mmlight.read.origin import Overridden

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
    assert (dict(node), node.origin_of("y")) == ({"x": 1, "y": 2, "z": 3}, THERE)
    assert node.origin_of("z").file == __file__


def test_assignment_notes_line_when_a_config_runs():
    scope = {FILE_MARK: "c.py", "node": noted(x=1, y=2)}
    exec("\n\nnode['x'] = 5\nnode.y = 6\nnode.update(z=7)", scope)
    origins = [str(scope["node"].origin_of(key)) for key in "xyz"]
    assert origins == ["c.py:3", "c.py:4", "c.py:5"]


def test_assignment_makes_nodes_when_plain():
    node, inner = ConfigDict(), ConfigDict(x=1)
    node.steps = [{"a": (inner, {"b": 1})}]
    assert (node.steps[0].a[0] is inner, node.steps[0].a[1].b) == (True, 1)


def test_update_goes_deep_when_both_are_dicts():
    node = noted(HERE, head=noted(HERE, loss=1, topk=5), depth=50)
    node.update({"head": noted(THERE, topk=1)}, depth={"a": 1})
    assert node == {"head": {"loss": 1, "topk": 1}, "depth": {"a": 1}}
    assert [node.head.origin_of(key) for key in ("loss", "topk")] == [HERE, THERE]


def test_put_all_replaces_when_both_are_dicts():
    node = noted(HERE, head=noted(HERE, loss=1))
    node.put_all(noted(THERE, head={"topk": 1}))
    assert (node, node.origin_of("head")) == ({"head": {"topk": 1}}, THERE)


def test_merge_obeys_delete_when_asked():
    node = ConfigDict(a=ConfigDict(x=1, y=2), b=ConfigDict(x=1), c=3)
    before = node.a
    node.merge({"a": {"x": {"_delete_": True, "z": 1}}, "b": {"_delete_": True, "w": 2}, "c": {}})
    assert node == {"a": {"x": {"z": 1}, "y": 2}, "b": {"w": 2}, "c": {}}
    assert before == {"x": 1, "y": 2}
    node.merge({"_delete_": True, "d": 1})
    assert node == {"d": 1}


def test_pop_gives_default_when_missing():
    node = noted(HERE, a=1)
    assert (node.pop("a"), node.pop("a"), node.pop("a", 3), node) == (1, None, 3, {})


def test_to_dict_is_plain_when_nested():
    plain = ConfigDict(a=ConfigList([ConfigDict(b=(1,))])).to_dict()
    assert (plain, type(plain), type(plain["a"][0])) == ({"a": [{"b": (1,)}]}, dict, dict)


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


CHANGES = {
    "items[1] = 9": ["a:1", "c.py:1", "a:3"],
    "items[1:] = [8, 9]": ["a:1", "c.py:1", "c.py:1"],
    "items.insert(1, 9)": ["a:1", "c.py:1", "a:2", "a:3"],
    "items.append(9)": ["a:1", "a:2", "a:3", "c.py:1"],
    "items.append(node)": ["a:1", "a:2", "a:3", "c.py:1"],
    "items.extend([8, 9])": ["a:1", "a:2", "a:3", "c.py:1", "c.py:1"],
    "items += others": ["a:1", "a:2", "a:3", "b:7"],
    "items += (9 for _ in range(2))": ["a:1", "a:2", "a:3", "c.py:1", "c.py:1"],
    "del items[0]": ["a:2", "a:3"],
    "items.pop()": ["a:1", "a:2"],
    "items.pop(0)": ["a:2", "a:3"],
    "items.remove(2)": ["a:1", "a:3"],
}


@pytest.mark.parametrize("line", CHANGES)
def test_list_keeps_origins_when_changed(line):
    items = ConfigList([1, 2, 3], [Origin("a", number) for number in (1, 2, 3)])
    others = ConfigList([7], [Origin("b", 7)])
    plain = [1, 2, 3]
    exec(line, {FILE_MARK: "c.py", "items": items, "others": others, "node": noted(x=1)})
    exec(line, {"items": plain, "others": others, "node": noted(x=1)})
    assert items == plain
    assert [str(items.origin_of(index)) for index in range(len(items))] == CHANGES[line]


def test_list_knows_what_was_replaced_when_an_item_is_set():
    items = ConfigList([1, 2], [HERE])
    exec("items[0] = 9\nitems[1] = 8", {FILE_MARK: "c.py", "items": items})
    first, second = items.origin_of(0).overrode, items.origin_of(1).overrode
    assert (first.value, first.origin, second.value, second.origin) == (1, HERE, 2, None)


def test_setdefault_sets_when_missing_only():
    scope = {FILE_MARK: "c.py", "node": noted(x=1)}
    exec("a = node.setdefault('x', 5)\nb = node.setdefault('y', 6)", scope)
    node = scope["node"]
    assert (scope["a"], scope["b"], node.x, node.y) == (1, 6, 1, 6)
    assert [str(node.origin_of(key)) for key in "xy"] == [str(HERE), "c.py:2"]


def test_assignment_remembers_when_it_replaces():
    scope = {FILE_MARK: "c.py", "node": noted(x=1, y=2, z=3)}
    exec("node['x'] = 5\nnode.x = 6\nnode.update(y=7)\nnode.new = 8", scope)
    node = scope["node"]
    newest = node.origin_of("x")
    middle = newest.overrode.origin
    assert [newest.overrode.value, middle.overrode.value] == [5, 1]
    assert [str(newest), str(middle), middle.overrode.origin] == ["c.py:2", "c.py:1", HERE]
    assert node.origin_of("y").overrode == Overridden(2, HERE)
    assert [node.origin_of(key).overrode for key in ("z", "new")] == [None, None]


def test_own_origin_is_none_when_only_the_dict_is_known():
    node = noted(x=1)
    dict.__setitem__(node, "y", 2)
    assert (node.own_origin("x"), node.own_origin("y"), node.origin_of("y")) == (HERE, None, HERE)

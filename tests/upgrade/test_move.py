from mmlight.read.node import ConfigDict, Origin, to_nodes
from mmlight.upgrade.move import move, node, pop, put

HERE = Origin("a.py", 3)


def test_pop_gives_origin_when_key_is_known():
    source = to_nodes({"a": 1}, HERE)
    assert pop(source, "a") == (1, HERE)
    assert pop(source, "a", 5) == (5, HERE)
    assert source == {}


def test_move_keeps_origin_when_path_is_new():
    source, target = to_nodes({"a": 1}, HERE), ConfigDict()
    move(source, "a", target, "x.y.z")
    move(source, "missing", target, "x.w")
    assert (source, target) == ({}, {"x": {"y": {"z": 1}}})
    assert {target.origin_of("x"), target.x.origin_of("y"), target.x.y.origin_of("z")} == {HERE}


def test_put_keeps_neighbours_when_parents_exist():
    target = to_nodes({"x": {"y": 1}}, HERE)
    put(target, "x.z", 2, None)
    assert target == {"x": {"y": 1, "z": 2}}


def test_node_gives_every_entry_the_origin_when_made():
    made = node(HERE, type="X", size=1)
    assert (made, made.origin, made.origin_of("size")) == ({"type": "X", "size": 1}, HERE, HERE)

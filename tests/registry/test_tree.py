import pytest

from mmlight.registry import Registry
from mmlight.registry.tree import ScopeTree


def make_tree():
    root = ScopeTree("net", None, "root")
    left, right = ScopeTree("net", root, "left"), ScopeTree("net", root, "right")
    return root, left, right, ScopeTree("net", left, "leaf")


def test_family_is_listed_when_asked_for():
    root, left, right, leaf = make_tree()
    assert list(leaf.lineage) == [leaf, left, root]
    assert leaf.root is root
    assert list(root.family) == [root, left, leaf, right]
    assert leaf.others == [right]
    assert right.others == [left, leaf]
    assert root.children == {"left": left, "right": right}


def test_place_is_found_when_its_scope_is_anywhere():
    root, left, right, leaf = make_tree()
    assert right.in_scope("leaf") is leaf
    assert right.in_scope("root") is root
    assert right.in_scope("nowhere") is right
    assert left.in_scope("left") is left


@pytest.mark.parametrize(
    ("key", "scope", "name"),
    [
        ("Net", "right", "Net"),
        ("leaf.Net", "leaf", "Net"),
        ("leaf::Net", "leaf", "Net"),
        ("mmdet.Net", "right", "Net"),
        ("package.nets.Net", "right", "package.nets.Net"),
        ("leaf.inner.Net", "leaf", "inner.Net"),
    ],
)
def test_name_is_split_when_it_has_a_scope(key, scope, name):
    right = make_tree()[2]
    start, rest = right.split(key)
    assert (start.scope, rest) == (scope, name)


def test_scope_is_the_package_when_not_given():
    assert Registry("net").scope == __name__.split(".")[0]
    assert ScopeTree.split_scope_key("a.b.c") == ("a", "b.c")


def test_tree_raises_when_a_scope_is_taken():
    root = make_tree()[0]
    with pytest.raises(ValueError, match="scope 'left' is taken below the net registry"):
        ScopeTree("net", root, "left")


def test_tree_raises_when_the_parent_is_none():
    with pytest.raises(TypeError, match="parent must be a Registry, got 5"):
        ScopeTree("net", 5, "left")

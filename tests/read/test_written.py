import pytest

from mmlight.read.node import FILE_MARK, ConfigDict, ConfigList, Origin, copy_tree
from mmlight.read.written import WrittenDict

HERE = Origin("a.py", 1)


def written(**entries):
    node = WrittenDict()
    node.origin = HERE
    node.put_all(entries)
    return node


def test_assignment_keeps_the_object_when_written():
    value = ConfigList([written(size=1)])
    scope = {FILE_MARK: "c.py", "base": ConfigDict(), "own": written(), "value": value}
    exec("base.steps = value\nown.steps = value\nvalue[0].size = 2", scope)
    assert (scope["base"].steps[0].size, scope["own"].steps[0].size) == (1, 2)
    assert str(scope["own"].origin_of("steps")) == "c.py:2"


def test_update_replaces_when_written():
    node = written(head=written(loss=1), depth=50)
    node.update([("depth", 18)], head={"topk": 5})
    assert node == {"head": {"topk": 5}, "depth": 18}


def test_pop_raises_when_missing_without_default():
    node = written(a=1)
    assert (node.pop("a"), node.pop("a", None)) == (1, None)
    with pytest.raises(KeyError, match="a"):
        node.pop("a")


def test_copies_stay_written_until_the_tree_is_copied():
    node = written(a=written(x=1))
    assert type(node.copy()) is WrittenDict
    assert node.copy().a is node.a
    tree = copy_tree(node)
    assert (type(tree), type(tree.a), tree.origin, tree.a) == (
        *(ConfigDict, ConfigDict, HERE),
        {"x": 1},
    )

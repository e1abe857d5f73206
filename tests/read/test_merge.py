import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmlight.errors import ConfigError
from mmlight.read.config import read_config
from mmlight.read.key_path import walk
from mmlight.read.merge import merge, set_by_path, split_path
from mmlight.read.node import ConfigDict, Origin, copy_tree, to_nodes, to_plain

LEAVES = st.one_of(st.none(), st.integers(), st.text(max_size=3), st.just((1, 2)), st.just([3]))
KEYS = st.sampled_from("abc")
TREES = st.dictionaries(
    KEYS, st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, max_size=3)), max_size=3
)
SHAPES = st.fixed_dictionaries(
    {},
    optional={
        "a": st.fixed_dictionaries({}, optional={"x": LEAVES, "y": LEAVES}),
        "b": st.fixed_dictionaries({}, optional={"c": st.dictionaries(KEYS, LEAVES)}),
        "d": LEAVES,
    },
)
"""Trees in which a key holds a dict in all of them, or in none: they can be merged."""


def join(child, base):
    return to_plain(merge(to_nodes(child), to_nodes(base)))


@given(TREES)
def test_merge_changes_nothing_when_one_is_empty(tree):
    assert join({}, tree) == tree
    assert join(tree, {}) == tree
    assert join(tree, tree) == tree


@given(SHAPES, SHAPES, SHAPES)
def test_merge_is_associative_when_shapes_agree(first, second, third):
    assert join(first, join(second, third)) == join(join(first, second), third)


@given(SHAPES, SHAPES)
def test_merge_leaves_both_alone_when_merged(child, base):
    nodes = to_nodes(child, Origin("child.py", 1)), to_nodes(base, Origin("base.py", 1))
    before = [copy_tree(node) for node in nodes]
    merge(*nodes)
    assert [to_plain(node) for node in nodes] == [to_plain(node) for node in before]
    for node, old in zip(nodes, before, strict=True):
        assert [node.origin_of(key) for key in node] == [old.origin_of(key) for key in old]


@given(SHAPES, SHAPES)
def test_merge_keeps_who_set_it_when_origins_are_known(child, base):
    ours, theirs = Origin("child.py", 1), Origin("base.py", 1)
    merged = merge(to_nodes(child, ours), to_nodes(base, theirs))
    for key in merged:
        assert merged.origin_of(key) == (ours if key in child else theirs)


def test_merge_replaces_when_delete_is_set():
    base = {"a": {"x": 1, "y": 2}, "b": {"c": {"d": 1}}}
    assert join({"a": {"_delete_": True, "z": 3}}, base) == {"a": {"z": 3}, "b": base["b"]}
    assert join({"b": {"c": {"_delete_": True}}}, base) == {"a": base["a"], "b": {"c": {}}}
    assert join({"a": {"_delete_": False, "z": 3}}, base)["a"] == {"x": 1, "y": 2, "z": 3}
    assert join({"a": {"_delete_": True, "z": 3}}, {"a": 5}) == {"a": {"z": 3}}


def test_merge_raises_when_dict_meets_leaf():
    child, base = to_nodes({"a": {"b": {"x": 1}}}), to_nodes({"a": {"b": [7]}}, Origin("b.py", 4))
    with pytest.raises(ConfigError, match=r"a\.b: .* inherited ConfigList \[7\]") as caught:
        merge(child, base)
    assert "b.py:4" in caught.value.origin
    assert "_delete_=True" in caught.value.next_step


def put(tree, path, value):
    nodes = to_nodes(tree, Origin("a.py", 1))
    set_by_path(nodes, path, to_nodes(value, Origin("--cfg-options")), Origin("--cfg-options"))
    return nodes


def test_set_by_path_sets_when_dicts_and_lists():
    tree = {"p": [{"size": 1}, {"size": 2}], "n": None}
    nodes = put(tree, "p.1.size", 5)
    assert to_plain(nodes) == {"p": [{"size": 1}, {"size": 5}], "n": None}
    assert str(nodes.p[1].origin_of("size")) == "--cfg-options"
    assert to_plain(put(tree, "n.new.x", 5))["n"] == {"new": {"x": 5}}
    nodes = put(tree, "p.0", 5)
    assert (to_plain(nodes)["p"], str(nodes.p.origin_of(0))) == ([5, {"size": 2}], "--cfg-options")


def test_set_by_path_merges_when_value_is_a_dict():
    tree = {"a": {"x": 1, "y": {"z": 2}}, "p": [{"size": 1}, 2]}
    assert to_plain(put(tree, "a", {"y": {"w.v": 3}}))["a"] == {"x": 1, "y": {"z": 2, "w.v": 3}}
    assert to_plain(put(tree, "a", {"_delete_": True, "q": 3}))["a"] == {"q": 3}
    assert to_plain(put(tree, "p", {"0": {"type": "T"}}))["p"] == [{"size": 1, "type": "T"}, 2]


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("a.x.y", 1, r"a\.x\.y: 'a\.x' is 1, so it has no entry 'y'"),
        ("a", {"x": {"y": 1}}, r"a\.x\.y: 'a\.x' is 1, so it has no entry 'y'"),
        ("p.2", 1, r"p\.2: 'p' has 2 items, so it has no item '2'"),
        ("p.first", 1, r"p\.first: 'p' has 2 items, so it has no item 'first'"),
        ("p.2.size", 1, r"p\.2\.size: 'p' has 2 items, so it has no item '2'"),
        ("t.0", 1, r"t\.0: 't' is \(5,\), so it has no entry '0'"),
    ],
)
def test_set_by_path_raises_when_it_leads_nowhere(path, value, text):
    with pytest.raises(ConfigError, match=text) as caught:
        put({"a": {"x": 1}, "p": [1, 2], "t": (5,)}, path, value)
    assert caught.value.origin == "--cfg-options"


def test_set_by_path_creates_nothing_when_it_fails():
    tree = ConfigDict(a=1)
    with pytest.raises(ConfigError):
        set_by_path(tree, "a.b", 2, None)
    assert tree == {"a": 1}


@pytest.mark.parametrize(
    ("path", "steps"),
    [("a", ["a"]), ("a.0.b", ["a", "0", "b"]), ("a[0].b[12]", ["a", "0", "b", "12"])],
)
def test_path_is_split_when_items_are_named_in_either_way(path, steps):
    assert split_path(path) == steps


def list_chain(origin):
    found = []
    while origin is not None:
        found.append(str(origin))
        origin = origin.overrode.origin if origin.overrode else None
    return found


def test_merge_remembers_when_dicts_are_replaced_whole():
    base = to_nodes({"a": {"x": 1, "y": {"z": 2}}, "b": [1]}, Origin("base.py", 1))
    child = {"a": {"_delete_": True, "x": 5, "y": {"z": 6, "w": 7}}, "b": [2]}
    merged = merge(to_nodes(child, Origin("child.py", 2)), base)
    both, one = ["child.py:2", "base.py:1"], ["child.py:2"]
    chains = {path: list_chain(origin) for path, _, origin in walk(merged)}
    assert chains == {
        **dict.fromkeys(["a", "a.x", "a.y", "a.y.z", "b"], both),
        **dict.fromkeys(["a.y.w", "b[0]"], one),
    }
    assert merged.origin_of("a").overrode.value == {"x": 1, "y": {"z": 2}}
    assert [base.origin_of(key).overrode for key in base] == [None, None]


def test_set_by_path_remembers_when_it_replaces():
    tree = {"a": {"x": 1}, "p": [{"size": 1}, 2], "t": (1,)}
    value = {"_delete_": True, "x": 3, "y": 4}
    for path, new, old in (("a.x", 5, 1), ("p[1]", 5, 2), ("a", value, {"x": 1}), ("t", 5, (1,))):
        nodes = put(tree, path, new)
        origin = {place: origin for place, _, origin in walk(nodes)}[path]
        assert (str(origin), str(origin.overrode.origin)) == ("--cfg-options", "a.py:1")
        assert origin.overrode.value == old
    assert put(tree, "a", value)["a"].origin_of("x").overrode.value == 1
    assert put(tree, "a.new", 5)["a"].origin_of("new").overrode is None


LEVELS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "a": st.fixed_dictionaries(
                {},
                optional={
                    "x": st.integers(),
                    "y": st.integers(),
                    "c": st.dictionaries(st.sampled_from("uvw"), st.integers()),
                    "_delete_": st.booleans(),
                },
            ),
            "b": st.dictionaries(st.sampled_from("xyz"), st.integers()),
            "d": st.integers(),
        },
    ),
    min_size=1,
    max_size=4,
)
"""What a file and its bases say, the file last."""


def write(tree, lines, indent=""):
    """Write a dict of a config, one entry a line, and return the line of each leaf."""
    found = {}
    for key, value in tree.items():
        end = "," if indent else ""
        if isinstance(value, dict):
            lines.append(f"{indent}{key} = dict(")
            found[key] = write(value, lines, indent + "    ")
            lines.append(f"{indent}){end}")
        else:
            lines.append(f"{indent}{key} = {value}{end}")
            found[key] = len(lines)
    return found


def lay(child, base, file, tree, fresh=False):
    """Say what merging does to the places where leaves were set, the newest first."""
    fresh = fresh or tree.get("_delete_", False)
    laid = {} if fresh else dict(base)
    for key, line in child.items():
        old = base.get(key, {})
        if isinstance(line, dict):
            laid[key] = lay(line, old, file, tree[key], fresh)
        else:
            laid[key] = [f"{file}:{line}", *(old or [])]
    return laid


def list_leaves(tree, path=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from list_leaves(value, f"{path}{key}.")
        elif key != "_delete_":
            yield path + key, value


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LEVELS, st.booleans())
def test_chain_lists_every_line_that_set_a_leaf(tmp_path, levels, is_overridden):
    expected = {}
    for number, tree in enumerate(levels):
        file = tmp_path / f"level{number}.py"
        lines = [f"_base_ = ['level{number - 1}.py']"] if number else []
        places = write(tree, lines)
        file.write_text("\n".join(lines))
        expected = lay(places, expected, file, tree)
    config = read_config(file, ["a.x=5"] if is_overridden else None)
    if is_overridden:
        inner = expected.setdefault("a", {})
        inner["x"] = ["--cfg-options a.x=5", *inner.get("x", [])]
    leaves = {
        path: list_chain(origin)
        for path, value, origin in walk(config.values)
        if not isinstance(value, dict) and not path.endswith("_delete_")
    }
    assert leaves == dict(list_leaves(expected))

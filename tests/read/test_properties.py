"""What holds for every config: merging, dumping, overriding, and where each entry was set."""

import copy
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmlight.errors import ConfigError
from mmlight.read.config import Config
from mmlight.read.merge import merge
from mmlight.read.node import ConfigDict, ConfigList, to_nodes, to_plain
from tests.safe_configs import to_tree

KEYS = st.sampled_from(["a", "b", "c", "type"])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.floats(-2, 2), st.text("xy'\"\n{", max_size=3)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(KEYS, inner, max_size=3),
    ),
    max_leaves=12,
)
TREES = st.dictionaries(st.sampled_from(["model", "data", "lr"]), VALUES, max_size=3)

# ------------------------------------------------------------------------- merging


def join(child, base):
    """Return the merged values, or that they cannot be merged."""
    if isinstance(child, str) or isinstance(base, str):
        return "refused"
    try:
        return to_plain(merge(to_nodes(copy.deepcopy(child)), to_nodes(base)))
    except ConfigError:
        return "refused"


def dicts_in(value):
    """Yield a dict and all dicts that merging reaches from it."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from dicts_in(item)


def is_clear(*trees):
    """Tell whether every key holds a dict in all trees that have it, or in none."""
    known = [tree for tree in trees if isinstance(tree, dict)]
    for key in set().union(*known):
        held = [tree[key] for tree in known if key in tree]
        if len({isinstance(item, dict) for item in held}) > 1 or not is_clear(*held):
            return False
    return True


DELETING = st.recursive(
    st.integers(0, 2),
    lambda inner: st.builds(
        lambda entries, delete: {**entries, **({"_delete_": True} if delete else {})},
        st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
        st.booleans(),
    ),
    max_leaves=6,
)
LEVELS = st.dictionaries(st.sampled_from("mn"), DELETING, max_size=2)


@given(LEVELS, LEVELS, LEVELS)
def test_merge_is_associative_when_mm_is(third, second, first):
    """It is not where the last one deletes, or where a leaf of one stands over a dict.

    `_delete_` of the last says what to do with one base; merging the last two first uses it up on
    the middle one. And a dict over a leaf is refused, but not where the last has covered it.
    """
    deletes = any("_delete_" in tree for tree in dicts_in(third))
    if not deletes and is_clear(third, second, first):
        assert join(third, join(second, first)) == join(join(third, second), first)


def test_merge_is_not_associative_when_the_last_deletes():
    third, second, first = {"m": {"_delete_": True, "c": 3}}, {"m": {"b": 2}}, {"m": {"a": 1}}
    assert join(third, join(second, first)) == {"m": {"c": 3}}
    assert join(join(third, second), first) == {"m": {"a": 1, "c": 3}}


def test_merge_is_not_associative_when_a_dict_covers_a_leaf():
    third, second, first = {"m": 3}, {"m": {"b": 2}}, {"m": 1}
    assert join(third, join(second, first)) == "refused"
    assert join(join(third, second), first) == {"m": 3}


# ------------------------------------------------------------------------- dumping


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("properties")


def same(ours, theirs):
    """Compare values and types."""
    return repr(ours) == repr(theirs)


def no_tuples(value):
    if isinstance(value, dict):
        return {key: no_tuples(item) for key, item in value.items()}
    return [no_tuples(item) for item in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("safe", [False, True])
@pytest.mark.parametrize("suffix", [".py", ".yaml", ".json"])
@given(values=TREES)
def test_dump_reads_back_the_same_when(folder, suffix, safe, values):
    file = folder / f"dumped{suffix}"
    Config(values).dump(file)
    again = Config.fromfile(file, safe=safe)
    assert same(again.to_dict(), no_tuples(values) if suffix == ".json" else values)
    again.dump(file)
    assert same(Config.fromfile(file, safe=safe).to_dict(), again.to_dict())


# ------------------------------------------------------------------------- overriding

PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join)
OPTIONS = st.dictionaries(PATHS, st.one_of(st.integers(0, 9), st.just((1, 2))), max_size=4)


def override(values, *options):
    """Return the values after overrides, or that one of them does not fit."""
    config = Config(values)
    try:
        for each in options:
            config.merge_from_dict(each)
    except ConfigError:
        return "refused"
    return config.to_dict()


def leads_through(one, other):
    return f"{other}.".startswith(f"{one}.") or f"{one}.".startswith(f"{other}.")


@given(TREES, OPTIONS)
def test_override_is_found_where_it_was_put(values, options):
    config = Config(values)
    try:
        config.merge_from_dict(options)
    except ConfigError:
        return
    for path, value in options.items():
        later = list(options)[list(options).index(path) + 1 :]
        if not any(leads_through(path, other) for other in later):
            found = config.values
            for key in path.split("."):
                found = found[key]
            assert found == value
            assert str(config.origin(path)).startswith("merge_from_dict")


@given(TREES, OPTIONS)
def test_override_changes_nothing_more_when_repeated(values, options):
    once = override(values, options)
    clear = not any(a != b and leads_through(a, b) for a in options for b in options)
    if clear:
        assert override(values, options, options) == once


@given(TREES, OPTIONS, OPTIONS)
def test_overrides_add_up_when_given_apart(values, first, second):
    """`a` then `b` is `a | b`, as long as the keys of `b` do not stand in `a` already."""
    if not first.keys() & second.keys():
        assert override(values, first, second) == override(values, first | second)


@given(TREES, OPTIONS)
def test_order_is_free_when_paths_are_apart(values, options):
    if not any(a != b and leads_through(a, b) for a in options for b in options):
        turned = dict(reversed(options.items()))
        assert override(values, turned) == override(values, options)


@given(TREES)
def test_override_changes_nothing_when_it_is_there_already(values):
    values = no_tuples(values)  # overrides do not reach into tuples
    config = Config(values)
    options = {
        ".".join(map(str, path)): value
        for path, container, key in entries_of(values)
        if not isinstance(value := container[key], (dict, list, tuple))
    }
    config.merge_from_dict(options)
    assert config.to_dict() == values


# ------------------------------------------------------------------------- origins


class Writer:
    """Writes values as text in random forms and notes the line of every entry.

    Args:
        random: Chooses the forms.
    """

    def __init__(self, random):
        self.random = random
        self.parts = []
        self.line = 1
        self.lines = {}

    def add(self, text):
        self.parts.append(text)
        self.line += text.count("\n")

    def gap(self):
        self.add(self.random.choice(["", "", " ", "\n", "  # note\n\n"]))

    def statement(self, path, value):
        """Write `name = value`, or the entry of a dict that is there in one of three ways."""
        self.lines[path] = self.line
        name, *rest = path
        if not rest:
            self.add(f"{name} = ")
            self.value(value, path)
        else:
            form = self.random.choice(["{0}[{1!r}] = ", "{0}.{1} = ", "{0}.update("])
            self.add(form.format(name, rest[0]))
            if form.endswith("("):
                self.entries([(rest[0], value)], (name,), "=", str)
            else:
                self.value(value, path)
            self.add(")" * form.endswith("("))
        self.add("\n" * self.random.randint(1, 3))

    def value(self, value, path):
        if isinstance(value, dict):
            self.dict(value, path)
        elif isinstance(value, (list, tuple)):
            self.items(value, path)
        else:
            self.add(repr(value))

    def dict(self, value, path):
        forms = [("{", ": ", repr, "}"), ("dict(", "=", str, ")"), ("dict([", None, repr, "])")]
        start, sign, name, end = self.random.choice(forms)
        self.add(start)
        self.entries(value.items(), path, sign, name)
        self.add(end)

    def entries(self, entries, path, sign, name):
        for key, item in entries:
            self.gap()
            self.lines[(*path, key)] = self.line
            self.add(f"({key!r}, " if sign is None else f"{name(key)}{sign}")
            self.gap()
            self.value(item, (*path, key))
            self.add(")," if sign is None else ",")
        self.gap()

    def items(self, value, path):
        self.add("[" if isinstance(value, list) else "(")
        for index, item in enumerate(value):
            self.gap()
            spread = isinstance(value, list) and self.random.random() < 0.2
            self.add("*[" if spread else "")
            self.lines[(*path, index)] = self.line
            self.value(item, (*path, index))
            self.add("]," if spread else ",")
        self.gap()
        self.add("]" if isinstance(value, list) else ")")


def entries_of(value, path=()):
    """Yield path, container and key of every entry."""
    if not isinstance(value, (dict, list, tuple)):
        return
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key), value, key
        yield from entries_of(item, (*path, key))


CHILDREN = st.fixed_dictionaries(
    {"model": st.dictionaries(KEYS, VALUES, max_size=3)}, optional={"data": VALUES, "lr": VALUES}
)
ADDED = st.lists(st.tuples(st.sampled_from(["new", "a"]), VALUES), max_size=2)


@settings(max_examples=200)
@given(base=TREES, child=CHILDREN, added=ADDED, random=st.randoms(use_true_random=False))
def test_origin_is_the_line_that_holds_the_key(folder, base, child, added, random):
    """Also where the config runs and where it is read safely, and after an assignment."""
    base_text, child_text = Writer(random), Writer(random)
    child_text.add("_base_ = 'base.py'\n")
    for writer, values in ((base_text, base), (child_text, child)):
        for key, value in values.items():
            writer.statement((key,), value)
    child = copy.deepcopy(child)
    for key, value in added:
        for path in [path for path in child_text.lines if path[:2] == ("model", key)]:
            del child_text.lines[path]
        child_text.statement(("model", key), value)
        child["model"][key] = value
    (folder / "base.py").write_text("".join(base_text.parts))
    (folder / "main.py").write_text("".join(child_text.parts))
    expected = join(child, base)
    if expected == "refused":
        with pytest.raises(ConfigError):
            Config.fromfile(folder / "main.py")
        return
    for safe in (False, True):
        config = Config.fromfile(folder / "main.py", safe=safe)
        assert same(config.to_dict(), expected)
        check_lines(config, {"main.py": child_text.lines, "base.py": base_text.lines})


def check_lines(config, lines):
    """Check that every entry names its line in the child, or else in the base."""
    for path, container, key in entries_of(config.values):
        if not isinstance(container, (ConfigDict, ConfigList)):
            continue  # tuples know nothing of their items
        file = "main.py" if path in lines["main.py"] else "base.py"
        origin = container.origin_of(key)
        assert (Path(origin.file).name, origin.line) == (file, lines[file][path]), path


def test_origin_is_the_nearest_line_when_nothing_is_written_out(tmp_path):
    """The exceptions: what a loop, a comprehension or a slice makes is where that is written."""
    text = """steps = [
    dict(type='A'), dict(type='B'),
    dict(type='C')]
norm = dict(mean=1)
sliced = steps[1:] + [
    dict(type='D')]
model = dict(
    type='M',
    **norm,
    sizes=[size * 2
           for size in (1, 2)])
for name in ('x', 'y'):
    model[name] = 5
"""
    expected = {
        "sliced.0.type": 2,
        "sliced.1": 3,
        "sliced.2": 6,
        "model.mean": 4,
        "model.type": 8,
        "model.sizes.0": 10,
        "model.x": 13,
        "model.y": 13,
    }
    file = tmp_path / "main.py"
    file.write_text(text)
    for safe in (False, True):
        config = Config.fromfile(file, safe=safe)
        lines = {path: config.origin(path).line for path in expected}
        assert lines == expected
        for path in ("sliced.0.type", "model.mean", "model.type", "model.sizes"):
            line = text.splitlines()[config.origin(path).line - 1]
            assert re.search(rf"\b{path.split('.')[-1]}\b", line)


@given(values=TREES, random=st.randoms(use_true_random=False))
def test_safe_reading_equals_running_when_any_form(folder, values, random):
    writer = Writer(random)
    for key, value in values.items():
        writer.statement((key,), value)
    file = folder / "one.py"
    file.write_text("".join(writer.parts))
    assert to_tree(Config.fromfile(file, safe=True).values) == to_tree(Config.fromfile(file).values)

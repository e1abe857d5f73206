import dataclasses

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mmlight.errors import ConfigError, UnknownKeyError
from mmlight.read.node import Origin, to_nodes
from mmlight.spec import SAVER, Call, Note, Spec, find_calls, from_data, read_yaml, to_data

KEYS = st.text(min_size=1).filter(lambda key: key not in ("class_path", "type"))
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)
)
TARGETS = st.sampled_from(["torch.nn.ReLU", "a.b.C"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3),
        st.builds(Call, TARGETS, st.dictionaries(KEYS, inner, max_size=3)),
    ),
    max_leaves=12,
)
WORDS = st.dictionaries(KEYS, VALUES, max_size=3)
CALLS = st.builds(Call, TARGETS, WORDS)
SPECS = st.builds(
    Spec,
    model=WORDS.map(lambda words: {**words, "backbone": Call("a.B")}),
    data=WORDS,
    trainer=WORDS.map(lambda words: {k: v for k, v in words.items() if k != "callbacks"}),
    callbacks=st.lists(CALLS, max_size=3).map(tuple),
    seed=st.none() | st.integers(0),
    work_dir=st.text(min_size=1),
    load_from=st.none() | st.text(),
    resume=st.booleans() | st.text(min_size=1),
)


@given(SPECS)
def test_spec_reads_back_when_written(spec):
    text = spec.to_yaml()
    again = Spec.from_yaml(text)
    assert again == spec
    assert again.to_yaml() == text


@given(VALUES)
def test_from_data_undoes_when_value(value):
    assert from_data(to_data(value)) == value


def test_tuples_become_lists_when_written():
    spec = Spec({"backbone": Call("a.B", {"size": (1, (2, 3))})})
    assert spec.to_dict()["model"]["backbone"]["init_args"]["size"] == (1, (2, 3))
    assert Spec.from_yaml(spec.to_yaml()).model["backbone"].kwargs["size"] == [1, [2, 3]]


def test_layout_is_that_of_lightning_when_written():
    spec = Spec(
        {"backbone": Call("a.B", {"x": 1})},
        trainer={"max_epochs": 3},
        callbacks=(Call("a.C"),),
        seed=5,
    )
    assert yaml.safe_load(spec.to_yaml()) == {
        "seed_everything": 5,
        "work_dir": "work_dirs/run",
        "load_from": None,
        "resume": False,
        "trainer": {"max_epochs": 3, "callbacks": [{"class_path": "a.C"}]},
        "model": {"backbone": {"class_path": "a.B", "init_args": {"x": 1}}},
        "data": {},
    }


def test_nodes_are_written_plain_when_from_a_config():
    nodes = to_nodes({"a": [{"b": 1}]}, Origin("a.py", 1))
    text = Spec({"backbone": Call("a.B", {"x": nodes, "y": nodes})}).to_yaml()
    assert "!!" not in text
    assert "&" not in text
    assert Spec.from_yaml(text).model["backbone"].kwargs["y"] == {"a": [{"b": 1}]}


def test_more_arguments_are_read_when_dict_kwargs():
    call = from_data({"class_path": "a.B", "init_args": {"x": 1}, "dict_kwargs": {"y": 2}}, "m")
    assert (call.kwargs, call.path) == ({"x": 1, "y": 2}, "m")
    inner = from_data({"class_path": "a.B", "init_args": {"x": [{"class_path": "a.C"}]}}, "m")
    assert inner.kwargs["x"][0].path == "m.x[0]"
    assert from_data({"class_path": "a.B", "init_args": None}) == Call("a.B")


def test_callbacks_are_a_list_when_one_is_read():
    values = {"model": {"backbone": None}, "trainer": {"callbacks": {"class_path": "a.C"}}}
    assert Spec.from_dict(values).callbacks == (Call("a.C"),)


def test_equality_ignores_where_it_came_from_when_compared():
    origin = Origin("a.py", 3)
    assert Call("a.B", {}, path="x", origins={"y": origin}, origin=origin) == Call("a.B")
    assert Spec({}, notes=(Note("a", "b"),)) == Spec({})
    with pytest.raises(dataclasses.FrozenInstanceError):
        Call("a.B").target = "a.C"


def test_note_names_its_line_when_known():
    assert str(Note("a.b", "Why.", Origin("a.py", 3))) == "a.b (a.py:3): Why."
    assert str(Note("a.b", "Why.")) == "a.b: Why."


def test_calls_are_found_when_nested():
    inner = Call("a.C")
    outer = Call("a.B", {"x": [{"y": (inner,)}]})
    assert list(find_calls([{"z": outer}, 5])) == [outer, inner]


def test_origin_is_found_when_value_is_an_argument():
    origin, other = Origin("a.py", 3), Origin("a.py", 5)
    call = Call("a.B", {"root": "x", "n": 1}, origins={"root": origin}, origin=other)
    spec = Spec({"backbone": call}, load_from="w.pth", origins={"load_from": other})
    assert [spec.find_origin(value) for value in ("x", 1, "w.pth", "q")] == [
        origin,
        other,
        other,
        None,
    ]


def test_every_place_moves_when_work_dir_does():
    logger = Call("a.Logger", {"save_dir": "old"})
    spec = Spec(
        {"backbone": None},
        trainer={"logger": [logger], "default_root_dir": "old"},
        callbacks=(Call("a.C", {"dirpath": "old", "name": "older"}),),
        work_dir="old",
    )
    moved = spec.move_work_dir("new")
    assert moved.work_dir == moved.trainer["default_root_dir"] == "new"
    assert moved.trainer["logger"][0].kwargs == {"save_dir": "new"}
    assert moved.callbacks[0].kwargs == {"dirpath": "new", "name": "older"}
    assert spec.work_dir == "old"


def test_folder_of_checkpoints_beside_it_moves_when_it_is_named_like_the_run():
    kwargs = {"dirpath": "far/run", "best_dirpath": "best/run", "data": "far/run"}
    spec = Spec(
        model={}, callbacks=(Call(SAVER, kwargs), Call("a.Users", kwargs)), work_dir="work_dirs/run"
    )
    saver, users = spec.move_work_dir("other/mine").callbacks
    assert saver.kwargs == {**kwargs, "dirpath": "far/mine", "best_dirpath": "best/mine"}
    assert users.kwargs == kwargs


WRONG = {
    "[1": (ConfigError, "this is no YAML"),
    "a: 1": (ConfigError, "this does not describe a run: model is None"),
    "- 1": (ConfigError, "this does not describe a run"),
    "model: {type: ResNet}": (ConfigError, "model is {'type': 'ResNet'}"),
    "model: {backbone: null}\ndatas: 3": (UnknownKeyError, "unknown key 'datas' with value 3"),
}


@pytest.mark.parametrize("text", WRONG)
def test_reading_raises_when_yaml_is(tmp_path, text):
    kind, words = WRONG[text]
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(kind) as caught:
        read_yaml(path)
    assert words in caught.value.problem
    assert str(path) in caught.value.origin


def test_reading_raises_when_file_is_missing(tmp_path):
    with pytest.raises(ConfigError, match="the file cannot be read"):
        read_yaml(tmp_path / "a.yaml")


def test_tuples_stay_when_read_from_data():
    value = {"a": (1, {"class_path": "a.B"}), "b": [(2,)]}
    assert from_data(value) == {"a": (1, Call("a.B")), "b": [(2,)]}


def test_path_of_an_argument_is_the_users_when_known():
    origins = {"a": Origin("a.py", 3, "data.samples"), "b": Origin("a.py", 4), "c": None}
    call = Call("x.Y", {}, path="data.train", origins=origins)
    paths = [call.path_of(name) for name in "abcd"]
    assert paths == ["data.samples", "data.train.b", "data.train.c", "data.train.d"]
    assert Call("x.Y").path_of("a") == "x.Y.a"


@pytest.mark.parametrize(
    ("note", "is_place"),
    [
        (Note("a", "trainer.max_epochs", quiet=True), True),
        (Note("a", "seed_everything", quiet=True), True),
        (Note("a", "trainer.max_epochs"), False),
        (Note("a", "done by PackInputs", quiet=True), False),
        (Note("a", "mmlight.module.ImageClassifier", quiet=True), False),
    ],
)
def test_note_is_a_place_when_quiet_and_in_the_spec(note, is_place):
    assert note.is_place is is_place

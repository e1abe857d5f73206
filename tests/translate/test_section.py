import pytest

from mmlight.errors import UnknownKeyError, UnsupportedValueError
from mmlight.read.key_path import note_paths
from mmlight.read.node import Origin, to_nodes
from mmlight.spec import Call
from mmlight.translate.section import Report, Section

HERE = Origin("a.py", 3)


def section(**entries):
    return Section(to_nodes(entries, HERE), "part", Report())


def test_take_gives_default_when_missing_or_none():
    part = section(a=1, b=None)
    assert [part.take(key, 5) for key in "abc"] == [1, 5, 5]
    assert part.leftover == []


def test_finish_reports_when_keys_are_left():
    part = section(deepth=50, width=1)
    part.take("depth")
    part.take("width")
    part.finish()
    (error,) = part.report.errors
    assert isinstance(error, UnknownKeyError)
    assert str(error) == (
        "part.deepth: unknown key 'deepth' with value 50.\n"
        "  set in:   a.py:3\n"
        "  expected: one of depth, width\n"
        "  nearest:  depth\n"
        "  next:     Correct the name or remove the key."
    )


def test_ignore_notes_when_key_is_there():
    part = section(a=1)
    part.ignore("Not needed.", "a", "b")
    part.finish()
    assert [str(note) for note in part.report.notes] == ["part.a (a.py:3): Not needed."]
    assert part.report.errors == []


def test_refuse_unless_reports_when_value_differs():
    part = section(a=1, b=2)
    assert part.refuse_unless("a", 1, None) == 1
    assert part.refuse_unless("c", 7) == 7
    part.refuse_unless("b", 1, None, reason="Set it.")
    (error,) = part.report.errors
    assert isinstance(error, UnsupportedValueError)
    assert (error.path, error.problem) == ("part.b", "the value 2 cannot be used")
    assert (error.expected, error.next_step) == ("1 or None", "Set it.")


def test_sections_are_nested_when_dicts_and_lists():
    part = section(a=dict(x=1), b=[dict(y=2), dict(y=3)], c=dict(y=4))
    assert part.take_section("a").key_path("x") == "part.a.x"
    assert [item.key_path("y") for item in part.take_list("b")] == ["part.b[0].y", "part.b[1].y"]
    assert [item.take("y") for item in part.take_list("c")] == [4]
    assert list(part.take_list("missing")) == []
    assert part.take_section("missing").node == {}


@pytest.mark.parametrize(
    ("take", "value", "expected"),
    [
        ("take_section", 5, "a dict"),
        ("take_section", [1], "a dict"),
        ("take_list", 5, "a dict or a list of dicts"),
        ("take_list", [dict(), 6], "a dict or a list of dicts"),
    ],
)
def test_sections_are_refused_when_of_another_kind(take, value, expected):
    part = section(a=value)
    result = getattr(part, take)("a")
    assert list(result.node if take == "take_section" else result) == []
    (error,) = part.report.errors
    assert error.problem == f"the value {value!r} cannot be used"
    assert error.expected == expected


def test_paths_are_taken_when_they_are_some(tmp_path):
    part = section(a="x", b=tmp_path, c=5, d=None)
    assert [part.take_path(key, "y") for key in "abcde"] == ["x", str(tmp_path), "y", "y", "y"]
    (error,) = part.report.errors
    assert (error.path, error.problem) == ("part.c", "the value 5 cannot be used")


def test_finish_reports_when_a_key_is_no_name():
    part = section()
    part.node[3] = 4
    part.finish()
    assert [error.problem for error in part.report.errors] == ["unknown key 3 with value 4"]


def test_nothing_more_is_told_when_a_section_is_none():
    part = section(a=5)
    part.take_section("a").refuse("type")
    assert [error.path for error in part.report.errors] == ["part.a"]


def test_paths_are_the_users_when_origins_know_them():
    node = note_paths(to_nodes({"samples": 4, "steps": [dict(a=1)]}, HERE), "data.train")
    node.rename("samples", "batch_size")
    part = Section(node, "train_dataloader", Report())
    assert part.key_path("batch_size") == "data.train.samples"
    assert part.key_path("missing") == "train_dataloader.missing"
    assert [item.key_path("a") for item in part.take_list("steps")] == ["data.train.steps[0].a"]
    part.refuse("batch_size")
    part.finish()
    assert [error.path for error in part.report.errors] == ["data.train.samples"]


def test_use_is_told_quietly_when_the_entry_is_there():
    part = section(a=1, b=dict(c=2))
    assert (part.take("a", to="trainer.max_epochs"), part.take("x", 3, to="seed")) == (1, 3)
    part.take_section("b", to="a few words")
    notes = [(note.path, note.text, note.quiet, note.is_place) for note in part.report.notes]
    assert notes == [
        ("part.a", "trainer.max_epochs", True, True),
        ("part.b", "a few words", True, False),
    ]


def test_use_is_not_told_when_the_upgrade_has_added_the_entry():
    node = note_paths(to_nodes({"a": 1}, HERE), "log_config")
    node.put("priority", "LOW", node.origin)
    part = Section(node, "log_config", Report())
    part.take("priority", to="its place")
    part.take("a", to="its use")
    assert [note.path for note in part.report.notes] == ["log_config.a"]


def test_refuse_unless_tells_the_use_when_nothing_changes():
    part = section(a=1)
    part.refuse_unless("a", 1)
    (note,) = part.report.notes
    assert (note.text, note.quiet) == ("so it is here in any case", True)


def test_call_knows_its_entries_when_made():
    part = section(type="X", a=1)
    call = part.call("b.X", {"a": 1, "added": 2})
    assert (call, call.path, call.origin) == (Call("b.X", {"a": 1, "added": 2}), "part", HERE)
    assert call.origins == {"a": HERE}
    assert part.call("b.X", {}, begin="missing").origin == HERE

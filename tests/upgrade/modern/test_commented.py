import pytest

from mmlight.read.node import ConfigDict, Origin, to_nodes
from mmlight.upgrade.modern.commented import CommentedWriter, walk_origins
from mmlight.upgrade.modern.comments import Comment, CommentPool, SourceComments


def at(line):
    return Origin("a.py", line)


def put(**entries):
    """Return a dict; every entry is (value, line)."""
    node = ConfigDict()
    for key, (value, line) in entries.items():
        node.put(key, to_nodes(value), at(line) if line else None)
    return node


def write(values, *comments, helpers=()):
    """Write values with comments; each is (line, text, is_behind)."""
    found = [Comment(at(line), [text], line, is_behind=behind) for line, text, behind in comments]
    emitted = {"a.py": {origin.line for origin in walk_origins(values)}}
    pool = CommentPool({"a.py": SourceComments(comments=found)}, emitted, frozenset(helpers))
    return CommentedWriter(pool, values).write()


def test_origins_are_walked_in_order_when_nested():
    values = put(a=(1, 3), b=([{"c": 1}], 5))
    values["b"][0].put("c", 1, at(7))
    assert [origin.line for origin in walk_origins(values)] == [3, 5, 7]


def test_comment_stands_behind_when_it_fits():
    assert write(put(a=(1, 3)), (3, "# short", True)) == "a = 1  # short\n"
    text = "# " + "long " * 20
    assert write(put(a=(1, 3)), (3, text, True)) == f"{text}\na = 1\n"


def test_dict_opens_when_a_comment_is_inside():
    values = put(a=(ConfigDict(x=1, y=2), 1))
    values["a"].put("x", 1, at(2))
    assert write(values, (2, "# why", False)) == "a = dict(\n    # why\n    x=1,\n    y=2,\n)\n"


def test_last_entry_of_a_line_has_what_stands_behind_when_several():
    values = put(a=(ConfigDict(x=1, y=2), 1))
    for key, value in (("x", 1), ("y", 2)):
        values["a"].put(key, value, at(2))
    assert write(values, (2, "# why", True)) == "a = dict(\n    x=1,\n    y=2,  # why\n)\n"


def test_list_of_numbers_stays_closed_when_commented():
    values = put(mean=([1, 2], 1))
    values["mean"].origins = [at(2), at(2)]
    assert write(values, (2, "# of all", False)) == "# of all\nmean = [1, 2]\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1,), "a = (1,)\n"),
        ({}, "a = dict()\n"),
        ([], "a = []\n"),
        ({"if": 1}, "a = {'if': 1}\n"),
        (float("inf"), "a = float('inf')\n"),
        (["x" * 50, {"y": "z" * 50}], f"a = [\n    '{'x' * 50}',\n    dict(y='{'z' * 50}'),\n]\n"),
    ],
)
def test_value_reads_back_when_written(value, text):
    written = write(put(a=(value, 0)))
    assert written == text
    scope = {}
    exec(written, scope)
    assert scope["a"] == value


def test_equal_loaders_are_written_once_when_of_two_stages():
    values = put(val_dataloader=({"a": 1}, 0), test_dataloader=({"a": 1}, 0))
    assert write(values).splitlines()[-1] == "test_dataloader = val_dataloader"
    values = put(val_dataloader=({"a": 1}, 0), test_dataloader=({"a": 2}, 0))
    assert write(values).splitlines()[-1] == "test_dataloader = dict(a=2)"


def test_variables_stand_for_their_values_when_equal():
    steps = [{"type": "X"}]
    dataset = {"type": "D", "pipeline": steps}
    values = put(
        dataset_type=("D", 0),
        train_pipeline=(steps, 0),
        train_dataloader=({"dataset": {"dataset": dataset}}, 0),
        val_dataloader=({"dataset": {"type": "E", "pipeline": steps}}, 0),
    )
    lines = write(values).splitlines()
    assert "dataset=dict(type=dataset_type, pipeline=train_pipeline)" in lines[2]
    assert lines[3] == "val_dataloader = dict(dataset=dict(type='E', pipeline=[dict(type='X')]))"

import pytest

from mmlight.read.node import Origin
from mmlight.upgrade.modern.comments import CommentPool, read_comments

TEXT = """# Copyright of somebody

# model settings
model = dict(
    type='X',  # its name
    # how deep
    # it is
    depth=3)  # done
sizes = [1]  # noqa: E501
lr = dict(
    step=[
        1
    ],  # milestones
)
# the end
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(TEXT)
    return str(path)


def make_pool(file, lines, helpers=()):
    return CommentPool({file: read_comments(file)}, {file: set(lines)}, frozenset(helpers))


def take(pool, file, line):
    return [comment.lines for comment in pool.take(Origin(file, line))]


def test_comments_are_found_when_python(file):
    found = read_comments(file)
    assert found.header == ["# Copyright of somebody"]
    assert [(c.lines, c.target, c.is_behind) for c in found.comments] == [
        (["# model settings"], 4, False),
        (["# its name"], 5, True),
        (["# how deep", "# it is"], 8, False),
        (["# done"], 8, True),
        (["# milestones"], 13, True),
        (["# the end"], 0, False),
    ]
    assert found.statements == [(4, 8, "model"), (9, 9, "sizes"), (10, 14, "lr")]


def test_docstring_is_kept_as_written_when_there_is_one(tmp_path):
    path = tmp_path / "a.py"
    path.write_text('"""Two\n\nlines."""\na = 1\n')
    assert read_comments(str(path)).docstring == '"""Two\n\nlines."""'


@pytest.mark.parametrize("text", ["a = (", "{{", None])
def test_nothing_is_found_when_no_python(tmp_path, text):
    path = tmp_path / "a.py"
    if text is not None:
        path.write_text(text)
    assert read_comments(str(path)).comments == []


def test_comment_goes_with_its_line_when_written(file):
    pool = make_pool(file, [4, 5, 8])
    assert pool.has(Origin(file, 5))
    assert take(pool, file, 5) == [["# its name"]]
    assert take(pool, file, 5) == []
    assert take(pool, file, 8) == [["# how deep", "# it is"], ["# done"]]
    assert pool.take(None) == []


def test_comment_behind_a_bracket_goes_with_the_last_entry_when_written(file):
    assert take(make_pool(file, [10, 11]), file, 11) == [["# milestones"]]


def test_comment_on_a_statement_goes_with_what_is_left_when_written_in_part(file):
    assert take(make_pool(file, [5]), file, 5) == [["# model settings"], ["# its name"]]


def test_comment_on_a_helper_goes_with_what_follows_when_it_goes(file):
    assert take(make_pool(file, [9], helpers=["model"]), file, 9) == [["# model settings"]]
    assert take(make_pool(file, [9]), file, 9) == []


def test_comments_are_left_over_when_nothing_takes_them(file):
    pool = make_pool(file, [5])
    pool.take(Origin(file, 5))
    assert [c.lines[0] for c in pool.rest()] == [
        *("# how deep", "# done", "# milestones", "# the end")
    ]


def test_sections_are_taken_alone_when_asked(file):
    pool = make_pool(file, [4, 5])
    origins = [Origin(file, 4), Origin(file, 5), Origin(file, 4)]
    assert [c.lines for c in pool.take_sections(origins)] == [["# model settings"]]
    assert take(pool, file, 5) == [["# its name"]]


def test_comment_is_given_once_when_two_files_say_it(tmp_path):
    files = [str(tmp_path / name) for name in ("a.py", "b.py")]
    for path in files:
        (tmp_path / path).write_text("# optimizer\nlr = 1\n")
    sources = {path: read_comments(path) for path in files}
    pool = CommentPool(sources, {path: {2} for path in files}, frozenset())
    assert [len(pool.take(Origin(path, 2))) for path in files] == [1, 0]
    assert pool.rest() == []

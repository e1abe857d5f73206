from pathlib import Path

import pytest

from mmlight.errors import ConfigError, ConfigErrors
from mmlight.read.file import Rules, read_file, read_source
from mmlight.read.node import ConfigDict, to_plain


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files and read `main.py`; the working directory is theirs, so origins stay short."""
    monkeypatch.chdir(tmp_path)

    def read(main, **others):
        for name, text in {"main": main, **others}.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return read_file(Path("main.py"))

    return read


def origins(node, prefix=""):
    found = {}
    for key, value in node.items():
        found[prefix + key] = str(node.origin_of(key))
        if isinstance(value, ConfigDict):
            found |= origins(value, f"{prefix}{key}.")
    return found


BASE = """norm = dict(mean=1)
model = dict(
    type='A',
    head=dict(
        loss=1,
        topk=2))
"""
MAIN = """_base_ = './base.py'
model = dict(
    head=dict(topk=3),
    neck={
        'type': 'N'})
step = dict(type='S', **_base_.norm)
model['extra'] = dict(a=1)
for name in ('b', 'c'):
    model['extra'][name] = 5
"""


def test_origins_are_exact_when_child_and_base(write):
    file = write(MAIN, base=BASE)
    assert origins(file.values) == {
        "norm": "base.py:1",
        "norm.mean": "base.py:1",
        "model": "main.py:2",
        "model.type": "base.py:3",
        "model.head": "main.py:3",
        "model.head.loss": "base.py:5",
        "model.head.topk": "main.py:3",
        "model.neck": "main.py:4",
        "model.neck.type": "main.py:5",
        "model.extra": "main.py:7",
        "model.extra.a": "main.py:7",
        "model.extra.b": "main.py:9",
        "model.extra.c": "main.py:9",
        "name": "main.py:8",
        "step": "main.py:6",
        "step.type": "main.py:6",
        "step.mean": "base.py:1",
    }


def test_base_values_stay_when_child_assigns_into_base(write):
    file = write(
        "_base_ = 'base.py'\n_base_.model.head.loss = 7\nmodel = dict(type=_base_.model.type * 2)",
        base=BASE,
    )
    assert to_plain(file.values)["model"] == {"type": "AA", "head": {"loss": 7, "topk": 2}}
    assert str(file.values.model.head.origin_of("loss")) == "main.py:2"


def test_items_know_lines_when_lists(write):
    steps = write("steps = [\n    dict(type='A'),\n    *[1, 2],\n]\nmore = [\n 1,\n 2]").values
    assert str(steps.steps[0].origin_of("type")) == "main.py:2"
    assert [str(steps.more.origin_of(index)) for index in (0, 1)] == ["main.py:6", "main.py:7"]


def test_delete_replaces_when_child_says_so(write):
    file = write("_base_ = 'base.py'\nmodel = dict(_delete_=True, type='B')", base=BASE)
    assert to_plain(file.values.model) == {"type": "B"}


def test_names_read_are_found_when_helpers(write):
    file = write(
        "_base_ = 'base.py'\nunused = 1\nsize = 2\ndef double(x):\n    return x * size\n"
        "scale = double(3)\nstep = dict(norm=_base_.norm, old={{_base_.model.type}})",
        base=BASE,
    )
    assert {"size", "double", "norm", "model"} <= file.names_read
    assert not {"unused", "scale", "step"} & file.names_read
    assert file.values.step == {"norm": {"mean": 1}, "old": "A"}
    assert "double" not in file.values


def test_text_holds_all_files_when_bases(write):
    text = write(MAIN, base=BASE).text
    assert text.index("norm = dict(mean=1)") < text.index("_base_ = './base.py'")


def test_templates_are_filled_when_file_names(write, tmp_path):
    values = write(
        "a = '{{ fileDirname }}/x'\nb = '{{fileBasename}}'\nc = '{{ fileBasenameNoExtension }}'\n"
        "d = '{{ fileExtname }}'"
    ).values
    assert to_plain(values) == {"a": f"{tmp_path}/x", "b": "main.py", "c": "main", "d": ".py"}


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_base_variables_are_filled_when_old_style(write, quote):
    text = f"_base_ = 'base.py'\nloss = {quote}{{{{ _base_.model.head.loss }}}}{quote}"
    assert write(text, base=BASE).values.loss == 1


def test_environment_is_read_when_set_or_defaulted(write, monkeypatch):
    monkeypatch.setenv("DEPTH", "101")
    text = "depth = {{$DEPTH:50}}\nwidth = {{ $WIDTH:64 }}\nroot = '{{$ROOT:data/x}}'"
    assert to_plain(write(text).values) == {"depth": 101, "width": 64, "root": "data/x"}


def test_old_name_is_dropped_when_deprecated(write):
    assert to_plain(write("_deprecation_ = dict(expected='x.py')\na = 1").values) == {"a": 1}


def test_bases_may_nest_when_in_folders(write, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "mid.py").write_text("_base_ = '../base.py'\nb = 1")
    values = write("_base_ = 'deep/mid.py'\nc = 1", base="a = 1").values
    assert to_plain(values) == {"a": 1, "b": 1, "c": 1}
    assert str(values.origin_of("a")) == "base.py:1"


FAILURES = {
    "missing base": (
        "_base_ = 'bas.py'",
        dict(base=BASE),
        ("bas.py: no such config file", "set in:   main.py:1", "one of base.py, main.py"),
    ),
    "circle": (
        "_base_ = 'base.py'",
        dict(base="_base_ = 'main.py'"),
        ("main.py: the config inherits from itself through base.py", "set in:   base.py:1"),
    ),
    "duplicate": (
        "_base_ = ['base.py', 'other.py']",
        dict(base=BASE, other="x = 1\nnorm = 2"),
        ("norm: two bases of main.py set the key 'norm'", "base.py:1 and other.py:2"),
    ),
    "syntax": (
        "a = 1\nb = dict(x=1,, y=2)",
        {},
        ("main.py: syntax error", "'b = dict(x=1,, y=2)'", "set in:   main.py:2"),
    ),
    "syntax in base": (
        "_base_ = 'base.py'",
        dict(base="\n\na = (1"),
        ("base.py: syntax error", "set in:   base.py:3"),
    ),
    "error inside": (
        "a = 1\ndef f(x):\n    return x.no_such\n\nb = f(a)",
        {},
        ("AttributeError while the config ran: 'int' object has no attribute 'no_such'", ":3"),
    ),
    "unknown name": (
        "a = 1\nb = dict(\n    x=aa)",
        {},
        ("NameError while the config ran: name 'aa' is not defined", "set in:   main.py:3"),
    ),
    "repeated key": (
        "a = dict(x=1)\nb = dict(x=2, **a)",
        {},
        ("multiple values for keyword argument 'x'", "set in:   main.py:2"),
    ),
    "wrong base": ("a = 1\n_base_ = a", {}, ("_base_: '_base_ = a' names no files", "main.py:2")),
    "wrong base items": ("_base_ = [1]", {}, ("_base_: '_base_ = [1]' names no files",)),
    "dict over leaf": (
        "_base_ = 'base.py'\nmodel = dict(head=dict(loss=dict(a=1)))",
        dict(base=BASE),
        ("model.head.loss: a dict cannot be merged into the inherited int 1", "over base.py:5"),
    ),
    "null bytes": ("a = 1\0", {}, ("main.py: the file holds null bytes",)),
    "environment": (
        "a = '{{$NO_SUCH_VARIABLE:}}'",
        {},
        ("main.py: the environment variable 'NO_SUCH_VARIABLE' is not set and has no default",),
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_reading_raises_when(write, case):
    main, others, texts = FAILURES[case]
    with pytest.raises(ConfigError) as caught:
        write(main, **others)
    for text in texts:
        assert text in str(caught.value)


def test_reading_raises_when_not_utf8(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b"a = '\xff'")
    with pytest.raises(ConfigError, match=r"a\.py: the file cannot be read: .*0xff"):
        read_file(path)


def test_all_shared_keys_are_told_when_several(write):
    with pytest.raises(ConfigErrors) as caught:
        write("_base_ = ['base.py', 'other.py']", base="a = 1\nb = 2", other="b = 3\na = 4")
    assert [error.origin for error in caught.value.errors] == [
        "base.py:2 and other.py:1",
        "base.py:1 and other.py:2",
    ]


def test_rules_leave_variables_alone_when_off(write, monkeypatch):
    monkeypatch.setenv("DEPTH", "7")
    source = "a = '{{ fileBasename }}{{$DEPTH:5}}'"
    write(source)
    for rules, value in {
        Rules(): "main.py7",
        Rules(environment=False): "main.py{{$DEPTH:5}}",
        Rules(file_variables=False): "{{ fileBasename }}7",
    }.items():
        assert read_file(Path("main.py"), rules).values.a == value


def test_source_is_read_when_there_is_no_file(write):
    write("", base=BASE)
    file = read_source("_base_ = 'base.py'\nx = 1", Path("<text>.py"))
    assert str(file.values.origin_of("x")) == "<text>.py:2"
    assert file.values.model.type == "A"


def test_suffix_is_refused_when_foreign(write, tmp_path):
    (tmp_path / "a.txt").write_text("a = 1")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match=r"a\.txt: no config has the suffix '\.txt'"):
        read_file(Path("a.txt"))
    with pytest.raises(ConfigError, match="folder: this is a folder"):
        read_file(Path("folder"))

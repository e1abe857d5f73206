from pathlib import Path

import pytest

from mmlight.errors import ConfigError, MMLightError
from mmlight.read.config import Config
from mmlight.read.data_text import is_printed_run, read_data
from mmlight.read.node import ConfigDict, ConfigList, to_plain

YAML = """# a comment
norm: &norm {type: BN,
  eps: 1.0e-5}
model:
  type: ResNet
  sizes: [1,
    2]
  shape: !!python/tuple [3, 4]
  norm: *norm
  more:
    <<: *norm
    eps: 1e-3
steps:
- type: A
- {type: B}
"""
NO_CONSTRUCTOR = (
    "could not determine a constructor for the tag "
    "'tag:yaml.org,2002:python/object/apply:os.system'"
)
JSON = """{
  "norm": {"type": "BN",
    "eps": 1e-5},
  "model":
    {"type": "ResNet", "sizes": [1,
       2], "text": "a, b: [{\\"c\\"}]\\n", "empty": [ ], "none": { }},
  "steps": [
    {"type": "A"}, {"type":
     "B"}], "big": [-1.5E3, true, null, Infinity]
}
"""


def origins(node, prefix=""):
    items = node.items() if isinstance(node, ConfigDict) else enumerate(node)
    found = {}
    for key, value in items:
        found[f"{prefix}{key}"] = node.origin_of(key).line
        if isinstance(value, (ConfigDict, ConfigList)):
            found |= origins(value, f"{prefix}{key}.")
    return found


def test_yaml_gives_values_and_lines_when_read():
    values = read_data(YAML, "a.yaml")
    assert to_plain(values) == {
        "norm": {"type": "BN", "eps": 1e-5},
        "model": {
            "type": "ResNet",
            "sizes": [1, 2],
            "shape": (3, 4),
            "norm": {"type": "BN", "eps": 1e-5},
            "more": {"type": "BN", "eps": "1e-3"},
        },
        "steps": [{"type": "A"}, {"type": "B"}],
    }
    assert origins(values) == {
        "norm": 2,
        "norm.type": 2,
        "norm.eps": 3,
        "model": 4,
        "model.type": 5,
        "model.sizes": 6,
        "model.sizes.0": 6,
        "model.sizes.1": 7,
        "model.shape": 8,
        "model.norm": 9,
        "model.norm.type": 2,
        "model.norm.eps": 3,
        "model.more": 10,
        "model.more.type": 2,
        "model.more.eps": 12,
        "steps": 13,
        "steps.0": 14,
        "steps.0.type": 14,
        "steps.1": 15,
        "steps.1.type": 15,
    }


def test_json_gives_values_and_lines_when_read():
    values = read_data(JSON, "a.json")
    assert to_plain(values) == {
        "norm": {"type": "BN", "eps": 1e-5},
        "model": {
            "type": "ResNet",
            "sizes": [1, 2],
            "text": 'a, b: [{"c"}]\n',
            "empty": [],
            "none": {},
        },
        "steps": [{"type": "A"}, {"type": "B"}],
        "big": [-1500.0, True, None, float("inf")],
    }
    assert origins(values) == {
        "norm": 2,
        "norm.type": 2,
        "norm.eps": 3,
        "model": 4,
        "model.type": 5,
        "model.sizes": 5,
        "model.sizes.0": 5,
        "model.sizes.1": 6,
        "model.text": 6,
        "model.empty": 6,
        "model.none": 6,
        "steps": 7,
        "steps.0": 8,
        "steps.0.type": 8,
        "steps.1": 8,
        "steps.1.type": 8,
        "big": 9,
        "big.0": 9,
        "big.1": 9,
        "big.2": 9,
        "big.3": 9,
    }


def test_last_key_wins_when_json_repeats_it():
    values = read_data('{"a": 1,\n"a": 2}', "a.json")
    assert (values, values.origin_of("a").line) == ({"a": 2}, 2)


def test_text_is_empty_when_yaml_is():
    assert read_data("# nothing\n", "a.yaml") == {}


@pytest.mark.parametrize(
    ("file", "text", "problem", "origin"),
    [
        ("a.yaml", "a: 1\nb: [1", "this is no YAML: did not find expected ',' or ']'", "a.yaml:3"),
        ("a.yaml", "a: *x", "this is no YAML: found undefined alias", "a.yaml:1"),
        (
            *("a.yaml", "a: 1\nb: !!python/object/apply:os.system [ls]"),
            "this is no YAML: " + NO_CONSTRUCTOR,
            "a.yaml:2",
        ),
        ("a.yaml", "- 1", "the file holds a ConfigList and no mapping", "a.yaml"),
        ("a.yaml", "text", "the file holds a str and no mapping", "a.yaml"),
        ("a.yaml", "a: 1\n2: 3", "the key 2 is no name", "a.yaml:2"),
        ("a.yaml", "a: &x [*x]", "an alias holds itself, or the nesting is too deep", ""),
        ("a.json", '{"a": 1,\n "b": }', "this is no JSON: Expecting value", "a.json:2"),
        ("a.json", "", "this is no JSON: Expecting value", "a.json:1"),
        ("a.json", "[1]", "the file holds a ConfigList and no mapping", "a.json"),
        ("a.json", "[" * 100_000, "the nesting is too deep", ""),
    ],
)
def test_text_is_refused_when_wrong(file, text, problem, origin):
    with pytest.raises(ConfigError) as caught:
        read_data(text, file)
    assert (caught.value.problem, caught.value.origin) == (problem, origin)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("model:\n  backbone: {class_path: X}\ntrainer: {max_epochs: 1}", True),
        ("trainer: {max_epochs: 1}", True),
        ("work_dir: x", True),
        ("model: {type: ImageClassifier}", False),
        ("model: {_delete_: true, backbone: {}}", False),
        ("_base_: a.py", False),
        ("optimizer: {type: SGD}", False),
        ("- 1", True),
        ("a: [", True),
    ],
)
def test_runs_are_told_from_configs_when_yaml(tmp_path, text, printed):
    (tmp_path / "a.yaml").write_text(text)
    assert is_printed_run(tmp_path / "a.yaml") is printed


def test_missing_file_counts_as_a_run():
    assert is_printed_run("no/such.yaml") is True


# ---------------------------------------------------------------------- whole configs

FILES = {
    "base.py": "model = dict(type='A', head=dict(loss=1, topk=(1, 5)))\nsize = 3\n",
    "mid.yaml": "_base_: base.py\nmodel: {head: {loss: 2}}\nwidth: {{ _base_.size }}\n",
    "main.json": '{"_base_": ["./mid.yaml", "own.yml"],\n "model": {"head": {"_delete_": true,\n'
    '  "copy": {{ _base_.model.head }}}},\n "file": "{{ fileBasenameNoExtension }}",\n'
    ' "depth": {{ $DEPTH:50 }}}\n',
    "own.yml": "_deprecation_: {expected: x.py}\nroot: '{{ fileDirname }}/data'\n",
    "last.py": "_base_ = 'main.json'\nmodel = dict(head=dict(more=_base_.depth))\n",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text)
    return tmp_path


def test_bases_of_any_kind_merge_when_mixed(folder):
    config = Config.fromfile("last.py")
    assert config.to_dict() == {
        "model": {"type": "A", "head": {"copy": {"loss": 2, "topk": (1, 5)}, "more": 50}},
        "size": 3,
        "width": 3,
        "root": f"{folder}/data",
        "file": "main",
        "depth": 50,
    }
    keys = ("model.type", "model.head.copy", "model.head.copy.loss", "model.head.more", "width")
    assert [str(config.origin(key)) for key in keys] == [
        *("base.py:1", "main.json:3", "mid.yaml:2", "last.py:2", "mid.yaml:3")
    ]


@pytest.mark.parametrize(
    ("text", "path", "problem", "origin"),
    [
        ("_base_: [base.py, mid.yaml]", None, "two bases of bad.yaml set the key 'model'", None),
        ("_base_: 3", "_base_", "3 names no files", "bad.yaml:1"),
        ("a: 1\n_base_: {a: b}", "_base_", "{'a': 'b'} names no files", "bad.yaml:2"),
        ("a: 1\n_base_:\n- no.py", "no.py", "no such config file", "bad.yaml:3"),
        ("a: 1\n_base_: bad.yaml", "bad.yaml", None, "bad.yaml:2"),
        ("a: {{ _base_.x }}", "a", "the bases of bad.yaml have no entry 'x'", ""),
    ],
)
def test_bases_are_refused_when_wrong(folder, text, path, problem, origin):
    Path("bad.yaml").write_text(text)
    with pytest.raises(MMLightError) as caught:
        Config.fromfile("bad.yaml")
    error = getattr(caught.value, "errors", [caught.value])[0]
    assert path in (None, error.path)
    assert problem in (None, error.problem)
    assert origin in (None, error.origin)

from mmlight.read.config import Config
from mmlight.read.node import Origin, to_nodes
from mmlight.run import read_spec
from mmlight.upgrade.scopes import fold_scopes
from tests.runs import LENET_NEW, write_config


def fold(values):
    return fold_scopes(to_nodes(values, Origin("a.py", 1)))


def test_values_are_the_same_when_there_is_no_scope():
    values = to_nodes({"a": [{"type": "A"}]})
    assert fold_scopes(values) is values


def test_types_get_the_prefix_when_the_scope_is_foreign():
    folded = fold(
        {
            "model": {
                "type": "A",
                "_scope_": "mmdet",
                "neck": {"type": "B"},
                "path": {"type": "x.C"},
                "other": {"type": "D", "_scope_": "mmpretrain", "inner": ({"type": "E"},)},
                "scoped": [{"type": "torchvision/F"}, {"type": dict}],
            },
            "outside": {"type": "G"},
        }
    )
    assert folded == {
        "model": {
            "type": "mmdet.A",
            "neck": {"type": "mmdet.B"},
            "path": {"type": "x.C"},
            "other": {"type": "D", "inner": ({"type": "E"},)},
            "scoped": [{"type": "torchvision/F"}, {"type": dict}],
        },
        "outside": {"type": "G"},
    }
    assert str(folded.model.origin_of("type")) == "a.py:1"


def test_scope_stays_when_no_name():
    values = to_nodes({"a": {"type": "A", "_scope_": 5}})
    assert fold_scopes(values) == {"a": {"type": "A", "_scope_": 5}}


def test_source_stays_when_folded():
    values = to_nodes({"a": {"type": "A", "_scope_": "mmdet"}})
    fold_scopes(values)
    assert values == {"a": {"type": "A", "_scope_": "mmdet"}}


def test_spec_is_the_same_when_the_config_comes_from_a_package(tmp_path, monkeypatch):
    (tmp_path / "zoo" / "mmpretrain" / ".mim" / "configs").mkdir(parents=True)
    (tmp_path / "zoo" / "mmpretrain" / "__init__.py").write_text("raise RuntimeError")
    text = write_config(tmp_path, LENET_NEW).read_text()
    (tmp_path / "zoo" / "mmpretrain" / ".mim" / "configs" / "lenet.py").write_text(text)
    (tmp_path / "config2.py").write_text("_base_ = 'mmpretrain::lenet.py'\nwork_dir = 'x'")
    monkeypatch.syspath_prepend(tmp_path / "zoo")
    assert "_scope_" in Config.fromfile(tmp_path / "config2.py").model
    ours = read_spec(tmp_path / "config2.py").to_dict()
    assert ours == read_spec(tmp_path / "config.py", ["work_dir=x"]).to_dict()

"""Reads YAML and JSON configs beside both originals, and lets them read what we write."""

import pytest

from mmlight.read.config import Config
from tests.reference.original import FOLDER
from tests.reference.test_corpus import ROOTS, same

FILES = {
    "base.py": "model = dict(type='A', head=dict(loss=1, topk=(1, 5)), neck=None)\nsize = [3, 4]\n",
    "mid.yaml": "_base_: base.py\n"
    "norm: &norm {type: BN, eps: 1e-3, momentum: 1.0e-1}\n"
    "model:\n  head: {loss: 2, norm: *norm}\n  stem:\n    <<: *norm\n    on: yes\n"
    "shape: !!python/tuple [1, 2]\nwidth: {{ _base_.size }}\n"
    "many:\n- {{ _base_.model.head }}\n- 0x10\n- ~\n- 2001-12-14\n- 'text # no comment'\n",
    "own.yml": "root: '{{ fileDirname }}/data'\nname: {{ fileBasenameNoExtension }}\n",
    "main.json": '{"_base_": ["./mid.yaml", "own.yml"],\n "model": {"head": {"_delete_": true,\n'
    '  "copy": {{ _base_.model.head }}}},\n "file": "{{ fileBasename }}",\n'
    ' "numbers": [1, 1.5, -2e3, true, null, "\\u00e9", []]}\n',
    "last.py": "_base_ = ['main.json']\nmodel = dict(head=dict(more=dict(_delete_=True, a=1)))\n",
    "empty.json": "{}",
}


def read_theirs(root, files):
    import os

    try:
        from mmengine.config import Config
    except ImportError:
        from mmcv import Config

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(plain(item) for item in value)
        return value

    read = (Config.fromfile(os.path.join(root, file)) for file in files)
    return [plain(config._cfg_dict.to_dict()) for config in read]


@pytest.mark.parametrize("generation", ROOTS)
def test_values_equal_the_originals_when_yaml_or_json(request, generation, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    theirs = request.getfixturevalue(generation)(read_theirs, str(tmp_path), list(FILES))
    for file, expected in zip(FILES, theirs, strict=True):
        assert same(Config.fromfile(tmp_path / file).to_dict(), expected), file


CONFIGS = [
    ("mmcls", "swin_transformer/swin-base_16xb64_in1k.py"),
    ("mmcls", "resnet/resnet18_8xb16_cifar10.py"),
    ("mmpretrain", "swin_transformer/swin-base_16xb64_in1k.py"),
    ("mmpretrain", "convnext/convnext-base_32xb128_in1k.py"),
    ("mmpretrain", "mae/mae_vit-base-p16_8xb512-amp-coslr-300e_in1k.py"),
]


def without_tuples(value):
    if isinstance(value, dict):
        return {key: without_tuples(item) for key, item in value.items()}
    return list(map(without_tuples, value)) if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("suffix", [".py", ".yaml", ".json"])
@pytest.mark.parametrize(("generation", "file"), CONFIGS)
def test_originals_read_the_same_when_we_write(request, generation, file, suffix, tmp_path):
    values = Config.fromfile(ROOTS[generation] / file).to_dict()
    Config(values).dump(tmp_path / f"dumped{suffix}")
    [theirs] = request.getfixturevalue(generation)(read_theirs, str(tmp_path), [f"dumped{suffix}"])
    expected = without_tuples(values) if suffix == ".json" else values
    assert same(theirs, expected)
    assert same(Config.fromfile(tmp_path / f"dumped{suffix}").to_dict(), expected)


def dump_theirs(root, file, suffixes):
    import os

    try:
        from mmengine.config import Config
    except ImportError:
        from mmcv import Config

    config = Config.fromfile(os.path.join(root, file))
    import tempfile

    folder = tempfile.mkdtemp()
    texts = {}
    for suffix in suffixes:
        path = os.path.join(folder, "dumped" + suffix)
        config.dump(path)
        with open(path, encoding="utf-8") as stream:
            texts[suffix] = stream.read()
    return texts


@pytest.mark.parametrize(("generation", "file"), CONFIGS)
def test_what_the_originals_write_is_read_when_ours(request, generation, file):
    root = ROOTS[generation]
    suffixes = [".py", ".yaml", ".json"]
    texts = request.getfixturevalue(generation)(dump_theirs, str(root), file, suffixes)
    values = Config.fromfile(root / file).to_dict()
    for suffix, text in texts.items():
        expected = without_tuples(values) if suffix == ".json" else values
        assert same(Config.fromstring(text, suffix).to_dict(), expected), suffix


# ----------------------------------------------------------------------- other packages


def read_across(root, file):
    import os
    import sys
    import types

    # setuptools has dropped the module that mmengine asks for packages
    stub = types.ModuleType("pkg_resources")
    stub.DistributionNotFound = type("DistributionNotFound", (Exception,), {})

    def get_distribution(name):
        raise stub.DistributionNotFound(name)

    stub.get_distribution = get_distribution
    sys.modules["pkg_resources"] = stub
    import importlib

    reload, importlib.reload = importlib.reload, lambda module: module
    try:
        from mmengine.config import Config

        return Config.fromfile(os.path.join(root, file)).to_dict()
    finally:
        importlib.reload = reload
        del sys.modules["pkg_resources"]


ONE = """_base_ = 'mmpretrain::resnet/resnet50_8xb32_in1k.py'
model = dict(backbone=dict(depth=18))
"""
TWO = """_base_ = ['mmpretrain::_base_/models/vit-base-p16.py',
    'mmpretrain::_base_/schedules/imagenet_bs4096_AdamW.py']
model = dict(head=dict(_delete_=True, type='Own'), own=_base_.optim_wrapper)
"""


@pytest.mark.parametrize("text", [ONE, TWO])
def test_values_equal_mmengine_when_bases_are_in_a_package(mmpretrain, tmp_path, monkeypatch, text):
    (tmp_path / "main.py").write_text(text)
    theirs = mmpretrain(read_across, str(tmp_path), "main.py")
    monkeypatch.syspath_prepend(FOLDER / "mmpretrain")
    ours = Config.fromfile(tmp_path / "main.py").to_dict()
    assert ours["model"]["_scope_"] == "mmpretrain"
    assert same(ours, theirs)

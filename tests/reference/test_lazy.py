"""Reads lazy configs beside mmengine and compares every value."""

import pytest

from mmlight.read.config import Config
from tests.lazy_configs import BASES, write_lazy
from tests.reference.test_corpus import same


def read_theirs(root, files):
    import os
    import sys
    import types
    from unittest import mock

    from mmengine.config import Config

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(plain(item) for item in value)
        return value

    def find_package(package):
        return os.path.join(root, package)

    tools = (types.ModuleType, types.FunctionType, type)  # ours are no entries
    values = {}
    with (
        # under this Python mmengine takes the standard library for a foreign package, and it asks
        # a module for packages that setuptools has dropped
        mock.patch("mmengine.config.utils.PYTHON_ROOT_DIR", sys.base_prefix),
        mock.patch("mmengine.config.config.get_installed_path", find_package),
    ):
        for file in files:
            entries = Config.fromfile(os.path.join(root, file)).to_dict().items()
            kept = {key: item for key, item in entries if not isinstance(item, tools)}
            values[file] = plain(kept)
    return values


def test_values_equal_mmengine_when_lazy(mmpretrain, tmp_path, monkeypatch):
    files = [*write_lazy(tmp_path), *BASES]
    monkeypatch.syspath_prepend(tmp_path)
    theirs = mmpretrain(read_theirs, str(tmp_path), files)
    assert len(theirs) == 19
    for file in files:
        ours = Config.fromfile(tmp_path / file).to_dict()
        assert same(ours, theirs[file]), file


@pytest.mark.parametrize("file", ["resnet/resnet18_8xb16_cifar10.py", "project/mine.py"])
def test_keys_are_in_their_order_when_lazy(mmpretrain, tmp_path, file):
    write_lazy(tmp_path)
    theirs = mmpretrain(read_theirs, str(tmp_path), [file])[file]
    assert list(Config.fromfile(tmp_path / file).to_dict()) == list(theirs)

import sys

import pytest

from mmlight.compat import provide_names
from mmlight.compat.installed import find_installed, is_installed
from mmlight.registry import HOOKS, MODELS, Registry

REGISTRY = """
class Thing: ...

class Registry:
    def get(self, key):
        return {{{names}}}.get(key)

HOOKS = BACKBONES = MODELS = Registry()
"""


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Installs fake packages: `packages(mmdet="A")` has a registry with a class 'A'."""

    def write(**contents):
        for package, name in contents.items():
            (tmp_path / package).mkdir()
            (tmp_path / package / "__init__.py").write_text("")
            text = REGISTRY.format(names=f"{name!r}: Thing")
            (tmp_path / package / "registry.py").write_text(text)

    monkeypatch.syspath_prepend(str(tmp_path))
    yield write
    for name in list(sys.modules):
        if name.split(".")[0] in ("mmdet", "mmdet3d", "mmpretrain"):
            del sys.modules[name]


def test_class_is_found_when_a_package_has_it(packages):
    packages(mmdet="A", mmpretrain="B")
    found, package = find_installed(MODELS, "mmpretrain", "A")
    assert (found.__module__, package) == ("mmdet.registry", "mmdet")
    assert find_installed(MODELS, "mmdet", "C") is None
    assert find_installed(HOOKS, "mmdet", "B")[1] == "mmpretrain"


def test_own_scope_is_asked_first_when_two_have_the_name(packages):
    packages(mmdet="A", mmpretrain="A")
    assert find_installed(MODELS, "mmdet", "A")[1] == "mmdet"
    assert find_installed(MODELS, "mmpretrain", "A")[1] == "mmpretrain"


def test_nothing_is_found_when_nothing_is_installed():
    assert find_installed(MODELS, "mmdet", "A") is None
    with provide_names():
        import mmdet  # noqa: F401

        assert find_installed(MODELS, "mmdet", "A") is None


def test_nothing_is_found_when_it_cannot_be_a_registered_name(packages):
    packages(mmdet="a.B")
    assert find_installed(MODELS, "mmdet", "a.B") is None
    assert find_installed(Registry("own"), "mmdet", "A") is None


def test_installation_is_skipped_when_broken(packages, tmp_path):
    packages(mmdet="A")
    (tmp_path / "mmdet" / "registry.py").write_text("import no_such_package\n")
    assert find_installed(MODELS, "mmdet", "A") is None


def test_package_counts_as_installed_when_it_has_code(packages, tmp_path):
    assert not is_installed("mmdet")
    (tmp_path / "mmdet3d").mkdir()  # a folder is no package
    assert not is_installed("mmdet3d")
    packages(mmdet="A")
    assert is_installed("mmdet")
    with provide_names():
        import mmcv  # noqa: F401

        assert not is_installed("mmcv")
        assert not is_installed("mmcls")

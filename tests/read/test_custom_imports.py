import sys

import pytest

from mmlight.errors import ConfigError
from mmlight.read.config import Config
from mmlight.read.custom_imports import import_custom_modules


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a config and a module, from which nothing stays imported."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "my_nets_for_a_test.py").write_text("LOADED = True\n")
    yield tmp_path
    sys.modules.pop("my_nets_for_a_test", None)


def read(folder, text):
    (folder / "config.py").write_text(text)
    return Config.fromfile(folder / "config.py")


def test_module_is_imported_when_beside_the_config(folder):
    config = read(folder, "custom_imports = dict(imports=['my_nets_for_a_test'])")
    import_custom_modules(config)
    assert sys.modules["my_nets_for_a_test"].LOADED


def test_module_is_imported_when_one_name(folder):
    import_custom_modules(read(folder, "custom_imports = dict(imports='my_nets_for_a_test')"))
    assert "my_nets_for_a_test" in sys.modules


def test_nothing_is_imported_when_config_asks_nothing(folder):
    before = list(sys.path)
    import_custom_modules(read(folder, "a = 1"))
    assert sys.path == before


def test_import_raises_when_module_is_missing(folder):
    config = read(folder, "a = 1\ncustom_imports = dict(\n    imports=['no_such_nets'])")
    with pytest.raises(ConfigError, match="the module 'no_such_nets' cannot be imported") as caught:
        import_custom_modules(config)
    assert caught.value.origin.endswith("config.py:3")


def test_import_goes_on_when_failures_are_allowed(folder):
    text = "custom_imports = dict(imports=['no_such_nets', 'my_nets_for_a_test'], {})"
    import_custom_modules(read(folder, text.format("allow_failed_imports=True")))
    assert "my_nets_for_a_test" in sys.modules


def test_import_raises_when_the_module_fails(folder):
    (folder / "my_nets_for_a_test.py").write_text("x = {}['no_such_key']\n")
    config = read(folder, "custom_imports = dict(imports='my_nets_for_a_test')")
    with pytest.raises(ConfigError, match=r"my_nets_for_a_test.*KeyError: 'no_such_key'"):
        import_custom_modules(config)

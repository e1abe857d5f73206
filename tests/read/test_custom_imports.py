import re
import sys

import pytest

from mmlight.errors import ConfigError, ConfigErrors
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
    return Config.fromfile(folder / "config.py", import_custom_modules=False)


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


def test_every_module_is_told_when_several_fail(folder):
    config = read(folder, "custom_imports = dict(imports=['no_nets', 'json', 'no_hooks'])")
    before = list(sys.path)
    with pytest.raises(ConfigErrors) as caught:
        import_custom_modules(config)
    problems = [error.problem for error in caught.value.errors]
    assert [text.split(" cannot")[0] for text in problems] == [
        "the module 'no_nets'",
        "the module 'no_hooks'",
    ]
    assert sys.path == before


def test_import_goes_on_when_failures_are_allowed(folder):
    text = "custom_imports = dict(imports=['no_such_nets', 'my_nets_for_a_test'], {})"
    import_custom_modules(read(folder, text.format("allow_failed_imports=True")))
    assert "my_nets_for_a_test" in sys.modules


def test_import_raises_when_it_is_no_dict(folder):
    config = read(folder, "custom_imports = ['my_nets_for_a_test']")
    with pytest.raises(ConfigError, match=r"the value \['my_nets_for_a_test'\] cannot") as caught:
        import_custom_modules(config)
    assert caught.value.origin.endswith("config.py:1")


def test_import_raises_when_the_module_fails(folder):
    (folder / "my_nets_for_a_test.py").write_text("x = {}['no_such_key']\n")
    config = read(folder, "custom_imports = dict(imports='my_nets_for_a_test')")
    with pytest.raises(ConfigError, match=r"my_nets_for_a_test.*KeyError: 'no_such_key'"):
        import_custom_modules(config)


def test_error_names_the_line_of_the_module_when_it_fails(folder):
    (folder / "my_nets_for_a_test.py").write_text("import os\nx = {}['no_such_key']\n")
    config = read(folder, "custom_imports = dict(imports='my_nets_for_a_test')")
    with pytest.raises(ConfigError) as caught:
        import_custom_modules(config)
    assert f"{folder}/my_nets_for_a_test.py:2, imported by {folder}" in caught.value.origin
    assert caught.value.next_step == "Correct the module."


def test_error_names_the_line_of_the_module_when_it_is_no_python(folder):
    (folder / "my_nets_for_a_test.py").write_text("import os\nx = = 1\n")
    config = read(folder, "custom_imports = dict(imports='my_nets_for_a_test')")
    with pytest.raises(ConfigError, match="SyntaxError") as caught:
        import_custom_modules(config)
    assert f"{folder}/my_nets_for_a_test.py:2" in caught.value.origin


def test_error_keeps_its_facts_when_a_name_is_not_offered(folder):
    (folder / "my_nets_for_a_test.py").write_text("\nfrom mmcv.runner import Hok\n")
    config = read(folder, "custom_imports = dict(imports='my_nets_for_a_test')")
    with pytest.raises(ConfigError, match=r"mmlight offers no 'Hok' of 'mmcv\.runner'") as caught:
        import_custom_modules(config)
    assert f"{folder}/my_nets_for_a_test.py:2" in caught.value.origin
    assert caught.value.nearest == "Hook"
    assert not any(name.startswith("mmcv") for name in sys.modules)


def test_path_is_as_before_when_the_module_fails(folder):
    before = list(sys.path)
    config = read(folder, "custom_imports = dict(imports='no_such_nets')")
    with pytest.raises(ConfigError):
        import_custom_modules(config)
    assert sys.path == before


def test_module_is_imported_once_when_named_twice(folder):
    (folder / "my_nets_for_a_test.py").write_text(
        "from mmcls.models.builder import HEADS\n"
        "@HEADS.register_module()\nclass HeadOfCustomImports: ...\n"
    )
    config = read(folder, "custom_imports = dict(imports='my_nets_for_a_test')")
    import_custom_modules(config)
    first = sys.modules["my_nets_for_a_test"]
    import_custom_modules(config)
    assert sys.modules["my_nets_for_a_test"] is first


def test_import_raises_when_another_file_has_the_name(folder):
    read_one = read(folder, "custom_imports = dict(imports='my_nets_for_a_test')")
    import_custom_modules(read_one)
    other = folder / "other"
    other.mkdir()
    (other / "my_nets_for_a_test.py").write_text("LOADED = 2\n")
    config = read(other, "custom_imports = dict(imports='my_nets_for_a_test')")
    with pytest.raises(ConfigError, match=f"{folder}/my_nets_for_a_test.py has its name"):
        import_custom_modules(config)


@pytest.mark.parametrize("value", [5, [5], {"a": 1}], ids=str)
def test_import_raises_when_names_are_no_strings(folder, value):
    config = read(folder, f"custom_imports = dict(imports={value})")
    with pytest.raises(ConfigError, match=re.escape(f"the value {value!r} names no modules")):
        import_custom_modules(config)


TEXT = """{}
import my_nets_for_a_test, numpy
from my_nets_for_a_test import LOADED
x = LOADED
"""


def test_module_is_imported_when_a_text_config_imports_it(folder):
    (folder / "base.py").write_text("")
    config = read(folder, TEXT.format("_base_ = 'base.py'"))
    assert "my_nets_for_a_test" not in sys.modules
    import_custom_modules(config)
    assert sys.modules["my_nets_for_a_test"].LOADED


def test_module_is_imported_when_only_the_words_are_of_mmcv(folder):
    import_custom_modules(read(folder, TEXT.format("optim_wrapper = dict()")))
    assert "my_nets_for_a_test" not in sys.modules
    import_custom_modules(read(folder, TEXT.format("optimizer = dict()")))
    assert sys.modules["my_nets_for_a_test"].LOADED


def test_import_raises_when_the_module_of_a_text_config_is_missing(folder):
    (folder / "my_nets_for_a_test.py").unlink()
    config = read(folder, TEXT.format("optimizer = dict()"))
    with pytest.raises(ConfigError, match="'my_nets_for_a_test' cannot be imported") as caught:
        import_custom_modules(config)
    assert f"{folder}/config.py:2, " in caught.value.origin


def test_nothing_is_imported_when_a_lazy_config_imports_it(folder):
    (folder / "base.py").write_text("from my_nets_for_a_test import LOADED\ny = LOADED")
    lazy = TEXT.format("with read_base():\n    from .base import *")
    import_custom_modules(read(folder, lazy))
    assert "my_nets_for_a_test" not in sys.modules

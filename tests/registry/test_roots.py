import subprocess
import sys

import pytest

import mmlight.registry
from mmlight.registry import ROOTS
from mmlight.registry.builtin import BuiltinTypes


def test_every_root_is_public_when_listed():
    for name, registry in ROOTS.items():
        assert getattr(mmlight.registry, name) is registry
        assert registry.scope == "mmlight"
    assert len({id(registry) for registry in ROOTS.values()}) == len(ROOTS) > 30


@pytest.mark.parametrize("name", ROOTS)
def test_tables_are_there_when_a_root_names_them(name):
    assert isinstance(ROOTS[name].builtins, BuiltinTypes)
    assert isinstance(ROOTS[name].builtins.scopes, dict)
    if ROOTS[name].builtins.paths:
        assert ROOTS[name].builtins.scopes


def test_no_tensors_are_imported_when_a_class_registers():
    code = (
        "import sys; from mmlight.registry import MODELS, HOOKS, TRANSFORMS\n"
        "@MODELS.register_module()\nclass Net: ...\n"
        "@HOOKS.register_module()\nclass Hook: ...\n"
        "assert MODELS.find('Net') and MODELS.find('ResNet') and not TRANSFORMS.find('X')\n"
        "assert not {'torch', 'numpy', 'cv2', 'lightning'} & set(sys.modules), 'heavy'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

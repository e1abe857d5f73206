import ast
import inspect
from pathlib import Path

import pytest

import mmlight

REGISTRIES = {
    *("DATASETS", "DATA_SAMPLERS", "HOOKS", "METRICS", "MODELS", "OPTIMIZERS"),
    *("PARAM_SCHEDULERS", "TRANSFORMS"),
}
DOCUMENTED = {
    *("Config", "Hook", "ImageClassifier", "MMLightError", "Parts", "PipelineDataModule"),
    *("Registry", "Spec", "build_parts", "check_config", "explain_config", "explain_key"),
    *("fit", "inference_model", "init_model", "list_models", "predict"),
    *("show_result_pyplot", "test", "translate_config", "upgrade_config", "validate"),
    *REGISTRIES,
}


def test_names_are_the_documented_ones_when_listed():
    assert set(mmlight.__all__) == DOCUMENTED
    assert mmlight.__all__ == sorted(mmlight.__all__)
    assert set(dir(mmlight)) == DOCUMENTED | {"__version__"}


def test_names_for_type_checkers_are_the_same_when_listed():
    tree = ast.parse(Path(mmlight.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            assert alias.asname == alias.name
            seen.setdefault(node.module, []).append(alias.name)
    homes = {home: sorted(names) for home, names in mmlight._HOMES.items()}
    assert {home: sorted(names) for home, names in seen.items()} == homes


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_name_is_documented_when_imported(name):
    value = getattr(mmlight, name)
    if name in REGISTRIES:
        assert isinstance(value, mmlight.Registry)
    else:
        assert value.__name__ == name
        assert len((inspect.getdoc(value) or "").split()) >= 4
        assert value.__module__ == mmlight._HOME_OF[name]


def test_unknown_name_is_refused_when_asked():
    with pytest.raises(AttributeError, match="module 'mmlight' has no attribute 'fitt'"):
        _ = mmlight.fitt

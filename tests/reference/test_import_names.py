"""Every offered name is one that the original offers there, and registries are the same objects."""

from importlib import import_module

from mmlight.compat.catalog import load_catalog
from mmlight.compat.registries import mmcls as ours_mmcls
from mmlight.compat.registries import mmpretrain as ours_mmpretrain

ABSENT = ("mmselfsup", "mmdet", "mmdet3d")


def find_missing(names):
    """Return the (module, name) pairs that this generation lacks."""
    import importlib

    missing = []
    for module, name in names:
        try:
            if not hasattr(importlib.import_module(module), name):
                missing.append((module, name))
        except ImportError:
            missing.append((module, name))
    return missing


def list_names(*packages):
    return [
        (module, name)
        for module, names in load_catalog().items()
        for name in names
        if module.split(".")[0] in packages
    ]


# of mmcls 1.0rc, which mmpretrain replaced and no overlay holds
RELEASE_CANDIDATE = {
    *(("mmcls.registry", name) for name in load_catalog()["mmcls.registry"]),
    ("mmcls.utils", "register_all_modules"),
}


def test_names_are_offered_when_the_original_has_them(mmcls, mmpretrain):
    classic = [pair for pair in list_names("mmcls") if pair not in RELEASE_CANDIDATE]
    assert len(classic) > 80
    assert mmcls(find_missing, classic) == []
    assert mmpretrain(find_missing, list_names("mmengine", "mmpretrain")) == []
    mmcv = list_names("mmcv")  # each in one generation at least
    assert set(mmcls(find_missing, mmcv)) & set(mmpretrain(find_missing, mmcv)) == set()


def test_the_other_packages_are_not_compared_when_no_overlay_has_them():
    modules = {module.split(".")[0] for module in load_catalog()}
    assert modules >= set(ABSENT)


def find_same(module, names):
    """Group the names that are one object."""
    import importlib

    found = importlib.import_module(module)
    groups = {}
    for name in names:
        groups.setdefault(id(getattr(found, name)), set()).add(name)
    return sorted(map(sorted, groups.values()))


def ours_same(module, names):
    catalog = load_catalog()[module]
    groups = {}
    for name in names:
        groups.setdefault(catalog[name], set()).add(name)
    return sorted(map(sorted, groups.values()))


def test_registries_are_one_object_when_they_are_in_the_original(mmcls, mmpretrain):
    parts = ["BACKBONES", "NECKS", "HEADS", "LOSSES", "CLASSIFIERS"]
    for module in ("mmcls.models", "mmcls.models.builder"):
        assert mmcls(find_same, module, parts) == ours_same(module, parts) == [sorted(parts)]
    assert mmpretrain(find_same, "mmpretrain.models", parts) == [sorted(parts)]
    assert ours_same("mmpretrain.models", parts) == [sorted(parts)]
    names = ["DATASETS", "PIPELINES", "SAMPLERS"]
    assert mmcls(find_same, "mmcls.datasets", names) == ours_same("mmcls.datasets", names)
    assert ours_mmcls.MODELS is not ours_mmpretrain.MODELS


def list_holders(names):
    """Return the scopes whose registry of this kind holds each name."""
    import gc
    from contextlib import suppress
    from importlib import import_module

    for module in (
        *("mmcls.models", "mmcls.core", "mmcls.datasets", "mmcv.cnn", "mmcv.runner"),
        *("mmpretrain.models", "mmpretrain.datasets", "mmpretrain.engine", "mmpretrain.evaluation"),
        *("mmengine.optim", "mmcv.transforms"),
    ):
        with suppress(ImportError):
            import_module(module)
    try:
        from mmengine.registry import Registry
    except ImportError:
        from mmcv.utils import Registry
    registries = [item for item in gc.get_objects() if isinstance(item, Registry)]
    return {name: sorted({r.scope for r in registries if name in r.module_dict}) for name in names}


def test_built_in_types_have_their_scopes_when_the_original_registers_them(mmcls, mmpretrain):
    """A user's class under such a name is refused there, and wins elsewhere."""
    tables = [
        *("data.DATASET_TABLE", "metrics.METRIC_TABLE"),
        *(f"models.{kind}_TABLE" for kind in ("MODEL", "INITIALIZER")),
        "optim.OPTIMIZER_TABLE",
    ]
    for path in tables:
        module, name = path.split(".")
        table = getattr(import_module(f"mmlight.translate.{module}"), name)
        names = list(table.rows)
        old, new = mmcls(list_holders, names), mmpretrain(list_holders, names)
        for key, scopes in table.scopes.items():
            assert set(scopes) >= {*old[key], *new[key]} - {"mmselfsup"}, key
            assert {*old[key], *new[key]} or scopes == ("mmlight",), key

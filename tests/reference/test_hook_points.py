"""The points that our table lists for each built-in hook are those of the originals' classes."""

from mmlight.hooks.order import NEW_POINTS, OLD_POINTS, list_points
from mmlight.translate.custom_hooks import HOOK_ROWS

FOREIGN = {row.name for row in HOOK_ROWS if {"mmdet", "mmdet3d"} & set(row.scopes)}
"""Hooks of packages that are not there to be asked."""


def ask_old(names):
    import mmcls.core
    from mmcls.core.evaluation import eval_hooks
    from mmcv.runner import hooks
    from mmcv.runner.hooks import Hook

    sources = (eval_hooks, hooks, mmcls.core, mmcls.core.utils, mmcls.core.hook)
    found = {}
    for name in names:
        cls = next(getattr(source, name) for source in sources if hasattr(source, name))
        found[name] = Hook.get_triggered_stages(cls.__new__(cls))
    return found


def ask_new(names):
    import mmengine.hooks
    import mmpretrain.engine.hooks

    sources = (mmpretrain.engine.hooks, mmengine.hooks)
    found = {}
    for name in names:
        cls = next(getattr(source, name) for source in sources if hasattr(source, name))
        found[name] = mmengine.hooks.Hook.get_triggered_stages(cls.__new__(cls))
    return found


def test_points_equal_mmcv(mmcls):
    names = [*(OLD_POINTS.keys() - FOREIGN), "StepLrUpdaterHook", "CyclicMomentumUpdaterHook"]
    for name, points in mmcls(ask_old, names).items():
        assert set(list_points(name, "0.x")) == set(points), name


def test_points_equal_mmengine(mmpretrain):
    for name, points in mmpretrain(ask_new, list(NEW_POINTS.keys() - FOREIGN)).items():
        assert set(list_points(name, "1.x")) == set(points), name

import copy
import importlib
import importlib.util
import inspect
import pickle
import subprocess
import sys
import threading

import pytest

from mmlight import compat
from mmlight.compat import finder, provide_names
from mmlight.errors import ImportNameError, MMLightError
from mmlight.hooks.hook import Hook

PACKAGES = ("mmcv", "mmengine", "mmcls", "mmpretrain", "mmselfsup", "mmdet", "mmdet3d")


@pytest.fixture(autouse=True)
def _leaves_no_trace():
    modules, path = set(sys.modules), list(sys.meta_path)
    yield
    assert sys.meta_path == path
    left = set(sys.modules) - modules
    assert not [name for name in left if name.split(".")[0] in PACKAGES]


# ------------------------------------------------------------------ what is found


def test_names_are_found_when_imported():
    with provide_names():
        from mmcls.models.builder import BACKBONES, HEADS
        from mmcv.runner import HOOKS
        from mmcv.runner import Hook as OldHook
        from mmengine.hooks import Hook as NewHook
    assert OldHook is NewHook is Hook
    assert BACKBONES is HEADS
    assert HOOKS.scope == "mmcv"


def test_submodules_are_found_when_imported():
    with provide_names():
        import mmcv.runner.hooks
        from mmcv import runner

        assert mmcv.runner.hooks.Hook is Hook
        assert runner is mmcv.runner
        assert mmcv.runner.hooks.__name__ == "mmcv.runner.hooks"
        assert mmcv.__path__ == []


def test_submodules_are_found_when_nobody_imported_them():
    with provide_names():
        import mmcv

        assert mmcv.runner.hooks.hook.Hook is Hook


@pytest.mark.parametrize("package", PACKAGES)
def test_version_is_known_when_asked_for(package):
    with provide_names():
        from mmcv import digit_version

        assert digit_version(importlib.import_module(package).__version__) > digit_version("0.10")


def test_names_of_the_table_are_given_when_all_are_imported():
    space = {}
    with provide_names():
        exec("from mmcv.runner.hooks.hook import *", space)
        exec("from mmcls.models.builder import *", space)
    assert space["Hook"] is Hook
    assert {"HOOKS", "BACKBONES", "build_head"} <= space.keys()


def test_name_wins_when_a_submodule_is_called_like_it(monkeypatch):
    """As `mmcls.models.losses.accuracy` is a function and the file that defines it."""
    monkeypatch.setitem(finder.load_catalog()["mmcv.runner"], "priority", "mmlight.hooks.hook.Hook")
    monkeypatch.setattr(finder, "_made", {})
    with provide_names():
        importlib.import_module("mmcv.runner.priority")
        from mmcv.runner import priority
    assert priority is Hook


# ------------------------------------------------------------------ what is not there


@pytest.mark.parametrize(
    ("statement", "missing", "nearest"),
    [
        ("from mmcv.runner import Hok", "mmcv.runner.Hok", "Hook"),
        ("import mmcv.runer", "mmcv.runer", "runner"),
        ("from mmcv.runer import Hook", "mmcv.runer", "runner"),
        ("from mmcls.models import Hook", "mmcls.models.Hook", "mmcv.runner.Hook"),
        ("from mmcv.ops import DeformConv2d", "mmcv.ops", None),
    ],
)
def test_import_raises_when_a_name_is_missing(statement, missing, nearest):
    with provide_names(), pytest.raises(ImportError) as caught:
        exec(statement)
    error = caught.value
    assert isinstance(error, ImportNameError)
    assert isinstance(error, MMLightError)
    package, _, name = missing.rpartition(".")
    assert error.path == missing
    assert f"mmlight offers no {name!r} of {package!r}" in str(error)
    assert nearest is None or nearest in error.nearest
    assert "add an Offer to a table (mmlight/compat/offers/offer.py" in error.next_step
    assert f"install the package {package.split('.')[0]}" in error.next_step


def test_names_are_absent_when_asked_politely():
    with provide_names():
        import mmcv

        assert not hasattr(mmcv, "no_such_name")
        assert getattr(mmcv, "no_such_name", 5) == 5
        with pytest.raises(AttributeError, match="'mmcv' has no attribute 'no_such_name'"):
            _ = mmcv.no_such_name
        assert importlib.util.find_spec("mmcv.ops") is None
        assert importlib.util.find_spec("mmcv.runner") is not None
        assert importlib.util.find_spec("mmseg") is None


def test_other_packages_are_left_alone_when_missing():
    with provide_names(), pytest.raises(ModuleNotFoundError, match="No module named 'mmseg'"):
        import mmseg  # noqa: F401


def test_import_says_what_is_in_the_way_when_a_folder_has_the_name(tmp_path, monkeypatch):
    (tmp_path / "mmdet").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        with provide_names(), pytest.raises(ImportNameError, match=f"{tmp_path}/mmdet"):
            import mmdet.registry  # noqa: F401
    finally:
        sys.modules.pop("mmdet", None)


# ------------------------------------------------------------------ coming and going


def test_nothing_changes_when_mmlight_is_imported():
    code = (
        "import sys; before = list(sys.meta_path)\n"
        "import mmlight, mmlight.compat\n"
        "assert sys.meta_path == before\n"
        f"assert not [n for n in sys.modules if n.split('.')[0] in {PACKAGES}]\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_everything_is_as_before_when_a_block_ends():
    with provide_names():
        import mmcv

        assert sys.modules["mmcv"] is mmcv
        assert isinstance(sys.meta_path[-1], finder.OfferFinder)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("mmcv")


def test_everything_is_as_before_when_a_block_fails():
    def fail():
        with provide_names():
            importlib.import_module("mmcv")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert "mmcv" not in sys.modules


def test_everything_is_as_before_when_an_import_fails_midway(tmp_path, monkeypatch):
    (tmp_path / "broken_of_a_user.py").write_text("import mmcv.runner\nfrom mmcv import nothing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportNameError, match="'nothing'"), provide_names():
        import broken_of_a_user  # noqa: F401
    assert "broken_of_a_user" not in sys.modules
    assert not any(name.startswith("mmcv") for name in sys.modules)


def test_blocks_end_with_the_last_when_nested():
    with provide_names():
        with provide_names():
            import mmcv
        assert sys.modules["mmcv"] is mmcv
        assert importlib.import_module("mmcv.runner")
    assert "mmcv" not in sys.modules


def test_names_stay_when_installed():
    compat.install()
    try:
        with provide_names():
            import mmcv
        assert sys.modules["mmcv"] is mmcv
        compat.install()
        assert sum(isinstance(f, finder.OfferFinder) for f in sys.meta_path) == 1
    finally:
        compat.uninstall()
    assert "mmcv" not in sys.modules
    compat.uninstall()


def test_names_stay_until_the_block_ends_when_uninstalled_inside():
    with provide_names():
        compat.uninstall()
        import mmcv  # noqa: F401
    assert "mmcv" not in sys.modules


def test_modules_keep_working_when_a_block_has_ended():
    with provide_names():
        import mmcv
    assert mmcv.runner.Hook is Hook
    with provide_names():
        import mmcv as again
    assert again is mmcv


def test_blocks_do_not_disturb_each_other_when_in_threads():
    started, ended, problems = threading.Barrier(4), threading.Barrier(4), []

    def work():
        try:
            with provide_names():
                started.wait(10)
                from mmcls.datasets import PIPELINES

                assert PIPELINES.scope == "mmcls"
                ended.wait(10)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not problems


# ------------------------------------------------------------------ real packages and tools


def test_installed_package_wins_when_it_is_there(tmp_path, monkeypatch):
    (tmp_path / "mmdet").mkdir()
    (tmp_path / "mmdet" / "__init__.py").write_text("REAL = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        with provide_names():
            import mmdet

            assert mmdet.REAL
            with pytest.raises(ModuleNotFoundError, match=r"No module named 'mmdet\.registry'"):
                import mmdet.registry
        assert sys.modules["mmdet"] is mmdet  # it is none of ours
    finally:
        del sys.modules["mmdet"]


def test_module_survives_when_reloaded():
    with provide_names():
        import mmcv.runner

        assert importlib.reload(mmcv.runner) is mmcv.runner
        assert mmcv.runner.Hook is Hook


def test_module_is_walked_over_when_a_tool_looks_at_all():
    with provide_names():
        import mmcv
        import mmcv.runner.hooks.hook

        assert inspect.getmodule(Hook).__name__ == "mmlight.hooks.hook"
        assert "Hook" in dir(mmcv.runner)
        assert "runner" in dir(mmcv)
        assert not inspect.isclass(mmcv)
        assert not hasattr(mmcv, "__wrapped__")
        assert "mmlight" in repr(mmcv)
        assert mmcv.__doc__


def test_module_is_the_same_when_pickled_or_copied():
    with provide_names():
        import mmcv.runner
    assert pickle.loads(pickle.dumps(mmcv.runner)) is mmcv.runner
    assert copy.deepcopy({"module": mmcv.runner})["module"] is mmcv.runner

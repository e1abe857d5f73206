"""The table of hooks, and the points of those of the originals."""

from types import SimpleNamespace

from mmlight.hooks.order import format_order, list_points


def test_points_differ_when_the_generation_does():
    assert list_points("SyncBuffersHook", "1.x") == ("after_train_epoch", "before_val_epoch")
    assert list_points("PolyLrUpdaterHook", "0.x")[0] == "before_run"
    assert list_points("PolyLrUpdaterHook", "1.x") == list_points("Mine", "0.x") == ()


def test_table_is_that_of_mm_when_hooks_share_a_point():
    order = [("EMAHook", 45), ("Mine", 100), ("PrepareTTAHook", 50)]
    own = SimpleNamespace(hook=type("Mine", (), {})(), points=("before_test", "after_run"))
    table = format_order(order, [own, object()])
    assert table.splitlines()[0] == "before_run:"
    table = table[table.index("before_test:") :]
    assert [line.strip() for line in table.splitlines()] == [
        "before_test:",
        "(LOWEST      ) Mine",
        "(NORMAL      ) PrepareTTAHook",
        "--------------------",
        "before_test_epoch:",
        "(45          ) EMAHook",
        "--------------------",
        "after_test_epoch:",
        "(45          ) EMAHook",
        "--------------------",
        "after_run:",
        "(LOWEST      ) Mine",
        "--------------------",
    ]

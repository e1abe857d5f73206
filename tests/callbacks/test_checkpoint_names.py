from mmlight.callbacks.checkpoint_names import CheckpointNames


def test_names_follow_the_template_when_there_is_one() -> None:
    names = CheckpointNames("a", "b", "state-{}.pth", by_epoch=False)
    assert names.newest(20) == "a/state-20.ckpt"
    assert names.best("x/y", 20) == "b/best_x_y_state-20.ckpt"


def test_dot_before_the_number_begins_no_suffix() -> None:
    names = CheckpointNames("a", "a", "v1.2_{}", by_epoch=True)
    assert names.newest(3) == "a/v1.2_3.ckpt"
    assert names.best("x", 3) == "a/best_x_v1.2_3.ckpt"


def test_best_ones_do_not_follow_the_template_when_0x() -> None:
    names = CheckpointNames("a", "b", "state-{}.pth", by_epoch=False, generation="0.x")
    assert names.newest(20) == "a/state-20.ckpt"
    assert names.best("accuracy_top-1", 3, by_epoch=True) == "b/best_accuracy_top-1_epoch_3.ckpt"


def test_holds_what_is_in_its_folders_alone() -> None:
    names = CheckpointNames("a", "b", "", by_epoch=True)
    assert [names.holds(path) for path in ("a/x.ckpt", "b/x.ckpt", "c/x.ckpt")] == [1, 1, 0]

import pytest

from tests.upgrade.test_runtime import upgrade


def test_logger_moves_when_text_and_others():
    text = dict(type="TextLoggerHook", ignore_last=False)
    board = dict(type="TensorboardLoggerHook", log_dir="x")
    new, _ = upgrade(log_config=dict(interval=50, hooks=[text, board]))
    assert new["default_hooks"]["logger"] == dict(
        type="LoggerHook",
        interval=50,
        ignore_last=False,
        priority="VERY_LOW",
        hook_names=["TextLoggerHook", "TensorboardLoggerHook"],
    )
    assert new["visualizer"]["vis_backends"] == [dict(type="TensorboardVisBackend", save_dir="x")]


def test_no_hook_is_kept_when_there_is_none():
    new, _ = upgrade(log_config=dict(interval=50, hooks=[]))
    assert new["default_hooks"]["logger"]["hook_names"] == []
    new, _ = upgrade(log_config=dict(interval=50))
    assert "hook_names" not in new["default_hooks"]["logger"]


def test_own_interval_wins_when_the_text_logger_has_one():
    hooks = [dict(type="TextLoggerHook", interval=7)]
    new, _ = upgrade(log_config=dict(interval=50, hooks=hooks))
    assert new["default_hooks"]["logger"]["interval"] == 7


@pytest.mark.parametrize(
    ("hook", "backend"),
    [
        ("MlflowLoggerHook", "MLflowVisBackend"),
        ("DvcliveLoggerHook", "DVCLiveVisBackend"),
        ("WandbLoggerHook", "WandbVisBackend"),
        ("MyLoggerHook", "MyLoggerHook"),
    ],
)
def test_backend_has_the_name_of_mmengine_when_logger_hook(hook, backend):
    new, _ = upgrade(log_config=dict(hooks=[dict(type=hook)]))
    assert new["visualizer"]["vis_backends"] == [dict(type=backend)]


def test_shared_interval_is_written_into_others_when_that_of_the_text_differs():
    hooks = [
        dict(type="TextLoggerHook", interval=7),
        dict(type="WandbLoggerHook"),
        dict(type="ClearMLLoggerHook", interval=3),
    ]
    new, _ = upgrade(log_config=dict(interval=50, hooks=hooks))
    found = [backend["interval"] for backend in new["visualizer"]["vis_backends"]]
    assert found == [50, 3]


def test_arguments_of_a_user_hook_stay_when_they_have_a_known_name():
    new, _ = upgrade(log_config=dict(hooks=[dict(type="Own", log_dir="x")]))
    assert new["visualizer"]["vis_backends"] == [dict(type="Own", log_dir="x")]

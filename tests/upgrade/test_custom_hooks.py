import pytest

from mmlight.read.config import Config
from mmlight.upgrade.custom_hooks import upgrade_custom_hooks


def upgrade(hook, **words):
    old = Config({"custom_hooks": [hook], **words}).values
    upgrade_custom_hooks(old)
    return old


@pytest.mark.parametrize("kind", ["EMAHook", "mmcls.EMAHook", "mmcv::EMAHook"])
@pytest.mark.parametrize("given", [None, 5])
def test_warm_up_is_written_down_when_ema(kind, given):
    hook = dict(type=kind, momentum=0.1, **({"warm_up": given} if given else {}))
    (new,) = upgrade(hook)["custom_hooks"]
    assert new == dict(type=kind, momentum=0.1, warm_up=given or 100)


def test_run_is_resumed_when_ema_resumes():
    old = upgrade(dict(type="EMAHook", resume_from="a.pth"), resume_from="b.pth")
    assert old["resume_from"] == "a.pth"
    assert old["custom_hooks"] == [dict(type="EMAHook", warm_up=100)]
    old = upgrade(dict(type="EMAHook", resume_from=None), resume_from="b.pth")
    assert old["resume_from"] == "b.pth"


@pytest.mark.parametrize(
    ("given", "cpu", "cuda"),
    [({}, True, True), ({"activities": ["CPU"]}, True, False), ({"activities": []}, False, False)],
    ids=["default", "cpu", "none"],
)
def test_activities_are_written_one_by_one_when_profiling(given, cpu, cuda):
    (new,) = upgrade(dict(type="ProfilerHook", profile_iters=3, **given))["custom_hooks"]
    assert new == dict(
        type="ProfilerHook", profile_times=3, activity_with_cpu=cpu, activity_with_cuda=cuda
    )


def test_interval_is_written_down_when_norms_are_synchronized():
    assert upgrade(dict(type="SyncNormHook"))["custom_hooks"][0]["interval"] == 1
    given = dict(type="SyncNormHook", interval=10, num_last_epochs=5)
    assert upgrade(given)["custom_hooks"] == [given]


def test_others_stay():
    hook = dict(type="PreciseBNHook", num_samples=3)
    assert upgrade(hook)["custom_hooks"] == [hook]

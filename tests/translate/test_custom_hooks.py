import pytest

from mmlight.hooks.order import list_points
from mmlight.spec import Call
from mmlight.translate.custom_hooks import HOOK_ROWS, OTHER_HOOKS, SILENT

C = "mmlight.callbacks"
# what each hook is given, and what becomes of that
ARGUMENTS = {
    "CheckInvalidLossHook": dict(interval=20),
    "ClassNumCheckHook": {},
    "DisableObjectSampleHook": dict(disable_after_epoch=3),
    "EarlyStoppingHook": dict(monitor="accuracy/top1", patience=3),
    "EmptyCacheHook": dict(after_iter=True),
    "NumClassCheckHook": {},
    "PreciseBNHook": dict(num_samples=100, interval=2),
    "ProfilerHook": dict(on_trace_ready=dict(type="log_trace"), schedule=dict(wait=1)),
    "SetAdaptiveMarginsHook": dict(margin_min=0.1, power=-0.5),
    "SetEpochInfoHook": {},
    "SyncNormHook": {},
    "SyncRandomSizeHook": dict(ratio_range=(1, 2)),
    "WarmupParamHook": dict(param_name="w", module_name="head", warmup_epochs=2),
    "YOLOXModeSwitchHook": dict(num_last_epochs=2, skip_type_keys=("Resize",)),
}
TARGETS = {row.name: row.target for row in HOOK_ROWS}


def find(spec, target):
    (call,) = [call for call in spec.callbacks if call.target == target]
    return call


def priority_of(spec, name):
    (announcer,) = [call for call in spec.callbacks if call.target == f"{C}.Announcer"]
    return {row[0]: row[1] for row in announcer.kwargs["order"]}[name]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_hook_becomes_a_callback_when_built_in(translate, name):
    spec = translate(custom_hooks=dict(type=name, **ARGUMENTS[name]))
    call = find(spec, TARGETS[name])
    assert call == Call(TARGETS[name], ARGUMENTS[name])
    assert not spec.notes
    lowest = {"EarlyStoppingHook": 100, "ProfilerHook": 90}
    assert priority_of(spec, name) == lowest.get(name, 50)
    assert list_points(name, "1.x") or name == "SyncRandomSizeHook"  # of 0.x alone


@pytest.mark.parametrize("distributed", [True, False])
def test_buffers_are_synchronized_when_not_switched_off(translate, distributed):
    hook = dict(type="SyncBuffersHook", **({} if distributed else {"distributed": False}))
    calls = [call.target for call in translate(custom_hooks=hook).callbacks]
    assert (f"{C}.SyncBuffers" in calls) is distributed


@pytest.mark.parametrize("name", SILENT)
def test_hook_is_told_when_its_work_is_done_elsewhere(translate, name):
    count = len(translate().callbacks)
    spec = translate(custom_hooks=dict(type=name))
    assert len(spec.callbacks) == count
    assert [note.text for note in spec.notes] == [SILENT[name]]


@pytest.mark.parametrize("name", OTHER_HOOKS)
def test_hook_is_refused_when_it_is_for_something_else(problems, name):
    purpose = OTHER_HOOKS[name]
    text = f"the hook {name!r} is for {purpose}, which mmlight does not do"
    assert problems(custom_hooks=[dict(type=name)]) == [f"custom_hooks[0].type: {text}"]


def test_unknown_hook_is_refused(problems):
    assert problems(custom_hooks=[dict(type="EarlyStopingHook", monitor="a")]) == [
        "custom_hooks[0].type: unknown hook type 'EarlyStopingHook'"
    ]
    text = "unknown key 'distribute' with value True"
    assert problems(custom_hooks=[dict(type="SyncBuffersHook", distribute=True)]) == [
        f"custom_hooks[0].distribute: {text}"
    ]

"""The base class of hooks against both originals."""

from mmlight.hooks.hook import POINTS, Hook

CASES = [
    (method, kwargs, runner)
    for method, kwargs in (
        ("every_n_epochs", {"n": 3}),
        ("every_n_epochs", {"n": 0}),
        ("every_n_iters", {"n": 4}),
        ("every_n_inner_iters", {"n": 2}),
        ("end_of_epoch", {}),
        ("is_last_epoch", {}),
        ("is_last_iter", {}),
    )
    for runner in ((0, 0, 0), (2, 3, 3), (5, 11, 1), (8, 19, 3))
]
NEW_CASES = [
    (method, kwargs, runner)
    for method, kwargs in (
        ("every_n_epochs", {"n": 3, "start": 0}),
        ("every_n_epochs", {"n": 2, "start": 4}),
        ("every_n_train_iters", {"n": 4, "start": 2}),
        ("is_last_train_epoch", {}),
        ("is_last_train_iter", {}),
    )
    for runner in ((0, 0, 0), (2, 3, 3), (5, 11, 1), (8, 19, 3))
]


def ask(hook_class, cases):
    """Return the answers of a hook at several places of a run."""
    from types import SimpleNamespace

    answers = []
    for method, kwargs, (epoch, iteration, inner) in cases:
        runner = SimpleNamespace(
            epoch=epoch,
            iter=iteration,
            inner_iter=inner,
            max_epochs=9,
            max_iters=20,
            _max_epochs=9,
            _max_iters=20,
            data_loader=[0, 0, 0, 0],
        )
        answers.append(getattr(hook_class(), method)(runner, **kwargs))
    return answers


def theirs_old(source, cases):
    from mmcv.runner import Hook

    scope = {}
    exec(source, scope)
    return scope["ask"](Hook, cases)


def theirs_new(source, cases):
    from mmengine.hooks import Hook

    scope = {}
    exec(source, scope)
    return scope["ask"](Hook, cases), Hook.stages


def triggered():
    """Return the stages of hooks that override one method each."""
    try:
        from mmengine.hooks import Hook
    except ImportError:
        from mmcv.runner import Hook
    names = [name for name in dir(Hook) if name.lstrip("_").startswith(("before_", "after_"))]
    return {
        name: type("H", (Hook,), {name: lambda self, runner: None})().get_triggered_stages()
        for name in names
    }


def test_answers_are_equal_when_asked_for_the_place(mmcls, mmpretrain):
    import inspect

    source = inspect.getsource(ask)
    assert mmcls(theirs_old, source, CASES) == ask(Hook, CASES)
    answers, stages = mmpretrain(theirs_new, source, NEW_CASES)
    assert answers == ask(Hook, NEW_CASES)
    assert stages == POINTS


def test_stages_are_equal_when_a_method_is_overridden(mmcls, mmpretrain):
    for original in (mmcls, mmpretrain):
        theirs = original(triggered)
        assert len(theirs) > 10
        for name, stages in theirs.items():
            hook = type("H", (Hook,), {name: lambda self, runner: None})()
            ours = hook.get_triggered_stages()
            if original is mmcls:  # it has no tests
                ours = [stage for stage in ours if "test" not in stage]
            assert sorted(ours) == sorted(stages), name

import pytest

from mmlight.errors import UnsupportedValueError
from mmlight.read.config import Config
from mmlight.spec import Call
from mmlight.translate.translate import translate_config
from mmlight.upgrade.upgrade import upgrade_config

C = "mmlight.callbacks"


def find(spec, name):
    (call,) = [call for call in spec.callbacks if call.target == f"{C}.{name}"]
    return call


CHECKPOINT = dict(dirpath="w/x", interval=-1, by_epoch=True)


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        (dict(), CHECKPOINT | {"interval": 1}),
        (dict(type="CheckpointHook"), CHECKPOINT),
        (dict(interval=5, by_epoch=False), CHECKPOINT | {"interval": 5, "by_epoch": False}),
        (dict(max_keep_ckpts=3, save_begin=2), CHECKPOINT | {"max_keep_ckpts": 3, "save_begin": 2}),
        (dict(save_last=False), CHECKPOINT | {"save_last": False}),
        (dict(save_optimizer=False), CHECKPOINT | {"save_weights_only": True}),
        (dict(save_best="auto"), CHECKPOINT | {"save_best": "auto"}),
        (
            dict(save_best=["a", "b"], rule=["less", "greater"]),
            CHECKPOINT | {"save_best": ["a", "b"], "rule": ["less", "greater"]},
        ),
        (dict(out_dir="/data"), CHECKPOINT | {"dirpath": "/data/x"}),
        (dict(out_dir="w/x"), CHECKPOINT),  # the work directory itself
    ],
)
def test_checkpoint_is_described_when(translate, hook, expected):
    spec = translate({"default_hooks.checkpoint": hook, "work_dir": "w/x"})
    assert find(spec, "Checkpoint").kwargs == expected


EXPORTS = f"{C}.checkpoint_exports.CheckpointExports"


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        (dict(greater_keys=["a"], less_keys="b"), {"greater_keys": ["a"], "less_keys": "b"}),
        (dict(filename_tmpl="x_{}.pth"), {"filename_tmpl": "x_{}.pth"}),
        (dict(sync_buffer=True), {"sync_buffer": True}),
        (dict(backend_args=dict(backend="local")), {}),
        (dict(save_param_scheduler=False), {}),
        (dict(best_out_dir="/best"), {"best_dirpath": "/best/x"}),
        (
            dict(save_pth=True, published_keys=["meta"], meta=dict(a=1)),
            {
                "exports": Call(
                    EXPORTS, {"save_pth": True, "published_keys": ["meta"], "meta": {"a": 1}}
                )
            },
        ),
    ],
)
def test_word_is_taken_when(translate, hook, expected):
    spec = translate({"default_hooks.checkpoint": dict(interval=3) | hook, "work_dir": "w/x"})
    assert find(spec, "Checkpoint").kwargs == CHECKPOINT | {"interval": 3} | expected


def test_epochs_stay_epochs_when_iterations_are_trained(translate):
    words = dict(train_cfg=dict(by_epoch=False, max_iters=9))
    call = find(translate({"default_hooks.checkpoint": dict(interval=1)}, **words), "Checkpoint")
    assert (call.kwargs["by_epoch"], call.kwargs["interval"]) == (True, 1)


def test_generation_is_told_when_0x():
    config = dict(
        model=dict(type="ImageClassifier", backbone=dict(type="LeNet5")),
        runner=dict(type="EpochBasedRunner", max_epochs=1),
        optimizer=dict(type="SGD", lr=0.1),
        optimizer_config=dict(),
        lr_config=dict(policy="fixed"),
        checkpoint_config=dict(interval=1, out_dir="/d", save_pth=True),
        work_dir="w/x",
    )
    call = find(translate_config(upgrade_config(Config(config))), "Checkpoint")
    exports = Call(EXPORTS, {"save_pth": True, "generation": "0.x"})
    assert call.kwargs == {
        "dirpath": "/d/x",
        "best_dirpath": "w/x",
        "interval": 1,
        "by_epoch": True,
        "exports": exports,
        "generation": "0.x",
    }


@pytest.mark.parametrize("key", ["file_client_args", "backend_args"])
def test_other_storage_is_refused_when_named(translate, key):
    with pytest.raises(UnsupportedValueError, match=rf"{key}: .* with the backend 'petrel'"):
        translate({f"default_hooks.checkpoint.{key}": dict(backend="petrel")})

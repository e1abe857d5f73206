"""`checkpoint_config`, and what `evaluation` says of the best checkpoint."""

from mmlight.read.config import Config
from mmlight.upgrade.upgrade import upgrade_config

DATA = dict(samples_per_gpu=1, train=dict(type="X"), val=dict(type="X"))
RUN = dict(
    model=dict(type="ImageClassifier"),
    data=DATA,
    optimizer=dict(type="SGD", lr=0.1),
    runner=dict(type="EpochBasedRunner", max_epochs=1),
)


def upgrade(**words: object) -> dict[str, object]:
    found: dict[str, object] = upgrade_config(Config({**RUN, **words})).to_dict()
    hooks = found["default_hooks"]
    assert isinstance(hooks, dict)
    return hooks["checkpoint"]  # type: ignore[no-any-return]


def test_words_stay_when_given() -> None:
    options = dict(interval=2, max_keep_ckpts=3, create_symlink=False, save_pth=True)
    assert upgrade(checkpoint_config=options) == {**options, "priority": "NORMAL"}


def test_best_ones_follow_evaluation() -> None:
    best = dict(save_best="auto", rule="less", greater_keys=["a"], less_keys=["b"])
    evaluation = dict(interval=1, out_dir="best", file_client_args=dict(backend="disk"), **best)
    assert upgrade(checkpoint_config=dict(interval=1), evaluation=evaluation) == {
        "interval": 1,
        **best,
        "best_out_dir": "best",
        "backend_args": {"backend": "disk"},
        "priority": "NORMAL",
    }


def test_only_the_best_is_saved_when_there_is_no_checkpoint_config() -> None:
    found = upgrade(evaluation=dict(save_best="auto"))
    assert found == {
        "save_best": "auto", "interval": -1, "save_last": False, "priority": "NORMAL",
    }  # fmt: skip


def test_nothing_is_saved_when_nothing_asks_for_it() -> None:
    assert upgrade() is None


def test_iterations_are_counted_when_the_runner_does() -> None:
    runner = dict(type="IterBasedRunner", max_iters=5)
    assert upgrade(checkpoint_config=dict(interval=2), runner=runner)["by_epoch"] is False

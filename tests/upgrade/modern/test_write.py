from pathlib import Path

import pytest

from mmlight.errors import ConfigError
from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.run import read_spec
from mmlight.upgrade.modern.modernize import modernize
from mmlight.upgrade.modern.write import write_upgraded

ROOT = Path(__file__).parents[3]
OLD = sorted(
    path
    for path in (ROOT / "configs").rglob("*.py")
    if "_base_" not in path.parts and "mmengine" not in path.parts
)

BASE = """# Licence of the base

# optimizer
optimizer = dict(type='SGD', lr=0.1)
lr_config = dict(
    policy='step',
    step=[3])  # old milestones
log_config = dict(interval=100)
"""
CHILD = '''"""What it trains.

By whom.
"""
_base_ = './base.py'

# dataset settings
dataset_type = 'CIFAR10'
train_pipeline = [
    # turn some
    dict(type='RandomFlip', flip_prob=0.5),
    dict(type='Collect', keys=['img', 'gt_label']),
]
test_pipeline = [dict(type='Collect', keys=['img'])]
data = dict(
    samples_per_gpu=8,  # of 4 GPUs
    train=dict(type=dataset_type, data_prefix='c', pipeline=train_pipeline),
    val=dict(type=dataset_type, data_prefix='c', pipeline=test_pipeline),
    # the same images
    test=dict(type=dataset_type, data_prefix='c', pipeline=test_pipeline))
lr_config = dict(step=[5])
runner = dict(
    type='EpochBasedRunner', max_epochs=9)  # two hours
'''


@pytest.fixture
def config(tmp_path):
    (tmp_path / "base.py").write_text(BASE)
    path = tmp_path / "child.py"
    path.write_text(CHILD)
    return Config.fromfile(path)


def body_of(text):
    """Return the text behind the notes."""
    return text[text.index("\n\n", text.index("# Upgraded by")) + 2 :]


def test_text_reads_well_when_written(config):
    assert body_of(write_upgraded(config)[0]).startswith(
        """\
# dataset settings
dataset_type = 'CIFAR10'

train_pipeline = [
    # turn some
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs'),
]

test_pipeline = [dict(type='PackInputs')]

train_dataloader = dict(
    batch_size=8,  # of 4 GPUs
    dataset=dict(type=dataset_type, data_root='c', split='train', pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
"""
    )


def test_comments_and_names_are_kept_when_written(config):
    text, _ = write_upgraded(config)
    for part in (
        "(type=dataset_type, data_root='c', split='test', pipeline=test_pipeline),\n",
        "# the same images\ntest_dataloader = val_dataloader\n",
        "test_evaluator = val_evaluator\n",
        "# optimizer\noptim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))\n",
        "    max_epochs=9,  # two hours\n",
    ):
        assert part in text


def test_backends_are_named_once_when_written(config):
    text, _ = write_upgraded(config)
    assert (
        "vis_backends = [dict(type='LocalVisBackend')]\n"
        "visualizer = dict(type='UniversalVisualizer', vis_backends=vis_backends)\n"
    ) in text


def test_head_tells_what_changed_when_written(config):
    text, notes = write_upgraded(config)
    assert text.startswith('"""What it trains.\n\nBy whom.\n"""\n# Licence of the base\n# Upgraded')
    told = [note for note in notes if note.path != "comment"]
    assert text.count("\n# - ") == len(told) == 2
    assert "# - val_evaluator: Metrics have the names of mmpretrain" in text
    assert not any(note.quiet for note in notes)


def test_lost_comments_are_told_when_their_entry_was_replaced(config):
    text, notes = write_upgraded(config)
    assert "old milestones" not in text
    assert notes[-1].text == "This comment has no place in the new file: # old milestones"
    assert str(notes[-1].origin).endswith("base.py:7")


def test_values_read_back_when_written(config, tmp_path):
    path = tmp_path / "new.py"
    path.write_text(write_upgraded(config)[0])
    assert Config.fromfile(path).to_dict() == to_plain(modernize(config).values)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("file", OLD, ids=lambda path: path.stem)
def test_config_of_ours_trains_when_upgraded(file, exact, tmp_path):
    config = Config.fromfile(file)
    path = tmp_path / file.name
    path.write_text(write_upgraded(config, exact=exact)[0])
    new, old = read_spec(path), read_spec(file)
    assert {**new.trainer, "callbacks": ()}["max_epochs"] == old.trainer["max_epochs"]
    if exact:
        assert new.to_dict() == old.to_dict()


def test_lines_are_short_when_written(config):
    text, _ = write_upgraded(config)
    assert max(len(line) for line in text.splitlines() if "/" not in line) <= 100


def test_dict_is_written_with_braces_when_keys_are_no_names():
    rules = dict(custom_keys={".cls_token": dict(decay_mult=0.0)})
    optimizer = dict(type="SGD", lr=0.1, paramwise_cfg=rules, betas=[0.1234567890123456] * 9)
    text, _ = write_upgraded(Config(dict(optimizer=optimizer)))
    assert "custom_keys={'.cls_token': dict(decay_mult=0.0)}" in text
    rules["custom_keys"] = {f".key{i}": dict(decay_mult=0.0) for i in range(9)}
    text, _ = write_upgraded(Config(dict(optimizer=optimizer)))
    assert "\n            '.key8': dict(decay_mult=0.0),\n" in text


def test_words_are_ours_when_exact(config):
    text, _ = write_upgraded(config, exact=True)
    assert "type='StepLrUpdaterHook'" in text
    assert "generation='0.x'" in text
    assert "# turn some\n" in text


def test_refused_when_new_already():
    file = ROOT / "configs" / "mmengine" / "lenet" / "lenet5_fashion-mnist-mini.py"
    with pytest.raises(
        ConfigError, match=r"'train_dataloader' is a word of mmpretrain 1\.x already"
    ):
        write_upgraded(Config.fromfile(file))

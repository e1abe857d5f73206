"""STAGE 2: turns the words of mmcls 0.x / mmcv 1.x into those of mmpretrain 1.x / mmengine.

What the two generations mean differently is written out in the result (explicit priorities, metric
names, schedules of the old kind, `generation='0.x'` where random numbers are drawn differently), so
that the stages behind need not know where it came from.

To add a key: 1. find the file that owns its section; 2. move the value there, with its origin; 3.
compare in its test.
"""

from mmlight.read.config import Config
from mmlight.read.node import ConfigDict
from mmlight.spec import Note
from mmlight.upgrade.data import upgrade_data
from mmlight.upgrade.model import upgrade_model
from mmlight.upgrade.move import pop
from mmlight.upgrade.optim import upgrade_optim
from mmlight.upgrade.runtime import upgrade_runtime

OLD_KEYS = frozenset(
    (
        *("data", "optimizer", "optimizer_config", "lr_config", "momentum_config", "runner"),
        *("total_epochs", "evaluation", "checkpoint_config", "log_config", "workflow"),
    )
)
# mmcls 0.x once read these two beside `model`; mmcls 0.25 ignores them there
AMBIGUOUS_KEYS = frozenset({"train_cfg", "test_cfg"})
NEW_KEYS = frozenset(
    (
        *("train_dataloader", "val_dataloader", "test_dataloader", "optim_wrapper"),
        *("param_scheduler", "train_cfg", "val_cfg", "test_cfg", "val_evaluator"),
        *("test_evaluator", "default_hooks", "visualizer", "randomness", "env_cfg"),
    )
)
IGNORED_BESIDE_MODEL = "mmcls 0.25 reads this key inside `model` only."


def is_old(config: Config) -> bool:
    """Tell whether a config is written in mmcv 1.x words.

    Examples:
        >>> is_old(Config({"data": {}, "runner": {}})), is_old(Config({"train_dataloader": {}}))
        (True, False)
    """
    keys = config.values.keys()
    return bool(OLD_KEYS & keys) and not (NEW_KEYS - AMBIGUOUS_KEYS) & keys


def upgrade_config(config: Config) -> Config:
    """Return the config in mmengine words; one that is in those words already is returned as it is.

    Top-level keys that have no old meaning stay as they are, so that the next stage reports them.
    """
    if not is_old(config):
        return config
    old = config.copy().values
    new = ConfigDict()
    notes: list[Note] = []
    for upgrade in (upgrade_model, upgrade_data, upgrade_optim, upgrade_runtime):
        upgrade(old, new, notes)
    for key in AMBIGUOUS_KEYS & old.keys():
        notes.append(Note(key, IGNORED_BESIDE_MODEL, pop(old, key)[1]))
    for key, value in old.items():
        new.put(key, value, old.origin_of(key))
    return config.replace_values(new, notes)
